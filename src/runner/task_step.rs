//! A packaged task: one of its handlers, started with Node as the agent starts it.

use std::path::{Path, PathBuf};

use slipway_process::Command;

use crate::endpoints;
use crate::environment;
use crate::event::TaskResult;
use crate::host_process::{self, Timings};
use crate::inputs;
use crate::macros;
use crate::request::TaskPackage;
use crate::step_context::StepContext;
use slipway_model::SYSTEM_CONNECTION;

/// When in the job a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `prejobexecution`, before the first step.
    PreJob,
    /// `execution`.
    Main,
    /// `postjobexecution`, after the last step.
    PostJob,
}

/// Node handlers in the order in which the agent prefers them (facts/azure-pipelines-tasks.md 2.8).
const HANDLERS: &[&str] = &["Node24", "Node20_1", "Node16", "Node10", "Node"];
/// Handlers whose Node is at its end of life: the agent warns.
const OLD_HANDLERS: &[&str] = &["Node16", "Node10", "Node"];

/// A handler of task.json.
struct Handler<'d> {
    name: &'static str,
    target: &'d str,
    working_directory: &'d str,
}

/// Whether the task has handlers for `phase`.
pub(crate) fn has_phase(package: &TaskPackage, phase: Phase) -> bool {
    !handlers(package, phase).is_empty()
}

fn handlers(package: &TaskPackage, phase: Phase) -> &serde_json::Map<String, serde_json::Value> {
    match phase {
        Phase::PreJob => &package.definition.pre_job_execution,
        Phase::Main => &package.definition.execution,
        Phase::PostJob => &package.definition.post_job_execution,
    }
}

fn choose(package: &TaskPackage, phase: Phase) -> Result<Handler<'_>, String> {
    let handlers = handlers(package, phase);
    for name in HANDLERS {
        let Some((_, handler)) = handlers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)) else { continue };
        let text = |key: &str| handler.get(key).and_then(serde_json::Value::as_str);
        let target = text("target")
            .ok_or_else(|| format!("The handler `{name}` of task `{}` has no `target` in its task.json.", package.definition.name))?;
        return Ok(Handler { name, target, working_directory: text("workingDirectory").unwrap_or_default() });
    }
    let found: Vec<String> = handlers.keys().map(|name| format!("`{name}`")).collect();
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(format!(
        "The current operating system is not capable of running this task. Task `{}` has the handlers {found}; an agent on Linux or macOS runs `Node20_1` or `Node24`.",
        package.definition.name
    ))
}

/// Runs one handler of a task once. What the task says of its own result is in the step's context afterwards; an `Err` is
/// why the step failed besides.
pub(crate) async fn run(
    step: &StepContext<'_>,
    package: &TaskPackage,
    folder: &Path,
    phase: Phase,
    given: &[(String, String)],
    env: &[(String, String)],
) -> Result<(), String> {
    let job = step.job;
    let handler = choose(package, phase)?;
    if OLD_HANDLERS.contains(&handler.name) {
        step.warning(&format!(
            "Task '{}' version {} is dependent on a Node version that is end-of-life ({}). Contact the extension owner for an updated version of the task.",
            package.definition.name, package.definition.version, handler.name
        ));
    }
    let agent = environment::of_agent(job);
    let definitions = &package.definition.inputs;
    let is_file_path =
        |name: &str| definitions.iter().any(|input| input.name.eq_ignore_ascii_case(name) && input.kind.eq_ignore_ascii_case("filePath"));
    let (inputs, env) = {
        let variables = job.variables.borrow();
        let given = inputs::complete(given, definitions.iter().map(|input| input.name.as_str()));
        (
            inputs::resolve(&given, &variables, &agent, &job.paths.sources, is_file_path),
            inputs::resolve_environment(env, &variables, &agent),
        )
    };
    let named: Vec<&str> = endpoints::named(definitions, &inputs).collect();
    let endpoints: Vec<_> = job
        .endpoints
        .borrow()
        .iter()
        .filter(|endpoint| endpoint.id == SYSTEM_CONNECTION || named.iter().any(|id| endpoint.id.eq_ignore_ascii_case(id)))
        .cloned()
        .collect();
    let expand = |text: &str| {
        let text =
            macros::expand(text, |name| inputs.iter().find(|(input, _)| input.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()));
        macros::expand(&text, |name| job.variables.borrow().value(name).map(str::to_owned))
    };
    let target = folder.join(expand(handler.target));
    if !target.is_file() {
        return Err(format!("The file `{}` that task `{}` starts does not exist.", target.display(), package.definition.name));
    }
    let working: PathBuf = match expand(handler.working_directory) {
        given if given.is_empty() => job.paths.default_working.clone(),
        given => job.paths.default_working.join(given),
    };
    let node = &job.run.request.node;
    step.debug(&format!("Using node path: {}", node.display()));
    let environment = environment::of_task(job, &agent, &env, &inputs, &endpoints, &step.task_variables.borrow());
    let command = Command::new(node).arg(&target).envs(environment).folder(working);
    let timings = Timings::of(&job.variables.borrow());
    let (end, child) = host_process::run(command, &step.stop, timings, |_, line| step.process_line(line))
        .await
        .map_err(|error| format!("{error}. Node starts every task: name the executable of Node 20 or newer."))?;
    job.processes.borrow_mut().push(child);
    if matches!(end, host_process::End::Done) {
        step.debug("The task was marked as \"done\", but the process has not closed after 5 seconds. Treating the task as complete.");
        return Ok(());
    }
    match end.code() {
        0 => Ok(()),
        code => {
            step.set_result(Some(TaskResult::Failed));
            if code == 137 {
                step.error(
                    "The task's process exited with code 137, which means it was killed: often because the machine ran out of memory.",
                );
            }
            Err(format!("Exit code {code} returned from process: file name '{}', arguments '\"{}\"'.", node.display(), target.display()))
        }
    }
}
