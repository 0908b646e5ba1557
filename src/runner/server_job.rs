//! A job without an agent: the service itself runs its steps. The one task that it has here is `ManualValidation@1`
//! (facts/pipeline-yaml.md 2.11): it asks a person.

use std::time::{Duration, Instant};

use slipway_pipelines::{JobOutcome, Step};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::approval::{Question, QuestionKind, QuestionOutcome, span};
use crate::clock;
use crate::event::{Event, Issue, IssueKind, JobKey, TaskResult};
use crate::job::Start;
use crate::macros;
use crate::questions::{self, Reply};
use crate::run_context::RunContext;
use crate::semantics;
use crate::step_context::merge;
use crate::store::{Log, StepRecord};
use crate::variables::Variables;

/// The name of the task.
const MANUAL_VALIDATION: &str = "ManualValidation";

/// The longest that a validation waits: 30 days, in minutes.
const LONGEST: u32 = 30 * 24 * 60;

/// Whether the service has the task.
pub(crate) fn has(task: &slipway_pipelines::TaskUse) -> bool {
    task.name.eq_ignore_ascii_case(MANUAL_VALIDATION)
}

/// How a step ended.
enum Ended {
    /// With a result, and why where it is not plain success.
    With(TaskResult, String),
    /// The job's own time is over.
    JobTimedOut,
    /// It waits.
    Waits,
}

/// Runs the job; `None`: it waits for an answer.
pub(crate) async fn run(run: &RunContext<'_>, start: Start<'_>) -> Option<JobOutcome> {
    let begun = Instant::now();
    let key = start.part.key.clone();
    let display_name = start.display_name.clone();
    run.keep(run.store.update_job(&key, |record| {
        record.display_name.clone_from(&display_name);
        record.started.get_or_insert_with(|| clock::rfc3339(clock::now()));
    }));
    run.emit(Event::JobStarted { job: key.clone(), display_name: display_name.clone(), agent: String::new() });
    let mut result: Option<TaskResult> = None;
    let mut reason = String::new();
    let mut variables = start.variables.clone();
    for (name, value) in [
        ("System.StageName", start.stage.name.as_str()),
        ("System.StageDisplayName", start.stage_display_name),
        ("System.PhaseName", start.job.name.as_str()),
        ("System.JobName", start.part.name.as_str()),
        ("System.JobDisplayName", display_name.as_str()),
    ] {
        variables.set_plain(name, value);
    }
    for (index, step) in start.part.steps.iter().enumerate() {
        if run.cancellation.is_cancelled() {
            result = Some(merge(result, TaskResult::Canceled));
            "The run was cancelled.".clone_into(&mut reason);
        }
        let before = run.store.read(|record| finished(record, &key, index));
        let ended = match before {
            Some(result) => result,
            None => match self::step(run, &start, &variables, (index, step), result).await {
                Ended::With(result, _) => result,
                Ended::JobTimedOut => {
                    reason = format!(
                        "The job ran longer than the maximum time of {}. Its limit is `timeoutInMinutes`.",
                        span(start.job.timeout_in_minutes)
                    );
                    result = Some(merge(result, TaskResult::Canceled));
                    continue;
                }
                Ended::Waits => return None,
            },
        };
        if matches!(ended, TaskResult::SucceededWithIssues | TaskResult::Failed | TaskResult::Canceled) {
            result = Some(merge(result, ended));
        }
    }
    let mut result = result.unwrap_or(TaskResult::Succeeded);
    if result == TaskResult::Failed && start.job.continue_on_error {
        result = TaskResult::SucceededWithIssues;
    }
    run.keep(run.store.update_job(&key, |record| {
        record.result = Some(result);
        record.reason.clone_from(&reason);
        record.finished = Some(clock::rfc3339(clock::now()));
    }));
    run.emit(Event::JobCompleted { job: key.clone(), display_name, result, duration: begun.elapsed(), reason });
    Some(JobOutcome { name: key.job, outcome: result.into(), outputs: Vec::new() })
}

/// The result of a step that was over before the run stopped.
fn finished(record: &crate::store::RunRecord, key: &JobKey, index: usize) -> Option<TaskResult> {
    let stage = record.stages.iter().find(|stage| stage.name == key.stage)?;
    stage.jobs.iter().find(|job| job.name == key.job)?.steps.get(index)?.result
}

