//! What this machine cannot run is refused before anything starts, all of it at once.

use slipway_pipelines::{Job, JobKind, Pipeline, Pool};

use crate::builtin::Builtin;
use crate::part;
use crate::request::{RunRequest, TaskPackage};
use crate::run_context::deployments;
use crate::server_job;
use crate::tasks;

/// The image names that this machine stands in for, and how they are named in a message.
const IMAGES: (&str, &str) = if cfg!(target_os = "macos") { ("macos-", "`macOS-*`") } else { ("ubuntu-", "`ubuntu-*`") };

/// Problems, each with its place and the next step. [`crate::run`] refuses a request that has any; whoever only checks a
/// pipeline asks here.
pub fn problems(pipeline: &Pipeline, packages: &[TaskPackage], strict: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for job in pipeline.stages.iter().flat_map(|stage| &stage.jobs) {
        for (name, pool) in pools(job) {
            if let Some(image) = &pool.vm_image
                && !image.to_lowercase().starts_with(IMAGES.0)
            {
                problems.push(format!(
                    "{}: {name} wants `vmImage: {image}`, and this machine is not one; it runs {}. Run this pipeline on such a machine, or change the pool.",
                    job.place, IMAGES.1
                ));
            }
            if strict && !pool.demands.is_empty() {
                problems.push(format!(
                    "{}: the demands of {name} are not simulated (`{}`), and the run is strict. Run without `--strict` to go on without them.",
                    job.place,
                    pool.demands.join("`, `")
                ));
            }
        }
        for (step, agentless) in part::all_steps(job) {
            if agentless {
                if !server_job::has(&step.task) {
                    problems.push(format!(
                        "{}: the task `{}` has no agent to run on (`pool: server`); without one only `ManualValidation@1` runs on this machine. Give the job a pool with agents, or take the step out.",
                        step.place, step.task.reference
                    ));
                }
            } else if server_job::has(&step.task) {
                problems.push(format!(
                    "{}: the task `{}` runs in a job without an agent only. Give its job `pool: server`.",
                    step.place, step.task.reference
                ));
            } else if tasks::package(packages, &step.task).is_none() && Builtin::of(&step.task).is_none() {
                problems.push(format!(
                    "{}: no package of task `{}` (version {}, id {}) is known here; name its folder or its VSIX file.",
                    step.place, step.task.reference, step.task.version, step.task.id
                ));
            }
        }
    }
    problems
}

/// The pools of a job that has agents, its hooks' own included, each once, and how they are named in a message.
fn pools(job: &Job) -> Vec<(String, &Pool)> {
    let own = || format!("job `{}`", job.name);
    match &job.kind {
        JobKind::Agent => vec![(own(), &job.pool)],
        JobKind::Server => Vec::new(),
        JobKind::Deployment(deployment) => {
            let mut pools: Vec<(String, &Pool)> = Vec::new();
            for (hook, pool) in part::hooks(deployment).iter().filter_map(|hook| Some((hook.name, hook.hook.pool.as_ref()?))) {
                if !pools.iter().any(|(_, known)| *known == pool) {
                    pools.push((if *pool == job.pool { own() } else { format!("the hook `{hook}` of job `{}`", job.name) }, pool));
                }
            }
            pools
        }
    }
}

/// What runs otherwise than in Azure DevOps, to be said.
pub(crate) fn notices(request: &RunRequest) -> Vec<String> {
    let mut notices = Vec::new();
    for (name, pool) in request.pipeline.stages.iter().flat_map(|stage| &stage.jobs).flat_map(pools) {
        let name =
            name.replacen("job", "Job", usize::from(name.starts_with("job"))).replacen("the", "The", usize::from(name.starts_with("the")));
        if let Some(pool) = &pool.name {
            notices.push(format!("{name}: this machine stands in for the pool `{pool}`."));
        }
        if !pool.demands.is_empty() {
            notices.push(format!("{name}: its demands are not simulated: `{}`.", pool.demands.join("`, `")));
        }
    }
    let mut unknown: Vec<&str> = Vec::new();
    for (_, deployment) in deployments(&request.pipeline) {
        let name = deployment.environment.name.as_str();
        let known = request.environments.iter().any(|environment| environment.name.eq_ignore_ascii_case(name));
        if !known && !unknown.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            unknown.push(name);
        }
    }
    notices.extend(unknown.iter().map(|name| {
        format!(
            "The environment `{name}` is not among `environments` of slipway.local.yml: it is made as it is used, and needs no approval."
        )
    }));
    notices.dedup();
    notices
}
