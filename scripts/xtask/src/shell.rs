//! This tool's doors to the world: child processes, which share its terminal, and what it prints.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

/// Runs a program to its end, on this process' terminal and environment; `environment` comes on top.
pub(crate) fn run<A: AsRef<OsStr>>(folder: &Path, program: &str, arguments: &[A], environment: &[(&str, &str)]) -> Result<(), String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build tool for people: its children are cargo and tfx, which need the person's whole environment"
    )]
    let mut command = std::process::Command::new(program);
    let status = command.args(arguments).envs(environment.iter().copied()).current_dir(folder).status();
    let status = status.map_err(|error| format!("failed to start `{program}`: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let line: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
    Err(format!("`{program} {}` failed ({status})", line.join(" ")))
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
