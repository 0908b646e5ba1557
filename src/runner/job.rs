//! One job on one agent: folders, variables, registration, steps, clean-up.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use slipway_model::{ConnectionGrant, JobRegistration, ServiceConnection};
use slipway_pipelines::{Job, JobOutcome, Stage, Step, WorkspaceClean};
use uuid::Uuid;

use crate::agents::Agent;
use crate::cancellation::{Cancellation, Level};
use crate::clock;
use crate::endpoints::{self, Organization};
use crate::event::{Event, JobKey, TaskResult};
use crate::files;
use crate::job_context::{JobContext, Outputs, Paths};
use crate::leftovers;
use crate::part::Part;
use crate::predefined;
use crate::request::TaskPackage;
use crate::run_context::RunContext;
use crate::step::{self, Planned};
use crate::step_context::merge;
use crate::task_step::{self, Phase};
use crate::tasks;
use crate::variables::{Variable, Variables};

/// A job that is about to run.
pub(crate) struct Start<'s> {
    pub(crate) stage: &'s Stage,
    pub(crate) stage_display_name: &'s str,
    pub(crate) job: &'s Job,
    pub(crate) part: &'s Part<'s>,
    pub(crate) display_name: String,
    /// Variables of the pipeline, the stage and the job, evaluated.
    pub(crate) variables: Variables,
}

/// Runs a job on `agent`; returns what it leaves to those that depend on it.
pub(crate) async fn run(run: &RunContext<'_>, agent: Agent<'_>, start: Start<'_>) -> JobOutcome {
    let begun = Instant::now();
    let key = start.part.key.clone();
    let (job, display_name) = (start.job, start.display_name.clone());
    run.keep(run.store.update_job(&key, |record| {
        record.agent = agent.name();
        record.display_name.clone_from(&display_name);
        record.started = Some(clock::rfc3339(clock::now()));
    }));
    run.emit(Event::JobStarted { job: key.clone(), display_name: display_name.clone(), agent: agent.name() });
    let (mut result, outputs, mut reason) = match prepare(run, &agent, start, &key) {
        Ok((context, plan)) => {
            let reason = Box::pin(run_steps(&context, &plan, (job.timeout_in_minutes, job.cancel_timeout_in_minutes))).await;
            drop(plan);
            let reason = finish(&context).await.unwrap_or(reason);
            (context.result.get().unwrap_or(TaskResult::Succeeded), context.outputs.take(), reason)
        }
        Err(reason) => (TaskResult::Failed, Outputs::default(), reason),
    };
    if result == TaskResult::Failed && job.continue_on_error {
        result = TaskResult::SucceededWithIssues;
    }
    reason = run.masker.mask(&reason);
    run.keep(run.store.update_job(&key, |record| {
        record.result = Some(result);
        record.reason.clone_from(&reason);
        record.finished = Some(clock::rfc3339(clock::now()));
        record.outputs = outputs.0.iter().map(|(name, value)| (name.clone(), run.masker.mask(value))).collect();
        let masked = record.outputs.iter().zip(&outputs.0).filter(|(kept, (_, value))| kept.1 != *value);
        record.masked_outputs = masked.map(|(kept, _)| kept.0.clone()).collect();
    }));
    run.emit(Event::JobCompleted { job: key.clone(), display_name, result, duration: begun.elapsed(), reason });
    JobOutcome { name: key.job, outcome: result.into(), outputs: outputs.0 }
}

