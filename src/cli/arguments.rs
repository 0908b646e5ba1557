//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use slipway_runner::{Answer, Decision};

/// Runs Azure Pipelines on this machine, against a local stand-in for Azure.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a pipeline
    Run(RunArguments),
    /// Do what Azure DevOps does for a pull request or a push: find and run the pipelines that it triggers
    Simulate {
        #[command(subcommand)]
        event: SimulateCommand,
    },
    /// Check a pipeline without running it
    Check(CheckArguments),
    /// Print a pipeline with its templates and ${{ }} expanded
    Expand(ExpandArguments),
    /// List the runs, or show one
    Runs(RunsArguments),
    /// The local stand-in for Azure
    Azure {
        #[command(subcommand)]
        command: AzureCommand,
    },
}

/// What a pipeline may name, and where things are.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// The pipeline's file; the repository is the one around it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) surroundings: Surroundings,
}

/// What pipelines are run in.
#[derive(Clone, Debug, Args)]
pub(crate) struct Surroundings {
    /// Description of the local Azure [default: slipway.local.yml in the repository's root, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the state [default: one per repository below ~/.local/state/slipway]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
    /// Task packages besides those of slipway.local.yml: a task's folder, a folder of tasks, or a VSIX file
    #[arg(long = "task", value_name = "FOLDER_OR_VSIX")]
    pub(crate) tasks: Vec<PathBuf>,
    /// Where a repository lies that the pipeline names under resources.repositories; wins over slipway.local.yml
    #[arg(long = "repository", value_name = "NAME=PATH", value_parser = repository)]
    pub(crate) repositories: Vec<(String, PathBuf)>,
    /// Give a parameter of the pipeline a value (of an event's pipelines: those that declare it); read as YAML where the parameter is no string
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Set a variable of the pipeline, as in the editor of Azure DevOps; not for secrets
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Which run a pipeline resource (resources.pipelines) stands for [default: the latest that succeeded]
    #[arg(long = "pipeline-run", value_name = "ALIAS=N", value_parser = pipeline_run)]
    pub(crate) pipeline_runs: Vec<(String, u64)>,
    #[command(flatten)]
    pub(crate) options: RunOptions,
}

/// How pipelines are run.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// How many jobs may run at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) agents: u8,
    /// Set System.Debug
    #[arg(long)]
    pub(crate) debug: bool,
    /// Fail on what is not simulated, instead of saying so
    #[arg(long)]
    pub(crate) strict: bool,
    /// The Node that starts tasks [default: node in PATH]
    #[arg(long, value_name = "PATH")]
    pub(crate) node: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) answer: AnswerOptions,
}

/// The answer to what a run asks: approvals of environments, ManualValidation@1.
#[derive(Clone, Debug, Args)]
pub(crate) struct AnswerOptions {
    /// Approve what the run asks [default: ask at the terminal; without one, stop there]
    #[arg(long, group = "decision")]
    pub(crate) approve: bool,
    /// Reject what the run asks
    #[arg(long, group = "decision")]
    pub(crate) reject: bool,
    /// What to say with it
    #[arg(long, value_name = "TEXT", requires = "decision")]
    pub(crate) comment: Option<String>,
}

impl AnswerOptions {
    /// The answer, if one was given; `by` is who gives it.
    pub(crate) fn answer(&self, by: &str) -> Option<Answer> {
        let decision = match (self.approve, self.reject) {
            (true, _) => Decision::Approve,
            (false, true) => Decision::Reject,
            (false, false) => return None,
        };
        Some(Answer { decision, by: by.to_owned(), comment: self.comment.clone().unwrap_or_default() })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// A pull request: its merge commit is built
    Pr {
        /// The branch with the changes [default: the branch that is checked out]
        #[arg(value_name = "SOURCE_BRANCH")]
        source: Option<String>,
        /// The branch that it goes into [default: the default branch of slipway.local.yml, else main]
        #[arg(long, value_name = "BRANCH")]
        target: Option<String>,
        /// It is a draft
        #[arg(long)]
        draft: bool,
        #[command(flatten)]
        arguments: SimulateArguments,
    },
    /// A push to a branch, or of a tag
    Push {
        /// The branch, or refs/tags/NAME [default: the branch that is checked out]
        #[arg(value_name = "BRANCH")]
        branch: Option<String>,
        /// The commit that was there before [default: the first parent of the branch's last commit]
        #[arg(long, value_name = "COMMIT")]
        since: Option<String>,
        #[command(flatten)]
        arguments: SimulateArguments,
    },
}

/// What every simulation takes: all options of `slipway run`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    #[command(flatten)]
    pub(crate) surroundings: Surroundings,
    #[command(flatten)]
    pub(crate) options: RunOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
}

