//! `DownloadPipelineArtifact@2` from the run store.

use std::path::Path;

use super::Inputs;
use crate::event::TaskResult;
use crate::files;
use crate::glob;
use crate::inputs::rooted;
use crate::step_context::StepContext;
use crate::store::{ArtifactRecord, RunRecord, Store};

pub(super) fn run(step: &StepContext<'_>, inputs: &Inputs) -> Result<(), String> {
    let store = Store::new(&step.job.run.request.state);
    let run = match inputs.first(&["buildType", "source"]).to_lowercase().as_str() {
        "" | "current" => store.run(step.job.run.id).map_err(|error| error.to_string())?,
        "specific" => specific(step, inputs, &store)?,
        _ => of_resource(step, inputs.first(&["buildType", "source"]), &store)?,
    };
    let name = inputs.first(&["artifactName", "artifact"]);
    let target = match inputs.first(&["targetPath", "downloadPath", "path"]) {
        "" => step.job.paths.workspace.clone(),
        path => rooted(&step.job.paths.default_working, path),
    };
    let on_disk: Vec<&ArtifactRecord> = run.artifacts.iter().filter(|artifact| artifact.location.starts_with("artifacts/")).collect();
    let chosen: Vec<&ArtifactRecord> = if name.is_empty() {
        on_disk.clone()
    } else {
        on_disk.iter().copied().filter(|artifact| artifact.name.eq_ignore_ascii_case(name)).collect()
    };
    if !name.is_empty() && chosen.is_empty() {
        let names: Vec<String> = on_disk.iter().map(|artifact| format!("`{}`", artifact.name)).collect();
        let names = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        return Err(format!("Artifact `{name}` was not found for build {} of `{}`: {names}.", run.id, run.pipeline));
    }
    let patterns = inputs.first(&["itemPattern", "patterns"]);
    let patterns: Vec<&str> =
        if patterns.is_empty() { vec!["**"] } else { patterns.lines().map(str::trim).filter(|line| !line.is_empty()).collect() };
    for artifact in chosen {
        // One artifact by name goes straight into the target; several get a folder each, and patterns begin with their names.
        let (into, prefix) =
            if name.is_empty() { (target.join(&artifact.name), format!("{}/", artifact.name)) } else { (target.clone(), String::new()) };
        let count = copy(&store.folder_of(run.id).join(&artifact.location), &into, &prefix, &patterns)
            .map_err(|error| format!("failed to download artifact `{}` to `{}`: {error}", artifact.name, into.display()))?;
        step.output(&format!("Downloaded artifact `{}` of build {} to {}: {count} files.", artifact.name, run.id, into.display()));
    }
    step.output("Downloading artifact finished.");
    Ok(())
}

fn copy(from: &Path, into: &Path, prefix: &str, patterns: &[&str]) -> std::io::Result<usize> {
    std::fs::create_dir_all(into)?;
    let mut count = 0;
    if !from.exists() {
        return Ok(0);
    }
    for file in files::files_below(from)? {
        let name = format!("{prefix}{}", file.display());
        let mut included = false;
        for pattern in patterns {
            match pattern.strip_prefix('!') {
                Some(excluded) => included &= !glob::matches(excluded, &name, false),
                None => included |= glob::matches(pattern, &name, false),
            }
        }
        if included {
            files::copy_file(&from.join(&file), &into.join(&file))?;
            count += 1;
        }
    }
    Ok(count)
}

/// The run that a pipeline resource stands for.
fn of_resource(step: &StepContext<'_>, alias: &str, store: &Store) -> Result<RunRecord, String> {
    let runs = &step.job.run.request.pipeline_runs;
    let Some(run) = runs.iter().find(|run| run.alias.eq_ignore_ascii_case(alias)) else {
        let known: Vec<String> = runs.iter().map(|run| format!("`{}`", run.alias)).collect();
        let expected = if known.is_empty() {
            "`current` or `specific`".to_owned()
        } else {
            format!("`current`, `specific`, or a pipeline resource: {}", known.join(", "))
        };
        return Err(format!("Input `source` is `{alias}`; expected {expected}."));
    };
    store.run(run.run).map_err(|error| error.to_string())
}

/// The run of another pipeline in this state folder that the inputs name.
fn specific(step: &StepContext<'_>, inputs: &Inputs, store: &Store) -> Result<RunRecord, String> {
    let pipeline = inputs.first(&["definition", "pipeline"]);
    let version = inputs.first(&["buildVersionToDownload", "runVersion"]).to_lowercase();
    let runs = store.runs().map_err(|error| error.to_string())?;
    let of_pipeline = |run: &RunRecord| run.pipeline.eq_ignore_ascii_case(pipeline) || run.pipeline_id.to_string() == pipeline;
    let allow_partial = inputs.flag("allowPartiallySucceededBuilds");
    let allow_failed = inputs.flag("allowFailedBuilds");
    let good = |run: &RunRecord| match run.result {
        Some(TaskResult::Succeeded) => true,
        Some(TaskResult::SucceededWithIssues) => allow_partial,
        Some(TaskResult::Failed) => allow_failed,
        _ => false,
    };
    let chosen = match version.as_str() {
        "specific" => {
            let id = inputs.first(&["pipelineId", "runId", "buildId"]);
            runs.into_iter().find(|run| run.id.to_string() == id)
        }
        "" | "latest" => runs.into_iter().rev().find(|run| of_pipeline(run) && run.id != step.job.run.id && good(run)),
        "latestfrombranch" => {
            let branch = inputs.first(&["branchName", "runBranch"]);
            runs.into_iter().rev().find(|run| of_pipeline(run) && run.id != step.job.run.id && run.branch == branch && good(run))
        }
        other => return Err(format!("Input `runVersion` is `{other}`; expected `latest`, `latestFromBranch` or `specific`.")),
    };
    chosen.ok_or_else(|| {
        format!(
            "No run of pipeline `{pipeline}` in this state matches. Run that pipeline first; `slipway runs` lists the runs that there are."
        )
    })
}
