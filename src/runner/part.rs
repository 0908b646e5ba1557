//! What a job consists of when it runs: itself, the legs of its matrix, or the hooks of its deployment. Each part has an agent
//! (or none) of its own, a record of its own, and names its outputs (facts/pipeline-yaml.md 2.8 to 2.10).

use slipway_pipelines::{Deployment, Hook, Job, JobKind, JobOutcome, MatrixLeg, Step};

use crate::event::{JobKey, TaskResult};
use crate::run_context::RunContext;
use crate::schedule;
use crate::store::JobRecord;

/// The name of a job that is not divided, as `System.JobName` has it.
const WHOLE: &str = "__default";

/// A part of a job.
#[derive(Clone, Debug)]
pub(crate) struct Part<'s> {
    /// Its record.
    pub(crate) key: JobKey,
    /// `System.JobName`, the prefix of its outputs.
    pub(crate) name: String,
    /// As shown; may hold macros.
    pub(crate) display_name: String,
    pub(crate) steps: &'s [Step],
    /// Whether no agent runs it.
    pub(crate) agentless: bool,
    /// Variables of a matrix leg.
    pub(crate) variables: Vec<(String, String)>,
    /// Variables of the system that only this kind of job has.
    pub(crate) system: Vec<(String, String)>,
    /// `System.JobPositionInPhase` and `System.TotalJobsInPhase`.
    pub(crate) position: (usize, usize),
    /// `System.ParallelExecutionType`.
    pub(crate) execution_type: &'static str,
}

impl<'s> Part<'s> {
    /// A job that is not divided.
    pub(crate) fn whole(stage: &str, job: &'s Job) -> Self {
        Self {
            key: JobKey { stage: stage.to_owned(), job: job.name.clone() },
            name: WHOLE.to_owned(),
            display_name: job.display_name.clone(),
            steps: &job.steps,
            agentless: matches!(job.kind, JobKind::Server),
            variables: Vec::new(),
            system: Vec::new(),
            position: (1, 1),
            execution_type: "None",
        }
    }

    /// The legs of a matrix.
    pub(crate) fn legs(stage: &str, job: &'s Job, legs: Vec<MatrixLeg>, execution_type: &'static str) -> Vec<Self> {
        let total = legs.len();
        let parts = legs.into_iter().enumerate().map(|(index, leg)| Self {
            key: JobKey { stage: stage.to_owned(), job: format!("{}.{}", job.name, leg.name) },
            name: leg.name,
            display_name: format!("{} {}", job.display_name, leg.key),
            variables: leg.variables,
            position: (index + 1, total),
            execution_type,
            ..Self::whole(stage, job)
        });
        parts.collect()
    }

    /// A hook of a deployment. `environment` is the environment's id.
    pub(crate) fn hook(stage: &str, job: &'s Job, deployment: &Deployment, environment: usize, hook: &'s NamedHook<'s>) -> Self {
        let of = &deployment.environment;
        // Of `runOnce` the outputs are named after the job, and with a resource after hook and resource
        // (facts/pipeline-yaml.md 2.9).
        let name = of.resource.as_ref().map_or_else(|| job.name.clone(), |resource| format!("{}_{resource}", hook.output_prefix));
        let mut system = vec![
            ("Environment.Name".to_owned(), of.name.clone()),
            ("Environment.Id".to_owned(), environment.to_string()),
            ("Strategy.Name".to_owned(), "runOnce".to_owned()),
        ];
        system.extend(of.resource.iter().map(|resource| ("Environment.ResourceName".to_owned(), resource.clone())));
        let only = deployment.hooks.all().count() == 1;
        Self {
            key: JobKey { stage: stage.to_owned(), job: format!("{}.{}", job.name, hook.name) },
            name,
            display_name: if only { job.display_name.clone() } else { format!("{}: {}", job.display_name, hook.name) },
            steps: &hook.hook.steps,
            agentless: hook.hook.pool.is_none(),
            system,
            ..Self::whole(stage, job)
        }
    }

    /// Whether the job consists of this part alone.
    pub(crate) fn is_whole(&self) -> bool {
        self.name == WHOLE
    }

    /// Its record before it begins.
    pub(crate) fn record(&self, job: &Job) -> JobRecord {
        let record = JobRecord::new(&self.key.job, &self.display_name);
        if self.is_whole() { record } else { JobRecord { job: job.name.clone(), part: self.name.clone(), ..record } }
    }
}

