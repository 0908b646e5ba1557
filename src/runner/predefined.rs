//! The predefined variables of a build, as the service and the agent set them.
//! (Names: learn.microsoft.com, "Use predefined variables", and the agent's source.)

use slipway_pipelines::{Job, Stage};
use uuid::Uuid;

use crate::clock;
use crate::consumed;
use crate::endpoints::Organization;
use crate::job_context::Paths;
use crate::part::Part;
use crate::request::Repository;
use crate::run_context::RunContext;
use crate::run_event::{Provider, RunEvent};

/// The version of the agent that this runner behaves like.
pub(crate) const AGENT_VERSION: &str = "4.275.0";

/// Variables that exist when a run starts, before it is known on which agent a job runs: conditions of stages and jobs see them.
pub(crate) fn of_run(run: &RunContext<'_>) -> Vec<(String, String)> {
    let request = run.request;
    let repository = &request.repository;
    let organization = Organization::of(request.azure.as_ref());
    let hosted = Hosted::of(repository, &organization);
    let mut variables = vec![
        ("System", "build".to_owned()),
        ("System.HostType", "build".to_owned()),
        ("System.ServerType", "Hosted".to_owned()),
        ("System.Culture", "en-US".to_owned()),
        ("System.CollectionUri", organization.collection_uri.clone()),
        ("System.TeamFoundationCollectionUri", organization.collection_uri.clone()),
        ("System.TeamFoundationServerUri", organization.collection_uri.clone()),
        ("System.TFServerUrl", organization.collection_uri.clone()),
        ("System.TaskDefinitionsUri", organization.collection_uri.clone()),
        ("System.CollectionId", collection_id(&organization.collection_uri)),
        ("System.TeamProject", organization.project.clone()),
        ("System.TeamProjectId", organization.project_id.clone()),
        ("System.DefinitionId", run.pipeline_id.to_string()),
        ("System.DefinitionName", request.pipeline_name.clone()),
        ("System.PlanId", run.plan_id.to_string()),
        ("System.TimelineId", run.plan_id.to_string()),
        ("System.PipelineStartTime", clock::rfc3339(run.started).replace('T', " ").replace('Z', "+00:00")),
        ("System.IsScheduled", "False".to_owned()),
        ("Build.BuildId", run.id.to_string()),
        ("Build.BuildNumber", run.number.borrow().clone()),
        ("Build.BuildUri", format!("vstfs:///Build/Build/{}", run.id)),
        ("Build.ContainerId", run.id.to_string()),
        ("Build.DefinitionName", request.pipeline_name.clone()),
        ("Build.DefinitionVersion", "1".to_owned()),
        ("Build.DefinitionFolderPath", request.pipeline_folder.clone()),
        ("Build.ProjectId", organization.project_id.clone()),
        ("Build.ProjectName", organization.project.clone()),
        ("Build.QueuedBy", request.requested_for.clone()),
        ("Build.QueuedById", person_id(&request.requested_for)),
        ("Build.RequestedFor", request.requested_for.clone()),
        ("Build.RequestedForId", person_id(&request.requested_for)),
        ("Build.Repository.Clean", "False".to_owned()),
        ("Build.Repository.Git.SubmoduleCheckout", "False".to_owned()),
        ("Build.Repository.Id", hosted.id),
        ("Build.Repository.Name", hosted.name),
        ("Build.Repository.Provider", provider(repository.provider).to_owned()),
        ("Build.Repository.Uri", hosted.uri),
        ("Build.SourceVersionAuthor", request.requested_for.clone()),
        ("Build.SourceVersionMessage", repository.message.clone()),
    ];
    variables.extend(of_event(repository, &request.event));
    if request.debug {
        variables.push(("System.Debug", "true".to_owned()));
    }
    let resources = consumed::variables(request);
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(resources).collect()
}

