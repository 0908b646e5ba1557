//! What a run was started by.

use serde::{Deserialize, Serialize};

use crate::store::{EventRecord, PullRequestRecord};

/// What started a run. It decides `Build.Reason` and which variables tell of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunEvent {
    /// A person.
    #[default]
    Manual,
    /// A push to a branch or of a tag.
    Push {
        /// Whether the trigger has `batch: true`.
        batched: bool,
    },
    /// A pull request: what is built is its merge commit.
    PullRequest(PullRequestEvent),
    /// The completion of a run of another pipeline, which is a resource of this one.
    PipelineCompletion {
        /// The alias of the resource.
        alias: String,
    },
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PullRequestEvent {
    /// Its number.
    pub id: u64,
    /// `refs/heads/feature`.
    pub source_branch: String,
    /// `refs/heads/main`.
    pub target_branch: String,
    /// The last commit of the source branch.
    pub source_commit: String,
    /// Where the source branch lies.
    pub source_repository_uri: String,
    /// Whether it is a draft.
    pub is_draft: bool,
}

/// What hosts a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// Azure Repos.
    #[default]
    AzureRepos,
    /// GitHub.
    GitHub,
}

/// What `checkout: self` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The work tree as it is.
    #[default]
    WorkTree,
    /// The repository's commit, fetched as an agent does.
    Commit {
        /// What is fetched from: a URL or a path.
        url_or_path: String,
        /// The reference that the commit is the tip of: `refs/pull/1/merge`.
        reference: String,
    },
}

impl RunEvent {
    /// `Build.Reason`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Push { batched: false } => "IndividualCI",
            Self::Push { batched: true } => "BatchedCI",
            Self::PullRequest(_) => "PullRequest",
            Self::PipelineCompletion { .. } => "ResourceTrigger",
        }
    }

    /// What the store keeps of it.
    pub(crate) fn record(&self) -> EventRecord {
        let pull_request = match self {
            Self::PullRequest(event) => Some(PullRequestRecord {
                id: event.id,
                source_branch: event.source_branch.clone(),
                target_branch: event.target_branch.clone(),
                is_draft: event.is_draft,
            }),
            Self::Manual | Self::Push { .. } | Self::PipelineCompletion { .. } => None,
        };
        let resource = match self {
            Self::PipelineCompletion { alias } => Some(alias.clone()),
            Self::Manual | Self::Push { .. } | Self::PullRequest(_) => None,
        };
        EventRecord { reason: self.reason().to_owned(), pull_request, resource }
    }
}
