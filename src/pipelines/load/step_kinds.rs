//! The kinds of steps, and the task that each stands for (facts/pipeline-yaml.md 2.2, "Shorthand mapping").

use super::section::Keys;
use crate::builtin;

macro_rules! keys {
    ($what:literal, $($key:literal),*) => {
        Keys {
            what: $what,
            known: &[
                $($key,)*
                "condition", "continueOnError", "displayName", "target", "enabled", "env", "name", "timeoutInMinutes", "retryCountOnTaskFailure",
            ],
            refused: &[],
        }
    };
}

/// A kind of step.
pub(super) struct StepKind {
    pub(super) keys: Keys,
    /// The task that it stands for; empty for `task`, which names its own.
    pub(super) task: &'static str,
    /// Input that gets the value of the first key.
    pub(super) input: &'static str,
    /// Keys that are inputs, with the name of the input.
    pub(super) inputs: &'static [(&'static str, &'static str)],
    /// Inputs that every such step has.
    pub(super) fixed: &'static [(&'static str, &'static str)],
}

const SCRIPT_INPUTS: &[(&str, &str)] = &[("workingDirectory", "workingDirectory"), ("failOnStderr", "failOnStderr")];

/// All kinds, by their first keys.
pub(super) const KINDS: &[(&str, StepKind)] = &[
    ("task", StepKind { keys: keys!("a task step", "task", "inputs"), task: "", input: "", inputs: &[], fixed: &[] }),
    (
        "script",
        StepKind {
            keys: keys!("a script step", "script", "workingDirectory", "failOnStderr"),
            task: builtin::CMD_LINE,
            input: "script",
            inputs: SCRIPT_INPUTS,
            fixed: &[],
        },
    ),
    (
        "bash",
        StepKind {
            keys: keys!("a bash step", "bash", "workingDirectory", "failOnStderr"),
            task: builtin::BASH,
            input: "script",
            inputs: SCRIPT_INPUTS,
            fixed: &[("targetType", "inline")],
        },
    ),
    (
        "checkout",
        StepKind {
            keys: keys!(
                "a checkout step",
                "checkout",
                "clean",
                "fetchDepth",
                "fetchFilter",
                "fetchTags",
                "lfs",
                "persistCredentials",
                "submodules",
                "path",
                "sparseCheckoutDirectories",
                "sparseCheckoutPatterns",
                "workspaceRepo"
            ),
            task: builtin::CHECKOUT,
            input: "repository",
            inputs: &[
                ("clean", "clean"),
                ("fetchDepth", "fetchDepth"),
                ("fetchFilter", "fetchFilter"),
                ("fetchTags", "fetchTags"),
                ("lfs", "lfs"),
                ("persistCredentials", "persistCredentials"),
                ("submodules", "submodules"),
                ("path", "path"),
                ("sparseCheckoutDirectories", "sparseCheckoutDirectories"),
                ("sparseCheckoutPatterns", "sparseCheckoutPatterns"),
                ("workspaceRepo", "workspaceRepo"),
            ],
            fixed: &[],
        },
    ),
    (
        "publish",
        StepKind {
            keys: keys!("a publish step", "publish", "artifact"),
            task: builtin::PUBLISH,
            input: "path",
            inputs: &[("artifact", "artifactName")],
            fixed: &[],
        },
    ),
    (
        "download",
        StepKind {
            keys: keys!("a download step", "download", "artifact", "patterns", "path"),
            task: builtin::DOWNLOAD,
            input: "source",
            inputs: &[("artifact", "artifact"), ("patterns", "patterns"), ("path", "path")],
            fixed: &[],
        },
    ),
];

/// Keys of shorthand steps whose values are boolean words.
pub(super) const BOOLEAN_KEYS: &[&str] =
    &["failOnStderr", "clean", "fetchTags", "lfs", "persistCredentials", "submodules", "workspaceRepo"];

/// Kinds of Azure Pipelines that are refused, with what to do instead.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("pwsh", "use `bash`, or call `pwsh` in a `script`"),
    ("powershell", "use `bash`, or call `pwsh` in a `script`"),
    ("downloadBuild", "use `download`, or the task `DownloadPipelineArtifact@2`"),
    ("getPackage", "fetch the package in a `script`"),
    ("upload", "use `publish`"),
    ("reviewApp", "deploy in a `task` step"),
];