/// Judges and runs a step.
async fn step(
    run: &RunContext<'_>,
    start: &Start<'_>,
    variables: &Variables,
    (index, step): (usize, &Step),
    status: Option<TaskResult>,
) -> Ended {
    let begun = Instant::now();
    let key = &start.part.key;
    let expand = |text: &str| run.masker.mask(&macros::expand(text, |name| variables.value(name).map(str::to_owned)));
    let display_name = expand(&step.display_name);
    let (log, relative) = match run.store.open_log(key, &format!("{:02}-{display_name}", index + 1)) {
        Ok(opened) => opened,
        Err(error) => {
            run.keep(Err(error));
            return Ended::With(TaskResult::Failed, String::new());
        }
    };
    let log_path = log.path().to_owned();
    let mut said = Said { run, key, index, log };
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
    run.keep(run.store.update_job(key, |job| {
        if job.steps.len() == index {
            job.steps.push(record);
        }
    }));
    run.emit(Event::StepStarted { job: key.clone(), step: index, display_name: display_name.clone() });
    let ended = judge_and_ask(run, start, variables, (step, &display_name), status, &mut said).await;
    let (result, error) = match &ended {
        Ended::With(result, error) => (*result, error.clone()),
        Ended::JobTimedOut => (TaskResult::Canceled, "The operation was canceled.".to_owned()),
        Ended::Waits => return ended,
    };
    let failed_on = result == TaskResult::Failed && step.continue_on_error;
    let result = if failed_on { TaskResult::SucceededWithIssues } else { result };
    let issues: Vec<Issue> = if error.is_empty() {
        Vec::new()
    } else {
        said.line(&format!("##[error]{error}"));
        vec![Issue { kind: IssueKind::Error, message: run.masker.mask(&error) }]
    };
    run.keep(run.store.update_step(key, index, |record| {
        record.result = Some(result);
        record.finished = Some(clock::rfc3339(clock::now()));
        record.errors = issues.len();
        record.issues.clone_from(&issues);
    }));
    run.emit(Event::StepCompleted {
        job: key.clone(),
        step: index,
        display_name,
        result,
        duration: begun.elapsed(),
        issues,
        log: log_path,
    });
    match ended {
        Ended::With(..) => Ended::With(result, error),
        other => other,
    }
}

async fn judge_and_ask(
    run: &RunContext<'_>,
    start: &Start<'_>,
    variables: &Variables,
    (step, display_name): (&Step, &str),
    status: Option<TaskResult>,
    said: &mut Said<'_>,
) -> Ended {
    if !step.enabled {
        said.line("The step is disabled (`enabled: false`).");
        return Ended::With(TaskResult::Skipped, String::new());
    }
    match semantics::step_condition(run, &step.condition, variables, status.unwrap_or(TaskResult::Succeeded)) {
        Ok((true, _)) => {}
        Ok((false, trace)) => {
            said.line(&format!("Skipping step due to condition evaluation.\n{trace}"));
            return Ended::With(TaskResult::Skipped, String::new());
        }
        Err(error) => return Ended::With(TaskResult::Failed, error),
    }
    if run.cancellation.is_cancelled() {
        // Nobody is asked any more, whatever the condition says.
        return Ended::With(TaskResult::Canceled, String::new());
    }
    validate(run, start, variables, (step, display_name), said).await
}

