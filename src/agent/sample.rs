//! A task for the tests of this crate, with an input of every type.

use crate::spec::{Category, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

pub(crate) const SPEC: TaskSpec = TaskSpec {
    id: "7f0f5b1e-6f5b-4b76-9b0b-0a7c3c6f2f10",
    name: "Sample",
    folder: "sample",
    friendly_name: "Sample",
    description: "A task for tests.",
    help_markdown: "",
    category: Category::Test,
    version: (1, 2, 3),
    instance_name_format: "Sample",
    groups: &[],
    inputs: &[
        InputSpec { name: "text", aliases: &["otherText"], label: "Some text", required: true, ..InputSpec::DEFAULT },
        InputSpec { name: "note", label: "Note", ..InputSpec::DEFAULT },
        InputSpec { name: "flag", label: "Flag", kind: InputKind::Boolean, default: "false", ..InputSpec::DEFAULT },
        InputSpec { name: "count", label: "Count", kind: InputKind::Int, default: "3", ..InputSpec::DEFAULT },
        InputSpec { name: "manifest", label: "Manifest", kind: InputKind::FilePath, ..InputSpec::DEFAULT },
        InputSpec { name: "lines", label: "Lines", kind: InputKind::MultiLine, ..InputSpec::DEFAULT },
        InputSpec {
            name: "strategy",
            label: "Strategy",
            kind: InputKind::PickList,
            default: "rolling",
            options: &[("rolling", "Rolling"), ("canary", "Canary")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "percent",
            label: "Canary percentage",
            kind: InputKind::Int,
            required: true,
            visible_rule: Some("strategy = canary"),
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "environments",
            label: "Environments",
            kind: InputKind::PickList,
            options: &[("a", "A"), ("b", "B")],
            properties: &[("MultiSelect", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec { name: "certificate", label: "Certificate", kind: InputKind::SecureFile, ..InputSpec::DEFAULT },
        InputSpec { name: "approvers", label: "Approvers", kind: InputKind::Identities, ..InputSpec::DEFAULT },
        InputSpec { name: "query", label: "Query", kind: InputKind::QueryControl, ..InputSpec::DEFAULT },
        InputSpec {
            name: "connection",
            label: "Azure subscription",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            ..InputSpec::DEFAULT
        },
        InputSpec { name: "timeoutInMinutes", label: "Time limit", kind: InputKind::String, default: "0", ..InputSpec::DEFAULT },
    ],
    data_sources: &[],
    output_variables: &[OutputVariableSpec { name: "sampleCount", description: "How many." }],
    settable_variables: &["*"],
    release_notes: "",
};
