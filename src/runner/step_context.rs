use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use uuid::Uuid;

use crate::cancellation::Cancellation;
use crate::commands::{self, CommandError};
use crate::event::{Event, Issue, IssueKind, TaskResult};
use crate::host_process::Flow;
use crate::job_context::JobContext;
use crate::restrictions::Restrictions;
use crate::store::Log;
use crate::variables::{Variable, Variables};

/// The agent keeps this many errors and as many warnings of a step.
const KEPT_ISSUES: usize = 10;

/// A step while it runs: its log, its issues, its result so far, and what it may do.
pub(crate) struct StepContext<'j> {
    /// The job.
    pub(crate) job: &'j JobContext<'j>,
    /// Position in the job's record.
    pub(crate) index: usize,
    /// Reference name, the prefix of output variables.
    pub(crate) name: String,
    /// Cancels the step.
    pub(crate) stop: Cancellation,
    /// Variables of the task instance, shared by its pre-job, main and post-job handlers.
    pub(crate) task_variables: Rc<RefCell<Variables>>,
    /// Records of `task.logdetail` with their parents.
    pub(crate) details: RefCell<HashMap<Uuid, Option<Uuid>>>,
    restrictions: Vec<Restrictions>,
    /// `outputVariables` of task.json.
    output_names: Vec<String>,
    log: RefCell<Log>,
    issues: RefCell<Issues>,
    result: Cell<Option<TaskResult>>,
    command_failed: Cell<bool>,
    forced: Cell<bool>,
    percent: Cell<u8>,
}

/// Issues of a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issues {
    /// The first ten of each kind.
    pub(crate) kept: Vec<Issue>,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

impl<'j> StepContext<'j> {
    pub(crate) fn new(job: &'j JobContext<'j>, index: usize, name: String, log: Log, task_variables: Rc<RefCell<Variables>>) -> Self {
        Self {
            job,
            index,
            name,
            stop: Cancellation::new(),
            task_variables,
            details: RefCell::default(),
            restrictions: Vec::new(),
            output_names: Vec::new(),
            log: RefCell::new(log),
            issues: RefCell::default(),
            result: Cell::new(None),
            command_failed: Cell::new(false),
            forced: Cell::new(false),
            percent: Cell::new(0),
        }
    }

    /// Limits the step.
    pub(crate) fn restrict(&mut self, restrictions: impl IntoIterator<Item = Restrictions>) {
        self.restrictions.extend(restrictions);
    }

    /// Names that become output variables by themselves.
    pub(crate) fn declare_outputs(&mut self, names: impl IntoIterator<Item = String>) {
        self.output_names.extend(names);
    }

    /// Treats a line of the step's process.
    pub(crate) fn process_line(&self, line: &str) -> Flow {
        if line.is_empty() {
            self.output(line)
        } else {
            commands::process_line(self, line)
        }
        if self.forced.get() { Flow::Done } else { Flow::Continue }
    }

    /// Writes text to the log, masked.
    pub(crate) fn output(&self, text: &str) {
        let masked = self.job.run.masker.mask(text);
        for line in masked.split('\n') {
            let line = line.trim_end_matches('\r');
            self.log.borrow_mut().line(line);
            self.job.run.emit(Event::StepOutput { job: self.job.key.clone(), step: self.index, line: line.to_owned() });
        }
    }

    /// Writes a debug line where `System.Debug` is true.
    pub(crate) fn debug(&self, text: &str) {
        if self.job.variables.borrow().flag("System.Debug") == Some(true) {
            self.output(&format!("##[debug]{text}"));
        }
    }

    pub(crate) fn warning(&self, message: &str) {
        self.issue(IssueKind::Warning, message);
    }

    pub(crate) fn error(&self, message: &str) {
        self.issue(IssueKind::Error, message);
    }

    /// Adds an issue: always to the log, to the record only while it has fewer than ten of its kind.
    pub(crate) fn issue(&self, kind: IssueKind, message: &str) {
        let message = self.job.run.masker.mask(message);
        if !message.is_empty() {
            let tag = if kind == IssueKind::Error { "error" } else { "warning" };
            self.output(&format!("##[{tag}]{message}"));
        }
        let mut issues = self.issues.borrow_mut();
        let count = if kind == IssueKind::Error { &mut issues.errors } else { &mut issues.warnings };
        *count += 1;
        if *count <= KEPT_ISSUES {
            issues.kept.push(Issue { kind, message });
        }
    }

