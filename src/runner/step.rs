//! One step of a job, from its condition to its result.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use slipway_pipelines::Step;
use uuid::Uuid;

use crate::builtin::Builtin;
use crate::cancellation::Level;
use crate::clock;
use crate::event::{Event, TaskResult};
use crate::job_context::JobContext;
use crate::macros;
use crate::request::TaskPackage;
use crate::restrictions::Restrictions;
use crate::semantics;
use crate::step_context::{StepContext, merge};
use crate::store::StepRecord;
use crate::task_step::{self, Phase};
use crate::variables::Variables;

/// The agent's limit of `retryCountOnTaskFailure`.
const RETRY_LIMIT: u32 = 10;

/// A step, or one of the other handlers of its task, as the job's plan has it.
pub(crate) struct Planned<'s> {
    pub(crate) step: &'s Step,
    pub(crate) phase: Phase,
    /// The package and the folder where it is installed; absent for the runner's own tasks.
    pub(crate) package: Option<(&'s TaskPackage, PathBuf)>,
    /// Shared by the handlers of one task instance.
    pub(crate) task_variables: Rc<RefCell<Variables>>,
    /// Id of the task instance.
    pub(crate) instance: Uuid,
}

/// Runs one step and merges its result into the job's.
pub(crate) async fn run(job: &JobContext<'_>, index: usize, planned: &Planned<'_>) {
    let begun = Instant::now();
    let step = planned.step;
    let warnings = job.variables.borrow_mut().recalculate(&job.run.masker);
    let display_name = display_name(job, planned);
    let log_name = format!("{:02}-{display_name}", index + 1);
    let (log, relative) = match job.run.store.open_log(&job.key, &log_name) {
        Ok(opened) => opened,
        Err(error) => {
            // Without a log the step is not run: nobody could tell what it did.
            job.note(&error.to_string());
            job.run.keep(Err(error));
            job.set_result(merge(job.result.get(), TaskResult::Failed));
            return;
        }
    };
    let record = StepRecord {
        name: step.name.clone(),
        display_name: display_name.clone(),
        task: format!("{}@{}", step.task.name, step.task.version),
        result: None,
        started: Some(clock::rfc3339(clock::now())),
        finished: None,
        issues: Vec::new(),
        errors: 0,
        warnings: 0,
        log: relative,
    };
    job.run.keep(job.run.store.update_job(&job.key, |job| job.steps.push(record)));
    job.run.emit(Event::StepStarted { job: job.key.clone(), step: index, display_name: display_name.clone() });
    let mut context = StepContext::new(job, index, step.name.clone(), log, planned.task_variables.clone());
    context.restrict([Restrictions::of_target(&step.target)]);
    if let Some((package, _)) = &planned.package {
        context.restrict([Restrictions::of_task(&package.definition)]);
        context.declare_outputs(package.definition.output_variables.iter().map(|output| output.name.clone()));
    }
    for warning in warnings {
        context.warning(&warning);
    }
    let result = judge_and_execute(&context, planned, &display_name).await;
    if matches!(result, TaskResult::SucceededWithIssues | TaskResult::Failed) {
        job.set_result(merge(job.result.get(), result));
    }
    let issues = context.issues();
    job.run.keep(job.run.store.update_step(&job.key, index, |record| {
        record.result = Some(result);
        record.finished = Some(clock::rfc3339(clock::now()));
        record.issues = issues.kept.clone();
        record.errors = issues.errors;
        record.warnings = issues.warnings;
    }));
    job.run.emit(Event::StepCompleted {
        job: job.key.clone(),
        step: index,
        display_name,
        result,
        duration: begun.elapsed(),
        issues: issues.kept,
        log: context.log_path(),
    });
}

fn display_name(job: &JobContext<'_>, planned: &Planned<'_>) -> String {
    let name = macros::expand(&planned.step.display_name, |name| job.variables.borrow().value(name).map(str::to_owned));
    let name = job.run.masker.mask(&name);
    match planned.phase {
        Phase::PreJob => format!("Pre-job: {name}"),
        Phase::Main => name,
        Phase::PostJob => format!("Post-job: {name}"),
    }
}

async fn judge_and_execute(context: &StepContext<'_>, planned: &Planned<'_>, display_name: &str) -> TaskResult {
    let job = context.job;
    if !planned.step.enabled {
        context.output("The step is disabled (`enabled: false`).");
        return TaskResult::Skipped;
    }
    if job.cancellation.is_cancelled() {
        job.set_result(TaskResult::Canceled);
    }
    if job.cancellation.level() >= Level::Kill {
        context.output("Everything is being ended: the step is not started.");
        return TaskResult::Canceled;
    }
    match condition(job, planned) {
        Ok((true, _)) => {}
        Ok((false, trace)) => {
            context.output(&format!("Skipping step due to condition evaluation.\n{trace}"));
            return TaskResult::Skipped;
        }
        Err(error) => {
            context.error(&error);
            return TaskResult::Failed;
        }
    }
    {
        let mut variables = job.variables.borrow_mut();
        variables.set_plain("Task.DisplayName", display_name);
        variables.set_plain("System.TaskDisplayName", display_name);
        variables.set_plain("System.TaskInstanceId", planned.instance.to_string());
        variables.set_plain("System.TaskInstanceName", &planned.step.name);
    }
    context.output(&format!("##[section]Starting: {display_name}"));
    let result = execute(context, planned).await;
    context.output(&format!("##[section]Finishing: {display_name}"));
    result
}