/// Makes all that the steps need. An `Err` is why the job cannot run.
fn prepare<'r, 's>(
    run: &'r RunContext<'r>,
    agent: &Agent<'_>,
    start: Start<'s>,
    key: &JobKey,
) -> Result<(JobContext<'r>, Vec<Planned<'s>>), String>
where
    'r: 's,
{
    let job = start.job;
    let paths = Paths::new(&run.request.state.join("agents"), agent.number, run.pipeline_id);
    make_folders(&paths, job.workspace_clean)
        .map_err(|error| format!("The work folder `{}` cannot be prepared: {error}", paths.work.display()))?;
    let (log, relative) = run.store.open_log(key, "job").map_err(|error| error.to_string())?;
    run.keep(run.store.update_job(key, |record| record.log = relative));
    let id = Uuid::new_v5(&run.plan_id, format!("{}.{}", key.stage, key.job).as_bytes());
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    run.masker.add_initial_secret(&token);
    let mut variables = start.variables;
    let names = (start.stage_display_name, start.display_name.as_str());
    for (name, value) in predefined::of_job(run, start.stage, (job, start.part), id, names, (agent.number, &agent.name()), &paths) {
        variables.set_plain(&name, value);
    }
    variables.set(
        Variable { name: "System.AccessToken".to_owned(), value: token.clone(), secret: true, read_only: false, preserve_case: false },
        &run.masker,
    );
    let (endpoints, granted) = connections(run, start.part.steps, &token);
    endpoints::mask(&endpoints, &run.masker);
    let context = JobContext {
        run,
        key: key.clone(),
        id,
        paths,
        cancellation: Cancellation::new(),
        variables: RefCell::new(variables),
        prepend_path: RefCell::default(),
        endpoints: RefCell::new(endpoints),
        outputs: RefCell::default(),
        result: Cell::new(None),
        processes: RefCell::default(),
        log: RefCell::new(log),
    };
    context.note(&format!("Agent {} runs job {} in {}", agent.name(), names.1, context.paths.workspace.display()));
    let plan = plan(&context, start.part.steps)?;
    register(&context, granted, &token)?;
    Ok((context, plan))
}

fn make_folders(paths: &Paths, clean: WorkspaceClean) -> io::Result<()> {
    match clean {
        WorkspaceClean::None => {}
        WorkspaceClean::Outputs => files::empty_folder(&paths.binaries)?,
        WorkspaceClean::Resources => files::empty_folder(&paths.sources)?,
        WorkspaceClean::All => files::empty_folder(&paths.workspace)?,
    }
    // As the agent does before each job.
    files::empty_folder(&paths.temp)?;
    files::empty_folder(&paths.artifacts)?;
    files::empty_folder(&paths.test_results)?;
    for folder in [&paths.sources, &paths.binaries, &paths.tasks, &paths.tools] {
        fs::create_dir_all(folder)?;
    }
    Ok(())
}

/// The job's own connection and those that its steps name.
fn connections(run: &RunContext<'_>, steps: &[Step], token: &str) -> (Vec<ServiceConnection>, Vec<ConnectionGrant>) {
    let organization = Organization::of(run.request.azure.as_ref());
    let mut connections = vec![endpoints::system_connection(&organization.collection_uri, token)];
    let mut granted = Vec::new();
    for step in steps {
        let Some(package) = tasks::package(&run.request.tasks, &step.task) else { continue };
        for id in endpoints::named(&package.definition.inputs, &step.task.inputs) {
            let known = run.request.connections.iter().find(|connection| connection.id.eq_ignore_ascii_case(id));
            if let Some(connection) = known
                && !connections.iter().any(|present| present.id == connection.id)
            {
                connections.push(connection.clone());
                granted.push(ConnectionGrant { id: connection.id.clone(), name: connection.name.clone() });
            }
        }
    }
    (connections, granted)
}

/// Announces the job to the stand-in for Azure DevOps.
fn register(job: &JobContext<'_>, connections: Vec<ConnectionGrant>, token: &str) -> Result<(), String> {
    let Some(path) = registration_file(job) else { return Ok(()) };
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let registration = JobRegistration {
        schema: 1,
        hub: "build".to_owned(),
        plan_id: job.run.plan_id.to_string(),
        job_id: job.id.to_string(),
        access_token_sha256: hash,
        connections,
    };
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        files::replace_private(&path, &serde_json::to_vec_pretty(&registration)?)
    };
    write().map_err(|error| format!("The job cannot be registered with the local Azure in `{}`: {error}", path.display()))
}

fn registration_file(job: &JobContext<'_>) -> Option<PathBuf> {
    let azure = job.run.request.azure.as_ref()?;
    Some(PathBuf::from(&azure.jobs_folder).join(format!("{}.json", job.id)))
}

