//! What the project's scripts need beyond a few lines of shell:
//!
//! - `generate`: `tasks/*/task.json` and the reference part of `docs/tasks/*.md`, from the tasks' SPEC tables;
//! - `package`: the folders that an agent runs, and the Marketplace package (VSIX) made of them.

mod compile;
mod contributions;
mod generate;
mod package;
mod program_format;
mod reference;
mod rules;
mod shell;
mod sizes;
mod target;
mod task_folder;
mod task_json;

#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Slipway's own build steps")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write task.json and the reference part of the docs page of each task.
    Generate {
        /// Write nothing; fail and name the files that are not current.
        #[arg(long)]
        check: bool,
    },
    /// Make the folders that an agent runs and, with `--profile dist`, the Marketplace package.
    Package(package::Options),
}

/// The tasks that ship.
pub(crate) const TASKS: &[&slipway_agent::spec::TaskSpec] = slipway_tasks::TASKS;

fn main() -> ExitCode {
    let root = root();
    let done = match Arguments::parse().verb {
        Verb::Generate { check } => generate::run(&root, TASKS, check),
        Verb::Package(options) => package::run(&root, TASKS, &options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            shell::complain(&format!("error: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// The repository: two levels above this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .components()
        .collect::<PathBuf>()
        .join("../..")
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from("."))
}
