//! The table that describes a task. The input parser, `task.json` and the reference part of the docs page all come from
//! it (facts/azure-pipelines-tasks.md 2).

/// A task as the Marketplace, the editors and the agent know it.
#[derive(Debug)]
pub struct TaskSpec {
    /// GUID. Never changes, not even with a new major version.
    pub id: &'static str,
    /// Name in YAML, `^[A-Za-z0-9\-]+$`.
    pub name: &'static str,
    /// Folder and binary name: `keyvault-fetch`.
    pub folder: &'static str,
    /// Title, at most 40 characters.
    pub friendly_name: &'static str,
    /// One or two sentences.
    pub description: &'static str,
    /// Markdown shown beside the form.
    pub help_markdown: &'static str,
    /// Tab of the classic editor under which the task is listed.
    pub category: Category,
    /// Major, minor, patch. Agents cache by version: each publication raises at least the patch.
    pub version: (u32, u32, u32),
    /// Title of a step without a display name; may name inputs as `$(input)`.
    pub instance_name_format: &'static str,
    /// Groups of the form, in order.
    pub groups: &'static [GroupSpec],
    /// Inputs in the order of the form.
    pub inputs: &'static [InputSpec],
    /// Queries that fill pick lists in the editors.
    pub data_sources: &'static [DataSource],
    /// Output variables under fixed names.
    pub output_variables: &'static [OutputVariableSpec],
    /// Patterns of the variables that the task may set (`restrictions.settableVariables.allowed`).
    pub settable_variables: &'static [&'static str],
    /// What is new, shown in the editor.
    pub release_notes: &'static str,
}

/// Tab of the classic editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Build.
    Build,
    /// Deploy.
    Deploy,
    /// Test.
    Test,
    /// Utility.
    Utility,
}

/// A group of inputs.
#[derive(Debug)]
pub struct GroupSpec {
    /// Name that inputs refer to.
    pub name: &'static str,
    /// Title.
    pub display_name: &'static str,
    /// Whether it starts unfolded.
    pub is_expanded: bool,
}

/// An input.
#[derive(Debug)]
pub struct InputSpec {
    /// Canonical name, `^[A-Za-z][A-Za-z0-9]*$`.
    pub name: &'static str,
    /// Other names that YAML may use.
    pub aliases: &'static [&'static str],
    /// Label in the form.
    pub label: &'static str,
    /// Type.
    pub kind: InputKind,
    /// Default, empty for none.
    pub default: &'static str,
    /// Whether a value is needed (where the input is visible).
    pub required: bool,
    /// Group, if it is in one.
    pub group: Option<&'static str>,
    /// When the form shows it: `a = b && c != d`. Inputs tied by a rule are in the same group.
    pub visible_rule: Option<&'static str>,
    /// Help, Markdown.
    pub help: &'static str,
    /// Values and labels of a pick list or radio group.
    pub options: &'static [(&'static str, &'static str)],
    /// Further properties of the editor's control: `EditableOptions`, `rows`, ...
    pub properties: &'static [(&'static str, &'static str)],
}

impl InputSpec {
    /// An optional text input; the base of struct-update syntax in the tables.
    pub const DEFAULT: Self = Self {
        name: "",
        aliases: &[],
        label: "",
        kind: InputKind::String,
        default: "",
        required: false,
        group: None,
        visible_rule: None,
        help: "",
        options: &[],
        properties: &[],
    };
}

/// Type of an input: every type that task.json knows (facts/azure-pipelines-tasks.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// One line of text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Int,
    /// A path; the agent roots it, and an empty one becomes the root folder.
    FilePath,
    /// Several lines.
    MultiLine,
    /// One of [`InputSpec::options`] (or several, or other text, by property).
    PickList,
    /// One of [`InputSpec::options`].
    Radio,
    /// A file of the library of secure files: a GUID.
    SecureFile,
    /// Users or groups.
    Identities,
    /// A work item query.
    QueryControl,
    /// A service connection of this type (`AzureRM`), optionally with schemes (`AzureRM:ServicePrincipal,...`).
    ConnectedService(&'static str),
}

/// A query that fills the pick list of an input in the editors.
#[derive(Debug)]
pub struct DataSource {
    /// Input whose list is filled.
    pub target: &'static str,
    /// Connection input that it asks through.
    pub connection: &'static str,
    /// Address, with mustache parts.
    pub endpoint_url: &'static str,
    /// JSONPath of the items.
    pub result_selector: &'static str,
    /// Template of an item.
    pub result_template: &'static str,
}

/// An output variable under a fixed name. (Names that only the user knows cannot be listed here; listing a name makes
/// every `setvariable` of it an output: facts/azure-pipelines-tasks.md 2.4.)
#[derive(Debug)]
pub struct OutputVariableSpec {
    /// Name.
    pub name: &'static str,
    /// What it holds.
    pub description: &'static str,
}
