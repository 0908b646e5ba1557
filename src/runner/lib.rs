//! Runs an expanded pipeline on this machine, as the Azure Pipelines service and agent would.
//!
//! [`run`] takes a [`RunRequest`] (the pipeline, its tasks, service connections, variables; all of it values) and tells what
//! happens as [`Event`]s. What is left of a run lies in the [`Store`]. The contract that the runner keeps towards tasks is
//! read from the agent's own source and documentation (facts/azure-pipelines-tasks.md); it shares nothing with the crate
//! `agent`, which is the other side of it: a misreading on one side fails a test instead of agreeing with itself.
//!
//! Used by `slipway run`.

mod agents;
mod approval;
mod builtin;
mod cancellation;
mod checks;
mod clock;
mod commands;
mod consumed;
#[cfg(test)]
mod e2e;
mod endpoints;
mod environment;
mod error;
mod event;
mod files;
mod glob;
mod host_process;
mod inputs;
mod job;
mod job_context;
mod jobs;
mod junit;
mod leftovers;
mod lines;
mod macros;
mod masker;
mod part;
mod predefined;
mod questions;
mod request;
mod request_checks;
mod restrictions;
mod run;
mod run_context;
mod run_event;
mod schedule;
mod scope;
mod semantics;
mod server_job;
mod step;
mod step_context;
mod store;
mod task_step;
mod tasks;
mod variables;

pub use approval::{Answer, Approvals, Ask, Decision, Environment, EnvironmentApproval, Question, QuestionKind, QuestionOutcome};
pub use cancellation::Cancellation;
pub use consumed::ConsumedRun;
pub use error::RunError;
pub use event::{Event, Issue, IssueKind, JobKey, TaskResult};
pub use masker::Masker;
pub use predefined::compile_time_variables;
pub use request::{PipelineVariable, Repository, RunRequest, TaskPackage, VariableGroup};
pub use request_checks::problems;
pub use run::{RunOutcome, RunSummary, resume, run};
pub use run_event::{Provider, PullRequestEvent, RunEvent, Source};
pub use store::{
    ArtifactRecord, AttachmentRecord, EventRecord, JobRecord, PullRequestRecord, RunRecord, RunState, StageRecord, StepRecord, Store,
    StoreError, TestCase, TestOutcome, TestReport, TestRun, TestTotals,
};
