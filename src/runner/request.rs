//! What the runner needs to know to run a pipeline: all of it as values, so that it reads no settings of its own.

use std::path::PathBuf;
use std::sync::Arc;

use slipway_model::{AzureEndpoint, ServiceConnection};
use slipway_pipelines::{Pipeline, TaskDefinition};
use slipway_secret::Secret;

use crate::approval::{Approvals, Environment};
use crate::consumed::ConsumedRun;
use crate::event::Event;
use crate::run_event::{Provider, RunEvent, Source};

/// One run of one pipeline.
pub struct RunRequest {
    /// The pipeline, expanded.
    pub pipeline: Pipeline,
    /// Its name as shown (file name without extension, unless `slipway.local.yml` says otherwise).
    pub pipeline_name: String,
    /// Its number (`System.DefinitionId`), where it is set up with one; else the state folder gives it one.
    pub pipeline_id: Option<u64>,
    /// Folder of pipelines in which it lies; `\` by default.
    pub pipeline_folder: String,
    /// The pipeline's file, relative to the repository's root.
    pub pipeline_file: String,
    /// What started it.
    pub event: RunEvent,
    /// The repository that `checkout: self` takes.
    pub repository: Repository,
    /// Task packages that may be named.
    pub tasks: Vec<TaskPackage>,
    /// Service connections that exist.
    pub connections: Vec<ServiceConnection>,
    /// Variables of the pipeline that are set outside of its YAML (the editor's variables in Azure DevOps).
    pub variables: Vec<PipelineVariable>,
    /// Variable groups that the pipeline may name.
    pub groups: Vec<VariableGroup>,
    /// The environments that are configured.
    pub environments: Vec<Environment>,
    /// Who answers when the run asks something.
    pub approvals: Approvals,
    /// The runs that the pipeline's resources (`resources: pipelines:`) stand for, each alias once.
    pub pipeline_runs: Vec<ConsumedRun>,
    /// The stand-in for Azure, where one runs.
    pub azure: Option<AzureEndpoint>,
    /// Folder of the state: the runner writes below `runs/` and `agents/` only.
    pub state: PathBuf,
    /// How many jobs may run at once, each on an agent with a work folder of its own.
    pub agents: usize,
    /// The Node executable that starts tasks.
    pub node: PathBuf,
    /// The environment of the agent's process: what of the user's environment reaches steps (already allow-listed).
    pub environment: Vec<(String, String)>,
    /// Whether `System.Debug` is true.
    pub debug: bool,
    /// The person who runs it.
    pub requested_for: String,
    /// Fail on what is not simulated, instead of saying so.
    pub strict: bool,
    /// Receives what happens, in order.
    pub events: Arc<dyn Fn(Event) + Send + Sync>,
}

/// The repository of a run.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Root of the work tree.
    pub path: PathBuf,
    /// What hosts it.
    pub provider: Provider,
    /// What `checkout: self` takes.
    pub source: Source,
    /// Name: the folder's.
    pub name: String,
    /// Branch, `refs/heads/main`, or `refs/pull/1/merge`; empty outside of git.
    pub branch: String,
    /// Commit id, empty outside of git.
    pub commit: String,
    /// First line of the commit's message.
    pub message: String,
    /// Paths with uncommitted changes, for the notice.
    pub uncommitted: Vec<String>,
}

/// A packaged task on disk: the folder that an agent would have downloaded.
#[derive(Clone, Debug)]
pub struct TaskPackage {
    /// Folder with task.json.
    pub folder: PathBuf,
    /// What task.json says.
    pub definition: TaskDefinition,
}

/// A variable group: `- group: NAME` under `variables` brings its variables in.
#[derive(Clone, Debug)]
pub struct VariableGroup {
    /// Name; upper and lower case are the same.
    pub name: String,
    /// Its variables.
    pub variables: Vec<PipelineVariable>,
}

/// A variable set outside of YAML.
#[derive(Clone, Debug)]
pub enum PipelineVariable {
    /// Shown.
    Plain {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
    /// Masked.
    Secret {
        /// Name.
        name: String,
        /// Value.
        value: Secret,
    },
}