/// Installs the tasks, and lines up the handlers: those before the job, its steps, those after it in reverse order.
fn plan<'s>(context: &JobContext<'s>, steps: &'s [Step]) -> Result<Vec<Planned<'s>>, String> {
    let (mut before, mut main, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        let package = match tasks::package(&context.run.request.tasks, &step.task) {
            None => None,
            Some(package) => {
                context.note(&format!("Task {}@{} from {}", package.definition.name, package.definition.version, package.folder.display()));
                let folder = tasks::install(&context.paths.tasks, package).map_err(|error| {
                    format!("Task `{}` cannot be copied from `{}`: {error}", step.task.reference, package.folder.display())
                })?;
                Some((package, folder))
            }
        };
        let task_variables = Rc::new(RefCell::new(Variables::new()));
        let instance = Uuid::new_v4();
        let planned = |phase| Planned { step, phase, package: package.clone(), task_variables: task_variables.clone(), instance };
        let has = |phase| {
            step.enabled && package.as_ref().is_some_and(|(package, _): &(&TaskPackage, PathBuf)| task_step::has_phase(package, phase))
        };
        if has(Phase::PreJob) {
            before.push(planned(Phase::PreJob));
        }
        if has(Phase::PostJob) {
            after.push(planned(Phase::PostJob));
        }
        main.push(planned(Phase::Main));
    }
    after.reverse();
    Ok(before.into_iter().chain(main).chain(after).collect())
}

/// Runs the steps, and cancels them when the run is cancelled or the job's time is over. Returns why the job was cancelled.
async fn run_steps(job: &JobContext<'_>, plan: &[Planned<'_>], (timeout, cancel_timeout): (u32, u32)) -> String {
    let run = job.run;
    let mut steps = Box::pin(async {
        for (index, planned) in plan.iter().enumerate() {
            step::run(job, index, planned).await;
        }
    });
    let mut ends = (timeout > 0).then(|| tokio::time::Instant::now() + run.pace.minute * timeout);
    let mut kill_at = None;
    let mut reason = String::new();
    loop {
        let level = job.cancellation.level();
        let cancelled_run = async {
            let next = if level == Level::Run { Level::Cancel } else { Level::Kill };
            run.cancellation.reached(next).await;
        };
        tokio::select! {
            () = &mut steps => break,
            () = cancelled_run, if level < Level::Kill => {
                if reason.is_empty() {
                    reason = "The run was cancelled.".to_owned();
                }
                job.cancellation.raise(run.cancellation.level());
                ends = None;
            }
            () = until(ends) => {
                ends = None;
                reason = format!("The job ran longer than the maximum time of {timeout} minutes. Its limit is `timeoutInMinutes`.");
                job.note(&reason);
                job.cancellation.raise(Level::Cancel);
            }
            () = until(kill_at) => {
                kill_at = None;
                job.note("The time of a cancelled job is over (`cancelTimeoutInMinutes`).");
                job.cancellation.raise(Level::Kill);
            }
        }
        if job.cancellation.level() == Level::Cancel && kill_at.is_none() && level == Level::Run {
            kill_at = Some(tokio::time::Instant::now() + run.pace.minute * cancel_timeout.max(1));
        }
    }
    if job.cancellation.is_cancelled() {
        job.set_result(merge(job.result.get(), TaskResult::Canceled));
    }
    reason
}

async fn until(when: Option<tokio::time::Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Ends what the job left running and removes what it must not leave. Returns why that failed.
async fn finish(job: &JobContext<'_>) -> Option<String> {
    let removed = registration_file(job).map_or(Ok(()), |path| files::remove_file(&path));
    leftovers::end(job).await;
    let emptied = files::empty_folder(&job.paths.temp);
    let error = removed.and(emptied).err()?;
    job.set_result(merge(job.result.get(), TaskResult::Failed));
    Some(format!("The job's temporary files cannot be removed from `{}`: {error}", job.paths.temp.display()))
}
