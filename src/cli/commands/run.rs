//! `slipway run FILE`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slipway_runner::{Cancellation, PipelineVariable, RunError, RunEvent, RunRequest, TaskResult};

use crate::arguments::RunArguments;
use crate::azure::Azure;
use crate::env::Env;
use crate::environment;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::live::Watcher;
use crate::terminal::Terminal;
use crate::text::Line;
use crate::world::PipelineWorld;
use crate::{groups, node, record};

/// How often the live view is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Runs a pipeline.
pub(crate) async fn run(env: &Env, arguments: &RunArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let here = PipelineWorld::find(env, &arguments.sources).await?;
    let pipeline = here.load(terminal)?;
    let node = if here.needs_node(&pipeline) || arguments.node.is_some() {
        node::find(env, arguments.node.as_deref()).await?
    } else {
        PathBuf::from("node")
    };
    let state = &here.world.state;
    let _lock = state.lock(&format!("slipway run {}", here.file))?;
    let azure = Azure::for_run(&here.world, arguments.strict, terminal).await?;
    let groups = groups::for_run(&here.world, &pipeline, terminal)?;
    let mut interrupts = Interrupts::receive()?;

    let watcher = Arc::new(Watcher::new(Arc::clone(terminal), &pipeline));
    let request = RunRequest {
        pipeline_name: here.name(),
        pipeline_folder: "\\".to_owned(),
        pipeline_file: here.file.clone(),
        tasks: here.packages.all().to_vec(),
        connections: azure.connections().to_vec(),
        variables: variables(&here, &azure, arguments),
        groups,
        azure: azure.endpoint().cloned(),
        state: state.path().to_owned(),
        agents: arguments.agents.into(),
        node,
        environment: environment::for_steps(
            env,
            azure.endpoint().map(|azure| azure.proxy_url.as_str()),
            &state.path().join("azure").to_string_lossy(),
        ),
        debug: arguments.debug,
        requested_for: env.text("USER").or_else(|| env.text("LOGNAME")).unwrap_or("local user").to_owned(),
        strict: arguments.strict,
        event: RunEvent::Manual,
        events: {
            let watcher = Arc::clone(&watcher);
            Arc::new(move |event| watcher.event(&event))
        },
        repository: here.world.repository,
        pipeline,
    };
    let cancellation = Cancellation::new();
    let mut running = Box::pin(slipway_runner::run(request, cancellation.clone()));
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
    watcher.end();
    azure.stop().await;
    let summary = outcome.map_err(refusal)?;
    terminal.print([Line::new()]);
    terminal.print(record::report(state, summary.id)?.lines());
    Ok(match summary.result {
        _ if interrupted > 0 => Exit::Interrupted,
        TaskResult::Succeeded | TaskResult::SucceededWithIssues => Exit::Success,
        TaskResult::Failed | TaskResult::Canceled | TaskResult::Skipped => Exit::Failed,
    })
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
fn variables(here: &PipelineWorld, azure: &Azure, arguments: &RunArguments) -> Vec<PipelineVariable> {
    let mut variables: Vec<(String, String)> = Vec::new();
    let given = azure.public_variables().iter().chain(&here.world.config.variables).chain(&arguments.variables);
    for (name, value) in given {
        variables.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        variables.push((name.clone(), value.clone()));
    }
    variables.into_iter().map(|(name, value)| PipelineVariable::Plain { name, value }).collect()
}