#[derive(Debug, Args)]
pub(crate) struct ExpandArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// Which state folder, for commands that do not name a pipeline.
#[derive(Debug, Args)]
pub(crate) struct StateArguments {
    /// Folder of the state [default: that of the repository around the current folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    #[command(flatten)]
    pub(crate) state: StateArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Show a run: stages, durations, logs, artifacts, tests
    Show {
        /// Its number
        #[arg(value_name = "N")]
        run: u64,
        #[command(flatten)]
        state: StateArguments,
    },
    /// Go on with a run that waits for an answer
    Resume {
        /// Its number
        #[arg(value_name = "N")]
        run: u64,
        #[command(flatten)]
        answer: AnswerOptions,
        #[command(flatten)]
        state: StateArguments,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AzureCommand {
    /// Start it alone, for `az` and other clients; runs until Ctrl-C
    Up {
        /// Its description [default: slipway.local.yml in the repository's root]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        state: StateArguments,
        /// Let requests to hosts that it does not stand in for go out to the network
        #[arg(long)]
        passthrough: bool,
    },
    /// Have a running one misbehave
    Fault(FaultArguments),
}

#[derive(Debug, Args)]
pub(crate) struct FaultArguments {
    /// What goes wrong
    #[arg(value_enum, value_name = "KIND", required_unless_present = "clear")]
    pub(crate) kind: Option<FaultName>,
    /// Which hosts; `*` stands for any text
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    pub(crate) host: String,
    /// Which paths; `*` stands for any text
    #[arg(long, value_name = "PATTERN", default_value = "*")]
    pub(crate) path: String,
    /// Which method [default: all]
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// How many requests it hits
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) times: u32,
    /// Seconds: the Retry-After of `throttle`, the length of `delay`
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seconds: u32,
    /// The status of `html` and `status`
    #[arg(long, value_name = "CODE", default_value_t = 503, value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) status: u16,
    /// Bytes of the answer that are sent before `reset`; of the request that are taken before `reset-upload`
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) after_bytes: usize,
    /// Forget all faults that were ordered
    #[arg(long, conflicts_with = "kind")]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) state: StateArguments,
}

/// A kind of misbehaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultName {
    /// 429 with Retry-After
    Throttle,
    /// 403: no role assignment
    ForbiddenRbac,
    /// 403: no access policy
    ForbiddenPolicy,
    /// 403: the vault's firewall
    ForbiddenFirewall,
    /// 403: public access is disabled
    ForbiddenConnection,
    /// The connection is reset
    Reset,
    /// The connection is reset while something is pushed to a registry
    ResetUpload,
    /// One bit of the answer is changed
    Corrupt,
    /// A registry names another digest than that of what it sends
    LyingDigest,
    /// The answer comes late
    Delay,
    /// An HTML page instead of an answer
    Html,
    /// Tokens that were issued are expired
    ExpireTokens,
    /// Federated assertions are expired
    ExpiredAssertion,
    /// Another status
    Status,
}

fn repository(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.trim().is_empty() && !path.is_empty() => Ok((name.trim().to_owned(), PathBuf::from(path))),
        _ => Err("expected NAME=PATH".to_owned()),
    }
}

fn pipeline_run(text: &str) -> Result<(String, u64), String> {
    let parts = text.split_once('=').map(|(alias, run)| (alias.trim(), run.trim().parse()));
    match parts {
        Some((alias, Ok(run))) if !alias.is_empty() => Ok((alias.to_owned(), run)),
        _ => Err("expected ALIAS=N, N the number of a run".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_variable_may_hold_any_value() {
        assert_eq!(variable("a=b=c "), Ok(("a".to_owned(), "b=c ".to_owned())));
        assert_eq!(variable("a="), Ok(("a".to_owned(), String::new())));
        assert!(variable("a").is_err());
        assert!(variable("=b").is_err());
    }
}
