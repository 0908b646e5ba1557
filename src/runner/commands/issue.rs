//! `task.logissue`.

use std::path::Path;

use super::{Command, CommandError};
use crate::event::IssueKind;
use crate::step_context::StepContext;

pub(super) fn log(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let kind = match command.property("type") {
        None => {
            step.warning("Can't create TaskIssue from logging event.");
            return Ok(());
        }
        Some(kind) if kind.eq_ignore_ascii_case("error") => IssueKind::Error,
        Some(kind) if kind.eq_ignore_ascii_case("warning") => IssueKind::Warning,
        Some(kind) => return Err(format!("issue type {kind} is not an expected issue type.")),
    };
    let message = match command.property("sourcepath") {
        None => command.data.clone(),
        Some(path) => {
            let property = |name| command.property(name).unwrap_or_default();
            let path = relative(Path::new(path), &step.job.paths.sources);
            format!(
                "{path}({},{}): {} {}: {}",
                property("linenumber"),
                property("columnnumber"),
                property("type"),
                property("code"),
                command.data
            )
        }
    };
    step.issue(kind, &message);
    Ok(())
}

/// The path within the repository, where the file exists there.
fn relative(path: &Path, sources: &Path) -> String {
    let inside = path.is_file().then(|| path.strip_prefix(sources).ok()).flatten();
    inside.unwrap_or(path).display().to_string()
}
