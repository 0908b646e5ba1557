//! Tasks that come with Azure Pipelines and that shorthand steps stand for (facts/pipeline-yaml.md 2.2). The runner
//! implements them; their ids, inputs, aliases and defaults are those of the real tasks.

use crate::catalog::{TaskDefinition, TaskInput, TaskVersion};

/// `script:`
pub(crate) const CMD_LINE: &str = "CmdLine@2";
/// `bash:`
pub(crate) const BASH: &str = "Bash@3";
/// `checkout:`
pub(crate) const CHECKOUT: &str = "Checkout@1";
/// `publish:`
pub(crate) const PUBLISH: &str = "PublishPipelineArtifact@1";
/// `download:`
pub(crate) const DOWNLOAD: &str = "DownloadPipelineArtifact@2";
/// The task with which a person lets a run go on; it has no agent.
pub(crate) const MANUAL_VALIDATION_NAME: &str = "ManualValidation";

/// The definitions of all tasks that the runner implements itself.
pub fn builtin_tasks() -> Vec<TaskDefinition> {
    vec![
        task(
            "d9bafed4-0b18-4f58-968d-86655b4d2ce9",
            "CmdLine",
            "Command line",
            "Command Line Script",
            2,
            vec![
                required("script", "multiLine", "Script"),
                optional("workingDirectory", "filePath", "Working Directory", ""),
                optional("failOnStderr", "boolean", "Fail on Standard Error", "false"),
            ],
        ),
        task(
            "6c731c3c-3c68-459a-a5c9-bde6e6595b5b",
            "Bash",
            "Bash",
            "Bash Script",
            3,
            vec![
                optional("targetType", "radio", "Type", "filePath"),
                visible(required("filePath", "filePath", "Script Path"), "targetType = filePath"),
                visible(optional("arguments", "string", "Arguments", ""), "targetType = filePath"),
                visible(required("script", "multiLine", "Script"), "targetType = inline"),
                optional("workingDirectory", "filePath", "Working Directory", ""),
                optional("failOnStderr", "boolean", "Fail on Standard Error", "false"),
                optional("bashEnvValue", "string", "Set value for BASH_ENV environment variable", ""),
            ],
        ),
        task(
            "6d15af64-176c-496d-b583-fd2ae21d4df4",
            "Checkout",
            "Get sources",
            "Checkout",
            1,
            vec![
                required("repository", "repository", "Repository"),
                optional("clean", "boolean", "Clean", ""),
                optional("fetchDepth", "string", "Fetch depth", ""),
                optional("fetchFilter", "string", "Fetch filter", ""),
                optional("fetchTags", "string", "Fetch tags", ""),
                optional("lfs", "boolean", "Large file storage", ""),
                optional("persistCredentials", "boolean", "Persist credentials", ""),
                optional("submodules", "string", "Submodules", ""),
                optional("path", "string", "Path", ""),
                optional("sparseCheckoutDirectories", "string", "Sparse checkout directories", ""),
                optional("sparseCheckoutPatterns", "string", "Sparse checkout patterns", ""),
                optional("workspaceRepo", "boolean", "Workspace repository", ""),
            ],
        ),
        task(
            "ecdc45f6-832d-4ad9-b52b-ee49e94659be",
            "PublishPipelineArtifact",
            "Publish Pipeline Artifacts",
            "Publish Pipeline Artifact",
            1,
            vec![
                also(required("path", "filePath", "File or directory path").with_default("$(Pipeline.Workspace)"), &["targetPath"]),
                also(optional("artifactName", "string", "Artifact name", ""), &["artifact"]),
                also(optional("artifactType", "pickList", "Artifact publish location", "pipeline"), &["publishLocation"]),
                visible(required("fileSharePath", "string", "File share path"), "artifactType = filepath"),
                visible(optional("parallel", "boolean", "Parallel copy", "false"), "artifactType = filepath"),
                visible(optional("parallelCount", "int", "Parallel count", "8"), "artifactType = filepath && parallel = true"),
                optional("properties", "string", "Custom properties", ""),
            ],
        ),
        task(
            "61f2a582-95ae-4948-b34d-a1b3c4f6a737",
            "DownloadPipelineArtifact",
            "Download pipeline artifact",
            "Download Pipeline Artifact",
            2,
            vec![
                also(optional("source", "radio", "Download artifacts produced by", "current"), &["buildType"]),
                visible(required("project", "pickList", "Project"), "source == specific"),
                also(visible(required("pipeline", "pickList", "Build pipeline"), "source == specific"), &["definition"]),
                also(
                    visible(optional("preferTriggeringPipeline", "boolean", "Prefer the triggering build", "false"), "source == specific"),
                    &["specificBuildWithTriggering"],
                ),
                also(
                    visible(optional("runVersion", "pickList", "Build version to download", "latest"), "source == specific"),
                    &["buildVersionToDownload"],
                ),
                also(
                    visible(
                        optional("runBranch", "string", "Branch name", "refs/heads/master"),
                        "source == specific && runVersion == latestFromBranch",
                    ),
                    &["branchName"],
                ),
                also(
                    visible(required("runId", "pickList", "Build"), "source == specific && runVersion == specific"),
                    &["pipelineId", "buildId"],
                ),
                visible(optional("tags", "string", "Build Tags", ""), "source == specific && runVersion != specific"),
                visible(
                    optional("allowPartiallySucceededBuilds", "boolean", "Download artifacts from partially succeeded builds", "false"),
                    "source == specific && runVersion != specific",
                ),
                visible(
                    optional("allowFailedBuilds", "boolean", "Download artifacts from failed builds", "false"),
                    "source == specific && runVersion != specific",
                ),
                also(optional("artifact", "pickList", "Artifact name", ""), &["artifactName"]),
                also(optional("patterns", "multiLine", "Matching patterns", "**"), &["itemPattern"]),
                also(optional("path", "string", "Destination directory", "$(Pipeline.Workspace)"), &["targetPath", "downloadPath"]),
            ],
        ),
        TaskDefinition {
            runs_on: vec!["Server".to_owned()],
            ..task(
                "2003ad3a-104a-451a-9238-60474ab294e6",
                MANUAL_VALIDATION_NAME,
                "Manual validation",
                "Manual Validation",
                1,
                vec![
                    optional("notifyUsers", "multiLine", "Notify users", ""),
                    optional("approvers", "multiLine", "Approvers", ""),
                    optional("allowApproversToApproveTheirOwnRuns", "boolean", "Allow approvers to approve their own runs", "true"),
                    optional("instructions", "multiLine", "Instructions", ""),
                    optional("onTimeout", "radio", "On timeout", "reject"),
                ],
            )
        },
    ]
}

