//! The formats of the run store. Fields are only ever added, with a default.

use serde::{Deserialize, Serialize};

use crate::approval::Question;
use crate::consumed::ConsumedRun;
use crate::event::{Issue, TaskResult};

/// `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// Version of this format.
    pub schema: u32,
    /// Number of the run in this state folder (`Build.BuildId`).
    pub id: u64,
    /// `Build.BuildNumber`.
    pub number: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Its file, relative to the repository's root.
    pub file: String,
    /// Number of the pipeline in this state folder (`System.DefinitionId`).
    pub pipeline_id: u64,
    /// What started it; absent in records of before it was kept, all of which a person started.
    #[serde(default)]
    pub event: EventRecord,
    /// The runs of other pipelines that it uses.
    #[serde(default)]
    pub pipeline_runs: Vec<ConsumedRun>,
    /// Branch of the repository, or `refs/pull/1/merge`; empty outside of git.
    pub branch: String,
    /// Commit of the repository, empty outside of git.
    pub commit: String,
    /// Paths with changes that the commit does not have.
    #[serde(default)]
    pub uncommitted: Vec<String>,
    /// Who ran it.
    pub requested_for: String,
    /// Whether it is over.
    pub state: RunState,
    /// Its result, when it is over.
    pub result: Option<TaskResult>,
    /// RFC 3339.
    pub started: String,
    /// RFC 3339.
    pub finished: Option<String>,
    /// Remarks on the whole run: what is not simulated, uncommitted changes.
    #[serde(default)]
    pub notices: Vec<String>,
    /// `build.addbuildtag`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What people were asked, with what they answered.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// `System.PlanId`.
    #[serde(default)]
    pub plan_id: String,
    /// Values that `counter()` gave, by prefix: they stay the same when the run goes on after a stop.
    #[serde(default)]
    pub counters: Vec<(String, i32)>,
    /// Stages in the pipeline's order.
    pub stages: Vec<StageRecord>,
    /// Artifacts in the order in which they were published.
    #[serde(default)]
    pub artifacts: Vec<ArtifactRecord>,
    /// `task.addattachment` and `task.uploadfile`.
    #[serde(default)]
    pub attachments: Vec<AttachmentRecord>,
    /// `task.uploadsummary`.
    #[serde(default)]
    pub summaries: Vec<AttachmentRecord>,
    /// Sums over `tests.json`.
    #[serde(default)]
    pub tests: TestTotals,
}

impl RunRecord {
    /// The current value of [`RunRecord::schema`].
    pub const SCHEMA: u32 = 1;
}

/// What started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// `Build.Reason`.
    pub reason: String,
    /// Of a pull request.
    #[serde(default)]
    pub pull_request: Option<PullRequestRecord>,
    /// Of the completion of another run: the alias of the pipeline resource that it is.
    #[serde(default)]
    pub resource: Option<String>,
}

impl Default for EventRecord {
    fn default() -> Self {
        Self { reason: "Manual".to_owned(), pull_request: None, resource: None }
    }
}

/// The pull request that started a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestRecord {
    /// Its number.
    pub id: u64,
    /// `refs/heads/feature`.
    pub source_branch: String,
    /// `refs/heads/main`.
    pub target_branch: String,
    /// Whether it was a draft.
    #[serde(default)]
    pub is_draft: bool,
}

/// Whether a run is over. A run that is in progress and whose process is gone was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunState {
    /// Jobs run or wait.
    InProgress,
    /// It stopped at a question that nobody was there to answer; it can be resumed.
    Waiting,
    /// Over.
    Completed,
}

/// A stage of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRecord {
    /// Reference name.
    pub name: String,
    /// As shown.
    pub display_name: String,
    /// Absent while it waits or runs.
    pub result: Option<TaskResult>,
    /// Why it was skipped or canceled.
    #[serde(default)]
    pub reason: String,
    /// RFC 3339.
    pub started: Option<String>,
    /// RFC 3339.
    pub finished: Option<String>,
    /// Jobs in the pipeline's order.
    pub jobs: Vec<JobRecord>,
}

