//! `CmdLine@2` and `Bash@3` as their tasks do on Linux and macOS: the script goes into a file in the temporary folder and
//! `bash` runs it.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use slipway_process::Command;
use uuid::Uuid;

use super::Inputs;
use crate::environment;
use crate::event::TaskResult;
use crate::files;
use crate::host_process::{self, Stream, Timings};
use crate::inputs::rooted;
use crate::step_context::StepContext;

/// `CmdLine@2`: `script:`.
pub(super) async fn cmd_line(
    step: &StepContext<'_>,
    inputs: &Inputs,
    agent: &[(String, String)],
    env: &[(String, String)],
) -> Result<(), String> {
    let script = inputs.get("script");
    let folder = working_folder(step, inputs)?;
    step.output("Generating script.");
    let file = ScriptFile::write(&step.job.paths.temp, script)?;
    if !script.contains('\n') && !script.to_uppercase().contains("##VSO[") {
        step.output("Script contents:");
        step.output(script);
    }
    shell(step, inputs, &["--noprofile", "--norc"], &file, folder, agent, env).await
}

/// `Bash@3`: `bash:`, or a script file.
pub(super) async fn bash(
    step: &StepContext<'_>,
    inputs: &Inputs,
    agent: &[(String, String)],
    env: &[(String, String)],
) -> Result<(), String> {
    let folder = working_folder(step, inputs)?;
    step.output("Generating script.");
    let script = if inputs.get("targetType").eq_ignore_ascii_case("inline") {
        let script = inputs.get("script");
        if !script.contains('\n') && !script.to_uppercase().contains("##VSO[") {
            step.output("Script contents:");
            step.output(script);
        }
        script.to_owned()
    } else {
        let path = inputs.get("filePath");
        if path.is_empty() {
            return Err("Input `filePath` is empty: it names the script to run when `targetType` is not `inline`.".to_owned());
        }
        let path = rooted(&step.job.paths.default_working, path);
        if !path.is_file() {
            return Err(format!("Invalid file path '{}'. A path to an existing script file is required.", path.display()));
        }
        let quoted = path.display().to_string().replace('\'', r"'\''");
        let command = format!(". '{quoted}' {}", inputs.get("arguments"));
        step.output(&format!("Formatted command: {}", command.trim_end()));
        command
    };
    let file = ScriptFile::write(&step.job.paths.temp, &script)?;
    let mut env = env.to_vec();
    if !inputs.get("bashEnvValue").is_empty() {
        env.push(("BASH_ENV".to_owned(), inputs.get("bashEnvValue").to_owned()));
    }
    shell(step, inputs, &[], &file, folder, agent, &env).await
}

fn working_folder(step: &StepContext<'_>, inputs: &Inputs) -> Result<PathBuf, String> {
    let folder = rooted(&step.job.paths.default_working, inputs.get("workingDirectory"));
    if folder.is_dir() { Ok(folder) } else { Err(format!("The working directory `{}` of the step does not exist.", folder.display())) }
}

async fn shell(
    step: &StepContext<'_>,
    inputs: &Inputs,
    options: &[&str],
    file: &ScriptFile,
    folder: PathBuf,
    agent: &[(String, String)],
    env: &[(String, String)],
) -> Result<(), String> {
    step.output("========================== Starting Command Output ===========================");
    let shown: Vec<&str> = ["bash"].iter().chain(options).copied().collect();
    step.output(&format!("[command]{} {}", shown.join(" "), file.0.display()));
    let environment = environment::of_script(step.job, agent, env);
    let command = Command::new("bash").args(options).arg(&file.0).envs(environment).folder(folder);
    let fail_on_stderr = inputs.flag("failOnStderr");
    let wrote_to_stderr = Cell::new(false);
    let first_errors = RefCell::new(Vec::new());
    let timings = Timings::of(&step.job.variables.borrow());
    let (end, child) = host_process::run(command, &step.stop, timings, |stream, line| {
        if fail_on_stderr && stream == Stream::Error {
            wrote_to_stderr.set(true);
            let mut errors = first_errors.borrow_mut();
            if errors.len() < 10 {
                errors.push(line.to_owned());
            }
        }
        step.process_line(line)
    })
    .await
    .map_err(|error| format!("{error}. Scripts need `bash` in the PATH."))?;
    step.job.processes.borrow_mut().push(child);
    let mut result = TaskResult::Succeeded;
    if end.code() != 0 {
        step.error(&format!("Bash exited with code '{}'.", end.code()));
        result = TaskResult::Failed;
    }
    if wrote_to_stderr.get() {
        step.error("Bash wrote one or more lines to the standard error stream.");
        for line in first_errors.borrow().iter() {
            step.error(line);
        }
        result = TaskResult::Failed;
    }
    step.merge_result(result);
    Ok(())
}

/// A script in the temporary folder. It may hold secrets that macros put there: its owner alone may read it, and it is
/// removed when the step ends.
struct ScriptFile(PathBuf);

impl ScriptFile {
    fn write(temp: &Path, script: &str) -> Result<Self, String> {
        let path = temp.join(format!("{}.sh", Uuid::new_v4()));
        files::write_private(&path, script.as_bytes())
            .map_err(|error| format!("failed to write the script to `{}`: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for ScriptFile {
    fn drop(&mut self) {
        // The temporary folder is emptied when the job ends, whatever happens here.
        let _ = files::remove_file(&self.0);
    }
}
