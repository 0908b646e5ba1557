//! The tasks that a pipeline may name: what their task.json files say.

use serde::Deserialize;

/// What a task.json says, as far as a pipeline needs it. Unknown keys are ignored, as the service does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinition {
    /// GUID.
    pub id: String,
    /// Name in YAML.
    pub name: String,
    /// As shown to people.
    #[serde(default)]
    pub friendly_name: String,
    /// `publisher.extension.contribution`, where it is known: the task may then be named with it before its own name. No part
    /// of task.json itself; a task that comes with Azure Pipelines has none.
    #[serde(default)]
    pub contribution_identifier: Option<String>,
    /// Version.
    pub version: TaskVersion,
    /// Title of a step that has no displayName; may name inputs as `$(input)`.
    #[serde(default)]
    pub instance_name_format: String,
    /// Inputs in order.
    #[serde(default)]
    pub inputs: Vec<TaskInput>,
    /// Names that become output variables by themselves.
    #[serde(default)]
    pub output_variables: Vec<OutputVariable>,
    /// What the task restricts its own commands to.
    #[serde(default)]
    pub restrictions: Option<serde_json::Value>,
    /// Where it runs; absent = on an agent.
    #[serde(default)]
    pub runs_on: Vec<String>,
    /// Handlers by name: `Node20_1` and so on.
    #[serde(default)]
    pub execution: serde_json::Map<String, serde_json::Value>,
    /// Handlers that run before the job's steps.
    #[serde(default, rename = "prejobexecution")]
    pub pre_job_execution: serde_json::Map<String, serde_json::Value>,
    /// Handlers that run after the job's steps.
    #[serde(default, rename = "postjobexecution")]
    pub post_job_execution: serde_json::Map<String, serde_json::Value>,
}

/// Version of a task. Numbers, or numbers as text: both occur in task.json files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskVersion {
    /// Incompatible changes.
    #[serde(deserialize_with = "number_or_text")]
    pub major: u32,
    /// Features.
    #[serde(deserialize_with = "number_or_text")]
    pub minor: u32,
    /// Fixes.
    #[serde(deserialize_with = "number_or_text")]
    pub patch: u32,
}

impl std::fmt::Display for TaskVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

fn number_or_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let number = match &value {
        serde_json::Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| serde::de::Error::custom(format!("expected a version number, found {value}")))
}

/// An input of a task.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskInput {
    /// Canonical name.
    pub name: String,
    /// Other names that YAML may use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// `string`, `boolean`, `filePath`, `connectedService:AzureRM`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Label in the editor.
    #[serde(default)]
    pub label: String,
    /// A text or a boolean.
    #[serde(default)]
    pub default_value: Option<serde_json::Value>,
    /// Whether the editor requires it.
    #[serde(default)]
    pub required: bool,
    /// When the editor shows it.
    #[serde(default)]
    pub visible_rule: Option<String>,
}

/// A declared output variable.
#[derive(Clone, Debug, Deserialize)]
pub struct OutputVariable {
    /// Name.
    pub name: String,
}

/// The tasks that a pipeline may name.
pub trait TaskCatalog {
    /// All definitions; several versions of one task are several entries.
    fn definitions(&self) -> &[TaskDefinition];
}

/// Service connections that exist, by name or GUID, for the compile-time check of `connectedService:` inputs.
pub trait ConnectionCatalog {
    /// The GUID of the connection that `name_or_id` names and that is of `kind` (`AzureRM`), if there is one.
    fn resolve(&self, kind: &str, name_or_id: &str) -> Option<String>;
    /// The names of all connections of `kind`, for the hint of an error.
    fn names(&self, kind: &str) -> Vec<String>;
}

/// The variable groups that exist. Their values come at run time.
pub trait VariableGroupCatalog {
    /// The names of all groups.
    fn names(&self) -> Vec<String>;
}