/// A job of a stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Reference name: the job's, or, of a leg or a hook, `job.part`.
    pub name: String,
    /// The job that it is a part of, where a matrix or the hooks of a deployment divide it; else empty.
    #[serde(default)]
    pub job: String,
    /// Its name in that job, the prefix of its outputs.
    #[serde(default)]
    pub part: String,
    /// As shown.
    pub display_name: String,
    /// Name of the agent that ran it, empty if none did.
    #[serde(default)]
    pub agent: String,
    /// Absent while it waits or runs.
    pub result: Option<TaskResult>,
    /// Why it was skipped or canceled, or failed outside of a step.
    #[serde(default)]
    pub reason: String,
    /// RFC 3339.
    pub started: Option<String>,
    /// RFC 3339.
    pub finished: Option<String>,
    /// The agent's own log, relative to the run's folder.
    #[serde(default)]
    pub log: String,
    /// Steps in the order in which they ran, those of `prejobexecution` and `postjobexecution` included.
    pub steps: Vec<StepRecord>,
    /// Output variables that are not secret: `step.name`.
    #[serde(default)]
    pub outputs: Vec<(String, String)>,
    /// Names of outputs that are not as they were: they held a secret, which is not stored.
    #[serde(default)]
    pub masked_outputs: Vec<String>,
}

impl JobRecord {
    /// A job that waits.
    pub(crate) fn new(name: &str, display_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            job: String::new(),
            part: String::new(),
            display_name: display_name.to_owned(),
            agent: String::new(),
            result: None,
            reason: String::new(),
            started: None,
            finished: None,
            log: String::new(),
            steps: Vec::new(),
            outputs: Vec::new(),
            masked_outputs: Vec::new(),
        }
    }
}

/// A step of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// Reference name.
    pub name: String,
    /// As shown.
    pub display_name: String,
    /// `KeyVaultFetch@1.0.0`.
    pub task: String,
    /// Absent while it runs.
    pub result: Option<TaskResult>,
    /// RFC 3339.
    pub started: Option<String>,
    /// RFC 3339.
    pub finished: Option<String>,
    /// The issues that the agent keeps: the first ten errors and the first ten warnings.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Number of errors, those that are not kept included.
    #[serde(default)]
    pub errors: usize,
    /// Number of warnings, those that are not kept included.
    #[serde(default)]
    pub warnings: usize,
    /// Its log, relative to the run's folder.
    pub log: String,
}

/// An artifact.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRecord {
    /// Name.
    pub name: String,
    /// `PipelineArtifact` (published as such), `Container` (`artifact.upload`), or what `artifact.associate` named.
    pub kind: String,
    /// Folder relative to the run's, or what `artifact.associate` pointed to.
    pub location: String,
    /// `stage.job` that published it.
    pub job: String,
    /// Number of files.
    #[serde(default)]
    pub files: usize,
    /// Size of all files.
    #[serde(default)]
    pub bytes: u64,
}

/// An attachment or a summary.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentRecord {
    /// Type: `delivery.v1`, `Distributedtask.Core.Summary`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name.
    pub name: String,
    /// File, relative to the run's folder.
    pub file: String,
    /// `stage.job` that wrote it.
    pub job: String,
    /// Reference name of the step that wrote it.
    pub step: String,
}

/// `tests.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// Version of this format, 1.
    pub schema: u32,
    /// Test runs in the order in which they were published.
    pub runs: Vec<TestRun>,
}

/// What one result file, or several merged ones, say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestRun {
    /// Title.
    pub title: String,
    /// `stage.job` that published it.
    pub job: String,
    /// Counts.
    pub totals: TestTotals,
    /// Test cases that did not pass.
    pub cases: Vec<TestCase>,
}

/// Counts of test cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestTotals {
    /// All.
    pub total: usize,
    /// Passed.
    pub passed: usize,
    /// Failed, errors included.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
    /// Sum of durations in seconds.
    pub seconds: f64,
}

impl TestTotals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.seconds += other.seconds;
    }
}

/// A test case that did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// Suite or class.
    pub suite: String,
    /// Name.
    pub name: String,
    /// What became of it.
    pub outcome: TestOutcome,
    /// Message of the failure.
    #[serde(default)]
    pub message: String,
    /// Details: the text of the failure.
    #[serde(default)]
    pub details: String,
}

/// What became of a test case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TestOutcome {
    /// It failed.
    Failed,
    /// It was not run.
    Skipped,
}