/// A hook of `runOnce` with its names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedHook<'s> {
    /// In the names of records.
    pub(crate) name: &'static str,
    /// In the names of outputs, where the environment's resource follows.
    pub(crate) output_prefix: &'static str,
    pub(crate) hook: &'s Hook,
    pub(crate) runs: When,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// As long as all is well.
    InOrder,
    /// After a failure.
    OnFailure,
    /// After all others, if they succeeded.
    OnSuccess,
}

/// The hooks of a deployment that are there, in order.
pub(crate) fn hooks(deployment: &Deployment) -> Vec<NamedHook<'_>> {
    let hooks = &deployment.hooks;
    let all = [
        ("preDeploy", "PreDeploy", &hooks.pre_deploy, When::InOrder),
        ("deploy", "Deploy", &hooks.deploy, When::InOrder),
        ("routeTraffic", "RouteTraffic", &hooks.route_traffic, When::InOrder),
        ("postRouteTraffic", "PostRouteTraffic", &hooks.post_route_traffic, When::InOrder),
        ("onFailure", "OnFailure", &hooks.on_failure, When::OnFailure),
        ("onSuccess", "OnSuccess", &hooks.on_success, When::OnSuccess),
    ];
    let present = all
        .into_iter()
        .filter_map(|(name, output_prefix, hook, runs)| hook.as_ref().map(|hook| NamedHook { name, output_prefix, hook, runs }));
    present.collect()
}

/// All steps of a job, those of its hooks included, and whether they run without an agent.
pub(crate) fn all_steps(job: &Job) -> impl Iterator<Item = (&Step, bool)> {
    let server = matches!(job.kind, JobKind::Server);
    let hooks = match &job.kind {
        JobKind::Deployment(deployment) => hooks(deployment),
        JobKind::Agent | JobKind::Server => Vec::new(),
    };
    let of_hooks = hooks.into_iter().flat_map(|hook| hook.hook.steps.iter().map(move |step| (step, hook.hook.pool.is_none())));
    job.steps.iter().map(move |step| (step, server)).chain(of_hooks)
}

/// What the parts of a job leave, together. `None`: a part waits.
pub(crate) fn together(name: &str, parts: Vec<(String, JobOutcome)>) -> JobOutcome {
    let outcome = schedule::sum(parts.iter().map(|(_, part)| part.outcome)).into();
    let mut outputs: Vec<(String, String)> = Vec::new();
    for (output, value) in parts
        .into_iter()
        .flat_map(|(prefix, part)| part.outputs.into_iter().map(move |(output, value)| (format!("{prefix}.{output}"), value)))
    {
        outputs.retain(|(known, _)| !known.eq_ignore_ascii_case(&output));
        outputs.push((output, value));
    }
    JobOutcome { name: name.to_owned(), outcome, outputs }
}

/// What is kept of a job that was over before the run stopped; `None` where it was not.
pub(crate) fn kept(run: &RunContext<'_>, key: &JobKey) -> Option<(TaskResult, JobOutcome)> {
    run.store.read(|record| {
        let job = record.stages.iter().find(|stage| stage.name == key.stage)?.jobs.iter().find(|job| job.name == key.job)?;
        let result = job.result?;
        Some((result, JobOutcome { name: job.name.clone(), outcome: result.into(), outputs: outputs(job) }))
    })
}

/// A part that was over before the run stopped.
pub(crate) struct KeptPart {
    pub(crate) key: JobKey,
    pub(crate) display_name: String,
    pub(crate) result: TaskResult,
    /// Its name in the job, the prefix of its outputs.
    pub(crate) name: String,
    pub(crate) outcome: JobOutcome,
}

/// The parts of a divided job that was over before the run stopped; `None` where one of them was not over.
pub(crate) fn kept_parts(run: &RunContext<'_>, whole: &JobKey) -> Option<Vec<KeptPart>> {
    run.store.read(|record| {
        let stage = record.stages.iter().find(|stage| stage.name == whole.stage)?;
        let parts = stage.jobs.iter().filter(|record| record.job == whole.job).map(|record| {
            let result = record.result?;
            Some(KeptPart {
                key: JobKey { stage: whole.stage.clone(), job: record.name.clone() },
                display_name: record.display_name.clone(),
                result,
                name: record.part.clone(),
                outcome: JobOutcome { name: record.name.clone(), outcome: result.into(), outputs: outputs(record) },
            })
        });
        parts.collect()
    })
}

/// The outputs of a record that are as they were.
pub(crate) fn outputs(job: &JobRecord) -> Vec<(String, String)> {
    job.outputs.iter().filter(|(name, _)| !job.masked_outputs.contains(name)).cloned().collect()
}
