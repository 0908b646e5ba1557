use slipway_agent::spec::{Category, DataSource, GroupSpec, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

/// The table of the task.
pub const SPEC: TaskSpec = TaskSpec {
    id: "363508e8-7f6e-434c-b83e-4dc362e95cc7",
    name: "ImagePublish",
    folder: "image-publish",
    friendly_name: "Build and push a container image",
    description: "Builds an OCI image from a folder of files, without a Docker daemon, and pushes it to a container registry with its provenance.",
    help_markdown: "The image is reproducible: the same files and settings give the same digest on any day and machine. What differs from run to run \
        (run, commit, pipeline) goes into a provenance statement (SLSA v1) that is attached to the image as a referrer. The principal needs the role *AcrPush* on the registry.",
    category: Category::Deploy,
    version: (1, 0, 0),
    instance_name_format: "Build and push $(repository)",
    groups: &[
        GroupSpec { name: "image", display_name: "Image", is_expanded: true },
        GroupSpec { name: "advanced", display_name: "Advanced", is_expanded: false },
    ],
    inputs: &[
        InputSpec {
            name: "connectionType",
            label: "Connection type",
            kind: InputKind::PickList,
            default: "azureResourceManager",
            required: true,
            help: "How the task signs in to the registry.",
            options: &[("azureResourceManager", "Azure Resource Manager"), ("dockerRegistry", "Docker Registry")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "azureSubscription",
            aliases: &["ConnectedServiceName"],
            label: "Azure service connection",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            visible_rule: Some("connectionType = azureResourceManager"),
            help: "Connection of type Azure Resource Manager whose principal may push to the registry (*AcrPush*, or *Container Registry Repository Writer*).",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "azureContainerRegistry",
            label: "Azure container registry",
            kind: InputKind::PickList,
            required: true,
            visible_rule: Some("connectionType = azureResourceManager"),
            help: "Name of the registry, or its login server. The list shows the registries of the connection's subscription; one of another can be typed.",
            properties: &[("EditableOptions", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "containerRegistry",
            label: "Container registry service connection",
            kind: InputKind::ConnectedService("dockerregistry"),
            required: true,
            visible_rule: Some("connectionType = dockerRegistry"),
            help: "Connection of type Docker Registry.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "repository",
            label: "Repository",
            required: true,
            help: "Repository in the registry: `shop/orders`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "folder",
            label: "Folder",
            kind: InputKind::FilePath,
            required: true,
            help: "The files of the image: a build's output. Links inside of the folder are kept; one that leaves it is an error.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "entryPoint",
            label: "Entry point",
            kind: InputKind::MultiLine,
            help: "The program that a container starts, one argument on each line: `/app/orders`. Needed where there is no base image that has one.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "destination",
            label: "Folder in the image",
            default: "/app",
            required: true,
            group: Some("image"),
            help: "Where the files lie in the image, absolute.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "command",
            label: "Command",
            kind: InputKind::MultiLine,
            group: Some("image"),
            help: "Arguments after the entry point that whoever starts a container may replace, one on each line.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "environment",
            label: "Environment variables",
            kind: InputKind::MultiLine,
            group: Some("image"),
            help: "`NAME=value` on each line. Everybody who can pull the image can read them: no secrets.",
            properties: &[("rows", "4"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "user",
            label: "User",
            default: "65532:65532",
            group: Some("image"),
            help: "User and group of the program, numbers preferred: a cluster that demands `runAsNonRoot` can judge only those.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "workingDirectory",
            label: "Working directory",
            default: "/app",
            group: Some("image"),
            help: "Folder in which the program starts, absolute.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "ports",
            label: "Ports",
            group: Some("image"),
            help: "Ports on which the program listens, separated by commas: `8080, 9090/udp`. For people and tools; nothing is opened by it.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "labels",
            label: "Labels",
            kind: InputKind::MultiLine,
            group: Some("image"),
            help: "`name=value` on each line. What differs from run to run makes another digest each time: that belongs into the provenance, where it is anyway.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "platform",
            label: "Platform",
            default: "linux/amd64",
            required: true,
            group: Some("image"),
            help: "Operating system and architecture: `linux/amd64`, `linux/arm64`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "baseImage",
            label: "Base image",
            group: Some("image"),
            help: "Image under the files, with its registry: `contoso.azurecr.io/base/runtime@sha256:…`. A tag is resolved once, and the digest is recorded. Not given: \
                nothing, which is right for a static program. It is read with the same connection where it lies in the same registry, else without signing in.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "tags",
            label: "Tags",
            kind: InputKind::MultiLine,
            group: Some("advanced"),
            help: "Labels for people, one on each line: `$(Build.BuildNumber)`. Nothing later trusts them: images are named by digest.",
            properties: &[("rows", "3"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "service",
            label: "Service",
            group: Some("advanced"),
            help: "Name of the service in `images.json`. Not given: the last part of the repository.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "imagesFile",
            label: "Images file",
            kind: InputKind::FilePath,
            group: Some("advanced"),
            help: "The file that says which image is which service's; the service's entry is written, others are kept. Publish it as a pipeline artifact: it is what a later \
                promotion reads. Not given: `$(Build.ArtifactStagingDirectory)/images/images.json`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "dryRun",
            label: "Dry run",
            kind: InputKind::Boolean,
            default: "false",
            group: Some("advanced"),
            help: "Builds the image, prints its digest, signs in, and sends nothing.",
            ..InputSpec::DEFAULT
        },
    ],
    data_sources: &[DataSource {
        target: "azureContainerRegistry",
        connection: "azureSubscription",
        endpoint_url: "{{{endpoint.url}}}/subscriptions/{{{endpoint.subscriptionId}}}/providers/Microsoft.ContainerRegistry/registries?api-version=2023-07-01",
        result_selector: "jsonpath:$.value[*]",
        result_template: "{\"Value\":\"{{{name}}}\",\"DisplayValue\":\"{{{name}}}\"}",
    }],
    output_variables: &[
        OutputVariableSpec { name: "digest", description: "Digest of the image: `sha256:…`." },
        OutputVariableSpec { name: "reference", description: "The image by digest: `registry/repository@sha256:…`." },
    ],
    settable_variables: &["digest", "reference"],
    release_notes: "First version.",
};
