//! The command `slipway`. All logic is in the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    let env = slipway_cli::Env::of_process();
    let terminal = slipway_cli::Terminal::of_process(&env);
    slipway_cli::run(&env, std::env::args_os(), terminal)
}
