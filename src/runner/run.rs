use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use slipway_secret::SecretSink;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::approval::{Answer, Question};

use crate::builtin::Builtin;
use crate::cancellation::Cancellation;
use crate::clock;
use crate::error::RunError;
use crate::event::{Event, TaskResult};
use crate::files;
use crate::masker::Masker;
use crate::part;
use crate::request::{PipelineVariable, RunRequest};
use crate::request_checks;
use crate::run_context::RunContext;
use crate::schedule;
use crate::scope;
use crate::semantics;
use crate::store::{self, JobRecord, RunRecord, RunState, StageRecord, Store, StoreError, TestTotals, Writer};

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// `Build.BuildId`, the number of the run in its state folder.
    pub id: u64,
    /// `Build.BuildNumber`.
    pub number: String,
    /// How it ended, or that it waits.
    pub outcome: RunOutcome,
    /// Where it is stored: see [`Store`].
    pub folder: PathBuf,
}

/// Whether a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// It is, with this result.
    Completed(TaskResult),
    /// It stopped at questions that nobody was there to answer: [`resume`] goes on from there.
    Waiting(Vec<Question>),
}

/// How long waiting takes. Tests wait less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// A minute of `timeoutInMinutes` and `cancelTimeoutInMinutes`.
    pub(crate) minute: Duration,
    /// The first pause of `retryCountOnTaskFailure`; the n-th is n² times that.
    pub(crate) retry: Duration,
}

impl Pace {
    const AGENT: Self = Self { minute: Duration::from_secs(60), retry: Duration::from_secs(1) };
}

/// Runs a pipeline to its end, on a current-thread Tokio runtime that lives as long as the process: child processes die with
/// the thread that started them (see [`slipway_process::Command::spawn`]).
///
/// Everything that happens goes to [`RunRequest::events`] and into the run store; a run that fails is `Ok`.
pub async fn run(request: RunRequest, cancellation: Cancellation) -> Result<RunSummary, RunError> {
    run_at(request, cancellation, Pace::AGENT).await
}

/// Goes on with run `id`, which waits. `request` must be what it was started with (its secrets are read afresh: none is stored);
/// `answer` is that to the questions at which it stopped, else they are asked again.
///
/// What was over stays as it is: jobs with their results and their outputs, artifacts, logs.
///
/// # Errors
/// There is no such run, or it does not wait.
pub async fn resume(request: RunRequest, id: u64, answer: Option<Answer>, cancellation: Cancellation) -> Result<RunSummary, RunError> {
    resume_at(request, (id, answer), cancellation, Pace::AGENT).await
}

/// [`run`] at a pace.
pub(crate) async fn run_at(request: RunRequest, cancellation: Cancellation, pace: Pace) -> Result<RunSummary, RunError> {
    let begun = Instant::now();
    let masker = check(&request)?;
    let started = clock::now();
    let runs = request.state.join("runs");
    let (id, folder) = Writer::next_id(&runs)?;
    let pipeline_id = store::pipeline_number(&runs, &request.pipeline_file, request.pipeline_id)?;
    let writer = Writer::new(folder.clone(), record(&request, id, pipeline_id, clock::rfc3339(started)))?;
    let mut context = RunContext::new(&request, (id, pipeline_id), started, writer, masker, cancellation, pace);
    context.plan_id = Uuid::new_v4();
    let number = match number(&context) {
        Ok(number) => number,
        Err(error) => {
            // Nothing ran: the number of the run is free again.
            context.keep(files::remove_folder(&folder).map_err(|error| StoreError::new(&folder, error)));
            return Err(error);
        }
    };
    context.number.borrow_mut().clone_from(&number);
    context.store.update(|record| {
        record.number.clone_from(&number);
        record.plan_id = context.plan_id.to_string();
    })?;
    context.emit(Event::RunStarted { id, number, pipeline: request.pipeline_name.clone(), folder: folder.clone() });
    notices(&context);
    go(&context, begun, folder).await
}

/// [`resume`] at a pace.
pub(crate) async fn resume_at(
    request: RunRequest,
    (id, answer): (u64, Option<Answer>),
    cancellation: Cancellation,
    pace: Pace,
) -> Result<RunSummary, RunError> {
    let begun = Instant::now();
    let masker = check(&request)?;
    let store = Store::new(&request.state);
    let record = store.run(id)?;
    if record.state != RunState::Waiting {
        return Err(RunError::NotWaiting(id));
    }
    let folder = store.folder_of(id);
    let started = OffsetDateTime::parse(&record.started, &Rfc3339).unwrap_or_else(|_| clock::now());
    let (number, pipeline_id, plan_id) = (record.number.clone(), record.pipeline_id, Uuid::parse_str(&record.plan_id));
    let counters = record.counters.iter().cloned().collect();
    let lost: Vec<String> = lost_outputs(&record);
    let writer = Writer::open(folder.clone(), record)?;
    let mut context = RunContext::new(&request, (id, pipeline_id), started, writer, masker, cancellation, pace);
    context.plan_id = plan_id.unwrap_or_else(|_| Uuid::new_v4());
    context.counters = RefCell::new(counters);
    context.resume_answer = answer;
    context.number.borrow_mut().clone_from(&number);
    context.store.update(|record| record.state = RunState::InProgress)?;
    context.emit(Event::RunStarted { id, number, pipeline: request.pipeline_name.clone(), folder: folder.clone() });
    for output in lost {
        context.notice(&format!(
            "The output {output} held a secret. No secret is kept while a run waits, so it is empty from here on; read the value again in the job that needs it."
        ));
    }
    go(&context, begun, folder).await
}

