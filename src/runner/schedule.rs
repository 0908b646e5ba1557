//! The order of a run: stages by `dependsOn`, condition and the checks of their environments, and the jobs of each stage by
//! `dependsOn`.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use slipway_pipelines::{Job, JobOutcome, Outcome, Stage, StageOutcome};

use crate::approval::{QuestionKind, QuestionOutcome};
use crate::checks;
use crate::clock;
use crate::event::{Event, TaskResult};
use crate::jobs::{self, Ready};
use crate::macros;
use crate::part;
use crate::run_context::RunContext;
use crate::scope;
use crate::semantics::{self, Judgement};

/// Runs all stages; returns the run's result. `None`: it waits for answers, and nothing else can go on.
pub(crate) async fn run(run: &RunContext<'_>) -> Option<TaskResult> {
    let stages = &run.request.pipeline.stages;
    let mut waiting: Vec<&Stage> = stages.iter().collect();
    let mut done: Vec<StageOutcome> = Vec::new();
    let mut running: FuturesUnordered<LocalBoxFuture<'_, Option<StageOutcome>>> = FuturesUnordered::new();
    let mut stopped = false;
    loop {
        // A stage that is skipped may make the next one ready.
        while let Some(position) =
            waiting.iter().position(|stage| stage.depends_on.iter().all(|name| done.iter().any(|done| done.name == *name)))
        {
            let stage = waiting.remove(position);
            if let Some(outcome) = kept(run, stage) {
                done.push(outcome);
                continue;
            }
            let variables = scope::of_stage_condition(run);
            let display_name = run.masker.mask(&macros::expand(&stage.display_name, |name| variables.value(name).map(str::to_owned)));
            match semantics::stage_condition(run, stage, &variables, &done) {
                Judgement::Run => running.push(Box::pin(run_stage(run, stage, display_name, done.clone()))),
                Judgement::Skip(reason) => done.push(skip_stage(run, stage, &display_name, run.not_run(), &reason)),
                Judgement::Error(reason) => done.push(skip_stage(run, stage, &display_name, TaskResult::Failed, &reason)),
            }
        }
        match running.next().await {
            Some(Some(outcome)) => done.push(outcome),
            Some(None) => stopped = true,
            None => break,
        }
    }
    if run.cancellation.is_cancelled() {
        cancel_what_waits(run);
        return Some(TaskResult::Canceled);
    }
    if stopped {
        return None;
    }
    let result = sum(done.iter().map(|stage| stage.outcome));
    // A stage whose approval came too late counts as skipped, and yet not all is well.
    let too_late = run.store.read(|record| {
        record
            .questions
            .iter()
            .any(|question| question.kind == QuestionKind::Approval && question.outcome == Some(QuestionOutcome::TimedOut))
    });
    Some(if too_late && result != TaskResult::Canceled { TaskResult::Failed } else { result })
}

/// A stage that was over before the run stopped.
fn kept(run: &RunContext<'_>, stage: &Stage) -> Option<StageOutcome> {
    let (result, jobs) = run.store.read(|record| {
        let record = record.stages.iter().find(|record| record.name == stage.name)?;
        let job = |job: &Job| {
            let parts = record
                .jobs
                .iter()
                .filter(|record| record.job == job.name && record.result.is_some_and(|result| result != TaskResult::Skipped));
            let parts: Vec<(String, JobOutcome)> = parts
                .map(|record| {
                    let outcome = record.result.map_or(Outcome::Skipped, Outcome::from);
                    (record.part.clone(), JobOutcome { name: record.name.clone(), outcome, outputs: part::outputs(record) })
                })
                .collect();
            match record.jobs.iter().find(|record| record.name == job.name) {
                Some(whole) => JobOutcome {
                    name: job.name.clone(),
                    outcome: whole.result.map_or(Outcome::Skipped, Outcome::from),
                    outputs: part::outputs(whole),
                },
                None => part::together(&job.name, parts),
            }
        };
        record.result.map(|result| (result, stage.jobs.iter().map(job).collect()))
    })?;
    run.emit(Event::Kept { stage: stage.name.clone(), job: None, result });
    Some(StageOutcome { name: stage.name.clone(), outcome: result.into(), jobs })
}

/// What waits for an answer when the run is cancelled never gets one.
fn cancel_what_waits(run: &RunContext<'_>) {
    run.keep(run.store.update(|record| {
        for stage in record.stages.iter_mut().filter(|stage| stage.result.is_none()) {
            stage.result = Some(TaskResult::Canceled);
            for job in stage.jobs.iter_mut().filter(|job| job.result.is_none()) {
                job.result = Some(TaskResult::Canceled);
            }
        }
    }));
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
        duration: Duration::ZERO,
        reason,
    });
    let jobs = stage.jobs.iter().map(|job| JobOutcome { name: job.name.clone(), outcome: jobs.into(), outputs: Vec::new() }).collect();
    StageOutcome { name: stage.name.clone(), outcome: result.into(), jobs }
}

/// Asks for the approvals that a stage needs, and runs it. `None`: it waits.
async fn run_stage(run: &RunContext<'_>, stage: &Stage, display_name: String, before: Vec<StageOutcome>) -> Option<StageOutcome> {
    match checks::of_stage(run, stage, &display_name).await {
        checks::Checked::Passed => {}
        checks::Checked::Waits => return None,
        checks::Checked::Refused(result, reason) => return Some(skip_stage(run, stage, &display_name, result, &reason)),
    }
    let begun = Instant::now();
    run.keep(run.store.update_stage(&stage.name, |record| {
        record.display_name.clone_from(&display_name);
        record.started.get_or_insert_with(|| clock::rfc3339(clock::now()));
    }));
    run.emit(Event::StageStarted { stage: stage.name.clone(), display_name: display_name.clone() });
    let mut waiting: Vec<&Job> = stage.jobs.iter().collect();
    let mut done: Vec<JobOutcome> = Vec::new();
    let mut running: FuturesUnordered<LocalBoxFuture<'_, Option<JobOutcome>>> = FuturesUnordered::new();
    let mut stopped = false;
    loop {
        while let Some(position) =
            waiting.iter().position(|job| job.depends_on.iter().all(|name| done.iter().any(|done| done.name == *name)))
        {
            let job = waiting.remove(position);
            let ready = Ready { stage, stage_display_name: &display_name, job, stages: &before, jobs: done.clone() };
            running.push(Box::pin(async move { jobs::run(run, &ready).await }));
        }
        match running.next().await {
            Some(Some(outcome)) => done.push(outcome),
            Some(None) => stopped = true,
            None => break,
        }
    }
    drop(running);
    if stopped {
        return None;
    }
    let result = sum(done.iter().map(|job| job.outcome));
    run.keep(run.store.update_stage(&stage.name, |record| {
        record.result = Some(result);
        record.finished = Some(clock::rfc3339(clock::now()));
    }));
    run.emit(Event::StageCompleted { stage: stage.name.clone(), display_name, result, duration: begun.elapsed(), reason: String::new() });
    Some(StageOutcome { name: stage.name.clone(), outcome: result.into(), jobs: done })
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
