//! The program of the task `KeyVaultFetch`.

use std::process::ExitCode;

use slipway_tasks::keyvault_fetch;

fn main() -> ExitCode {
    slipway_agent::run(&keyvault_fetch::SPEC, keyvault_fetch::run)
}
