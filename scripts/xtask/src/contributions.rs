//! The extension's manifest, `vss-extension.json`: it must have what ships, and a publisher may put an own name on it.

use serde_json::Value;
use slipway_agent::spec::TaskSpec;

/// What differs from the committed manifest when somebody packages under a name of their own.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    pub(crate) publisher: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
}

/// Who publishes what, as the manifest says after the overrides.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) publisher: String,
    pub(crate) id: String,
    pub(crate) version: String,
}

/// Puts the overrides into `manifest`.
pub(crate) fn identify(manifest: &mut Value, overrides: &Overrides<'_>) -> Result<Identity, String> {
    let mut settle = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            manifest[key] = value.into();
        }
        manifest[key].as_str().map(str::to_owned).ok_or_else(|| format!("vss-extension.json: `{key}` is missing"))
    };
    Ok(Identity {
        publisher: settle("publisher", overrides.publisher)?,
        id: settle("id", overrides.id)?,
        version: settle("version", overrides.version)?,
    })
}

/// The tasks whose folder or contribution the manifest lacks, and those that it has and we do not. Either way, agents
/// would get another set of tasks than the one that was built.
pub(crate) fn differences(manifest: &Value, tasks: &[&TaskSpec]) -> Vec<String> {
    let mut found = Vec::new();
    let empty = Vec::new();
    let entries = |key: &str| manifest[key].as_array().unwrap_or(&empty).iter();
    let contributed: Vec<_> = entries("contributions")
        .filter(|entry| entry["type"] == "ms.vss-distributed-task.task")
        .filter_map(|entry| entry["properties"]["name"].as_str())
        .collect();
    for task in tasks {
        if !contributed.contains(&task.folder) {
            found.push(format!("no contribution of type `ms.vss-distributed-task.task` has the name `{}`", task.folder));
        }
        if !entries("files").any(|file| file["path"] == task.folder) {
            found.push(format!("`files` has no path `{}`", task.folder));
        }
    }
    for name in contributed {
        if !tasks.iter().any(|task| task.folder == name) {
            found.push(format!("the contribution `{name}` is not a task"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;
    use serde_json::json;

    fn manifest() -> Value {
        json!({
            "publisher": "boats", "id": "fleet", "version": "1.0.0",
            "files": [{ "path": "boat-paint" }],
            "contributions": [{ "type": "ms.vss-distributed-task.task", "properties": { "name": "boat-paint" } }],
        })
    }

    #[test]
    fn an_own_name_replaces_ours() {
        let mut manifest = manifest();
        let overrides = Overrides { publisher: Some("me"), id: None, version: Some("2.0.0") };
        let identity = identify(&mut manifest, &overrides).unwrap();
        assert_eq!(identity, Identity { publisher: "me".into(), id: "fleet".into(), version: "2.0.0".into() });
        assert_eq!((&manifest["publisher"], &manifest["id"], &manifest["version"]), (&json!("me"), &json!("fleet"), &json!("2.0.0")));
    }

    #[test]
    fn what_is_missing_or_left_over_is_named() {
        assert_eq!(differences(&manifest(), &[&SAMPLE]), Vec::<String>::new());
        assert_eq!(
            differences(&json!({}), &[&SAMPLE]),
            ["no contribution of type `ms.vss-distributed-task.task` has the name `boat-paint`", "`files` has no path `boat-paint`"]
        );
        assert_eq!(differences(&manifest(), &[]), ["the contribution `boat-paint` is not a task"]);
    }

    #[test]
    fn the_committed_manifest_has_our_tasks() {
        let file = std::fs::read(crate::root().join("vss-extension.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(differences(&manifest, crate::TASKS), Vec::<String>::new());
        let description = manifest["description"].as_str().unwrap();
        assert!(description.chars().count() <= 200, "the Marketplace takes at most 200 characters");
    }
}