    /// Says that something is not simulated; under `--strict` that is an error.
    pub(crate) fn not_simulated(&self, what: &str) -> Result<(), CommandError> {
        if self.job.run.request.strict {
            return Err(format!("{what} is not simulated, and the run is strict. Run without `--strict` to go on without it."));
        }
        self.warning(&format!("{what} is not simulated: nothing was done."));
        Ok(())
    }

    /// `task.setprogress`.
    pub(crate) fn progress(&self, percent: u8, text: &str) {
        self.percent.set(self.percent.get().max(percent));
        let text = self.job.run.masker.mask(text);
        self.job.run.emit(Event::StepProgress { job: self.job.key.clone(), step: self.index, percent: self.percent.get(), text });
    }

    pub(crate) fn allows_command(&self, area: &str, event: &str) -> bool {
        self.restrictions.iter().all(|restrictions| restrictions.allow_command(area, event))
    }

    pub(crate) fn allows_variable(&self, name: &str) -> bool {
        self.restrictions.iter().all(|restrictions| restrictions.allow_variable(name))
    }

    /// Sets a variable of the job; as output variable it is named after the step, and other jobs see it unless it is secret.
    pub(crate) fn set_variable(&self, variable: Variable, output: bool) {
        let mut variables = self.job.variables.borrow_mut();
        if !output && !self.output_names.iter().any(|name| name.eq_ignore_ascii_case(&variable.name)) {
            variables.set(variable, &self.job.run.masker);
            return;
        }
        let name = format!("{}.{}", self.name, variable.name);
        if variable.secret {
            self.job.run.masker.add_value(&variable.value);
        } else {
            self.job.outputs.borrow_mut().set(&name, &variable.value);
        }
        variables.set(Variable { name, ..variable }, &self.job.run.masker);
    }

    /// Merges a result into the step's, the worse one wins.
    pub(crate) fn merge_result(&self, result: TaskResult) {
        self.result.set(Some(merge(self.result.get(), result)));
    }

    /// Sets the result, whatever it was.
    pub(crate) fn set_result(&self, result: Option<TaskResult>) {
        self.result.set(result);
    }

    /// The result so far.
    pub(crate) fn result(&self) -> Option<TaskResult> {
        self.result.get()
    }

    /// A command could not be carried out: the step fails in the end.
    pub(crate) fn command_failed(&self) {
        self.command_failed.set(true);
    }

    /// `task.complete` with `done=true`.
    pub(crate) fn force_completion(&self) {
        self.forced.set(true);
    }

    /// Makes the step ready for another attempt.
    pub(crate) fn reset_completion(&self) {
        self.forced.set(false);
    }

    /// The final result.
    pub(crate) fn conclude(&self, continue_on_error: bool) -> TaskResult {
        let mut result = self.result.get().unwrap_or(TaskResult::Succeeded);
        if self.command_failed.get() {
            result = merge(Some(result), TaskResult::Failed);
        }
        if result == TaskResult::Failed && continue_on_error { TaskResult::SucceededWithIssues } else { result }
    }

    pub(crate) fn issues(&self) -> Issues {
        self.issues.borrow().clone()
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.log.borrow().path().to_owned()
    }
}

/// The agent's merge of results: the worse one wins; what is neither success nor failure stays.
pub(crate) fn merge(current: Option<TaskResult>, coming: TaskResult) -> TaskResult {
    let rank = |result| match result {
        TaskResult::Succeeded => 0,
        TaskResult::SucceededWithIssues => 1,
        TaskResult::Failed => 2,
        TaskResult::Canceled => 3,
        TaskResult::Skipped => 4,
    };
    match current {
        None => coming,
        Some(current) if rank(current) > rank(TaskResult::Failed) => current,
        Some(current) if rank(coming) >= rank(current) => coming,
        Some(current) => current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_merge_to_the_worse_one() {
        use TaskResult::{Canceled, Failed, Succeeded, SucceededWithIssues};
        assert_eq!(merge(None, Succeeded), Succeeded);
        assert_eq!(merge(Some(SucceededWithIssues), Succeeded), SucceededWithIssues);
        assert_eq!(merge(Some(Failed), SucceededWithIssues), Failed);
        assert_eq!(merge(Some(Failed), Canceled), Canceled);
        assert_eq!(merge(Some(Canceled), Failed), Canceled);
    }
}
