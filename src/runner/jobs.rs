//! One job, from its condition to what it leaves: as a whole, leg by leg, or hook by hook.

use std::time::Duration;

use futures::StreamExt;
use slipway_pipelines::{Deployment, Job, JobKind, JobOutcome, Matrix, Stage, StageOutcome};

use crate::cancellation::Level;
use crate::event::{Event, JobKey, TaskResult};
use crate::job::{self, Start};
use crate::macros;
use crate::part::{self, KeptPart, NamedHook, Part, When};
use crate::run_context::RunContext;
use crate::scope;
use crate::semantics::{self, JobScope, Judgement};
use crate::server_job;
use crate::variables::Variables;

/// A job whose dependencies are done.
pub(crate) struct Ready<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) stage_display_name: &'s str,
    pub(crate) job: &'s Job,
    /// The stages before.
    pub(crate) stages: &'s [StageOutcome],
    /// The jobs of the stage that are done.
    pub(crate) jobs: Vec<JobOutcome>,
}

impl Ready<'_> {
    fn scope(&self) -> JobScope<'_> {
        JobScope { stage: self.stage, job: self.job, stages: self.stages, jobs: &self.jobs }
    }
}

/// Runs a job; `None`: it waits for an answer that nobody gives now.
pub(crate) async fn run(run: &RunContext<'_>, ready: &Ready<'_>) -> Option<JobOutcome> {
    let (stage, job) = (&ready.stage.name, ready.job);
    let whole = Part::whole(stage, job);
    if job.matrix.is_none() && !matches!(job.kind, JobKind::Deployment(_)) {
        return run_part(run, ready, &whole).await;
    }
    // Whether it runs at all is judged before it is known what it consists of.
    let divided = run.store.read(|record| {
        record.stages.iter().filter(|record| record.name == *stage).flat_map(|stage| &stage.jobs).any(|record| record.job == job.name)
    });
    if !divided && let Some(outcome) = part::kept(run, &whole.key) {
        run.emit(Event::Kept { stage: stage.clone(), job: Some(job.name.clone()), result: outcome.0 });
        return Some(outcome.1);
    }
    if divided
        && job.matrix.is_some()
        && let Some(parts) = part::kept_parts(run, &whole.key)
    {
        return Some(keep(run, job, &whole.key, parts));
    }
    if !divided && let Err(skipped) = judge(run, ready, &whole) {
        return Some(skipped);
    }
    match (&job.kind, &job.matrix) {
        (JobKind::Deployment(deployment), _) => deploy(run, ready, deployment).await,
        (_, Some(matrix)) => multiply(run, ready, matrix).await,
        (_, None) => run_part(run, ready, &whole).await,
    }
}

/// Judges the condition of the job; returns its variables. An `Err` is what becomes of the part that does not run.
fn judge(run: &RunContext<'_>, ready: &Ready<'_>, part: &Part<'_>) -> Result<Variables, JobOutcome> {
    let context = ready.scope();
    let variables =
        scope::of_job_condition(run, &context).map_err(|reason| skip(run, &part.key, &part.display_name, TaskResult::Failed, &reason))?;
    match semantics::job_condition(run, &context, &variables) {
        Judgement::Run => Ok(variables),
        Judgement::Skip(reason) => Err(skip(run, &part.key, &display_name(run, part, &variables), run.not_run(), &reason)),
        Judgement::Error(reason) => Err(skip(run, &part.key, &display_name(run, part, &variables), TaskResult::Failed, &reason)),
    }
}

fn display_name(run: &RunContext<'_>, part: &Part<'_>, variables: &Variables) -> String {
    run.masker.mask(&macros::expand(&part.display_name, |name| variables.value(name).map(str::to_owned)))
}

/// Judges a part, waits for an agent where it needs one, and runs it.
async fn run_part(run: &RunContext<'_>, ready: &Ready<'_>, part: &Part<'_>) -> Option<JobOutcome> {
    if let Some((result, outcome)) = part::kept(run, &part.key) {
        run.emit(Event::Kept { stage: part.key.stage.clone(), job: Some(part.key.job.clone()), result });
        return Some(outcome);
    }
    let mut cancelled = run.cancellation.is_cancelled();
    loop {
        let variables = match judge(run, ready, part) {
            Ok(variables) => variables,
            Err(skipped) => return Some(skipped),
        };
        let canceled = |reason| Some(skip(run, &part.key, &display_name(run, part, &variables), TaskResult::Canceled, reason));
        let agent = if part.agentless {
            None
        } else {
            let agent = tokio::select! {
                biased;
                // A job that still waits when the run is cancelled is judged again.
                () = run.cancellation.reached(Level::Cancel), if !cancelled => {
                    cancelled = true;
                    continue;
                }
                () = run.cancellation.reached(Level::Kill) => return canceled("The run was killed."),
                agent = run.agents.acquire() => agent,
            };
            let Some(agent) = agent else { return canceled("There is no agent.") };
            Some(agent)
        };
        let variables = match scope::of_job(run, &ready.scope(), part) {
            Ok(variables) => variables,
            Err(reason) => return Some(skip(run, &part.key, &part.display_name, TaskResult::Failed, &reason)),
        };
        let display_name = display_name(run, part, &variables);
        let start =
            Start { stage: ready.stage, stage_display_name: ready.stage_display_name, job: ready.job, part, display_name, variables };
        return match agent {
            Some(agent) => Some(Box::pin(job::run(run, agent, start)).await),
            None => Box::pin(server_job::run(run, start)).await,
        };
    }
}

