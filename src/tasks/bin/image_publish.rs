//! The program of the task `ImagePublish`.

use std::process::ExitCode;

use slipway_tasks::image_publish;

fn main() -> ExitCode {
    slipway_agent::run(&image_publish::SPEC, image_publish::run)
}