/// Whether the step runs, judged with the job's result as it is now. Handlers after the job always run, those before it as
/// long as all is well.
fn condition(job: &JobContext<'_>, planned: &Planned<'_>) -> Result<(bool, String), String> {
    let status = job.result.get().unwrap_or(TaskResult::Succeeded);
    match planned.phase {
        Phase::PostJob => Ok((true, String::new())),
        Phase::PreJob => {
            Ok((matches!(status, TaskResult::Succeeded | TaskResult::SucceededWithIssues), format!("The job's status is {status:?}.")))
        }
        Phase::Main => semantics::step_condition(job.run, &planned.step.condition, &job.variables.borrow(), status),
    }
}

/// Runs the step's attempts, cancels them when the job is cancelled or the step's time is over, and says how it went.
async fn execute(context: &StepContext<'_>, planned: &Planned<'_>) -> TaskResult {
    let job = context.job;
    let step = planned.step;
    let mut work = Box::pin(attempts(context, planned));
    // A step that starts when the job is cancelled already (`always()`) is not cancelled by that.
    let mut cancel_seen = job.cancellation.level() >= Level::Cancel;
    let (mut killed, mut timed_out, mut cancelled) = (false, false, false);
    let timeout = (step.timeout_in_minutes > 0).then(|| tokio::time::Instant::now() + job.run.pace.minute * step.timeout_in_minutes);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = job.cancellation.reached(Level::Cancel), if !cancel_seen => {
                cancel_seen = true;
                job.set_result(TaskResult::Canceled);
                context.debug(&format!("Re-evaluate condition on job cancellation for step: '{}'.", step.display_name));
                if !condition(job, planned).is_ok_and(|(runs, _)| runs) {
                    cancelled = true;
                    context.error("The Operation will be canceled. The next steps may not contain expected logs.");
                    context.stop.raise(Level::Cancel);
                }
            }
            () = job.cancellation.reached(Level::Kill), if !killed => {
                (killed, cancelled) = (true, true);
                context.stop.raise(Level::Kill);
            }
            () = until(timeout), if !timed_out && !cancelled => {
                timed_out = true;
                context.stop.raise(Level::Cancel);
            }
        }
    };
    drop(work);
    if timed_out {
        context.error("The task has timed out.");
        context.set_result(Some(TaskResult::Failed));
    } else if cancelled {
        context.error("The operation was canceled.");
        context.set_result(Some(TaskResult::Canceled));
    } else if let Err(reason) = outcome {
        context.error(&reason);
        context.set_result(Some(TaskResult::Failed));
    }
    context.conclude(step.continue_on_error)
}

async fn until(when: Option<tokio::time::Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn attempts(context: &StepContext<'_>, planned: &Planned<'_>) -> Result<(), String> {
    let mut retries = planned.step.retry_count_on_task_failure;
    if retries > RETRY_LIMIT {
        context.warning(&format!(
            "The maximum allowed number of attempts is {RETRY_LIMIT} but got {retries}. Retry attempts count will be decreased to {RETRY_LIMIT}."
        ));
        retries = RETRY_LIMIT;
    }
    let mut attempt = 0;
    loop {
        let outcome = once(context, planned).await;
        let failed = outcome.is_err() || context.result() == Some(TaskResult::Failed);
        if !failed || attempt >= retries || context.stop.is_cancelled() {
            return outcome;
        }
        let delay: Duration = context.job.run.pace.retry * (attempt + 1).pow(2);
        match outcome {
            Ok(()) => context.warning(&format!(
                "RetryHelper encountered task failure, will retry (attempt #: {} out of {retries}) after {} ms",
                attempt + 1,
                delay.as_millis()
            )),
            Err(reason) => context.warning(&format!(
                "RetryHelper encountered exception, will retry (attempt #: {} {reason}) afer {} ms",
                attempt + 1,
                delay.as_millis()
            )),
        }
        context.set_result(None);
        context.reset_completion();
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = context.stop.reached(Level::Cancel) => return Ok(()),
        }
        attempt += 1;
    }
}

async fn once(context: &StepContext<'_>, planned: &Planned<'_>) -> Result<(), String> {
    let step = planned.step;
    match &planned.package {
        Some((package, folder)) => {
            header(
                context,
                if package.definition.friendly_name.is_empty() { &package.definition.name } else { &package.definition.friendly_name },
                &step.task.version,
            );
            Box::pin(task_step::run(context, package, Path::new(folder), planned.phase, &step.task.inputs, &step.env)).await
        }
        None => {
            let builtin = Builtin::of(&step.task).ok_or_else(|| format!("Task `{}` has no package here.", step.task.reference))?;
            header(context, &step.task.name, &step.task.version);
            Box::pin(builtin.run(context, &step.task.inputs, &step.env)).await
        }
    }
}

fn header(context: &StepContext<'_>, task: &str, version: &str) {
    let line = "==============================================================================";
    for text in [line, &format!("Task         : {task}"), &format!("Version      : {version}"), line] {
        context.output(text);
    }
}
