//! What a `download` step takes, and where it goes (facts/pipeline-yaml.md 2.2 and 2.10).

use super::loader::Loader;
use crate::place::Place;
use crate::suggest::{did_you_mean, nearest};

/// Where the artifacts go that a `download` step fetches, unless it says so itself; absent: where the task puts them.
pub(super) fn folder(source: &str, artifact: Option<&str>) -> Option<String> {
    let artifact = artifact.filter(|artifact| !artifact.is_empty());
    if is_own(source) {
        return artifact.map(|artifact| format!("$(Pipeline.Workspace)/{artifact}"));
    }
    Some(match artifact {
        Some(artifact) => format!("$(Pipeline.Workspace)/{source}/{artifact}"),
        None => format!("$(Pipeline.Workspace)/{source}"),
    })
}

/// Whether `download:` names no pipeline resource.
pub(super) fn is_own(source: &str) -> bool {
    ["current", "none"].iter().any(|own| own.eq_ignore_ascii_case(source))
}

/// The alias of the pipeline resource that a download names.
pub(super) fn alias(name: &str, place: &Place, loader: &mut Loader<'_>) -> Option<String> {
    if let Some(alias) = loader.pipelines.iter().find(|alias| alias.eq_ignore_ascii_case(name)) {
        return Some(alias.clone());
    }
    let known: Vec<String> = loader.pipelines.clone();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let declare = "declare it under `resources: pipelines:` (`- pipeline: ALIAS`, `source: NAME`); `current` is this run";
    let hint = match (nearest(name, known.iter().copied()), known.is_empty()) {
        (_, true) => declare.to_owned(),
        (Some(_), _) => format!("{} Or {declare}", did_you_mean(name, &known)),
        (None, _) => format!("{}; or {declare}", did_you_mean(name, &known)),
    };
    loader.error(place, format!("there is no pipeline resource `{name}` to download from"), hint);
    None
}
