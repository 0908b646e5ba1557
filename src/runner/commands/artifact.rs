//! `artifact.upload` and `artifact.associate`.

use std::path::Path;

use super::{Command, CommandError};
use crate::files;
use crate::step_context::StepContext;
use crate::store::ArtifactRecord;

pub(super) fn upload(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let name = command.property("artifactname").ok_or("Artifact Name is required.")?;
    let folder = command.property("containerfolder").unwrap_or(name);
    if command.data.is_empty() {
        return Err("Artifact location is required.".to_owned());
    }
    let path = step.job.paths.default_working.join(&command.data);
    if !path.exists() {
        return Err(format!("Path does not exist: {}", command.data));
    }
    if path.is_dir() && files::files_below(&path).map_err(|error| error.to_string())?.is_empty() {
        step.warning(&format!("Directory '{}' is empty. Nothing will be added to build artifact '{name}'.", path.display()));
        return Ok(());
    }
    if Path::new(folder).components().any(|part| !matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)) {
        return Err(format!("`{folder}` is not a folder inside of an artifact."));
    }
    // The artifact is the folder of its container: a container folder of the same name is its root.
    let below = if folder.eq_ignore_ascii_case(name) { "" } else { folder };
    step.job.run.store.publish(name, "Container", below, &path, &step.job.key).map_err(|error| error.to_string())?;
    step.output(&format!("Upload '{}' to file container: '#/{}/{folder}'", path.display(), step.job.run.id));
    step.output(&format!("Associated artifact {name} with build {}", step.job.run.id));
    Ok(())
}

pub(super) fn associate(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let name = command.property("artifactname").ok_or("Artifact Name is required.")?;
    let kind = match command.property("artifacttype").or_else(|| command.property("type")) {
        Some(kind) => kind,
        None if command.data.starts_with("\\\\") => "filepath",
        None if command.data.starts_with("$/") || command.data.starts_with("$\\") => "versioncontrol",
        None if command.data.starts_with('#') => "container",
        None => return Err(format!("Can't infer artifact type from artifact location: {}.", command.data)),
    };
    if command.data.is_empty() && ["container", "filepath", "versioncontrol"].iter().any(|needs| needs.eq_ignore_ascii_case(kind)) {
        return Err("Artifact location is required.".to_owned());
    }
    let key = &step.job.key;
    let record = ArtifactRecord {
        name: step.job.run.masker.mask(name),
        kind: kind.to_owned(),
        location: step.job.run.masker.mask(&command.data),
        job: format!("{}.{}", key.stage, key.job),
        files: 0,
        bytes: 0,
    };
    step.job.run.store.update(|run| run.artifacts.push(record)).map_err(|error| error.to_string())?;
    step.output(&format!("Associated artifact {name} with build {}", step.job.run.id));
    Ok(())
}
