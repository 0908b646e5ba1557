//! The program of the task `LintBuildTest`.

use std::process::ExitCode;

use slipway_tasks::lint_build_test;

fn main() -> ExitCode {
    slipway_agent::run(&lint_build_test::SPEC, lint_build_test::run)
}
