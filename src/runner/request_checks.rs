//! What this machine cannot run is refused before anything starts, all of it at once.

use slipway_pipelines::{Job, JobKind, Pipeline};

use crate::builtin::Builtin;
use crate::request::TaskPackage;
use crate::tasks;

/// The image names that this machine stands in for, and how they are named in a message.
const IMAGES: (&str, &str) = if cfg!(target_os = "macos") { ("macos-", "`macOS-*`") } else { ("ubuntu-", "`ubuntu-*`") };

/// Problems, each with its place and the next step. [`crate::run`] refuses a request that has any; whoever only checks a
/// pipeline asks here.
pub fn problems(pipeline: &Pipeline, packages: &[TaskPackage], strict: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for job in pipeline.stages.iter().flat_map(|stage| &stage.jobs) {
        if let Some(image) = &job.pool.vm_image
            && !image.to_lowercase().starts_with(IMAGES.0)
        {
            problems.push(format!(
                "{}: job `{}` wants `vmImage: {image}`, and this machine is not one; it runs {}. Run this pipeline on such a machine, or change the pool.",
                job.place, job.name, IMAGES.1
            ));
        }
        if strict && !job.pool.demands.is_empty() {
            problems.push(format!(
                "{}: the demands of job `{}` are not simulated (`{}`), and the run is strict. Run without `--strict` to go on without them.",
                job.place,
                job.name,
                job.pool.demands.join("`, `")
            ));
        }
        if let Some(what) = unsupported(job) {
            problems.push(format!("{}: job `{}` {what}, and runs on this machine do not support that yet.", job.place, job.name));
            continue;
        }
        for step in &job.steps {
            if tasks::package(packages, &step.task).is_none() && Builtin::of(&step.task).is_none() {
                problems.push(format!(
                    "{}: no package of task `{}` (version {}, id {}) is known here; name its folder or its VSIX file.",
                    step.place, step.task.reference, step.task.version, step.task.id
                ));
            }
        }
    }
    problems
}

/// What this machine does not run.
fn unsupported(job: &Job) -> Option<&'static str> {
    match &job.kind {
        JobKind::Agent if job.matrix.is_some() => Some("has a matrix"),
        JobKind::Agent => None,
        JobKind::Server => Some("has no agent (`pool: server`)"),
        JobKind::Deployment(_) => Some("is a deployment job"),
    }
}

/// What runs otherwise than in Azure DevOps, to be said.
pub(crate) fn notices(pipeline: &Pipeline) -> Vec<String> {
    let mut notices = Vec::new();
    for job in pipeline.stages.iter().flat_map(|stage| &stage.jobs) {
        if let Some(name) = &job.pool.name {
            notices.push(format!("Job `{}`: this machine stands in for the pool `{name}`.", job.name));
        }
        if !job.pool.demands.is_empty() {
            notices.push(format!("Job `{}`: its demands are not simulated: `{}`.", job.name, job.pool.demands.join("`, `")));
        }
    }
    notices.dedup();
    notices
}
