use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use slipway_net::Clock;

use crate::commands::Escaping;
use crate::commands::task::TaskResult;
use crate::output::Output;
use crate::spec::TaskSpec;
use crate::{Cancellation, Env, Issue, StopReason, TaskContext, TaskError, codes, inputs, panic, watch};

/// Time that a task has to tidy up after an interrupt. The agent sends SIGTERM 7.5 s after it and SIGKILL another 2.5 s
/// later (facts/azure-pipelines-tasks.md 3.8).
const GRACE_AFTER_INTERRUPT: Duration = Duration::from_millis(6_000);
/// Time that a task has to tidy up when SIGTERM is the first that it hears.
const GRACE_AFTER_TERMINATE: Duration = Duration::from_millis(1_500);
/// Time that a task has when nobody waits for it any more.
const GRACE_AFTER_PARENT: Duration = Duration::from_millis(500);

/// How a task ended that did what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// All was done.
    Succeeded,
    /// All was done, with warnings.
    SucceededWithIssues,
}

/// Runs a task as an agent starts it: the whole of a task's `main`.
///
/// Reads the environment, sets up TLS and a current-thread runtime, watches for cancellation, runs the task, prints its
/// issues and its result. The exit status is 0 whenever the result was printed, since the agent takes the result from
/// there (3.7); 1 when standard output is gone, and 2 when no agent started this program.
pub fn run<F>(spec: &'static TaskSpec, task: F) -> ExitCode
where
    F: AsyncFnOnce(&TaskContext) -> Result<TaskOutcome, TaskError>,
{
    let env = Env::from_process();
    let output = Output::new(Box::new(std::io::stdout()), escaping(&env));
    let (major, minor, patch) = spec.version;
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "--version") {
        output.line(&format!("{} {major}.{minor}.{patch}", spec.name));
        return ExitCode::SUCCESS;
    }
    if !is_started_by_agent(&env) {
        output.line(&format!(
            "{}: This is the program of the Azure Pipelines task `{}` {major}.{minor}.{patch}, and no agent started it. Next: Use `{}@{major}` in a \
             pipeline; on this machine, `slipway run FILE` runs the pipeline.",
            codes::NO_AGENT,
            spec.name,
            spec.name
        ));
        return ExitCode::from(2);
    }
    // Fails only if there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let context = TaskContext::new(spec, env, output, Clock::System, Cancellation::default());
    panic::install(&context);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = TaskError::new(codes::FILE, format!("The task cannot start: {error}."))
                .hint("The system is out of file handles or memory: give the agent more, or run fewer jobs at once.");
            context.reporter().cause(&error);
            context.reporter().complete(TaskResult::Failed, error.code);
            return exit_code(&context);
        }
    };
    runtime.block_on(async {
        if let Err(error) = watch::start(context.cancellation()) {
            context.reporter().warning(format!("This step may not notice when it is cancelled: {error}."));
        }
        drive(&context, task).await
    });
    // Work on other threads is not waited for: it has nobody to tell any more.
    runtime.shutdown_background();
    exit_code(&context)
}

/// Runs a task with everything given, for tests: the environment, where it prints, the clock, and what cancels it. The
/// network's TLS provider, signals and panics are left alone.
pub async fn run_with<F>(
    spec: &'static TaskSpec,
    env: Env,
    output: impl Write + Send + 'static,
    clock: Clock,
    cancellation: Cancellation,
    task: F,
) -> TaskResult
where
    F: AsyncFnOnce(&TaskContext) -> Result<TaskOutcome, TaskError>,
{
    let output = Output::new(Box::new(output), escaping(&env));
    let context = TaskContext::new(spec, env, output, clock, cancellation);
    drive(&context, task).await
}

/// How the task's future ended.
enum End {
    Returned(Result<TaskOutcome, TaskError>),
    /// It did not return in time, and was dropped.
    Dropped,
}

async fn drive<F>(context: &TaskContext, task: F) -> TaskResult
where
    F: AsyncFnOnce(&TaskContext) -> Result<TaskOutcome, TaskError>,
{
    report_unknown_inputs(context);
    let cancellation = context.cancellation();
    let limit = inputs::time_limit(context.spec(), context.env());
    let end = {
        let mut task = Box::pin(task(context));
        tokio::select! {
            // This order: that the task is told to stop is in the log before anything that it does about it.
            biased;
            reason = stop(cancellation, limit) => {
                context.reporter().end_groups();
                context.reporter().info(&announcement(reason));
                tokio::select! {
                    biased;
                    result = &mut task => End::Returned(result),
                    () = grace(context.env(), cancellation, reason) => End::Dropped,
                }
            }
            result = &mut task => End::Returned(result),
        }
    };
    // The future is dropped by now, and with it every child process that it had.
    let (result, message) = judge(context, end);
    context.reporter().complete(result, &message);
    result
}

