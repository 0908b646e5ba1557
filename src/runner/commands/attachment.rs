//! `task.addattachment`, `task.uploadsummary`, `task.uploadfile`.

use std::path::Path;

use super::{Command, CommandError};
use crate::step_context::StepContext;
use crate::store::AttachmentRecord;

/// Attachment type of a summary.
const SUMMARY: &str = "Distributedtask.Core.Summary";
/// Attachment type of a file for the logs.
const FILE: &str = "DistributedTask.Core.FileAttachment";

pub(super) fn summary(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if command.data.is_empty() {
        return Err("Cannot upload summary file, summary file location is not specified.".to_owned());
    }
    attach(step, SUMMARY, file_name(&command.data), &command.data)
}

pub(super) fn file(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if command.data.is_empty() {
        return Err("Cannot upload file because file location is not specified.".to_owned());
    }
    attach(step, FILE, file_name(&command.data), &command.data)
}

pub(super) fn add(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let kind = command.property("type").ok_or("Can't add task attachment, attachment type is not provided.")?;
    let name = command.property("name").ok_or("Can't add task attachment, attachment name is not provided.")?;
    for (what, text) in [("Type", kind), ("Name", name)] {
        if text.contains(['/', '\0']) {
            return Err(format!("{what} contains invalid characters."));
        }
    }
    attach(step, kind, name, &command.data)
}

pub(super) fn attach(step: &StepContext<'_>, kind: &str, name: &str, path: &str) -> Result<(), CommandError> {
    let path = Path::new(path);
    if !path.is_file() {
        return Err(
            "Cannot upload task attachment file, attachment file location is not specified or attachment file does not exist on disk."
                .to_owned(),
        );
    }
    let key = &step.job.key;
    let record = AttachmentRecord {
        kind: kind.to_owned(),
        name: name.to_owned(),
        file: String::new(),
        job: format!("{}.{}", key.stage, key.job),
        step: step.name.clone(),
    };
    let masked = step.job.run.store.attach(kind == SUMMARY, record, path, &step.job.run.masker).map_err(|error| error.to_string())?;
    if masked {
        step.warning(&format!("`{name}` holds a secret. It is masked here; Azure DevOps stores attachments and summaries as they are."));
    }
    Ok(())
}

pub(super) fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}
