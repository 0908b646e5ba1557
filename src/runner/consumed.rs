//! Runs of other pipelines that a run uses: its pipeline resources, resolved by whoever starts it
//! (facts/pipeline-yaml.md 2.12).

use serde::{Deserialize, Serialize};

use crate::endpoints::Organization;
use crate::predefined::{person_id, provider};
use crate::request::RunRequest;
use crate::store::RunRecord;

/// A run of another pipeline, under the alias that the pipeline gives it. Its artifacts lie in the same state folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumedRun {
    /// The alias of the resource.
    pub alias: String,
    /// The run's number in the state folder (`Build.BuildId`).
    pub run: u64,
    /// Its `Build.BuildNumber`.
    pub number: String,
    /// The name of its pipeline.
    pub pipeline: String,
    /// The number of its pipeline in the state folder.
    pub pipeline_id: u64,
    /// `refs/heads/main`; empty outside of git.
    pub branch: String,
    /// The commit that it built; empty outside of git.
    pub commit: String,
    /// Who asked for it.
    pub requested_for: String,
}

impl ConsumedRun {
    /// A run of the store under an alias.
    pub fn of(alias: &str, run: &RunRecord) -> Self {
        Self {
            alias: alias.to_owned(),
            run: run.id,
            number: run.number.clone(),
            pipeline: run.pipeline.clone(),
            pipeline_id: run.pipeline_id,
            branch: run.branch.clone(),
            commit: run.commit.clone(),
            requested_for: run.requested_for.clone(),
        }
    }
}

/// `resources.pipeline.<alias>.*` of every run that is consumed.
pub(crate) fn variables(request: &RunRequest) -> Vec<(String, String)> {
    let organization = Organization::of(request.azure.as_ref());
    request
        .pipeline_runs
        .iter()
        .flat_map(|run| {
            [
                ("projectName", organization.project.clone()),
                ("projectID", organization.project_id.clone()),
                ("pipelineName", run.pipeline.clone()),
                ("pipelineID", run.pipeline_id.to_string()),
                ("runName", run.number.clone()),
                ("runID", run.run.to_string()),
                ("runURI", format!("vstfs:///Build/Build/{}", run.run)),
                ("sourceBranch", run.branch.clone()),
                ("sourceCommit", run.commit.clone()),
                ("sourceProvider", provider(request.repository.provider).to_owned()),
                ("requestedFor", run.requested_for.clone()),
                ("requestedForID", person_id(&run.requested_for)),
            ]
            .map(|(name, value)| (format!("resources.pipeline.{}.{name}", run.alias), value))
        })
        .collect()
}
