//! `build.*`.

use std::path::Path;

use super::attachment::{attach, file_name};
use super::{Command, CommandError};
use crate::step_context::StepContext;

pub(super) fn log(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if !Path::new(&command.data).is_file() {
        return Err(format!("Log file does not exist: {}", command.data));
    }
    attach(step, "DistributedTask.Core.Log", "CustomToolLog", &command.data)
}

pub(super) fn summary(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if !Path::new(&command.data).is_file() {
        return Err(format!("Markdown summary file does not exist: {}", command.data));
    }
    attach(step, "Distributedtask.Core.Summary", &format!("CustomMarkDownSummary-{}", file_name(&command.data)), &command.data)
}

pub(super) fn number(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if command.data.is_empty() {
        return Err("Build number is required.".to_owned());
    }
    let number = step.job.run.masker.mask(&command.data);
    step.job.variables.borrow_mut().set_plain("Build.BuildNumber", &number);
    *step.job.run.number.borrow_mut() = number.clone();
    step.output(&format!("Update build number to {number} for build {}", step.job.run.id));
    step.job.run.store.update(|record| record.number = number).map_err(|error| error.to_string())
}

pub(super) fn tag(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let tag = step.job.run.masker.mask(command.data.trim());
    if tag.is_empty() {
        return Err("Build tag is required.".to_owned());
    }
    let store = &step.job.run.store;
    let update = store.update(|record| {
        if !record.tags.iter().any(|present| present.eq_ignore_ascii_case(&tag)) {
            record.tags.push(tag);
        }
    });
    update.map_err(|error| error.to_string())?;
    step.output(&format!("Build '{}' has following tags now: {}", step.job.run.id, store.read(|record| record.tags.join(", "))));
    Ok(())
}
