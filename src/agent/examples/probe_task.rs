//! A task for the tests of how a task ends: `tests/ends.rs` starts it as an agent would. Its input `mode` says what it
//! does.

use std::process::ExitCode;

use slipway_agent::spec::{Category, InputSpec, TaskSpec};
use slipway_agent::{TaskContext, TaskError, TaskOutcome};
use slipway_secret::Secret;

static SPEC: TaskSpec = TaskSpec {
    id: "0b2e0fd0-7f0d-4f4e-8f5e-4f0f0f7a2b11",
    name: "Probe",
    folder: "probe",
    friendly_name: "Probe",
    description: "A task for tests.",
    help_markdown: "",
    category: Category::Test,
    version: (3, 2, 1),
    instance_name_format: "Probe",
    groups: &[],
    inputs: &[
        InputSpec { name: "mode", label: "Mode", required: true, ..InputSpec::DEFAULT },
        InputSpec { name: "timeoutInMinutes", label: "Time limit", default: "0", ..InputSpec::DEFAULT },
    ],
    data_sources: &[],
    output_variables: &[],
    settable_variables: &["*"],
    release_notes: "",
};

fn main() -> ExitCode {
    slipway_agent::run(&SPEC, probe)
}

async fn probe(context: &TaskContext) -> Result<TaskOutcome, TaskError> {
    let mut inputs = context.inputs();
    let mode = inputs.text("mode");
    inputs.finish()?;
    let reporter = context.reporter();
    reporter.group("a group that is open at the end");
    match mode.as_str() {
        // Stops when it is told, and tidies up.
        "wait" => {
            reporter.info("ready");
            context.cancellation().cancelled().await;
            reporter.info("tidied up");
            Err(TaskError::new("SLIP-PROBE", "The work was not finished."))
        }
        // Does all of its work, whatever it is told.
        "finish" => {
            reporter.info("ready");
            context.cancellation().cancelled().await;
            Ok(TaskOutcome::Succeeded)
        }
        // Does not listen, and has a child that has a child.
        "stubborn" => {
            let mut child = context
                .child_environment()
                .command("/bin/sh")
                .args(["-c", "sleep 1000 & echo grandchild $!; wait"])
                .spawn()
                .map_err(|error| TaskError::new("SLIP-PROBE", error.to_string()))?;
            if let Some(mut stdout) = child.take_stdout() {
                let mut line = vec![0; 64];
                let length = tokio::io::AsyncReadExt::read(&mut stdout, &mut line).await.unwrap_or_default();
                reporter.info(&String::from_utf8_lossy(&line[..length]));
            }
            std::future::pending::<()>().await;
            Ok(TaskOutcome::Succeeded)
        }
        "panic" => {
            let secret = Secret::new("planted-secret", &*context.sink());
            reporter.warning("before the defect");
            panic!("impossible\n##vso[task.complete result=Succeeded;] {}", secret.expose());
        }
        "panic in a thread" => {
            let _ = tokio::task::spawn_blocking(|| panic!("impossible, in a thread")).await;
            Ok(TaskOutcome::Succeeded)
        }
        _ => Ok(TaskOutcome::Succeeded),
    }
}
