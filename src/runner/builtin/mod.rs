//! The tasks that the runner implements itself, since no package of them can be had: scripts, checkout, artifacts.

mod checkout;
mod download;
mod fetch;
mod publish;
mod script;

use slipway_pipelines::TaskUse;

use crate::inputs;
use crate::step_context::StepContext;

/// A task that the runner implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    CmdLine,
    Bash,
    Checkout,
    PublishPipelineArtifact,
    DownloadPipelineArtifact,
}

impl Builtin {
    /// The task of a step, if it is one of these.
    pub(crate) fn of(task: &TaskUse) -> Option<Self> {
        match task.name.to_lowercase().as_str() {
            "cmdline" => Some(Self::CmdLine),
            "bash" => Some(Self::Bash),
            "checkout" => Some(Self::Checkout),
            "publishpipelineartifact" => Some(Self::PublishPipelineArtifact),
            "downloadpipelineartifact" => Some(Self::DownloadPipelineArtifact),
            _ => None,
        }
    }

    /// Runs it once. An `Err` is why the step failed.
    pub(crate) async fn run(self, step: &StepContext<'_>, given: &[(String, String)], env: &[(String, String)]) -> Result<(), String> {
        let agent = crate::environment::of_agent(step.job);
        let (given, env) = {
            let variables = step.job.variables.borrow();
            (
                inputs::resolve(given, &variables, &agent, &step.job.paths.default_working, |_| false),
                inputs::resolve_environment(env, &variables, &agent),
            )
        };
        let inputs = Inputs(given);
        match self {
            Self::CmdLine => script::cmd_line(step, &inputs, &agent, &env).await,
            Self::Bash => script::bash(step, &inputs, &agent, &env).await,
            Self::Checkout => checkout::run(step, &inputs, &agent).await,
            Self::PublishPipelineArtifact => publish::run(step, &inputs),
            Self::DownloadPipelineArtifact => download::run(step, &inputs),
        }
    }
}

/// Resolved inputs; names have no case, a missing one is empty.
struct Inputs(Vec<(String, String)>);

impl Inputs {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(present, _)| present.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The first of several names that has a value: a task's canonical name, then its aliases.
    fn first(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).eq_ignore_ascii_case("true")
    }
}