/// Variables that tell what a run was started by and what it builds.
fn of_event(repository: &Repository, event: &RunEvent) -> Vec<(&'static str, String)> {
    let last = |reference: &str| reference.rsplit('/').next().unwrap_or_default().to_owned();
    let mut variables = vec![
        ("Build.Reason", event.reason().to_owned()),
        ("Build.SourceBranch", repository.branch.clone()),
        ("Build.SourceBranchName", last(&repository.branch)),
        ("Build.SourceVersion", repository.commit.clone()),
        ("System.PullRequest.IsFork", "False".to_owned()),
    ];
    if let RunEvent::PipelineCompletion { alias } = event {
        variables.push(("Resources.TriggeringAlias", alias.clone()));
        variables.push(("Resources.TriggeringCategory", "pipeline".to_owned()));
    }
    if let RunEvent::PullRequest(pull_request) = event {
        // On GitHub the branches of a pull request are named without `refs/heads/`, and it has a number besides its id.
        let branch = |reference: &String| match repository.provider {
            Provider::AzureRepos => reference.clone(),
            Provider::GitHub => reference.strip_prefix("refs/heads/").unwrap_or(reference).to_owned(),
        };
        variables.extend([
            ("System.PullRequest.PullRequestId", pull_request.id.to_string()),
            ("System.PullRequest.SourceBranch", branch(&pull_request.source_branch)),
            ("System.PullRequest.SourceCommitId", pull_request.source_commit.clone()),
            ("System.PullRequest.SourceRepositoryURI", pull_request.source_repository_uri.clone()),
            ("System.PullRequest.TargetBranch", branch(&pull_request.target_branch)),
            ("System.PullRequest.TargetBranchName", last(&pull_request.target_branch)),
        ]);
        if repository.provider == Provider::GitHub {
            variables.push(("System.PullRequest.PullRequestNumber", pull_request.id.to_string()));
        }
    }
    variables
}

/// What a repository is called where it is hosted.
struct Hosted {
    id: String,
    name: String,
    uri: String,
}

impl Hosted {
    fn of(repository: &Repository, organization: &Organization) -> Self {
        let name = &repository.name;
        match repository.provider {
            Provider::AzureRepos => Self {
                id: Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string(),
                name: name.clone(),
                uri: format!("{}{}/_git/{name}", organization.collection_uri, organization.project),
            },
            // There its owner is a part of its name, and the name is its id.
            Provider::GitHub => {
                let owner = organization.collection_uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let name = format!("{owner}/{name}");
                Self { id: name.clone(), uri: format!("https://github.com/{name}"), name }
            }
        }
    }
}

pub(crate) fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::AzureRepos => "TfsGit",
        Provider::GitHub => "GitHub",
    }
}

/// The predefined variables that exist when `${{ }}` is evaluated: those that the documentation marks as available in
/// templates, and that are known before the run has a number. `organization` and `project` are those of Azure DevOps.
pub fn compile_time_variables(
    (pipeline_id, pipeline_name): (Option<u64>, &str),
    repository: &Repository,
    event: &RunEvent,
    organization: &str,
    project: &str,
    requested_for: &str,
) -> Vec<(String, String)> {
    let collection = format!("https://dev.azure.com/{organization}/");
    let mut variables = vec![
        ("System", "build".to_owned()),
        ("System.HostType", "build".to_owned()),
        ("System.CollectionUri", collection.clone()),
        ("System.TeamFoundationCollectionUri", collection.clone()),
        ("System.CollectionId", collection_id(&collection)),
        ("System.TeamProject", project.to_owned()),
        ("System.DefinitionName", pipeline_name.to_owned()),
        ("System.IsScheduled", "False".to_owned()),
        ("Build.DefinitionName", pipeline_name.to_owned()),
        ("Build.DefinitionVersion", "1".to_owned()),
        ("Build.QueuedBy", requested_for.to_owned()),
        ("Build.QueuedById", person_id(requested_for)),
        ("Build.RequestedFor", requested_for.to_owned()),
        ("Build.RequestedForId", person_id(requested_for)),
    ];
    variables.extend(pipeline_id.map(|id| ("System.DefinitionId", id.to_string())));
    variables.extend(of_event(repository, event));
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn collection_id(collection_uri: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, collection_uri.as_bytes()).to_string()
}

