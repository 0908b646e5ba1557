use serde_json::{Map, Value, json};
use slipway_model::Digest;

use super::error::BuildError;
use super::{BaseImage, ImageSettings};
use crate::Platform;

/// The moment that images say they were made at: the same for all, since the digest must not depend on it.
const CREATED: &str = "1970-01-01T00:00:00Z";
/// What made the layer, in the history.
const MADE_BY: &str = "slipway";

/// The image's configuration (OCI image specification, config.md): the base's, with what is given in place of it, and the new
/// layer at the end.
pub(super) fn config(settings: &ImageSettings, base: Option<&BaseImage>, diff_id: &Digest) -> Result<Vec<u8>, BuildError> {
    let mut whole = match base {
        Some(base) => read(base)?,
        None => Map::new(),
    };
    if let Some(base) = base {
        check_platform(&whole, &settings.platform, &base.reference)?;
    }
    let object = |value: Option<Value>| match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut run = object(whole.remove("config"));
    if !settings.entrypoint.is_empty() {
        run.insert("Entrypoint".to_owned(), json!(settings.entrypoint));
        // As with every builder: the base's command was for the base's entry point.
        run.remove("Cmd");
    }
    if !settings.cmd.is_empty() {
        run.insert("Cmd".to_owned(), json!(settings.cmd));
    }
    let mut env = list(run.get("Env"));
    for (name, value) in &settings.env {
        let prefix = format!("{name}=");
        env.retain(|other| !other.as_str().is_some_and(|other| other.starts_with(&prefix)));
        env.push(json!(format!("{name}={value}")));
    }
    if !env.is_empty() {
        run.insert("Env".to_owned(), Value::Array(env));
    }
    for (key, value) in [("User", &settings.user), ("WorkingDir", &settings.working_dir)] {
        if !value.is_empty() {
            run.insert(key.to_owned(), json!(value));
        }
    }
    let mut merge = |key: &str, given: Vec<(String, Value)>| {
        if !given.is_empty() {
            let mut map = object(run.remove(key));
            map.extend(given);
            run.insert(key.to_owned(), Value::Object(map));
        }
    };
    merge("ExposedPorts", settings.exposed_ports.iter().map(|port| (port.clone(), json!({}))).collect());
    merge("Labels", settings.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect());

    let mut root = object(whole.remove("rootfs"));
    let mut diff_ids = list(root.get("diff_ids"));
    diff_ids.push(json!(diff_id));
    root.insert("type".to_owned(), json!("layers"));
    root.insert("diff_ids".to_owned(), Value::Array(diff_ids));
    let mut history = list(whole.get("history"));
    history.push(json!({ "created": CREATED, "created_by": MADE_BY }));

    whole.insert("created".to_owned(), json!(CREATED));
    whole.insert("architecture".to_owned(), json!(settings.platform.architecture));
    whole.insert("os".to_owned(), json!(settings.platform.os));
    if let Some(variant) = &settings.platform.variant {
        whole.insert("variant".to_owned(), json!(variant));
    }
    whole.insert("config".to_owned(), Value::Object(run));
    whole.insert("rootfs".to_owned(), Value::Object(root));
    whole.insert("history".to_owned(), Value::Array(history));
    Ok(canonical(Value::Object(whole)).into_bytes())
}

/// JSON with its keys sorted, so that the digest does not depend on the features that others build serde_json with.
pub(crate) fn canonical(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

fn read(base: &BaseImage) -> Result<Map<String, Value>, BuildError> {
    let failed = |reason: String| BuildError::BaseConfig { base: base.reference.clone(), reason };
    match serde_json::from_slice(&base.config) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(failed("it is no object".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn check_platform(config: &Map<String, Value>, wanted: &Platform, base: &str) -> Result<(), BuildError> {
    let text = |key: &str| config.get(key).and_then(Value::as_str).map(str::to_owned);
    let has = Platform {
        os: text("os").unwrap_or_default(),
        architecture: text("architecture").unwrap_or_default(),
        variant: text("variant").filter(|variant| !variant.is_empty()),
    };
    if wanted.accepts(&has) {
        return Ok(());
    }
    Err(BuildError::BasePlatform { base: base.to_owned(), has: has.to_string(), wanted: wanted.to_string() })
}
