//! `PublishPipelineArtifact@1` into the run store.

use super::Inputs;
use crate::files;
use crate::inputs::rooted;
use crate::step_context::StepContext;

pub(super) fn run(step: &StepContext<'_>, inputs: &Inputs) -> Result<(), String> {
    let location = inputs.first(&["artifactType", "publishLocation"]);
    if !location.is_empty() && !location.eq_ignore_ascii_case("pipeline") {
        return step.not_simulated(&format!("publishing to `{location}` (`pipeline` is)"));
    }
    let given = inputs.first(&["targetPath", "path"]);
    let path = if given.is_empty() { step.job.paths.workspace.clone() } else { rooted(&step.job.paths.default_working, given) };
    if !path.exists() {
        return Err(format!("Path does not exist: {}", path.display()));
    }
    if path.join(".artifactignore").exists() {
        step.not_simulated("`.artifactignore` (all files are published)")?;
    }
    let name = match inputs.first(&["artifactName", "artifact"]) {
        "" => format!("{}.{}", step.job.key.stage, step.job.key.job),
        name => name.to_owned(),
    };
    if path.is_dir() && files::files_below(&path).map_err(|error| error.to_string())?.is_empty() {
        step.warning(&format!("Directory '{}' is empty. The artifact '{name}' has no files.", path.display()));
    }
    step.output(&format!("Uploading pipeline artifact from {} for build #{}", path.display(), step.job.run.id));
    let (files, bytes) =
        step.job.run.store.publish(&name, "PipelineArtifact", "", &path, &step.job.key).map_err(|error| error.to_string())?;
    step.output(&format!("Uploading pipeline artifact finished: `{name}`, {files} files, {bytes} bytes."));
    Ok(())
}