/// `ManualValidation@1`.
async fn validate(
    run: &RunContext<'_>,
    start: &Start<'_>,
    variables: &Variables,
    (step, display_name): (&Step, &str),
    said: &mut Said<'_>,
) -> Ended {
    let input = |name: &str| {
        let given = step.task.inputs.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        macros::expand(given.unwrap_or_default(), |name| variables.value(name).map(str::to_owned))
    };
    let people = |name: &str| -> Vec<String> {
        input(name).split(['\n', ',', ';']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    // Without approvers those who are told of it may answer, as anybody else who may.
    let approvers = people("approvers");
    let approvers = if approvers.is_empty() { people("notifyUsers") } else { approvers };
    let instructions = input("instructions");
    let minutes = if step.timeout_in_minutes == 0 { LONGEST } else { step.timeout_in_minutes.min(LONGEST) };
    let within = span(minutes);
    let own = run.pace.minute * minutes;
    let of_job = end_of_job(run, start);
    let left = of_job.map(|end| Duration::try_from(end - clock::now()).unwrap_or(Duration::ZERO));
    let limit = left.map_or(own, |left| own.min(left));
    let question = Question {
        approvers: approvers.clone(),
        instructions: instructions.clone(),
        ..Question::new(
            QuestionKind::Validation,
            format!("{}.{}.{}", start.part.key.stage, start.part.key.job, step.name),
            start.stage_display_name,
            display_name,
        )
    };
    said.line("Waiting for a person to validate the run.");
    if !approvers.is_empty() {
        said.line(&format!("To be told: {}", approvers.join(", ")));
    }
    if !instructions.is_empty() {
        said.line(&format!("Instructions: {instructions}"));
    }
    let question = match questions::ask(run, question, Some(limit)).await {
        Reply::Waits => {
            said.line("Nobody is here to answer: the run stops, and can be resumed.");
            return Ended::Waits;
        }
        Reply::Canceled => return Ended::With(TaskResult::Canceled, "The operation was canceled.".to_owned()),
        Reply::Settled(question) => question,
    };
    let comment = if question.comment.is_empty() { String::new() } else { format!(": {}", question.comment) };
    match question.outcome {
        Some(QuestionOutcome::Approved) => {
            said.line(&format!("`{}` resumed the run{comment}", question.by));
            Ended::With(TaskResult::Succeeded, String::new())
        }
        Some(QuestionOutcome::Rejected) => Ended::With(
            TaskResult::Failed,
            format!(
                "`{}` rejected the validation{comment}. What speaks against it must be put right, and the pipeline run again.",
                question.by
            ),
        ),
        Some(QuestionOutcome::TimedOut) | None if ends_job(question.expires.as_deref(), of_job) => Ended::JobTimedOut,
        Some(QuestionOutcome::TimedOut) | None if input("onTimeout").eq_ignore_ascii_case("resume") => {
            said.line(&format!("Nobody answered within {within}: the run goes on (`onTimeout: resume`)."));
            Ended::With(TaskResult::Succeeded, String::new())
        }
        Some(QuestionOutcome::TimedOut) | None => Ended::With(
            TaskResult::Failed,
            format!("Nobody answered within {within}: the validation counts as rejected (`onTimeout: reject`). Run the pipeline again."),
        ),
    }
}

/// When the job's own time is over; `None` is no limit. It goes on while a run is stopped.
fn end_of_job(run: &RunContext<'_>, start: &Start<'_>) -> Option<OffsetDateTime> {
    let minutes = start.job.timeout_in_minutes;
    if minutes == 0 {
        return None;
    }
    let key = &start.part.key;
    let started = run.store.read(|record| {
        let stage = record.stages.iter().find(|stage| stage.name == key.stage)?;
        stage.jobs.iter().find(|job| job.name == key.job)?.started.clone()
    });
    let started = started.and_then(|started| OffsetDateTime::parse(&started, &Rfc3339).ok()).unwrap_or_else(clock::now);
    Some(started + run.pace.minute * minutes)
}

/// Whether a question that expired did so because the time of its job, which ends then, was over. Times are kept in milliseconds.
fn ends_job(expired: Option<&str>, end: Option<OffsetDateTime>) -> bool {
    let expired = expired.and_then(|expired| OffsetDateTime::parse(expired, &Rfc3339).ok());
    end.zip(expired).is_some_and(|(end, expired)| expired + Duration::from_millis(2) >= end)
}

/// The log of a step.
struct Said<'r> {
    run: &'r RunContext<'r>,
    key: &'r JobKey,
    index: usize,
    log: Log,
}

impl Said<'_> {
    fn line(&mut self, text: &str) {
        for line in self.run.masker.mask(text).lines() {
            self.log.line(line);
            self.run.emit(Event::StepOutput { job: self.key.clone(), step: self.index, line: line.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_job_ends_where_its_time_was_over_first() {
        let end = datetime!(2026-11-24 15:00:00.001 UTC);
        for (expired, expected) in [("2026-11-24T15:00:00Z", true), ("2026-11-24T14:59:00Z", false), ("2026-11-24T15:00:00.001Z", true)] {
            assert_eq!(ends_job(Some(expired), Some(end)), expected, "{expired}");
        }
        assert!(!ends_job(Some("2026-11-24T15:00:00Z"), None));
    }
}
