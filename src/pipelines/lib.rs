//! The Azure Pipelines YAML language: a file becomes a [`Pipeline`] that the runner executes.
//!
//! [`load`] reads, checks and reports everything at once as [`Diagnostics`]. What is decided while the pipeline runs is here
//! as functions over data: [`Condition`]s, `$[ ]` ([`RuntimeExpression`]), `$( )` ([`macros`]), the run's number
//! ([`run_name`]), what stages and jobs leave to those that follow ([`Dependencies`]). No files (but through [`Files`]), no
//! processes, no clock.

#[cfg(test)]
mod bench;
mod builtin;
mod catalog;
mod condition;
mod dependencies;
mod deployment;
mod diagnostic;
pub mod expression;
mod files;
mod load;
pub mod macros;
mod matrix;
mod outcome;
mod pipeline;
mod pipeline_resource;
mod place;
pub mod run_name;
mod runtime;
mod suggest;
mod trigger;
pub mod yaml;

pub use builtin::builtin_tasks;
pub use catalog::{ConnectionCatalog, OutputVariable, TaskCatalog, TaskDefinition, TaskInput, TaskVersion, VariableGroupCatalog};
pub use condition::{Condition, ConditionKind, GraphScope, Judgement, StepScope};
pub use dependencies::{Dependencies, JobOutcome, StageOutcome};
pub use deployment::{Deployment, EnvironmentUse, Hook, RunOnce};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use files::{FileError, Files, Repositories, RepositoryError, RepositoryResource};
pub use load::{Expanded, LoadRequest, Loaded, expand, load};
pub use matrix::{Matrix, MatrixError, MatrixLeg, MatrixSource};
pub use outcome::Outcome;
pub use pipeline::{Job, JobKind, Pipeline, Pool, Stage, Step, StepTarget, TaskUse, Variable, VariableItem, WorkspaceClean};
pub use pipeline_resource::{CompletedRun, CompletionTrigger, PipelineResource, matches_completion};
pub use place::{Place, SourceFile};
pub use runtime::{Counter, RuntimeExpression};
pub use trigger::{Filter, Trigger, TriggerFilters, Verdict, matches_policy_paths, matches_pull_request, matches_push, skips_ci};
