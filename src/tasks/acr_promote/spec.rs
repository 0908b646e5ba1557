use slipway_agent::spec::{Category, DataSource, GroupSpec, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

const REGISTRIES: &str = "{{{endpoint.url}}}/subscriptions/{{{endpoint.subscriptionId}}}/providers/Microsoft.ContainerRegistry/registries?api-version=2023-07-01";
const CONNECTION_TYPES: &[(&str, &str)] = &[("azureResourceManager", "Azure Resource Manager"), ("dockerRegistry", "Docker Registry")];

/// The table of the task.
pub const SPEC: TaskSpec = TaskSpec {
    id: "197f9992-b5f8-4aae-8f6b-79d26ecc88db",
    name: "AcrPromote",
    folder: "acr-promote",
    friendly_name: "Promote images to another registry",
    description: "Copies images by digest from one container registry to another, with their referrers, after checking that the CI run that triggered this one built them.",
    help_markdown: "Takes the images of `images.json` (written by ImagePublish). Refuses an image none of whose provenance statements names the run and the commit of the \
        pipeline resource. Copies by digest, sends nothing that is there, verifies each digest in the target, and writes tags only then.",
    category: Category::Deploy,
    version: (1, 0, 0),
    instance_name_format: "Promote images to $(targetAzureContainerRegistry)$(targetContainerRegistry)",
    groups: &[
        GroupSpec { name: "source", display_name: "Source registry", is_expanded: true },
        GroupSpec { name: "target", display_name: "Target registry", is_expanded: true },
        GroupSpec { name: "advanced", display_name: "Advanced", is_expanded: false },
    ],
    inputs: &[
        InputSpec {
            name: "sourceConnectionType",
            label: "Connection type",
            kind: InputKind::PickList,
            default: "azureResourceManager",
            required: true,
            group: Some("source"),
            help: "How the task signs in to the source registry.",
            options: CONNECTION_TYPES,
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "sourceAzureSubscription",
            label: "Azure service connection",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            group: Some("source"),
            visible_rule: Some("sourceConnectionType = azureResourceManager"),
            help: "Connection whose principal may pull from the source registry (*AcrPull*).",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "sourceAzureContainerRegistry",
            label: "Azure container registry",
            kind: InputKind::PickList,
            required: true,
            group: Some("source"),
            visible_rule: Some("sourceConnectionType = azureResourceManager"),
            help: "Name of the source registry, or its login server.",
            properties: &[("EditableOptions", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "sourceContainerRegistry",
            label: "Container registry service connection",
            kind: InputKind::ConnectedService("dockerregistry"),
            required: true,
            group: Some("source"),
            visible_rule: Some("sourceConnectionType = dockerRegistry"),
            help: "Connection of type Docker Registry to the source registry.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "targetConnectionType",
            label: "Connection type",
            kind: InputKind::PickList,
            default: "azureResourceManager",
            required: true,
            group: Some("target"),
            help: "How the task signs in to the target registry.",
            options: CONNECTION_TYPES,
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "targetAzureSubscription",
            label: "Azure service connection",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            group: Some("target"),
            visible_rule: Some("targetConnectionType = azureResourceManager"),
            help: "Connection whose principal may push to the target registry (*AcrPush*, or *Container Registry Repository Writer*).",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "targetAzureContainerRegistry",
            label: "Azure container registry",
            kind: InputKind::PickList,
            required: true,
            group: Some("target"),
            visible_rule: Some("targetConnectionType = azureResourceManager"),
            help: "Name of the target registry, or its login server.",
            properties: &[("EditableOptions", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "targetContainerRegistry",
            label: "Container registry service connection",
            kind: InputKind::ConnectedService("dockerregistry"),
            required: true,
            group: Some("target"),
            visible_rule: Some("targetConnectionType = dockerRegistry"),
            help: "Connection of type Docker Registry to the target registry.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "imagesFile",
            label: "Images file",
            kind: InputKind::FilePath,
            required: true,
            help: "`images.json` of the artifact that the CI run published: `$(Pipeline.Workspace)/ci/images/images.json`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "pipelineResource",
            label: "Pipeline resource",
            default: "ci",
            required: true,
            help: "Alias of the pipeline resource (`resources: pipelines:`) whose run built the images. Its run and commit, as Azure Pipelines tells them to this run, are what \
                the provenance of each image must name.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "services",
            label: "Services",
            kind: InputKind::MultiLine,
            group: Some("advanced"),
            help: "Which services of the images file are promoted, one on each line. Not given: all.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "tags",
            label: "Tags",
            kind: InputKind::MultiLine,
            group: Some("advanced"),
            help: "Labels for people that each image gets in the target, one on each line. Written after every digest was verified there.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "promotedFile",
            label: "Promoted images file",
            kind: InputKind::FilePath,
            group: Some("advanced"),
            help: "Where the references in the target registry are written, in the form of the images file: what a deployment reads. Not given: \
                `$(Build.ArtifactStagingDirectory)/promoted/images.json`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "dryRun",
            label: "Dry run",
            kind: InputKind::Boolean,
            default: "false",
            group: Some("advanced"),
            help: "Checks everything, says what would be copied, and sends nothing.",
            ..InputSpec::DEFAULT
        },
    ],
    data_sources: &[
        DataSource {
            target: "sourceAzureContainerRegistry",
            connection: "sourceAzureSubscription",
            endpoint_url: REGISTRIES,
            result_selector: "jsonpath:$.value[*]",
            result_template: "{\"Value\":\"{{{name}}}\",\"DisplayValue\":\"{{{name}}}\"}",
        },
        DataSource {
            target: "targetAzureContainerRegistry",
            connection: "targetAzureSubscription",
            endpoint_url: REGISTRIES,
            result_selector: "jsonpath:$.value[*]",
            result_template: "{\"Value\":\"{{{name}}}\",\"DisplayValue\":\"{{{name}}}\"}",
        },
    ],
    output_variables: &[
        OutputVariableSpec {
            name: "reference",
            description: "The image in the target registry by digest; with several images, that of the first service.",
        },
        OutputVariableSpec { name: "references", description: "All images in the target registry by digest, separated by commas." },
        OutputVariableSpec { name: "images", description: "The promoted images as JSON, in the form of the images file." },
    ],
    settable_variables: &["reference", "references", "images"],
    release_notes: "First version.",
};