/// Outputs that held a secret: `step.name` of `stage.job`.
fn lost_outputs(record: &RunRecord) -> Vec<String> {
    let jobs = record.stages.iter().flat_map(|stage| stage.jobs.iter().map(move |job| (stage, job)));
    jobs.flat_map(|(stage, job)| job.masked_outputs.iter().map(move |name| format!("`{name}` of `{}.{}`", stage.name, job.name))).collect()
}

/// Refuses what cannot be run; else a masker that knows the secrets of the request.
fn check(request: &RunRequest) -> Result<Masker, RunError> {
    let problems = request_checks::problems(&request.pipeline, &request.tasks, request.strict);
    if !problems.is_empty() {
        return Err(RunError::Refused(problems));
    }
    let masker = Masker::new();
    for variable in request.groups.iter().flat_map(|group| &group.variables).chain(&request.variables) {
        if let PipelineVariable::Secret { value, .. } = variable {
            masker.register(value.expose());
        }
    }
    if let Some(azure) = &request.azure {
        masker.add_initial_secret(&azure.identity_header);
    }
    Ok(masker)
}

/// Runs what is left to run, to the end or to the next stop.
async fn go(context: &RunContext<'_>, begun: Instant, folder: PathBuf) -> Result<RunSummary, RunError> {
    let outcome = match Box::pin(schedule::run(context)).await {
        Some(result) => {
            context.keep(context.store.update(|record| {
                record.result = Some(result);
                record.state = RunState::Completed;
                record.finished = Some(clock::rfc3339(clock::now()));
            }));
            context.emit(Event::RunCompleted { result, duration: begun.elapsed() });
            RunOutcome::Completed(result)
        }
        None => {
            context.keep(context.store.update(|record| record.state = RunState::Waiting));
            let questions: Vec<Question> =
                context.store.read(|record| record.questions.iter().filter(|question| question.outcome.is_none()).cloned().collect());
            context.emit(Event::RunWaiting { questions: questions.clone() });
            RunOutcome::Waiting(questions)
        }
    };
    if let Some(error) = context.store_error() {
        return Err(error.into());
    }
    let number = context.number.borrow().clone();
    Ok(RunSummary { id: context.id, number, outcome, folder })
}

fn number(run: &RunContext<'_>) -> Result<String, RunError> {
    let earlier = Store::new(&run.request.state).runs()?;
    let number = semantics::run_number(run, &scope::of_stage_condition(run), &earlier)?;
    Ok(run.masker.mask(&number))
}

fn notices(run: &RunContext<'_>) {
    let repository = &run.request.repository;
    let mut steps = run.request.pipeline.stages.iter().flat_map(|stage| &stage.jobs).flat_map(part::all_steps);
    let checks_out = steps.any(|(step, _)| Builtin::of(&step.task) == Some(Builtin::Checkout));
    if checks_out && !repository.uncommitted.is_empty() {
        run.notice(&format!(
            "`checkout: self` takes the work tree as it is, uncommitted changes included: {}.",
            repository.uncommitted.join(", ")
        ));
    }
    for notice in request_checks::notices(run.request) {
        run.notice(&notice);
    }
}

fn record(request: &RunRequest, id: u64, pipeline_id: u64, started: String) -> RunRecord {
    let job = |job: &slipway_pipelines::Job| JobRecord::new(&job.name, &job.display_name);
    let stage = |stage: &slipway_pipelines::Stage| StageRecord {
        name: stage.name.clone(),
        display_name: stage.display_name.clone(),
        result: None,
        reason: String::new(),
        started: None,
        finished: None,
        jobs: stage.jobs.iter().map(job).collect(),
    };
    RunRecord {
        schema: RunRecord::SCHEMA,
        id,
        number: String::new(),
        pipeline: request.pipeline_name.clone(),
        file: request.pipeline_file.clone(),
        pipeline_id,
        event: request.event.record(),
        pipeline_runs: request.pipeline_runs.clone(),
        branch: request.repository.branch.clone(),
        commit: request.repository.commit.clone(),
        uncommitted: request.repository.uncommitted.clone(),
        requested_for: request.requested_for.clone(),
        state: RunState::InProgress,
        result: None,
        started,
        finished: None,
        notices: Vec::new(),
        tags: Vec::new(),
        questions: Vec::new(),
        plan_id: String::new(),
        counters: Vec::new(),
        stages: request.pipeline.stages.iter().map(stage).collect(),
        artifacts: Vec::new(),
        attachments: Vec::new(),
        summaries: Vec::new(),
        tests: TestTotals::default(),
    }
}
