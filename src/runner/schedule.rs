//! The order of a run: stages by `dependsOn` and condition, and the jobs of each stage the same way.

use std::time::Instant;

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use slipway_pipelines::{Job, JobOutcome, Outcome, Stage, StageOutcome};

use crate::cancellation::Level;
use crate::clock;
use crate::event::{Event, JobKey, TaskResult};
use crate::job::{self, Start};
use crate::macros;
use crate::run_context::RunContext;
use crate::scope;
use crate::semantics::{self, Judgement};
use crate::variables::Variables;

/// Runs all stages; returns the run's result.
pub(crate) async fn run(run: &RunContext<'_>) -> TaskResult {
    let stages = &run.request.pipeline.stages;
    let mut waiting: Vec<&Stage> = stages.iter().collect();
    let mut done: Vec<StageOutcome> = Vec::new();
    let mut running: FuturesUnordered<LocalBoxFuture<'_, StageOutcome>> = FuturesUnordered::new();
    loop {
        // A stage that is skipped may make the next one ready.
        while let Some(position) =
            waiting.iter().position(|stage| stage.depends_on.iter().all(|name| done.iter().any(|done| done.name == *name)))
        {
            let stage = waiting.remove(position);
            let variables = scope::of_stage_condition(run);
            let display_name = run.masker.mask(&macros::expand(&stage.display_name, |name| variables.value(name).map(str::to_owned)));
            match semantics::stage_condition(run, stage, &variables, &done) {
                Judgement::Run => running.push(Box::pin(run_stage(run, stage, display_name, done.clone()))),
                Judgement::Skip(reason) => done.push(skip_stage(run, stage, &display_name, not_run(run), &reason)),
                Judgement::Error(reason) => done.push(skip_stage(run, stage, &display_name, TaskResult::Failed, &reason)),
            }
        }
        match running.next().await {
            Some(outcome) => done.push(outcome),
            None => break,
        }
    }
    if run.cancellation.is_cancelled() { TaskResult::Canceled } else { sum(done.iter().map(|stage| stage.outcome)) }
}

/// The result of what does not run: canceled where the run is, else skipped.
fn not_run(run: &RunContext<'_>) -> TaskResult {
    if run.cancellation.is_cancelled() { TaskResult::Canceled } else { TaskResult::Skipped }
}

/// The result of a whole whose parts ended so: a failure counts more than a cancellation, and what was skipped only where all
/// was.
pub(crate) fn sum(parts: impl Iterator<Item = Outcome>) -> TaskResult {
    let parts: Vec<Outcome> = parts.collect();
    if parts.is_empty() {
        return TaskResult::Succeeded;
    }
    let has = |outcome| parts.contains(&outcome);
    if has(Outcome::Failed) || has(Outcome::Abandoned) {
        TaskResult::Failed
    } else if has(Outcome::Canceled) {
        TaskResult::Canceled
    } else if has(Outcome::SucceededWithIssues) {
        TaskResult::SucceededWithIssues
    } else if has(Outcome::Succeeded) {
        TaskResult::Succeeded
    } else {
        TaskResult::Skipped
    }
}

fn skip_stage(run: &RunContext<'_>, stage: &Stage, display_name: &str, result: TaskResult, reason: &str) -> StageOutcome {
    let reason = run.masker.mask(reason);
    let jobs = if result == TaskResult::Failed { TaskResult::Skipped } else { result };
    run.keep(run.store.update_stage(&stage.name, |record| {
        record.result = Some(result);
        record.reason.clone_from(&reason);
        display_name.clone_into(&mut record.display_name);
        for job in &mut record.jobs {
            job.result = Some(jobs);
        }
    }));
    run.emit(Event::StageCompleted {
        stage: stage.name.clone(),
        display_name: display_name.to_owned(),
        result,
        duration: std::time::Duration::ZERO,
        reason,
    });
    let jobs = stage.jobs.iter().map(|job| JobOutcome { name: job.name.clone(), outcome: jobs.into(), outputs: Vec::new() }).collect();
    StageOutcome { name: stage.name.clone(), outcome: result.into(), jobs }
}

