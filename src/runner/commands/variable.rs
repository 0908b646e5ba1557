//! `task.setvariable`, `task.setsecret`, `task.settaskvariable`, `task.prependpath` (facts/azure-pipelines-tasks.md 6.4).

use super::{Command, CommandError, escape};
use crate::step_context::StepContext;
use crate::variables::Variable;

pub(super) fn set(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let name = command.property("variable").ok_or("Required field 'variable' is missing in ##vso[task.setvariable] command.")?;
    refuse_multi_line_secret(step, command)?;
    if step.job.variables.borrow().is_read_only(name) {
        return Err(format!(
            "Overwriting readonly variable '{name}' is not permitted. See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details."
        ));
    }
    let secret = command.flag("issecret");
    if secret {
        add_secret(step, &escape(&command.data, decodes_percents(step)));
    }
    if !allowed(step, name) {
        return Ok(());
    }
    let output = command.flag("isoutput");
    step.set_variable(
        Variable {
            name: name.to_owned(),
            value: command.data.clone(),
            secret,
            read_only: output || command.flag("isreadonly"),
            preserve_case: command.flag("preservecase"),
        },
        output,
    );
    Ok(())
}

pub(super) fn set_secret(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    add_secret(step, &command.data);
    Ok(())
}

pub(super) fn set_task_variable(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let name = command.property("variable").ok_or("Required field 'variable' is missing in ##vso[task.settaskvariable] command.")?;
    refuse_multi_line_secret(step, command)?;
    let mut variables = step.task_variables.borrow_mut();
    if variables.is_read_only(name) {
        return Err(format!(
            "Overwriting readonly task variable '{name}' is not permitted. See https://github.com/microsoft/azure-pipelines-yaml/blob/master/design/readonly-variables.md for details."
        ));
    }
    variables.set(
        Variable {
            name: name.to_owned(),
            value: command.data.clone(),
            secret: command.flag("issecret"),
            read_only: command.flag("isreadonly"),
            preserve_case: command.flag("preservecase"),
        },
        &step.job.run.masker,
    );
    Ok(())
}

pub(super) fn prepend_path(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if !allowed(step, "PATH") {
        return Ok(());
    }
    if command.data.is_empty() {
        return Err("##vso[task.prependpath] needs a folder.".to_owned());
    }
    let mut folders = step.job.prepend_path.borrow_mut();
    folders.retain(|folder| *folder != command.data);
    folders.push(command.data.clone());
    Ok(())
}

pub(super) fn add_secret(step: &StepContext<'_>, value: &str) {
    step.job.run.masker.add_value(value);
    if !decodes_percents(step) {
        step.job.run.masker.add_value(&super::unescape(value, true));
    }
}

/// The agent throws before it has told its masker, and then prints the whole command. Here the value is masked first.
fn refuse_multi_line_secret(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let unsafe_allowed = step.job.variables.borrow().flag("SYSTEM_UNSAFEALLOWMULTILINESECRET") == Some(true);
    if !command.flag("issecret") || unsafe_allowed || !command.data.contains('\n') {
        return Ok(());
    }
    let masker = &step.job.run.masker;
    masker.add_value(&escape(&command.data, decodes_percents(step)));
    masker.add_value(&command.data.replace('\r', "%0D").replace('\n', "%0A"));
    for line in command.data.lines() {
        masker.add_value(line.trim());
    }
    Err("Secrets cannot contain multiple lines".to_owned())
}

fn allowed(step: &StepContext<'_>, name: &str) -> bool {
    let allowed = step.allows_variable(name);
    if !allowed {
        step.warning(&format!("Setting variable '{name}' has been disabled by the task or build definition."));
    }
    allowed
}

fn decodes_percents(step: &StepContext<'_>) -> bool {
    step.job.variables.borrow().flag("DECODE_PERCENTS") != Some(false)
}
