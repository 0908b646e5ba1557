//! The Azure Pipelines agent, from the side of a task: everything that a task takes from its surroundings and tells them.
//!
//! A task's `main` is `slipway_agent::run(&SPEC, task)`. The task gets a [`TaskContext`]:
//!
//! - [`Inputs`]: typed, all problems at once; service connections ([`connections`]), mappings ([`mapping`]).
//! - [`Variables`] of the job; [`slipway_net::Settings`] as the agent configures them; [`ChildEnvironment`].
//! - [`Reporter`]: the only way to print; issues, progress, variables; [`commands`] for the rest of the agent's commands.
//! - [`Masker`]: the sink that makes secrets, in every form in which they could be printed.
//! - [`TaskFiles`]: parts of the delivery record, summaries, files with secrets.
//! - [`Cancellation`]: signals, the end of the parent, the task's own time limit.
//!
//! Used by `tasks`, and for [`spec`] by `scripts/xtask`. Nothing here knows Azure: engines get plain values.

mod cancellation;
mod capture;
mod checked;
mod child_environment;
pub mod codes;
pub mod commands;
pub mod connections;
mod context;
mod env;
mod files;
mod input_problem;
mod inputs;
mod issue;
pub mod mapping;
mod masker;
mod nearest;
mod network;
pub mod neutralise;
mod output;
mod panic;
mod raw_inputs;
mod reporter;
mod run;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_sink;
mod secret_forms;
pub mod spec;
mod task_error;
mod variables;
mod visible_rule;
mod watch;

pub use cancellation::{Cancellation, StopReason};
pub use capture::Capture;
pub use checked::{Checked, Valid};
pub use child_environment::ChildEnvironment;
pub use context::TaskContext;
pub use env::{Env, environment_name};
pub use files::TaskFiles;
pub use input_problem::InputProblem;
pub use inputs::{Inputs, TIME_LIMIT};
pub use issue::{Issue, Place, Severity};
pub use masker::Masker;
pub use raw_inputs::RawInputs;
pub use reporter::Reporter;
pub use run::{TaskOutcome, run, run_with};
pub use task_error::TaskError;
pub use variables::{HostType, PullRequest, Repository, Variables};
pub use visible_rule::VisibleRule;
