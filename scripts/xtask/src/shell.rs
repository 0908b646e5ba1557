//! This tool's doors to the world: child processes, which share its terminal, and what it prints.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Runs a program to its end, on this process' terminal and environment; `environment` comes on top.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[OsString], environment: &[(&str, &str)]) -> Result<(), String> {
    let mut command = command(folder, program, arguments);
    let status = command.envs(environment.iter().copied()).status().map_err(|error| not_started(program, &error))?;
    if status.success() { Ok(()) } else { Err(failure(program, arguments, status)) }
}

/// Runs a program to its end and returns all that it printed, which is shown only if it fails.
pub(crate) fn output(folder: &Path, program: &str, arguments: &[OsString]) -> Result<String, String> {
    let output = command(folder, program, arguments).stdin(Stdio::null()).output().map_err(|error| not_started(program, &error))?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(text) } else { Err(format!("{}:\n{text}", failure(program, arguments, output.status))) }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build tool for people: its children are cargo and tfx, which need the person's whole environment"
)]
fn command(folder: &Path, program: &str, arguments: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    for name in SET_BY_CARGO_RUN {
        command.env_remove(name);
    }
    command
}

/// What `cargo run` tells this tool about itself. Build scripts of dependencies watch these names: a cargo that inherited
/// them would build `ring`, and all that is on top of it, anew each time.
const SET_BY_CARGO_RUN: &[&str] = &[
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

fn not_started(program: &str, error: &std::io::Error) -> String {
    format!("failed to start `{program}`: {error}")
}

fn failure(program: &str, arguments: &[OsString], status: ExitStatus) -> String {
    let line: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    format!("`{program} {}` failed ({status})", line.join(" "))
}

/// Prints lines on standard output.
pub(crate) fn say(text: &str) {
    // A closed pipe (`| head`) is no reason to fail.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints lines on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
