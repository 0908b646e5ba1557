use serde::{Deserialize, Serialize};

use crate::Digest;

/// What one run of one task did: the unit of which a delivery record is made.
///
/// Written as an attachment of type [`Fragment::ATTACHMENT_TYPE`] (facts/extension-ui.md 3.1), rendered as Markdown in
/// the run's summary, read by the Delivery tab. A reader must accept fragments of older versions of the tasks; so
/// fields are only ever added, with a default. There is no field that could hold a secret's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fragment {
    /// Version of this format. A reader refuses a higher one.
    pub schema: u32,
    /// The task that wrote this.
    pub task: TaskReference,
    /// When the task ended, RFC 3339 in UTC.
    pub at: String,
    /// Reference name of the stage, empty where the host has none.
    #[serde(default)]
    pub stage: String,
    /// Reference name of the job.
    #[serde(default)]
    pub job: String,
    /// The attempt of the job, 1 for the first.
    #[serde(default)]
    pub attempt: u32,
    /// How the task ended.
    pub outcome: Outcome,
    /// Whether the task only planned (`dryRun`).
    #[serde(default)]
    pub dry_run: bool,
    /// What was done.
    pub facts: Facts,
    /// What went wrong, most important first.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

impl Fragment {
    /// The current value of [`Fragment::schema`].
    pub const SCHEMA: u32 = 1;
    /// The attachment type under which fragments are stored.
    pub const ATTACHMENT_TYPE: &str = "delivery.v1";
}

/// The task that wrote a fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskReference {
    /// Name as in YAML without version: `KeyVaultFetch`.
    pub name: String,
    /// Full version: `1.0.0`.
    pub version: String,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// All was done.
    Succeeded,
    /// All was done, with warnings.
    SucceededWithIssues,
    /// Something was not done.
    Failed,
    /// A person or a deadline ended it.
    Canceled,
}

/// What a task did, by kind of task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Facts {
    /// Secrets were fetched from a key vault.
    Secrets(SecretsFacts),
    /// Sources were checked.
    Checks(ChecksFacts),
    /// An image was built and pushed.
    Image(ImageFacts),
    /// Images were copied from one registry to another.
    Promotion(PromotionFacts),
}

/// Which secrets were fetched from which vault. Names and versions, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretsFacts {
    /// Name of the vault.
    pub vault: String,
    /// Address of the vault.
    pub vault_url: String,
    /// The secrets in the order of the mapping.
    pub secrets: Vec<SecretFact>,
}

/// One secret of a mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretFact {
    /// The pipeline variable that was set.
    pub variable: String,
    /// Name in the vault.
    pub name: String,
    /// The version that was read (32 hexadecimal digits), absent when it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the mapping named that version.
    #[serde(default)]
    pub pinned: bool,
    /// When the secret expires, RFC 3339, where the vault says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// Which image was built of which files and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageFacts {
    /// Name of the service.
    pub service: String,
    /// Host of the registry.
    pub registry: String,
    /// Repository in it.
    pub repository: String,
    /// Digest of the manifest; absent when nothing was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// `linux/amd64`.
    pub platform: String,
    /// The folder of files, from the root of the sources.
    pub folder: String,
    /// The base image by digest, absent where the image is built on nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Sum of the layers' sizes in bytes, as sent.
    #[serde(default)]
    pub bytes: u64,
    /// Tags that name the image now.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Digest of the provenance referrer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Digest>,
}

/// Which images were copied from where to where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromotionFacts {
    /// Host of the registry they come from.
    pub source: String,
    /// Host of the registry they go to.
    pub target: String,
    /// Number of the CI run that built them.
    pub run: String,
    /// Commit that they were built of.
    pub commit: String,
    /// The images in the order of the services' names.
    pub images: Vec<PromotedImage>,
}

/// An image of a promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromotedImage {
    /// Name of the service.
    pub service: String,
    /// Repository in both registries.
    pub repository: String,
    /// Digest of the manifest or index, the same in both.
    pub digest: Digest,
    /// The provenance referrer that names the run and the commit; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Digest>,
    /// `promoted`, `was there`, `refused`, `not copied`; `planned` in a dry run.
    pub outcome: String,
    /// Bytes that were sent.
    #[serde(default)]
    pub bytes: u64,
    /// Tags that were written in the target.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Which checks ran, what they found, which tests failed. Texts are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChecksFacts {
    /// The folder that was checked, from the root of the sources; `.` for the root.
    pub folder: String,
    /// The checks in the order in which they ran.
    pub checks: Vec<CheckFact>,
    /// Number of findings that are errors.
    pub errors: usize,
    /// Number of other findings.
    pub warnings: usize,
    /// The findings that matter most.
    pub findings: Vec<FindingFact>,
    /// Number of tests.
    pub tests: usize,
    /// Number of tests that failed or did not end.
    pub failed: usize,
    /// Number of tests that did not run.
    pub skipped: usize,
    /// The first tests that failed.
    pub failures: Vec<FindingFact>,
}

/// A check of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckFact {
    /// `format`, `lint`, `build`, `unit-tests`, `integration-tests`.
    pub check: String,
    /// The workspace's folder, from the folder that was checked.
    pub workspace: String,
    /// `passed`, `failed`, `timed out`, `stopped`, `not run`; `planned` in a dry run.
    pub outcome: String,
    /// How long it took.
    pub milliseconds: u64,
    /// Why it did not pass; empty if it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A finding, or a test that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingFact {
    /// The rule, or the test's name.
    pub name: String,
    /// What is wrong.
    pub message: String,
    /// `path:line:column` from the root of the sources; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// Something that went wrong, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Stable code: `SLIP-KV-404-SECRET`.
    pub code: String,
    /// What failed, and because of what.
    pub message: String,
    /// The next step for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
}