/// Waits until the task has to stop.
async fn stop(cancellation: &Cancellation, limit: Option<Duration>) -> StopReason {
    if let Some(limit) = limit
        && tokio::time::timeout(limit, cancellation.cancelled()).await.is_err()
    {
        cancellation.cancel(StopReason::Deadline(limit));
    }
    cancellation.cancelled().await
}

/// Waits as long as the task may take to tidy up.
async fn grace(env: &Env, cancellation: &Cancellation, reason: StopReason) {
    match reason {
        StopReason::Interrupted | StopReason::Deadline(_) => {
            tokio::select! {
                () = tokio::time::sleep(interrupt_grace(env)) => {}
                _ = cancellation.urgent() => {}
            }
        }
        StopReason::Terminated => tokio::time::sleep(GRACE_AFTER_TERMINATE).await,
        StopReason::ParentGone => tokio::time::sleep(GRACE_AFTER_PARENT).await,
    }
}

/// The grace after an interrupt: longer or shorter where the job sets the agent's patience.
fn interrupt_grace(env: &Env) -> Duration {
    let patience = env.job_variable("PROCESS_SIGINT_TIMEOUT").and_then(|value| value.parse().ok()).map(Duration::from_millis);
    patience.map_or(GRACE_AFTER_INTERRUPT, |patience| patience.saturating_sub(Duration::from_millis(1_500)))
}

fn announcement(reason: StopReason) -> String {
    match reason {
        StopReason::Interrupted => {
            "Stopping: the agent interrupts this step, because the run was cancelled or a time limit passed.".to_owned()
        }
        StopReason::Terminated => "Stopping: the agent ends this step.".to_owned(),
        StopReason::ParentGone => "Stopping: the process that started this task is gone.".to_owned(),
        StopReason::Deadline(limit) => format!("Stopping: the time limit of this task ({}) passed.", minutes(limit)),
    }
}

/// Result and message of the step. The error that ended it is recorded as an issue.
fn judge(context: &TaskContext, end: End) -> (TaskResult, String) {
    let reporter = context.reporter();
    let fail = |error: &TaskError| {
        reporter.cause(error);
        let first_line = error.message.lines().next().unwrap_or_default();
        (TaskResult::Failed, format!("{}: {first_line}", error.code))
    };
    let error = match end {
        // What was done is done, even if it was told to stop meanwhile.
        End::Returned(Ok(TaskOutcome::Succeeded)) => return (TaskResult::Succeeded, String::new()),
        End::Returned(Ok(TaskOutcome::SucceededWithIssues)) => return (TaskResult::SucceededWithIssues, String::new()),
        End::Returned(Err(error)) => Some(error),
        End::Dropped => None,
    };
    match (context.cancellation().reason(), error) {
        (None, Some(error)) => fail(&error),
        // Not reached: a future is dropped only when there is a reason.
        (None, None) => (TaskResult::Failed, String::new()),
        (Some(StopReason::Interrupted | StopReason::Terminated), error) => {
            if let Some(error) = error {
                reporter.info(&format!("When it was stopped: {error}"));
            }
            (TaskResult::Canceled, "Canceled by the agent.".to_owned())
        }
        (Some(StopReason::ParentGone), _) => fail(
            &TaskError::new(codes::PARENT_GONE, "The process that started this task (the launcher under Node) ended before it.")
                .hint("Look in the agent's system log whether Node was killed, for instance for want of memory."),
        ),
        (Some(StopReason::Deadline(limit)), error) => {
            if let Some(error) = error {
                reporter.issue(Issue::error(error.to_string()).code(error.code));
            }
            fail(
                &TaskError::new(codes::DEADLINE, format!("The task was not done within its time limit of {}.", minutes(limit)))
                    .hint(format!("Look in the log for what took so long, or raise the input `{}`.", inputs::TIME_LIMIT)),
            )
        }
    }
}

fn minutes(limit: Duration) -> String {
    let minutes = limit.as_secs_f64() / 60.0;
    let rounded = (minutes * 1000.0).round() / 1000.0;
    if rounded == 1.0 { "1 minute".to_owned() } else { format!("{rounded} minutes") }
}

/// An input that the task does not have is a slip of the pen more often than not; the agent says nothing of it.
fn report_unknown_inputs(context: &TaskContext) {
    for (name, meant) in context.inputs().unknown() {
        let meant = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
        let message = format!("This task has no input `{}`; it is ignored.{meant}", name.to_lowercase());
        context.reporter().issue(Issue::warning(message).code(codes::INPUT));
    }
}

fn is_started_by_agent(env: &Env) -> bool {
    ["TF_BUILD", "SYSTEM_HOSTTYPE", "AGENT_TEMPDIRECTORY"].iter().any(|name| env.filled(name).is_some())
}

fn escaping(env: &Env) -> Escaping {
    let off = env.job_variable("DECODE_PERCENTS").is_some_and(|value| value.eq_ignore_ascii_case("false"));
    if off { Escaping::NoPercents } else { Escaping::Percents }
}

fn exit_code(context: &TaskContext) -> ExitCode {
    if context.reporter().failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
