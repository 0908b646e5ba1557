//! The program of the task `AcrPromote`.

use std::process::ExitCode;

use slipway_tasks::acr_promote;

fn main() -> ExitCode {
    slipway_agent::run(&acr_promote::SPEC, acr_promote::run)
}
