use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_secret::Secret;

use crate::commands::task::{self, Place, SetVariable, Severity, TaskResult};
use crate::commands::{Command, results::PublishResults};
use crate::output::Output;
use crate::{Env, Issue, Masker, TaskError, codes, issue, neutralise};

/// All that a task prints, and the only way to print: plain lines, groups, progress, issues, variables, uploads.
///
/// Every text is taken as untrusted: secrets in it are replaced, line breaks split it, and nothing in it can start a
/// command of the agent. Cheap to clone; clones print to the same place.
#[derive(Clone)]
pub struct Reporter {
    shared: Arc<Shared>,
}

struct Shared {
    output: Arc<Output>,
    masker: Arc<Masker>,
    debug: bool,
    allow_multi_line_secrets: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    issues: Vec<Issue>,
    open_groups: usize,
    is_complete: bool,
}

impl Reporter {
    pub(crate) fn new(output: Arc<Output>, masker: Arc<Masker>, env: &Env) -> Self {
        let shared = Shared {
            output,
            masker,
            debug: env.is_on("System.Debug"),
            allow_multi_line_secrets: env.is_on("System.UnsafeAllowMultilineSecret"),
            state: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Prints `text`, a line for each of its lines.
    pub fn info(&self, text: &str) {
        for line in neutralise::lines(&self.shared.masker.mask(text)) {
            self.shared.output.line(&line);
        }
    }

    /// Prints `text` if the pipeline runs with `System.Debug`.
    pub fn debug(&self, text: &str) {
        if self.shared.debug {
            for line in neutralise::lines(&self.shared.masker.mask(text)) {
                self.shared.output.command(&task::debug(&line));
            }
        }
    }

    /// Whether [`Reporter::debug`] prints.
    pub fn is_debug(&self) -> bool {
        self.shared.debug
    }

    /// Prints a heading.
    pub fn section(&self, title: &str) {
        self.tagged("##[section]", title);
    }

    /// Prints a command line that is about to be run.
    pub fn command_line(&self, line: &str) {
        self.tagged("##[command]", line);
    }

    /// Starts a group of lines that the log viewer folds.
    pub fn group(&self, title: &str) {
        self.lock().open_groups += 1;
        self.tagged("##[group]", title);
    }

    /// Ends the group that was started last.
    pub fn end_group(&self) {
        let mut state = self.lock();
        if state.open_groups > 0 {
            state.open_groups -= 1;
            drop(state);
            self.shared.output.line("##[endgroup]");
        }
    }

    /// Shows progress in percent, and what is being done, in the timeline of the run.
    pub fn progress(&self, percent: u8, text: &str) {
        self.shared.output.command(&task::set_progress(percent, &self.safe_line(text)));
    }

    /// Reports an error or a warning. Its text is in the log at once; to the agent go, at the end of the task, the ten
    /// errors and the ten warnings that matter most.
    pub fn issue(&self, issue: Issue) {
        let place = match &issue.place {
            Some(place) if place.line > 0 => format!("{}:{}: ", place.path, place.line),
            Some(place) => format!("{}: ", place.path),
            None => String::new(),
        };
        self.info(&format!("{}: {place}{}", issue.severity.name(), issue.message));
        self.lock().issues.push(issue);
    }

    /// Reports an ordinary warning.
    pub fn warning(&self, message: impl Into<String>) {
        self.issue(Issue::warning(message));
    }

    /// Reports an ordinary error. It does not end the task, nor fail it.
    pub fn error(&self, message: impl Into<String>) {
        self.issue(Issue::error(message));
    }

    /// Whether an issue of this severity was reported: a task may choose its outcome by it.
    pub fn has(&self, severity: Severity) -> bool {
        self.lock().issues.iter().any(|issue| issue.severity == severity)
    }

    /// Sets a plain variable for the later steps of the job; `output` makes it available to other jobs and stages as
    /// well, under the name of the step. A name in the task's `output_variables` is always an output, and then not
    /// available as `$(name)` alone (facts/azure-pipelines-tasks.md 2.4).
    pub fn set_variable(&self, name: &str, value: &str, output: bool) {
        self.shared.output.command(&SetVariable { name, value, output, ..SetVariable::default() }.command());
    }

    /// Whether the agent would take this secret variable, unchanged: for tasks that set all or none.
    ///
    /// # Errors
    /// When the value has several lines, which the agent refuses (6.4), or when the job's `DECODE_PERCENTS` would have it
    /// changed: then also the mask would be of another value.
    pub fn check_secret_variable(&self, name: &str, value: &Secret) -> Result<(), TaskError> {
        if !self.shared.allow_multi_line_secrets {
            check_single_line(name, value.expose())?;
        }
        if self.shared.output.escaping().carries(value.expose()) {
            return Ok(());
        }
        Err(TaskError::new(
            codes::SECRET_PERCENT,
            format!(
                "The secret variable `{name}` cannot be set: its value has `%3B`, `%0D`, `%0A` or `%5D` in it, which the agent would replace, \
                 since the job variable `DECODE_PERCENTS` is `false`; and it would mask the changed value only."
            ),
        )
        .hint("Remove `DECODE_PERCENTS` from the job, or store the value in base64 and decode it where it is used."))
    }

    /// Sets a secret variable for the later steps of the job.
    ///
    /// # Errors
    /// Those of [`Reporter::check_secret_variable`].
    pub fn set_secret_variable(&self, name: &str, value: &Secret, output: bool) -> Result<(), TaskError> {
        self.check_secret_variable(name, value)?;
        self.shared.output.command(&SetVariable { name, value: value.expose(), secret: true, output, ..SetVariable::default() }.command());
        Ok(())
    }

    /// Adds a Markdown file to the summary of the run. The file must stay until the job ends.
    pub fn upload_summary(&self, file: &Path) {
        self.hand_over("Summary", &[file], "uploaded", &task::upload_summary(file));
    }

    /// Attaches a file to the step. The file must stay until the job ends.
    pub fn add_attachment(&self, kind: &str, name: &str, file: &Path) {
        self.hand_over("Attachment", &[file], "uploaded", &task::add_attachment(kind, name, file));
    }

    /// Has the agent publish test results. The files must stay until the job ends.
    ///
    /// # Errors
    /// When a path has a comma.
    pub fn publish_results(&self, results: &PublishResults) -> Result<(), TaskError> {
        let files: Vec<&Path> = results.files.iter().map(PathBuf::as_path).collect();
        self.hand_over("Test results", &files, "published", &results.command()?);
        Ok(())
    }

    /// Says where files are and has the agent take them. Where it refuses (a task cannot know), they are still there.
    fn hand_over(&self, what: &str, files: &[&Path], done: &str, command: &Command) {
        let remark = if command.is_restricted() { format!(" (not {done} where the step restricts commands)") } else { String::new() };
        for file in files {
            self.info(&format!("{what}: `{}`{remark}.", file.display()));
        }
        self.send(command);
    }

    /// Sends a command of [`commands`](crate::commands) as it is.
    pub fn send(&self, command: &Command) {
        self.shared.output.command(command);
    }

    /// The masker of this task.
    pub fn masker(&self) -> &Arc<Masker> {
        &self.shared.masker
    }

    /// Ends open groups, sends the issues and the result. Later calls do nothing.
    pub(crate) fn complete(&self, result: TaskResult, message: &str) {
        let issues = {
            let mut state = self.lock();
            if std::mem::replace(&mut state.is_complete, true) {
                return;
            }
            std::mem::take(&mut state.issues)
        };
        self.end_groups();
        for remark in self.shared.masker.remarks() {
            self.info(&format!("note: {remark}"));
        }
        for issue in issue::ranked(&issues) {
            let message = neutralise::multi_line(&self.shared.masker.mask(&issue.message));
            let place = issue.place.map(|place| Place { path: self.safe_line(&place.path), ..place });
            self.shared.output.command(&task::log_issue(issue.severity, &message, &self.safe_line(&issue.code), place.as_ref()));
        }
        self.shared.output.command(&task::complete(result, &self.safe_line(message)));
    }

    /// Records the error that ended the task. It goes to the log with the other issues, by [`Reporter::complete`].
    pub(crate) fn cause(&self, error: &TaskError) {
        self.lock().issues.push(Issue::from(error));
    }

    /// Ends groups that are still open, so that what follows is not folded away.
    pub(crate) fn end_groups(&self) {
        for _ in 0..std::mem::take(&mut self.lock().open_groups) {
            self.shared.output.line("##[endgroup]");
        }
    }

    /// Whether nobody is printing at this moment, so that a panic can be reported.
    pub(crate) fn is_free(&self) -> bool {
        self.shared.state.try_lock().is_ok() && self.shared.masker.is_free() && self.shared.output.is_free()
    }

    /// Prints the result past everything else.
    pub(crate) fn complete_at_any_price(&self) {
        self.shared.output.bypass(&task::complete(TaskResult::Failed, codes::PANIC));
    }

    /// Whether something could not be printed.
    pub(crate) fn failed(&self) -> bool {
        self.shared.output.failed()
    }

    fn tagged(&self, tag: &str, text: &str) {
        self.shared.output.line(&format!("{tag}{}", self.safe_line(text)));
    }

    fn safe_line(&self, text: &str) -> String {
        neutralise::single_line(&self.shared.masker.mask(text))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}

/// Refuses a secret value of several lines, as the agent does.
fn check_single_line(name: &str, value: &str) -> Result<(), TaskError> {
    if !value.contains(['\r', '\n']) {
        return Ok(());
    }
    let ends_only = !value.trim_end_matches(['\r', '\n']).contains(['\r', '\n']);
    let (what, hint) = if ends_only {
        ("ends with a line break", "Store the value without the line break at its end.")
    } else {
        ("has several lines", "Store the value in one line, for instance in base64, and decode it where it is used.")
    };
    Err(TaskError::new(
        codes::SECRET_MULTILINE,
        format!(
            "The secret variable `{name}` cannot be set: its value {what}. The agent refuses secret variables of several lines, since its log \
             masks line by line (the rule that `SYSTEM_UNSAFEALLOWMULTILINESECRET` switches off for a whole job; Slipway never does)."
        ),
    )
    .hint(hint))
}
