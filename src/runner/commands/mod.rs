//! Logging commands: found in every line that a step prints, and carried out.

mod artifact;
mod attachment;
mod build;
mod command;
mod endpoint;
mod issue;
mod results;
mod timeline;
mod variable;

pub(crate) use command::{Command, escape, unescape};

use crate::event::TaskResult;
use crate::step_context::StepContext;

/// Why a command was not carried out: the step fails with this message.
pub(crate) type CommandError = String;

/// Areas of commands that exist in a pipeline run.
const AREAS: &[&str] = &["task", "artifact", "build", "results", "codecoverage", "telemetry", "release", "plugininternal"];

/// Treats one line of a step's output: carries out the command in it, or shows it.
pub(crate) fn process_line(step: &StepContext<'_>, line: &str) {
    let decode_percents = step.job.variables.borrow().flag("DECODE_PERCENTS") != Some(false);
    let Some(command) = Command::parse(line, decode_percents) else {
        if line.contains("##vso") {
            step.warning(&format!(
                "'{line}' contains logging command keyword '##vso', but it's not a legal command. Please see the list of accepted commands: \
                 https://go.microsoft.com/fwlink/?LinkId=817296"
            ));
        }
        step.output(line);
        return;
    };
    if !AREAS.iter().any(|area| area.eq_ignore_ascii_case(&command.area)) {
        step.warning(&format!("Cannot find command extension for ##vso[{}.command]. {REFERENCE}", command.area));
        return;
    }
    if command.area.eq_ignore_ascii_case("release") {
        step.error(&format!("{} commands are not supported for Build flow. {REFERENCE}", command.area));
        step.command_failed();
        step.output(line);
        return;
    }
    if let Err(error) = execute(step, &command) {
        step.error(&format!("Unable to process command '{line}' successfully. {REFERENCE}"));
        step.error(&error);
        step.command_failed();
    }
    if !command.is("task", "debug") {
        step.debug(&format!("Processed: {}", unescape(line, decode_percents)));
    }
}

/// What the agent's messages point to.
const REFERENCE: &str = "Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)";

fn execute(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let (area, event) = (command.area.to_lowercase(), command.event.to_lowercase());
    let run = match (area.as_str(), event.as_str()) {
        ("task", "setvariable") => variable::set,
        ("task", "setsecret") => variable::set_secret,
        ("task", "settaskvariable") => variable::set_task_variable,
        ("task", "prependpath") => variable::prepend_path,
        ("task", "logissue" | "issue") => issue::log,
        ("task", "setprogress") => timeline::progress,
        ("task", "logdetail") => timeline::detail,
        ("task", "complete") => complete,
        ("task", "debug") => debug,
        ("task", "uploadsummary") => attachment::summary,
        ("task", "uploadfile") => attachment::file,
        ("task", "addattachment") => attachment::add,
        ("task", "setendpoint") => endpoint::set,
        ("artifact", "upload") => artifact::upload,
        ("artifact", "associate") => artifact::associate,
        ("build", "uploadlog") => build::log,
        ("build", "uploadsummary") => build::summary,
        ("build", "updatebuildnumber") => build::number,
        ("build", "addbuildtag") => build::tag,
        ("results", "publish") => results::publish,
        ("codecoverage", "publish") => code_coverage,
        // The agent ignores telemetry of tasks that are not Microsoft's own, and its plug-ins' internal commands.
        ("telemetry", "publish") | ("plugininternal", _) => nothing,
        _ => return Err(format!("##vso[{area}.{}] is not a recognized command for {area} command extension. {REFERENCE}.", command.event)),
    };
    if !step.allows_command(&command.area, &command.event) {
        step.warning(&format!(
            "##vso[{}.{}] is not allowed in this step due to policy restrictions. {REFERENCE}",
            command.area, command.event
        ));
        return Ok(());
    }
    run(step, command)
}

fn nothing(_: &StepContext<'_>, _: &Command) -> Result<(), CommandError> {
    Ok(())
}

fn debug(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    step.debug(&command.data);
    Ok(())
}

fn code_coverage(step: &StepContext<'_>, _: &Command) -> Result<(), CommandError> {
    step.not_simulated("`codecoverage.publish`")
}

fn complete(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let result = command.property("result").and_then(parse_result).ok_or("Command doesn't have valid result value.")?;
    step.merge_result(result);
    step.progress(100, &command.data);
    if command.property("done").is_some_and(|done| done.eq_ignore_ascii_case("true") || done == "1") {
        step.force_completion();
    }
    Ok(())
}

/// .NET's `Enum.TryParse` of the agent's `TaskResult`: names with their case, or numbers.
fn parse_result(text: &str) -> Option<TaskResult> {
    match text.trim() {
        "Succeeded" | "0" => Some(TaskResult::Succeeded),
        "SucceededWithIssues" | "1" => Some(TaskResult::SucceededWithIssues),
        // An abandoned step counts as failed.
        "Failed" | "2" | "Abandoned" | "5" => Some(TaskResult::Failed),
        "Canceled" | "3" => Some(TaskResult::Canceled),
        "Skipped" | "4" => Some(TaskResult::Skipped),
        _ => None,
    }
}