/// Variables that a job adds when it starts on an agent.
pub(crate) fn of_job(
    run: &RunContext<'_>,
    stage: &Stage,
    (job, part): (&Job, &Part<'_>),
    job_id: Uuid,
    display_names: (&str, &str),
    agent: (usize, &str),
    paths: &Paths,
) -> Vec<(String, String)> {
    let (stage_display_name, job_display_name) = display_names;
    let organization = Organization::of(run.request.azure.as_ref());
    let path = |path: &std::path::Path| path.display().to_string();
    let mut variables = vec![
        ("System.StageName", stage.name.clone()),
        ("System.StageDisplayName", stage_display_name.to_owned()),
        ("System.StageAttempt", "1".to_owned()),
        ("System.StageId", Uuid::new_v5(&run.plan_id, stage.name.as_bytes()).to_string()),
        ("System.PhaseName", job.name.clone()),
        ("System.PhaseDisplayName", job_display_name.to_owned()),
        ("System.PhaseAttempt", "1".to_owned()),
        ("System.PhaseId", phase_id(run, stage, job).to_string()),
        ("System.JobName", part.name.clone()),
        ("System.JobDisplayName", job_display_name.to_owned()),
        ("System.JobAttempt", "1".to_owned()),
        ("System.JobId", job_id.to_string()),
        ("System.JobIdentifier", format!("{}.{}.{}", stage.name, job.name, part.name)),
        ("System.JobPositionInPhase", part.position.0.to_string()),
        ("System.TotalJobsInPhase", part.position.1.to_string()),
        ("System.ParallelExecutionType", part.execution_type.to_owned()),
        ("System.EnableAccessToken", "SecretVariable".to_owned()),
        ("System.ArtifactsDirectory", path(&paths.artifacts)),
        ("System.DefaultWorkingDirectory", path(&paths.default_working)),
        ("System.WorkFolder", path(&paths.work)),
        ("System.IsAzureVM", "0".to_owned()),
        ("System.IsDockerContainer", "0".to_owned()),
        ("Agent.Id", agent.0.to_string()),
        ("Agent.Name", agent.1.to_owned()),
        ("Agent.MachineName", agent.1.to_owned()),
        ("Agent.JobName", job_display_name.to_owned()),
        ("Agent.JobStatus", "Succeeded".to_owned()),
        ("Agent.OS", if cfg!(target_os = "macos") { "Darwin" } else { "Linux" }.to_owned()),
        ("Agent.OSArchitecture", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }.to_owned()),
        ("Agent.Version", AGENT_VERSION.to_owned()),
        ("Agent.IsSelfHosted", "1".to_owned()),
        ("Agent.ReadOnlyVariables", "true".to_owned()),
        ("Agent.RetainDefaultEncoding", "false".to_owned()),
        ("Agent.HomeDirectory", path(&paths.agent)),
        ("Agent.RootDirectory", path(&paths.work)),
        ("Agent.WorkFolder", path(&paths.work)),
        ("Agent.BuildDirectory", path(&paths.workspace)),
        ("Agent.TempDirectory", path(&paths.temp)),
        ("Agent.ToolsDirectory", path(&paths.tools)),
        ("Build.SourcesDirectory", path(&paths.sources)),
        ("Build.Repository.LocalPath", path(&paths.sources)),
        ("Build.StagingDirectory", path(&paths.artifacts)),
        ("Build.ArtifactStagingDirectory", path(&paths.artifacts)),
        ("Build.BinariesDirectory", path(&paths.binaries)),
        ("Common.TestResultsDirectory", path(&paths.test_results)),
        ("Pipeline.Workspace", path(&paths.workspace)),
        // How leftover processes of the job are found.
        ("VSTS_PROCESS_LOOKUP_ID", format!("vsts_{job_id}")),
    ];
    if let Some(azure) = &run.request.azure {
        variables.push(("Agent.ProxyUrl", azure.proxy_url.clone()));
        variables.push(("Agent.CAInfo", azure.ca_file.clone()));
        variables.push((
            "System.OidcRequestUri",
            format!(
                "{}{}/_apis/distributedtask/hubs/build/plans/{}/jobs/{job_id}/oidctoken",
                organization.collection_uri, organization.project_id, run.plan_id
            ),
        ));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn phase_id(run: &RunContext<'_>, stage: &Stage, job: &Job) -> Uuid {
    Uuid::new_v5(&run.plan_id, format!("{}.{}", stage.name, job.name).as_bytes())
}

pub(crate) fn person_id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
