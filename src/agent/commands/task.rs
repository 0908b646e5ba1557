//! Commands of the areas `task` and `telemetry`.

use std::path::Path;

use super::Command;

/// `task.setvariable` and `task.settaskvariable`.
#[derive(Clone, Copy, Default)]
pub struct SetVariable<'a> {
    /// Name.
    pub name: &'a str,
    /// Value.
    pub value: &'a str,
    /// Masked, and kept out of the environment of later steps.
    pub secret: bool,
    /// Available to other jobs and stages, under the step's name.
    pub output: bool,
    /// Not to be changed any more in this job.
    pub read_only: bool,
    /// Keep the case of the name in the environment.
    pub preserve_case: bool,
}

impl SetVariable<'_> {
    /// A variable of the job.
    pub fn command(&self) -> Command {
        self.common("task.setvariable").with_if(self.output, "isoutput", "true")
    }

    /// A variable of this instance of the task, for its post-job part.
    pub fn task_command(&self) -> Command {
        self.common("task.settaskvariable")
    }

    fn common(&self, name: &'static str) -> Command {
        Command::new(name, self.value)
            .with("variable", self.name)
            .with_if(self.secret, "issecret", "true")
            .with_if(self.read_only, "isreadonly", "true")
            .with_if(self.preserve_case, "preservecase", "true")
    }
}

/// Masks `value` from now on, for the rest of the job.
pub fn set_secret(value: &str) -> Command {
    Command::new("task.setsecret", value)
}

/// Puts a folder at the front of `PATH` for later steps.
pub fn prepend_path(folder: &Path) -> Command {
    Command::new("task.prependpath", folder.display().to_string())
}

/// Severity of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Error.
    Error,
    /// Warning.
    Warning,
}

impl Severity {
    /// As the agent spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Place of an issue in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path; the agent makes it relative to the repository.
    pub path: String,
    /// Line from 1, 0 if unknown.
    pub line: u32,
    /// Column from 1, 0 if unknown.
    pub column: u32,
}

/// An error or a warning of the step. At most ten of each are kept: use [`Reporter::issue`](crate::Reporter::issue).
pub fn log_issue(severity: Severity, message: &str, code: &str, place: Option<&Place>) -> Command {
    let number = |value: u32| if value == 0 { String::new() } else { value.to_string() };
    let mut command = Command::new("task.logissue", message).with("type", severity.name());
    if let Some(place) = place {
        command = command
            .with("sourcepath", place.path.as_str())
            .with("linenumber", number(place.line))
            .with("columnnumber", number(place.column));
    }
    command.with("code", code)
}

/// Progress in percent (at most 100), and what is being done.
pub fn set_progress(percent: u8, text: &str) -> Command {
    Command::new("task.setprogress", text).with("value", percent.min(100).to_string())
}

/// State of a record of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailState {
    /// Waits.
    Pending,
    /// Runs.
    InProgress,
    /// Is done.
    Completed,
}

/// `task.logdetail`: a record of the timeline below the step.
#[derive(Clone, Debug)]
pub struct LogDetail<'a> {
    /// GUID of the record.
    pub id: &'a str,
    /// GUID of the record above, which must exist; empty for the step.
    pub parent_id: &'a str,
    /// Kind, anything but `Job`; needed the first time.
    pub kind: &'a str,
    /// Name; needed the first time.
    pub name: &'a str,
    /// Position among its siblings.
    pub order: u32,
    /// RFC 3339, empty to leave as it is.
    pub start_time: &'a str,
    /// RFC 3339, empty to leave as it is.
    pub finish_time: &'a str,
    /// Percent.
    pub progress: u8,
    /// State.
    pub state: DetailState,
    /// How it ended, once it has.
    pub result: Option<TaskResult>,
    /// Text.
    pub text: &'a str,
}

impl LogDetail<'_> {
    /// The command.
    pub fn command(&self) -> Command {
        let state = match self.state {
            DetailState::Pending => "Pending",
            DetailState::InProgress => "InProgress",
            DetailState::Completed => "Completed",
        };
        Command::new("task.logdetail", self.text)
            .with("id", self.id)
            .with("parentid", self.parent_id)
            .with("type", self.kind)
            .with("name", self.name)
            .with("order", self.order.to_string())
            .with("starttime", self.start_time)
            .with("finishtime", self.finish_time)
            .with("progress", self.progress.min(100).to_string())
            .with("state", state)
            .with("result", self.result.map(TaskResult::name).unwrap_or_default())
    }
}

/// Result of a step. The names are compared exactly, case included, and `Canceled` has one `l` (3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskResult {
    /// All was done.
    Succeeded,
    /// All was done, with warnings.
    SucceededWithIssues,
    /// Something was not done.
    Failed,
    /// Somebody stopped it.
    Canceled,
    /// There was nothing to do.
    Skipped,
}

impl TaskResult {
    /// As the agent spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::SucceededWithIssues => "SucceededWithIssues",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Skipped => "Skipped",
        }
    }
}

/// The result of the step; the agent keeps the worst that it is told.
pub fn complete(result: TaskResult, message: &str) -> Command {
    Command::new("task.complete", message).with("result", result.name())
}

/// A line that shows only with `System.Debug`.
pub fn debug(text: &str) -> Command {
    Command::new("task.debug", text)
}

