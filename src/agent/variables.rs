use std::path::PathBuf;

use slipway_secret::{Secret, SecretSink};
use url::Url;

use crate::Env;
use crate::env::environment_name;

/// Where the job runs. The predefined variables differ (facts/azure-pipelines-tasks.md 2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostType {
    /// A pipeline: also its deployment jobs.
    Build,
    /// A classic release.
    Release,
    /// A deployment group of a classic release.
    Deployment,
    /// Something that this program does not know, or no agent.
    Other,
}

/// The variables of the job, typed. What a host does not have is `None` or empty.
#[derive(Clone, Copy)]
pub struct Variables<'a> {
    env: &'a Env,
    sink: &'a dyn SecretSink,
}

/// The repository that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Name: `shop`, or `owner/shop` on GitHub.
    pub name: String,
    /// `TfsGit`, `GitHub`, ...
    pub provider: String,
    /// Address.
    pub uri: String,
}

/// The pull request that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Id in Azure Repos; on other hosts an internal one.
    pub id: String,
    /// Number on GitHub.
    pub number: Option<String>,
    /// Branch that would be merged.
    pub source_branch: String,
    /// Branch that it would be merged into.
    pub target_branch: String,
    /// Whether it comes from a fork, whose runs get no secrets.
    pub is_fork: bool,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(env: &'a Env, sink: &'a dyn SecretSink) -> Self {
        Self { env, sink }
    }

    /// The public variable `name` (`Build.BuildId`), absent when it is empty.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.env.job_variable(name)
    }

    /// The secret variable `name`. An agent gives a task every secret variable of the job; scripts get none.
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.env.filled(&format!("SECRET_{}", environment_name(name))).map(|value| Secret::new(value, self.sink))
    }

    /// Names of the secret variables of the job, as the pipeline spells them.
    pub fn secret_names(&self) -> Vec<String> {
        self.env.get("VSTS_SECRET_VARIABLES").and_then(|names| serde_json::from_str(names).ok()).unwrap_or_default()
    }

    /// The task variable `name`, set by an earlier part of the same task. It may be secret, so it is one.
    pub fn task_variable(&self, name: &str) -> Option<Secret> {
        self.env.filled(&format!("VSTS_TASKVARIABLE_{}", environment_name(name))).map(|value| Secret::new(value, self.sink))
    }

    /// Where the job runs (`System.HostType`).
    pub fn host_type(&self) -> HostType {
        match self.get("System.HostType").unwrap_or_default().to_ascii_lowercase().as_str() {
            "build" => HostType::Build,
            "release" => HostType::Release,
            "deployment" => HostType::Deployment,
            _ => HostType::Other,
        }
    }

    /// The hub of the host in addresses: its type as the agent spells it, else `build`.
    pub fn hub(&self) -> &'a str {
        self.get("System.HostType").unwrap_or("build")
    }

    /// Address of the collection (`System.CollectionUri`, in older hosts `System.TeamFoundationCollectionUri`).
    pub fn collection_uri(&self) -> Option<Url> {
        let names = ["System.CollectionUri", "System.TeamFoundationCollectionUri", "System.TeamFoundationServerUri"];
        names.iter().find_map(|name| Url::parse(self.get(name)?).ok())
    }

    /// Name of the team project.
    pub fn team_project(&self) -> Option<&'a str> {
        self.get("System.TeamProject")
    }

    /// GUID of the team project.
    pub fn team_project_id(&self) -> Option<&'a str> {
        self.get("System.TeamProjectId")
    }

    /// GUID of the run's plan.
    pub fn plan_id(&self) -> Option<&'a str> {
        self.get("System.PlanId")
    }

    /// GUID of the job.
    pub fn job_id(&self) -> Option<&'a str> {
        self.get("System.JobId")
    }

    /// Name of the stage; of a classic release the name of its environment. Empty where there is none.
    pub fn stage(&self) -> &'a str {
        self.get("System.StageName").or_else(|| self.get("Release.EnvironmentName")).unwrap_or_default()
    }

    /// Name of the job; of a classic release the name of its deploy phase.
    pub fn job(&self) -> &'a str {
        let names = ["System.JobName", "System.PhaseName", "Agent.JobName"];
        names.iter().find_map(|name| self.get(name)).unwrap_or_default()
    }

    /// Attempt of the stage, from 1.
    pub fn stage_attempt(&self) -> u32 {
        self.number("System.StageAttempt").or_else(|| self.number("Release.AttemptNumber")).unwrap_or(1)
    }

    /// Attempt of the job, from 1.
    pub fn job_attempt(&self) -> u32 {
        self.number("System.JobAttempt").or_else(|| self.number("Release.AttemptNumber")).unwrap_or(1)
    }

    /// Id of the run; of a classic release the run that it was started from.
    pub fn build_id(&self) -> Option<&'a str> {
        self.get("Build.BuildId")
    }

    /// Number (name) of the run.
    pub fn build_number(&self) -> Option<&'a str> {
        self.get("Build.BuildNumber")
    }

    /// Name of the pipeline, or of the classic release's definition.
    pub fn definition_name(&self) -> Option<&'a str> {
        match self.host_type() {
            HostType::Release | HostType::Deployment => self.get("Release.DefinitionName").or_else(|| self.get("Build.DefinitionName")),
            HostType::Build | HostType::Other => self.get("Build.DefinitionName"),
        }
    }

    /// Id of a classic release.
    pub fn release_id(&self) -> Option<&'a str> {
        self.get("Release.ReleaseId")
    }

    /// Name of a classic release.
    pub fn release_name(&self) -> Option<&'a str> {
        self.get("Release.ReleaseName")
    }

    /// Branch: `refs/heads/main`, `refs/pull/1/merge`.
    pub fn source_branch(&self) -> Option<&'a str> {
        self.get("Build.SourceBranch")
    }

    /// Commit.
    pub fn source_version(&self) -> Option<&'a str> {
        self.get("Build.SourceVersion")
    }

    /// The repository that is built.
    pub fn repository(&self) -> Option<Repository> {
        let part = |name: &str| self.get(name).unwrap_or_default().to_owned();
        Some(Repository {
            name: self.get("Build.Repository.Name")?.to_owned(),
            provider: part("Build.Repository.Provider"),
            uri: part("Build.Repository.Uri"),
        })
    }

    /// The pull request that is built.
    pub fn pull_request(&self) -> Option<PullRequest> {
        let part = |name: &str| self.get(name).unwrap_or_default().to_owned();
        Some(PullRequest {
            id: self.get("System.PullRequest.PullRequestId")?.to_owned(),
            number: self.get("System.PullRequest.PullRequestNumber").map(str::to_owned),
            source_branch: part("System.PullRequest.SourceBranch"),
            target_branch: part("System.PullRequest.TargetBranch"),
            is_fork: self.env.is_on("System.PullRequest.IsFork"),
        })
    }

    /// The person for whom the run (or the release's deployment) was started.
    pub fn requested_for(&self) -> Option<&'a str> {
        self.get("Build.RequestedFor").or_else(|| self.get("Release.Deployment.RequestedFor"))
    }

    /// Folder for temporary files, emptied by the agent after each job.
    pub fn temp_folder(&self) -> Option<PathBuf> {
        self.get("Agent.TempDirectory").map(PathBuf::from)
    }

    /// Folder in which the task starts: the sources, or the artifacts of a classic release.
    pub fn default_working_folder(&self) -> Option<PathBuf> {
        self.get("System.DefaultWorkingDirectory").map(PathBuf::from)
    }

    /// Folder of the sources; a classic release has none.
    pub fn sources_folder(&self) -> Option<PathBuf> {
        self.get("Build.SourcesDirectory").map(PathBuf::from)
    }

    /// Folder of tools that are kept between jobs.
    pub fn tools_folder(&self) -> Option<PathBuf> {
        self.get("Agent.ToolsDirectory").map(PathBuf::from)
    }

    /// Address that issues the job's OIDC tokens; absent on older servers.
    pub fn oidc_request_uri(&self) -> Option<&'a str> {
        self.get("System.OidcRequestUri")
    }

    /// Whether the run writes debug lines.
    pub fn is_debug(&self) -> bool {
        self.env.is_on("System.Debug")
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

impl std::fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variables").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_sink::Recorder;

    #[test]
    fn a_pipeline() {
        let env = Env::new([
            ("SYSTEM_HOSTTYPE", "build"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/contoso/"),
            ("SYSTEM_STAGENAME", "ci"),
            ("SYSTEM_JOBNAME", "build"),
            ("SYSTEM_JOBATTEMPT", "2"),
            ("BUILD_BUILDID", "41"),
            ("BUILD_DEFINITIONNAME", "shop"),
            ("BUILD_SOURCESDIRECTORY", "/w/1/s"),
            ("BUILD_REPOSITORY_NAME", "shop"),
            ("BUILD_REPOSITORY_PROVIDER", "TfsGit"),
            ("SYSTEM_PULLREQUEST_PULLREQUESTID", "7"),
            ("SYSTEM_PULLREQUEST_ISFORK", "True"),
        ]);
        let sink = Recorder::default();
        let variables = Variables::new(&env, &sink);
        assert_eq!(variables.host_type(), HostType::Build);
        assert_eq!(variables.collection_uri().unwrap().as_str(), "https://dev.azure.com/contoso/");
        assert_eq!((variables.stage(), variables.job(), variables.job_attempt(), variables.stage_attempt()), ("ci", "build", 2, 1));
        assert_eq!((variables.build_id(), variables.definition_name()), (Some("41"), Some("shop")));
        assert_eq!(variables.sources_folder(), Some("/w/1/s".into()));
        assert_eq!(variables.repository().unwrap().provider, "TfsGit");
        assert!(variables.pull_request().unwrap().is_fork);
        assert!(!variables.is_debug());
    }

    #[test]
    fn a_classic_release() {
        let env = Env::new([
            ("SYSTEM_HOSTTYPE", "release"),
            ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://contoso.visualstudio.com/"),
            ("RELEASE_ENVIRONMENTNAME", "Staging"),
            ("RELEASE_ATTEMPTNUMBER", "3"),
            ("RELEASE_DEFINITIONNAME", "shop release"),
            ("RELEASE_RELEASENAME", "Release-9"),
            ("RELEASE_DEPLOYMENT_REQUESTEDFOR", "Jo"),
            ("BUILD_DEFINITIONNAME", "shop"),
            ("SYSTEM_DEFAULTWORKINGDIRECTORY", "/w/r1/a"),
        ]);
        let sink = Recorder::default();
        let variables = Variables::new(&env, &sink);
        assert_eq!((variables.host_type(), variables.hub()), (HostType::Release, "release"));
        assert_eq!(variables.collection_uri().unwrap().as_str(), "https://contoso.visualstudio.com/");
        assert_eq!((variables.stage(), variables.job_attempt(), variables.stage_attempt()), ("Staging", 3, 3));
        assert_eq!((variables.definition_name(), variables.release_name()), (Some("shop release"), Some("Release-9")));
        assert_eq!((variables.sources_folder(), variables.default_working_folder()), (None, Some("/w/r1/a".into())));
        assert_eq!((variables.requested_for(), variables.pull_request(), variables.repository()), (Some("Jo"), None, None));
    }

    #[test]
    fn secret_variables_are_registered() {
        let env = Env::new([("SECRET_MY-KEY", "planted"), ("VSTS_SECRET_VARIABLES", r#"["my-key"]"#), ("VSTS_TASKVARIABLE_A_B", "state")]);
        let sink = Recorder::default();
        let variables = Variables::new(&env, &sink);
        assert_eq!(variables.secret("my-key").unwrap().expose(), "planted");
        assert_eq!(variables.secret_names(), ["my-key"]);
        assert_eq!(variables.task_variable("a.b").unwrap().expose(), "state");
        assert_eq!(sink.values(), ["planted", "state"]);
        assert!(variables.secret("other").is_none());
    }
}