async fn run_stage(run: &RunContext<'_>, stage: &Stage, display_name: String, before: Vec<StageOutcome>) -> StageOutcome {
    let begun = Instant::now();
    run.keep(run.store.update_stage(&stage.name, |record| {
        record.display_name.clone_from(&display_name);
        record.started = Some(clock::rfc3339(clock::now()));
    }));
    run.emit(Event::StageStarted { stage: stage.name.clone(), display_name: display_name.clone() });
    let mut waiting: Vec<&Job> = stage.jobs.iter().collect();
    let mut done: Vec<JobOutcome> = Vec::new();
    let mut running: FuturesUnordered<LocalBoxFuture<'_, JobOutcome>> = FuturesUnordered::new();
    loop {
        while let Some(position) =
            waiting.iter().position(|job| job.depends_on.iter().all(|name| done.iter().any(|done| done.name == *name)))
        {
            let job = waiting.remove(position);
            running.push(Box::pin(run_job(run, stage, &display_name, job, &before, done.clone())));
        }
        match running.next().await {
            Some(outcome) => done.push(outcome),
            None => break,
        }
    }
    drop(running);
    let result = sum(done.iter().map(|job| job.outcome));
    run.keep(run.store.update_stage(&stage.name, |record| {
        record.result = Some(result);
        record.finished = Some(clock::rfc3339(clock::now()));
    }));
    run.emit(Event::StageCompleted { stage: stage.name.clone(), display_name, result, duration: begun.elapsed(), reason: String::new() });
    StageOutcome { name: stage.name.clone(), outcome: result.into(), jobs: done }
}

/// Judges a job, waits for an agent, and runs it.
async fn run_job(
    run: &RunContext<'_>,
    stage: &Stage,
    stage_display_name: &str,
    job: &Job,
    stages: &[StageOutcome],
    jobs: Vec<JobOutcome>,
) -> JobOutcome {
    let context = semantics::JobScope { stage, job, stages, jobs: &jobs };
    let variables = match scope::of_job_condition(run, &context) {
        Ok(variables) => variables,
        Err(reason) => return skip_job(run, stage, job, &job.display_name, TaskResult::Failed, &reason),
    };
    let display_name =
        |variables: &Variables| run.masker.mask(&macros::expand(&job.display_name, |name| variables.value(name).map(str::to_owned)));
    let mut cancelled = run.cancellation.is_cancelled();
    loop {
        match semantics::job_condition(run, &context, &variables) {
            Judgement::Run => {}
            Judgement::Skip(reason) => return skip_job(run, stage, job, &display_name(&variables), not_run(run), &reason),
            Judgement::Error(reason) => return skip_job(run, stage, job, &display_name(&variables), TaskResult::Failed, &reason),
        }
        let agent = tokio::select! {
            biased;
            // A job that still waits when the run is cancelled is judged again.
            () = run.cancellation.reached(Level::Cancel), if !cancelled => {
                cancelled = true;
                continue;
            }
            () = run.cancellation.reached(Level::Kill) => {
                return skip_job(run, stage, job, &display_name(&variables), TaskResult::Canceled, "The run was killed.");
            }
            agent = run.agents.acquire() => agent,
        };
        let Some(agent) = agent else {
            return skip_job(run, stage, job, &display_name(&variables), TaskResult::Canceled, "There is no agent.");
        };
        let variables = match scope::of_job(run, &context) {
            Ok(variables) => variables,
            Err(reason) => return skip_job(run, stage, job, &job.display_name, TaskResult::Failed, &reason),
        };
        let start = Start { stage, stage_display_name, job, display_name: display_name(&variables), variables };
        return Box::pin(job::run(run, agent, start)).await;
    }
}

fn skip_job(run: &RunContext<'_>, stage: &Stage, job: &Job, display_name: &str, result: TaskResult, reason: &str) -> JobOutcome {
    let key = JobKey { stage: stage.name.clone(), job: job.name.clone() };
    let reason = run.masker.mask(reason);
    run.keep(run.store.update_job(&key, |record| {
        record.result = Some(result);
        record.reason.clone_from(&reason);
        display_name.clone_into(&mut record.display_name);
    }));
    run.emit(Event::JobCompleted { job: key, display_name: display_name.to_owned(), result, duration: std::time::Duration::ZERO, reason });
    JobOutcome { name: job.name.clone(), outcome: result.into(), outputs: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_result_counts_and_skipped_ones_do_not() {
        use TaskResult::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
        for (results, expected) in [
            (vec![], Succeeded),
            (vec![Skipped, Skipped], Skipped),
            (vec![Skipped, Succeeded], Succeeded),
            (vec![Succeeded, SucceededWithIssues], SucceededWithIssues),
            (vec![Canceled, SucceededWithIssues], Canceled),
            (vec![Canceled, Failed], Failed),
        ] {
            assert_eq!(sum(results.iter().map(|result| (*result).into())), expected, "{results:?}");
        }
    }
}
