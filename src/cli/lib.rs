//! The command `slipway`: runs Azure Pipelines on one machine, against a local stand-in for Azure.
//!
//! [`run`] is the whole program; `main` only calls it. [`Env`] is the only door to the environment and [`Terminal`] the
//! only one for printing. Each command is a module below `commands`; what they share lies beside it: the state folder,
//! the repository, `slipway.local.yml`, task packages, what of the environment reaches steps, and the live view.

mod arguments;
mod azure;
mod commands;
mod delivery;
mod dialog;
mod env;
mod environment;
mod execution;
mod failure;
mod git;
mod git_objects;
mod groups;
mod interrupt;
mod live;
mod local_config;
mod node;
mod packages;
mod record;
mod repositories;
mod repository;
mod resources;
mod simulate;
mod state;
mod stopped;
mod terminal;
mod text;
mod world;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::arguments::{Arguments, AzureCommand, Command, RunsCommand};
use crate::failure::{Exit, Failure};

pub use env::Env;
pub use terminal::Terminal;

/// Runs `slipway` with these arguments (the program's name first) and returns its exit status: 0 all well, 1 the run
/// failed, 2 the input or the machine must be put right first, 3 the run waits for an answer, 130 interrupted.
pub fn run(env: &Env, arguments: impl Iterator<Item = OsString>, terminal: Terminal) -> ExitCode {
    let terminal = Arc::new(terminal);
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = error.render().to_string();
            let lines = text.trim_end().lines();
            if error.use_stderr() {
                terminal.print_error(lines);
                return ExitCode::from(Exit::Refused.code());
            }
            terminal.print(lines);
            return ExitCode::from(Exit::Success.code());
        }
    };
    // Children die with the thread that started them (slipway_process), so everything runs on this one.
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("failed to start: {error}")))
        .and_then(|runtime| runtime.block_on(Box::pin(dispatch(env, arguments.command, &terminal))));
    let exit = outcome.unwrap_or_else(|failure| {
        failure.print(&terminal);
        failure.exit
    });
    ExitCode::from(exit.code())
}

async fn dispatch(env: &Env, command: Command, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    match command {
        Command::Run(arguments) => commands::run::run(env, &arguments, terminal).await,
        Command::Simulate { event } => commands::simulate::simulate(env, &event, terminal).await,
        Command::Check(arguments) => commands::check::check(env, &arguments, terminal).await,
        Command::Expand(arguments) => commands::expand::expand(env, &arguments, terminal).await,
        Command::Runs(arguments) => match arguments.command {
            None => commands::runs::list(env, &arguments.state, terminal).await,
            Some(RunsCommand::Show { run, state }) => commands::runs::show(env, run, &state, terminal).await,
            Some(RunsCommand::Resume { run, answer, state }) => commands::resume::resume(env, run, answer, &state, terminal).await,
        },
        Command::Azure { command: AzureCommand::Up { config, state, passthrough } } => {
            commands::azure_up::up(env, config.as_deref(), &state, passthrough, terminal).await
        }
        Command::Azure { command: AzureCommand::Fault(arguments) } => commands::azure_fault::fault(env, &arguments, terminal).await,
    }
}
