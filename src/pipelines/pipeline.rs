//! An expanded pipeline: what is left when compile time is over. The runner executes this.
//!
//! Everything that is decided at run time (conditions, `$[ ]`, `$( )`) is still text or a parsed expression here.

use crate::condition::Condition;
use crate::deployment::Deployment;
use crate::matrix::Matrix;
use crate::pipeline_resource::PipelineResource;
use crate::place::Place;
use crate::trigger::Trigger;

/// A pipeline after expansion and validation: names are unique, dependencies exist and have no cycles, tasks are known.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// `name:`, the format of the run's number, verbatim; absent = `$(Date:yyyyMMdd).$(Rev:r)`.
    pub name: Option<String>,
    /// `trigger:`: which pushes start it.
    pub trigger: Trigger,
    /// `pr:`: which pull requests start it, where the repository is on GitHub.
    pub pr: Trigger,
    /// `resources: pipelines:`, in order.
    pub pipeline_resources: Vec<PipelineResource>,
    /// Root variables in order.
    pub variables: Vec<VariableItem>,
    /// Stages in file order. A pipeline without stages has one, named `__default`.
    pub stages: Vec<Stage>,
}

/// An entry of `variables:`. Later ones win.
#[derive(Clone, Debug)]
pub enum VariableItem {
    /// A variable.
    Variable(Variable),
    /// All variables of a group.
    Group {
        /// The group's name; exists in the catalog.
        name: String,
        /// Where it is named.
        place: Place,
    },
}

/// A variable as declared. Its value may hold `$(macros)` and may be a whole `$[ expression ]`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Name as written.
    pub name: String,
    /// Value, text as written.
    pub value: String,
    /// `readonly: true`.
    pub read_only: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Reference name.
    pub name: String,
    /// As shown to people; may hold macros.
    pub display_name: String,
    /// Names of stages that must be complete before this one is judged (the implicit previous stage made explicit).
    pub depends_on: Vec<String>,
    /// `condition:`; the default is `succeeded()`.
    pub condition: Condition,
    /// Stage variables.
    pub variables: Vec<VariableItem>,
    /// Jobs in file order.
    pub jobs: Vec<Job>,
    /// Where it is declared.
    pub place: Place,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Reference name (`Job_1` and so on where the file names none; facts/pipeline-yaml.md 2.7, unverified).
    pub name: String,
    /// As shown to people; may hold macros.
    pub display_name: String,
    /// Names of jobs of the same stage that must be complete before this one is judged.
    pub depends_on: Vec<String>,
    /// `condition:`; the default is `succeeded()`.
    pub condition: Condition,
    /// Whether its failure leaves the run "succeeded with issues". (A boolean word; expressions are not supported yet.)
    pub continue_on_error: bool,
    /// Minutes, 0 = as long as the agent allows; default 60.
    pub timeout_in_minutes: u32,
    /// Minutes that a cancelled job gets, default 5.
    pub cancel_timeout_in_minutes: u32,
    /// Job variables.
    pub variables: Vec<VariableItem>,
    /// Who runs it.
    pub kind: JobKind,
    /// `strategy: matrix:` or `parallel:`: it runs several times. Only of jobs for an agent.
    pub matrix: Option<Matrix>,
    /// Where it runs; of a job without an agent the default.
    pub pool: Pool,
    /// `workspace: clean:`.
    pub workspace_clean: WorkspaceClean,
    /// Steps in order, the implicit `checkout: self` made explicit. None of a deployment job: its hooks have them.
    pub steps: Vec<Step>,
    /// Where it is declared.
    pub place: Place,
}

impl Job {
    /// All its steps: those of the hooks of a deployment job, too.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let hooks = match &self.kind {
            JobKind::Deployment(deployment) => Some(&deployment.hooks),
            JobKind::Agent | JobKind::Server => None,
        };
        let of_hooks = hooks.into_iter().flat_map(|hooks| hooks.all()).flat_map(|(_, hook)| &hook.steps);
        self.steps.iter().chain(of_hooks)
    }
}

/// Who runs a job.
#[derive(Clone, Debug, Default)]
pub enum JobKind {
    /// An agent.
    #[default]
    Agent,
    /// `pool: server`: the service itself. All its steps are tasks of the service ([`crate::builtin_tasks`]:
    /// `ManualValidation@1`).
    Server,
    /// A deployment job: agents, hook after hook.
    Deployment(Box<Deployment>),
}

/// The pool of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// `pool: NAME` or `pool: { name: }`.
    pub name: Option<String>,
    /// `vmImage:`.
    pub vm_image: Option<String>,
    /// `demands:`.
    pub demands: Vec<String>,
}

/// What a job removes from its kept workspace before it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkspaceClean {
    /// Nothing.
    #[default]
    None,
    /// `outputs`: the binaries folder.
    Outputs,
    /// `resources`: the sources folder.
    Resources,
    /// `all`: the whole workspace.
    All,
}

/// A step. Every kind of step is a task here, as it is for the service: `script: x` is `CmdLine@2` with input
/// `script` (facts/pipeline-yaml.md 2.2, "Shorthand mapping").
#[derive(Clone, Debug)]
pub struct Step {
    /// Reference name, the prefix of output variables: as written (`name:`), else generated
    /// (`CmdLine`, `CmdLine1`, ...; facts/pipeline-yaml.md 2.7).
    pub name: String,
    /// As shown to people; may hold macros.
    pub display_name: String,
    /// `condition:`; the default is `succeeded()`.
    pub condition: Condition,
    /// A failure becomes "succeeded with issues".
    pub continue_on_error: bool,
    /// `enabled: false` skips it.
    pub enabled: bool,
    /// `env:` in order, values with macros.
    pub env: Vec<(String, String)>,
    /// Minutes, 0 = no limit of its own.
    pub timeout_in_minutes: u32,
    /// `retryCountOnTaskFailure`. An agent does at most 10, and warns of more (facts/azure-pipelines-tasks.md 2.10).
    pub retry_count_on_task_failure: u32,
    /// `target:`: the restrictions that a step puts on its commands.
    pub target: StepTarget,
    /// What it runs.
    pub task: TaskUse,
    /// Where it is declared.
    pub place: Place,
}

/// `target:` of a step. (`container:` is refused by name: not supported yet.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepTarget {
    /// `commands: restricted`.
    pub restricted_commands: bool,
    /// `settableVariables:`: absent = all; empty = `none`; else patterns.
    pub settable_variables: Option<Vec<String>>,
}

/// The task of a step, resolved against the catalog.
#[derive(Clone, Debug)]
pub struct TaskUse {
    /// The reference as in YAML: `KeyVaultFetch@1`, `CmdLine@2`.
    pub reference: String,
    /// GUID of the task.
    pub id: String,
    /// Name from its task.json: `KeyVaultFetch`.
    pub name: String,
    /// Chosen version: `1.0.0`.
    pub version: String,
    /// Inputs in task.json order then as given, under their canonical names (aliases resolved), with the defaults of
    /// task.json filled in. Values may hold macros.
    pub inputs: Vec<(String, String)>,
}
