//! `slipway.local.yml`: the local Azure of a repository, and what else its pipelines may name. docs/slipway-local-yml.md
//! describes it; this reads it into the stand-in's configuration, with every problem at its place.

mod check;
mod environments;
mod pipelines;
mod read;
mod section;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use slipway_pipelines::Place;
use slipway_runner::{Environment, Provider};
use slipway_standin::{Config, SecretSource};

pub(crate) use read::read;
pub(crate) use section::{did_you_mean, distance};

/// Its name in the root of a repository.
pub(crate) const FILE_NAME: &str = "slipway.local.yml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalConfig {
    /// The local Azure.
    pub(crate) azure: Config,
    /// Variables of pipelines that are set outside of their YAML.
    pub(crate) variables: Vec<(String, String)>,
    /// Task packages: paths from the file's folder.
    pub(crate) tasks: Vec<PathBuf>,
    /// What the service knows of the repository.
    pub(crate) repository: RepositorySettings,
    /// The pipelines that are set up for the repository.
    pub(crate) pipelines: Vec<PipelineDefinition>,
    /// The branch policies of the repository.
    pub(crate) branch_policies: Vec<BranchPolicy>,
    /// Where other repositories lie that pipelines name.
    pub(crate) repositories: Vec<MappedRepository>,
    /// Variable groups.
    pub(crate) variable_groups: Vec<VariableGroup>,
    /// Environments.
    pub(crate) environments: Vec<Environment>,
}

/// What the service knows of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositorySettings {
    /// Who hosts it.
    pub(crate) kind: RepositoryKind,
    /// Its default branch, without `refs/heads/`.
    pub(crate) default_branch: String,
}

impl Default for RepositorySettings {
    fn default() -> Self {
        Self { kind: RepositoryKind::AzureRepos, default_branch: "main".to_owned() }
    }
}

/// Who hosts a repository: what triggers its pipelines depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepositoryKind {
    /// Azure Repos: pull requests are built by branch policies.
    AzureRepos,
    /// GitHub: pull requests are built by `pr:`.
    GitHub,
}

impl From<RepositoryKind> for Provider {
    fn from(kind: RepositoryKind) -> Self {
        match kind {
            RepositoryKind::AzureRepos => Self::AzureRepos,
            RepositoryKind::GitHub => Self::GitHub,
        }
    }
}

/// A pipeline that is set up for the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PipelineDefinition {
    /// `System.DefinitionId`; unique.
    pub(crate) id: u64,
    /// Its name; unique.
    pub(crate) name: String,
    /// Its folder, `\shop`.
    pub(crate) folder: String,
    /// Its YAML file, from the repository's root.
    pub(crate) file: String,
    /// Its default branch, without `refs/heads/`.
    pub(crate) default_branch: String,
}

/// The policies of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BranchPolicy {
    /// The branch that they protect, without `refs/heads/`.
    pub(crate) branch: String,
    /// The pipelines that a pull request into it must go through.
    pub(crate) build_validation: Vec<BuildValidation>,
}

/// A pipeline that validates pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildValidation {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// Its path filter, as the policy writes it (`/orders/*`, `!/docs/*`); empty = every change.
    pub(crate) paths: Vec<String>,
    /// Whether the pull request cannot be completed without it.
    pub(crate) required: bool,
}

/// Where a repository lies that pipelines name under `resources.repositories`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MappedRepository {
    /// Its name there.
    pub(crate) name: String,
    /// Path from the file's folder.
    pub(crate) path: PathBuf,
}

/// A variable group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VariableGroup {
    /// Its name.
    pub(crate) name: String,
    /// Variables that are shown.
    pub(crate) variables: Vec<(String, String)>,
    /// Secret ones: generated, or asked for.
    pub(crate) secrets: Vec<SecretVariable>,
}

/// A secret variable of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretVariable {
    /// Its name.
    pub(crate) name: String,
    /// Where its first value comes from.
    pub(crate) source: SecretSource,
}

impl LocalConfig {
    /// What holds where there is no file: an Azure without anything in it.
    pub(crate) fn without_file(project: &str) -> Self {
        let named = |name: &str| name.to_owned();
        Self {
            azure: Config {
                organization: named("local"),
                project: named(project),
                tenant: named("local"),
                subscription: named("local"),
                ..Config::default()
            },
            ..Self::default()
        }
    }

    /// The task packages, absolute.
    pub(crate) fn task_sources(&self, folder: &Path) -> Vec<PathBuf> {
        self.tasks.iter().map(|path| folder.join(path)).collect()
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
struct At<T> {
    value: T,
    place: Place,
}
