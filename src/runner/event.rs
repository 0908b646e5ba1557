//! What happens in a run, as it happens. The terminal renders these; they hold no secret: text has passed the masker.

use std::path::PathBuf;
use std::time::Duration;

use slipway_pipelines::Outcome;

use crate::approval::Question;

/// Result of a stage, job, step or run (the agent's `TaskResult`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaskResult {
    /// All well.
    Succeeded,
    /// Well, with issues.
    SucceededWithIssues,
    /// Failed.
    Failed,
    /// Canceled.
    Canceled,
    /// Not run.
    Skipped,
}

impl From<TaskResult> for Outcome {
    fn from(result: TaskResult) -> Self {
        match result {
            TaskResult::Succeeded => Self::Succeeded,
            TaskResult::SucceededWithIssues => Self::SucceededWithIssues,
            TaskResult::Failed => Self::Failed,
            TaskResult::Canceled => Self::Canceled,
            TaskResult::Skipped => Self::Skipped,
        }
    }
}

/// Identifies a job of the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobKey {
    /// Stage's reference name.
    pub stage: String,
    /// Job's reference name.
    pub job: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The run exists.
    RunStarted {
        /// Number in this state folder, from 1 (`Build.BuildId`).
        id: u64,
        /// `Build.BuildNumber`.
        number: String,
        /// Name of the pipeline.
        pipeline: String,
        /// Where the run is stored.
        folder: PathBuf,
    },
    /// A remark on the whole run (uncommitted changes are included; X is not simulated).
    Notice(String),
    /// A stage begins.
    StageStarted {
        /// Reference name.
        stage: String,
        /// Display name.
        display_name: String,
    },
    /// A stage is over, or was skipped.
    StageCompleted {
        /// Reference name.
        stage: String,
        /// Display name.
        display_name: String,
        /// Result.
        result: TaskResult,
        /// How long it took.
        duration: Duration,
        /// Why it was skipped or canceled, empty otherwise.
        reason: String,
    },
    /// A job begins.
    JobStarted {
        /// Which.
        job: JobKey,
        /// Display name.
        display_name: String,
        /// Name of the agent; empty where none runs it.
        agent: String,
    },
    /// A job turns out to be several: the legs of a matrix, the hooks of a deployment. They take its place.
    JobDivided {
        /// Which.
        job: JobKey,
        /// What it consists of, with display names.
        parts: Vec<(JobKey, String)>,
    },
    /// A job is over, or was skipped.
    JobCompleted {
        /// Which.
        job: JobKey,
        /// Display name.
        display_name: String,
        /// Result.
        result: TaskResult,
        /// How long it took.
        duration: Duration,
        /// Why it was skipped or canceled, empty otherwise.
        reason: String,
    },
    /// A step begins.
    StepStarted {
        /// Of which job.
        job: JobKey,
        /// Position in the job's record, from 0.
        step: usize,
        /// Display name, macros expanded.
        display_name: String,
    },
    /// A line of a step's log, masked.
    StepOutput {
        /// Of which job.
        job: JobKey,
        /// Position.
        step: usize,
        /// The line without its end.
        line: String,
    },
    /// `task.setprogress`.
    StepProgress {
        /// Of which job.
        job: JobKey,
        /// Position.
        step: usize,
        /// 0 to 100.
        percent: u8,
        /// What is being done.
        text: String,
    },
    /// A step is over, or was skipped.
    StepCompleted {
        /// Of which job.
        job: JobKey,
        /// Position.
        step: usize,
        /// Display name.
        display_name: String,
        /// Result.
        result: TaskResult,
        /// How long it took.
        duration: Duration,
        /// Its errors and warnings as the agent keeps them.
        issues: Vec<Issue>,
        /// File with its whole log.
        log: PathBuf,
    },
    /// The run goes on after a stop: what this stage, or this job of it, did before is kept.
    Kept {
        /// Reference name.
        stage: String,
        /// Reference name of the job; absent: the whole stage.
        job: Option<String>,
        /// Its result.
        result: TaskResult,
    },
    /// A person is asked.
    Asked {
        /// What.
        question: Question,
    },
    /// A question has an answer, or it is too late for one.
    Answered {
        /// Which, with its outcome.
        question: Question,
    },
    /// The run stops: it waits for answers, and nobody is there to give them. It can be resumed.
    RunWaiting {
        /// What it waits for.
        questions: Vec<Question>,
    },
    /// The run is over.
    RunCompleted {
        /// Result.
        result: TaskResult,
        /// How long it took.
        duration: Duration,
    },
}

/// An error or a warning of a step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// Error or warning.
    pub kind: IssueKind,
    /// Message, masked.
    pub message: String,
}

/// Kind of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IssueKind {
    /// Error.
    Error,
    /// Warning.
    Warning,
}