/// Runs the legs of a matrix.
async fn multiply(run: &RunContext<'_>, ready: &Ready<'_>, matrix: &Matrix) -> Option<JobOutcome> {
    let (stage, job) = (&ready.stage.name, ready.job);
    let whole = Part::whole(stage, job);
    let legs = scope::of_job(run, &ready.scope(), &whole).and_then(|variables| semantics::legs(run, &ready.scope(), &variables, matrix));
    let legs = match legs {
        Ok(legs) if legs.is_empty() => return run_part(run, ready, &whole).await,
        Ok(legs) => legs,
        Err(reason) => return Some(skip(run, &whole.key, &job.display_name, TaskResult::Failed, &reason)),
    };
    let parts = Part::legs(stage, job, legs, matrix.execution_type());
    divide(run, job, &whole.key, &parts);
    let at_once = matrix.max_parallel.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0).unwrap_or(parts.len());
    let mut done: Vec<(usize, Option<JobOutcome>)> = futures::stream::iter(parts.iter().enumerate())
        .map(|(position, part)| async move { (position, Box::pin(run_part(run, ready, part)).await) })
        .buffer_unordered(at_once)
        .collect()
        .await;
    done.sort_by_key(|(position, _)| *position);
    let names = parts.iter().map(|part| part.name.clone());
    let done: Option<Vec<(String, JobOutcome)>> = names.zip(done).map(|(name, (_, outcome))| Some((name, outcome?))).collect();
    Some(part::together(&job.name, done?))
}

/// Takes the legs of a matrix from the record. Legs have agents, so none of them waited when the run stopped; to make them
/// again could make others, since what they came of may have held a secret, which is not kept.
fn keep(run: &RunContext<'_>, job: &Job, whole: &JobKey, parts: Vec<KeptPart>) -> JobOutcome {
    let names = parts.iter().map(|part| (part.key.clone(), part.display_name.clone())).collect();
    run.emit(Event::JobDivided { job: whole.clone(), parts: names });
    for part in &parts {
        run.emit(Event::Kept { stage: part.key.stage.clone(), job: Some(part.key.job.clone()), result: part.result });
    }
    part::together(&job.name, parts.into_iter().map(|part| (part.name, part.outcome)).collect())
}

/// Runs the hooks of a deployment, one after the other.
async fn deploy(run: &RunContext<'_>, ready: &Ready<'_>, deployment: &Deployment) -> Option<JobOutcome> {
    let (stage, job) = (&ready.stage.name, ready.job);
    let hooks = part::hooks(deployment);
    let environment = run.environment_id(&deployment.environment.name);
    let parts: Vec<(&NamedHook<'_>, Part<'_>)> =
        hooks.iter().map(|hook| (hook, Part::hook(stage, job, deployment, environment, hook))).collect();
    divide(run, job, &Part::whole(stage, job).key, &parts.iter().map(|(_, part)| part.clone()).collect::<Vec<_>>());
    let mut done: Vec<(String, JobOutcome)> = Vec::new();
    for (hook, part) in &parts {
        let well = done.iter().all(|(_, outcome)| outcome.outcome.is_success());
        let failed = done.iter().any(|(_, outcome)| outcome.outcome == slipway_pipelines::Outcome::Failed);
        let why_not = match hook.runs {
            When::InOrder | When::OnSuccess if !well => Some("A hook before it did not succeed."),
            When::OnFailure if !failed => Some("No hook failed."),
            _ => None,
        };
        if let Some(reason) = why_not {
            // What does not run changes nothing about the result.
            if part::kept(run, &part.key).is_none() {
                skip(run, &part.key, &part.display_name, run.not_run(), reason);
            }
            continue;
        }
        let outcome = Box::pin(run_part(run, ready, part)).await?;
        done.push((part.name.clone(), outcome));
    }
    Some(part::together(&job.name, done))
}

/// Puts the parts of a job in its place in the record.
fn divide(run: &RunContext<'_>, job: &Job, whole: &JobKey, parts: &[Part<'_>]) {
    run.keep(run.store.update_stage(&whole.stage, |record| {
        let Some(position) = record.jobs.iter().position(|record| record.name == whole.job) else { return };
        record.jobs.splice(position..=position, parts.iter().map(|part| part.record(job)));
    }));
    let parts = parts.iter().map(|part| (part.key.clone(), part.display_name.clone())).collect();
    run.emit(Event::JobDivided { job: whole.clone(), parts });
}

/// Records that a part does not run.
pub(crate) fn skip(run: &RunContext<'_>, key: &JobKey, display_name: &str, result: TaskResult, reason: &str) -> JobOutcome {
    let reason = run.masker.mask(reason);
    run.keep(run.store.update_job(key, |record| {
        record.result = Some(result);
        record.reason.clone_from(&reason);
        display_name.clone_into(&mut record.display_name);
    }));
    run.emit(Event::JobCompleted { job: key.clone(), display_name: display_name.to_owned(), result, duration: Duration::ZERO, reason });
    JobOutcome { name: key.job.clone(), outcome: result.into(), outputs: Vec::new() }
}
