use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use slipway_model::ServiceConnection;
use slipway_pipelines::Outcome;
use slipway_process::Child;
use uuid::Uuid;

use crate::cancellation::Cancellation;
use crate::event::{JobKey, TaskResult};
use crate::run_context::RunContext;
use crate::store::Log;
use crate::variables::Variables;

/// A job while it runs: what its steps share.
pub(crate) struct JobContext<'r> {
    pub(crate) run: &'r RunContext<'r>,
    pub(crate) key: JobKey,
    pub(crate) id: Uuid,
    pub(crate) paths: Paths,
    /// Cancels the job.
    pub(crate) cancellation: Cancellation,
    pub(crate) variables: RefCell<Variables>,
    /// `task.prependpath`, the last one first in `PATH`.
    pub(crate) prepend_path: RefCell<Vec<String>>,
    /// The service connections that the job's steps name, and its own connection to Azure DevOps.
    pub(crate) endpoints: RefCell<Vec<ServiceConnection>>,
    /// Output variables of its steps that are not secret.
    pub(crate) outputs: RefCell<Outputs>,
    /// Its result so far.
    pub(crate) result: Cell<Option<TaskResult>>,
    /// Processes of steps that are over: what they left running lives until the job ends.
    pub(crate) processes: RefCell<Vec<Child>>,
    /// The agent's own log of the job.
    pub(crate) log: RefCell<Log>,
}

impl JobContext<'_> {
    /// Writes a line into the agent's own log of the job.
    pub(crate) fn note(&self, line: &str) {
        let line = self.run.masker.mask(line);
        self.log.borrow_mut().line(&line);
    }

    /// Sets the job's result and the variable that tells it to steps.
    pub(crate) fn set_result(&self, result: TaskResult) {
        self.result.set(Some(result));
        self.variables.borrow_mut().set_plain("Agent.JobStatus", Outcome::from(result).to_string());
    }
}

/// The folders of a job on its agent.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// `<state>/agents/<n>`.
    pub(crate) agent: PathBuf,
    /// `_work`.
    pub(crate) work: PathBuf,
    /// `_work/<pipeline>`: `Pipeline.Workspace`.
    pub(crate) workspace: PathBuf,
    /// `_work/<pipeline>/s`.
    pub(crate) sources: PathBuf,
    /// `System.DefaultWorkingDirectory`.
    pub(crate) default_working: PathBuf,
    /// `_work/<pipeline>/a`.
    pub(crate) artifacts: PathBuf,
    /// `_work/<pipeline>/b`.
    pub(crate) binaries: PathBuf,
    /// `_work/<pipeline>/TestResults`.
    pub(crate) test_results: PathBuf,
    /// `_work/_temp`.
    pub(crate) temp: PathBuf,
    /// `_work/_tasks`.
    pub(crate) tasks: PathBuf,
    /// `_work/_tool`.
    pub(crate) tools: PathBuf,
}

impl Paths {
    pub(crate) fn new(agents: &std::path::Path, agent: usize, pipeline: u64) -> Self {
        let agent = agents.join(agent.to_string());
        let work = agent.join("_work");
        let workspace = work.join(pipeline.to_string());
        Self {
            sources: workspace.join("s"),
            default_working: workspace.join("s"),
            artifacts: workspace.join("a"),
            binaries: workspace.join("b"),
            test_results: workspace.join("TestResults"),
            temp: work.join("_temp"),
            tasks: work.join("_tasks"),
            tools: work.join("_tool"),
            workspace,
            work,
            agent,
        }
    }
}

/// Output variables, names without case, in the order in which they were set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outputs(pub(crate) Vec<(String, String)>);

impl Outputs {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(name)) {
            Some((_, present)) => value.clone_into(present),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }
}
