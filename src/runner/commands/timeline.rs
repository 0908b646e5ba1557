//! `task.setprogress` and `task.logdetail`.

use uuid::Uuid;

use super::{Command, CommandError};
use crate::step_context::StepContext;

pub(super) fn progress(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let percent = command.property("value").and_then(|value| value.trim().parse::<i64>().ok()).unwrap_or_default().clamp(0, 100);
    step.progress(u8::try_from(percent).unwrap_or(100), &command.data);
    Ok(())
}

/// Checks a detail record as the agent does; the record itself is not kept.
pub(super) fn detail(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let id = command.property("id").and_then(|id| Uuid::parse_str(id.trim()).ok()).filter(|id| !id.is_nil());
    let id = id.ok_or("Can't update timeline record, timeline record id is not provided.")?;
    let parent = match command.property("parentid") {
        None => None,
        Some(parent) => Some(Uuid::parse_str(parent.trim()).map_err(|_| format!("`{parent}` is not a GUID."))?),
    };
    let mut details = step.details.borrow_mut();
    if let Some(known) = details.get(&id) {
        if parent.is_some() && parent != *known {
            return Err("Can't change parent timeline record of an existing timeline record.".to_owned());
        }
        return Ok(());
    }
    command.property("name").ok_or("Name is required for this new timeline record.")?;
    let kind = command.property("type").ok_or("Type is required for this new timeline record.")?;
    if kind == "Job" {
        return Err("Specified argument was out of the range of valid values. (Parameter 'record')".to_owned());
    }
    if parent.is_some_and(|parent| !parent.is_nil() && !details.contains_key(&parent)) {
        return Err("Parent timeline record has not been created for this new timeline record.".to_owned());
    }
    details.insert(id, parent);
    Ok(())
}