fn task(id: &str, name: &str, friendly_name: &str, instance_name_format: &str, major: u32, inputs: Vec<TaskInput>) -> TaskDefinition {
    TaskDefinition {
        id: id.to_owned(),
        name: name.to_owned(),
        friendly_name: friendly_name.to_owned(),
        contribution_identifier: None,
        version: TaskVersion { major, minor: 0, patch: 0 },
        instance_name_format: instance_name_format.to_owned(),
        inputs,
        output_variables: Vec::new(),
        restrictions: None,
        runs_on: Vec::new(),
        execution: serde_json::Map::new(),
        pre_job_execution: serde_json::Map::new(),
        post_job_execution: serde_json::Map::new(),
    }
}

fn optional(name: &str, kind: &str, label: &str, default: &str) -> TaskInput {
    TaskInput {
        name: name.to_owned(),
        aliases: Vec::new(),
        kind: kind.to_owned(),
        label: label.to_owned(),
        default_value: (!default.is_empty()).then(|| default.into()),
        required: false,
        visible_rule: None,
    }
}

/// An input that must be given. The placeholder scripts that the editor offers as defaults are left out on purpose.
fn required(name: &str, kind: &str, label: &str) -> TaskInput {
    TaskInput { required: true, ..optional(name, kind, label, "") }
}

fn visible(input: TaskInput, rule: &str) -> TaskInput {
    TaskInput { visible_rule: Some(rule.to_owned()), ..input }
}

fn also(input: TaskInput, aliases: &[&str]) -> TaskInput {
    TaskInput { aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(), ..input }
}

impl TaskInput {
    fn with_default(self, default: &str) -> Self {
        Self { default_value: Some(default.into()), ..self }
    }
}
