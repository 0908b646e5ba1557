//! A task that has one of everything, for the tests.

use slipway_agent::spec::{Category, DataSource, GroupSpec, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

pub(crate) const SAMPLE: TaskSpec = TaskSpec {
    id: "5ad0f1f4-5c9c-4e0a-9d1c-3f2b8e7a6c5d",
    name: "BoatPaint",
    folder: "boat-paint",
    friendly_name: "Paint a boat",
    description: "Paints a boat of the fleet.",
    help_markdown: "[Reference](https://example.com)",
    category: Category::Utility,
    version: (1, 2, 3),
    instance_name_format: "Paint $(boat)",
    groups: &[GroupSpec { name: "finish", display_name: "Finish", is_expanded: false }],
    inputs: &[
        InputSpec {
            name: "connection",
            aliases: &["azureSubscription"],
            label: "Azure connection",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            help: "The connection that knows the fleet.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "boat",
            label: "Boat",
            kind: InputKind::PickList,
            required: true,
            help: "One boat | or another.\n\nSecond paragraph.",
            properties: &[("EditableOptions", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "finish",
            label: "Finish",
            kind: InputKind::PickList,
            default: "matt",
            group: Some("finish"),
            help: "How it shines.",
            options: &[("matt", "Matt"), ("gloss", "High gloss")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "coats",
            label: "Coats",
            kind: InputKind::Int,
            default: "2",
            group: Some("finish"),
            visible_rule: Some("finish = gloss"),
            help: "How many.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "notes",
            label: "Notes",
            kind: InputKind::MultiLine,
            help: "For the painter.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "dryRun",
            label: "Dry run",
            kind: InputKind::Boolean,
            default: "false",
            help: "Only say it.",
            ..InputSpec::DEFAULT
        },
    ],
    data_sources: &[DataSource {
        target: "boat",
        connection: "connection",
        endpoint_url: "{{{endpoint.url}}}/subscriptions/{{{endpoint.subscriptionId}}}/boats?api-version=2024-01-01",
        result_selector: "jsonpath:$.value[*]",
        result_template: r#"{"Value":"{{{name}}}","DisplayValue":"{{{name}}}"}"#,
    }],
    output_variables: &[OutputVariableSpec { name: "colour", description: "The colour that it has now." }],
    settable_variables: &["colour", "boat.*"],
    release_notes: "The first brush.",
};