/// A Markdown file for the summary of the run: one section per file name. The file must stay; the upload is queued.
pub fn upload_summary(file: &Path) -> Command {
    Command::new("task.uploadsummary", file.display().to_string())
}

/// A file for the downloadable logs.
pub fn upload_file(file: &Path) -> Command {
    Command::new("task.uploadfile", file.display().to_string())
}

/// An attachment of the step. Characters that a file name may not have are replaced in kind and name. The file must
/// stay; the upload is queued.
pub fn add_attachment(kind: &str, name: &str, file: &Path) -> Command {
    Command::new("task.addattachment", file.display().to_string()).with("type", file_name(kind)).with("name", file_name(name))
}

/// `text` with characters `[A-Za-z0-9_.-]` only; others become `_`. Never empty.
pub fn file_name(text: &str) -> String {
    let kept = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
    let name: String = text.chars().map(|character| if kept(character) { character } else { '_' }).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// Which part of a service connection [`set_endpoint`] changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointField<'a> {
    /// An authentication parameter.
    AuthParameter(&'a str),
    /// A datum.
    DataParameter(&'a str),
    /// The address.
    Url,
}

/// Changes a service connection for the later steps of the job. The job's own connection cannot be changed.
pub fn set_endpoint(id: &str, field: EndpointField<'_>, value: &str) -> Command {
    let (field, key) = match field {
        EndpointField::AuthParameter(key) => ("authParameter", key),
        EndpointField::DataParameter(key) => ("dataParameter", key),
        EndpointField::Url => ("url", ""),
    };
    Command::new("task.setendpoint", value).with("id", id).with("field", field).with("key", key)
}

/// Telemetry of tasks that the service owns; from others the agent ignores it. `json` is an object.
pub fn publish_telemetry(area: &str, feature: &str, json: &str) -> Command {
    Command::new("telemetry.publish", json).with("area", area).with("feature", feature)
}

#[cfg(test)]
mod tests {
    use super::super::Escaping;
    use super::*;

    fn line(command: &Command) -> String {
        command.render(Escaping::Percents)
    }

    #[test]
    fn commands_are_written_as_the_agent_reads_them() {
        let variable = SetVariable { name: "a", value: "50%", secret: true, output: true, read_only: true, preserve_case: true };
        let place = Place { path: "src/a b.rs".into(), line: 3, column: 0 };
        let detail = LogDetail {
            id: "i",
            parent_id: "",
            kind: "Check",
            name: "lint",
            order: 2,
            start_time: "",
            finish_time: "",
            progress: 200,
            state: DetailState::Completed,
            result: Some(TaskResult::Succeeded),
            text: "done",
        };
        let lines = [
            line(&variable.command()),
            line(&variable.task_command()),
            line(&SetVariable { name: "a", value: "", ..SetVariable::default() }.command()),
            line(&set_secret("a]b\nc")),
            line(&prepend_path(Path::new("/opt/x y"))),
            line(&log_issue(Severity::Error, "two\nlines", "SLIP-X", Some(&place))),
            line(&log_issue(Severity::Warning, "text", "", None)),
            line(&set_progress(120, "copying")),
            line(&detail.command()),
            line(&complete(TaskResult::Canceled, "stopped")),
            line(&debug("x")),
            line(&upload_summary(Path::new("/t/a.md"))),
            line(&upload_file(Path::new("/t/a.log"))),
            line(&add_attachment("delivery.v1", "a b/ü.json", Path::new("/t/a;b.json"))),
            line(&set_endpoint("i", EndpointField::AuthParameter("token"), "v")),
            line(&set_endpoint("i", EndpointField::DataParameter("k"), "v")),
            line(&set_endpoint("i", EndpointField::Url, "https://x")),
            line(&publish_telemetry("a", "f", "{\"x\":1}")),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        ##vso[task.setvariable variable=a;issecret=true;isreadonly=true;preservecase=true;isoutput=true;]50%AZP25
        ##vso[task.settaskvariable variable=a;issecret=true;isreadonly=true;preservecase=true;]50%AZP25
        ##vso[task.setvariable variable=a;]
        ##vso[task.setsecret]a]b%0Ac
        ##vso[task.prependpath]/opt/x y
        ##vso[task.logissue type=error;sourcepath=src/a b.rs;linenumber=3;code=SLIP-X;]two%0Alines
        ##vso[task.logissue type=warning;]text
        ##vso[task.setprogress value=100;]copying
        ##vso[task.logdetail id=i;type=Check;name=lint;order=2;progress=100;state=Completed;result=Succeeded;]done
        ##vso[task.complete result=Canceled;]stopped
        ##vso[task.debug]x
        ##vso[task.uploadsummary]/t/a.md
        ##vso[task.uploadfile]/t/a.log
        ##vso[task.addattachment type=delivery.v1;name=a_b__.json;]/t/a;b.json
        ##vso[task.setendpoint id=i;field=authParameter;key=token;]v
        ##vso[task.setendpoint id=i;field=dataParameter;key=k;]v
        ##vso[task.setendpoint id=i;field=url;]https://x
        ##vso[telemetry.publish area=a;feature=f;]{"x":1}
        "#);
    }
}
