//! Runs one loaded pipeline, with the live view and Ctrl-C: what `slipway run` does once and `slipway simulate` for each
//! pipeline that its event triggers.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use slipway_pipelines::{Loaded, Pipeline};
use slipway_runner::{Approvals, Cancellation, PipelineVariable, RunError, RunOutcome, RunRequest, RunSummary, TaskResult, VariableGroup};

use crate::arguments::RunOptions;
use crate::azure::Azure;
use crate::dialog;
use crate::env::Env;
use crate::environment;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::live::Watcher;
use crate::node;
use crate::stopped::Stopped;
use crate::terminal::Terminal;
use crate::text::Line;
use crate::world::{PipelineWorld, last_wins};

/// How often the live view is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// How a run ended.
pub(crate) struct Executed {
    /// The run.
    pub(crate) summary: RunSummary,
    /// Whether a person ended it.
    pub(crate) interrupted: bool,
}

impl Executed {
    /// The exit status that says so.
    pub(crate) fn exit(&self) -> Exit {
        match &self.summary.outcome {
            _ if self.interrupted => Exit::Interrupted,
            RunOutcome::Completed(TaskResult::Succeeded | TaskResult::SucceededWithIssues) => Exit::Success,
            RunOutcome::Completed(_) => Exit::Failed,
            RunOutcome::Waiting(_) => Exit::Waiting,
        }
    }
}

/// The Node that starts the pipeline's tasks; not looked for where there is no such task.
pub(crate) async fn node_for(env: &Env, options: &RunOptions, here: &PipelineWorld, pipeline: &Pipeline) -> Result<PathBuf, Failure> {
    if here.needs_node(pipeline) || options.node.is_some() {
        node::find(env, options.node.as_deref()).await
    } else {
        Ok(PathBuf::from("node"))
    }
}

/// What a run needs besides the pipeline: the local Azure, variable groups, Node.
type Equipment<'a> = (&'a Azure, Vec<VariableGroup>, PathBuf);

/// Runs a pipeline to its end, or until it waits for an answer. An `Err` is why nothing ran.
pub(crate) async fn execute(
    doors: (&Env, &RunOptions, &Arc<Terminal>),
    (here, loaded): (PipelineWorld, Loaded),
    equipment: Equipment<'_>,
    interrupts: &mut Interrupts,
) -> Result<Executed, Failure> {
    perform(doors, (here, loaded), equipment, interrupts, None).await
}

/// Goes on with a run that waits. The answer of the options is that to what it waits for.
pub(crate) async fn go_on(
    run: u64,
    doors: (&Env, &RunOptions, &Arc<Terminal>),
    (here, loaded): (PipelineWorld, Loaded),
    equipment: Equipment<'_>,
    interrupts: &mut Interrupts,
) -> Result<Executed, Failure> {
    perform(doors, (here, loaded), equipment, interrupts, Some(run)).await
}

async fn perform(
    (env, options, terminal): (&Env, &RunOptions, &Arc<Terminal>),
    (here, loaded): (PipelineWorld, Loaded),
    (azure, groups, node): Equipment<'_>,
    interrupts: &mut Interrupts,
    waiting: Option<u64>,
) -> Result<Executed, Failure> {
    let stopped = Stopped::of(&here, &loaded, options);
    let pipeline = loaded.pipeline;
    let answer = options.answer.answer(&here.named.requested_for);
    let state = here.world.state.path();
    let watcher = Arc::new(Watcher::new(Arc::clone(terminal), &pipeline));
    let request = RunRequest {
        pipeline_name: here.name.clone(),
        pipeline_id: here.id,
        pipeline_folder: here.folder.clone(),
        pipeline_file: here.file.clone(),
        tasks: here.packages.all().to_vec(),
        connections: azure.connections().to_vec(),
        variables: variables(&here, azure),
        groups,
        environments: here.world.config.environments.clone(),
        approvals: match &answer {
            Some(answer) if waiting.is_none() => Approvals::Answer(answer.clone()),
            _ if terminal.can_ask() => Approvals::Ask(dialog::ask(terminal, &watcher, &here.named.requested_for)),
            _ => Approvals::Stop,
        },
        pipeline_runs: here.pipeline_runs.clone(),
        azure: azure.endpoint().cloned(),
        state: state.to_owned(),
        agents: options.agents.into(),
        node,
        environment: environment::for_steps(
            env,
            azure.endpoint().map(|azure| azure.proxy_url.as_str()),
            &state.join("azure").to_string_lossy(),
        ),
        debug: options.debug,
        requested_for: here.named.requested_for.clone(),
        strict: options.strict,
        event: here.event,
        events: {
            let watcher = Arc::clone(&watcher);
            Arc::new(move |event| watcher.event(&event))
        },
        repository: here.world.repository,
        pipeline,
    };
    let cancellation = Cancellation::new();
    let mut running: Pin<Box<dyn Future<Output = Result<RunSummary, RunError>>>> = match waiting {
        None => Box::pin(slipway_runner::run(request, cancellation.clone())),
        Some(run) => Box::pin(slipway_runner::resume(request, run, answer, cancellation.clone())),
    };
    let mut frames = tokio::time::interval(FRAME);
    let mut interrupted = 0;
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            _ = frames.tick() => watcher.draw(),
            () = interrupts.next() => {
                interrupted += 1;
                cancellation.cancel();
                match interrupted {
                    1 => watcher.say(Line::from("canceling; press Ctrl-C again to end everything at once")),
                    2 => watcher.say(Line::from("ending everything")),
                    _ => {}
                }
            }
        }
    };
    drop(running);
    watcher.end();
    let summary = outcome.map_err(refusal)?;
    match (&summary.outcome, stopped) {
        (RunOutcome::Waiting(_), Some(stopped)) => stopped.write(&summary.folder)?,
        (RunOutcome::Completed(_), _) if waiting.is_some() => Stopped::remove(&summary.folder),
        _ => {}
    }
    Ok(Executed { summary, interrupted: interrupted > 0 })
}

/// Why nothing ran: each problem for itself.
fn refusal(error: RunError) -> Failure {
    let problems = match &error {
        RunError::Refused(problems) => problems.iter().map(Failure::refused).collect(),
        _ => Vec::new(),
    };
    Failure::all(problems).unwrap_or_else(|| Failure::refused(error))
}

/// Variables that are set outside of the pipeline's YAML: the public parts of generated keys, those of
/// `slipway.local.yml`, those of the command line. A later one wins.
fn variables(here: &PipelineWorld, azure: &Azure) -> Vec<PipelineVariable> {
    let variables = last_wins(azure.public_variables().iter().chain(&here.named.variables));
    variables.into_iter().map(|(name, value)| PipelineVariable::Plain { name, value }).collect()
}
