//! Which pipelines an event triggers, and why the others are not. Pure.

use slipway_pipelines::{Trigger, Verdict, matches_policy_paths, matches_pull_request, matches_push, skips_ci};
use slipway_runner::RunEvent;

use super::prepare::Prepared;
use crate::local_config::{BranchPolicy, PipelineDefinition, RepositoryKind};

/// What becomes of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Whether it runs.
    pub(crate) triggered: bool,
    /// Why.
    pub(crate) reason: String,
    /// Whether the pull request cannot be completed without it.
    pub(crate) required: bool,
    /// Whether the trigger has `batch: true`.
    pub(crate) batched: bool,
}

/// What the commit has of a pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Yaml<'a> {
    /// Its file is not there.
    Missing,
    /// What is in its file is no pipeline: its triggers are not known, and the service makes a run that fails.
    Broken,
    /// Its `trigger:` and `pr:`.
    Triggers(&'a Trigger, &'a Trigger),
}

/// Whether the event triggers a pipeline.
pub(crate) fn select(
    prepared: &Prepared,
    kind: RepositoryKind,
    policies: &[BranchPolicy],
    pipeline: &PipelineDefinition,
    yaml: Yaml<'_>,
) -> Choice {
    let by = |matches: &dyn Fn(&Trigger, &Trigger) -> Verdict| match yaml {
        Yaml::Missing => Verdict { triggered: false, reason: format!("`{}` is not in the commit", pipeline.file) },
        Yaml::Broken => Verdict { triggered: true, reason: "its YAML is broken, so the service makes a run that fails at once".to_owned() },
        Yaml::Triggers(trigger, pr) => matches(trigger, pr),
    };
    let choice = |verdict: Verdict, required, batched| Choice { triggered: verdict.triggered, reason: verdict.reason, required, batched };
    match (&prepared.event, kind) {
        (RunEvent::PullRequest(event), RepositoryKind::AzureRepos) => {
            let target = event.target_branch.strip_prefix("refs/heads/").unwrap_or(&event.target_branch);
            let policy = policies.iter().find(|policy| policy.branch == target);
            let validation =
                policy.and_then(|policy| policy.build_validation.iter().find(|validation| validation.pipeline == pipeline.name));
            match validation {
                None => {
                    let reason = format!("no branch policy of `{target}` has a build validation with it");
                    choice(Verdict { triggered: false, reason }, false, false)
                }
                // Microsoft, release notes of sprint 176: "Draft PRs in Azure Repos are not validated by Azure Pipelines."
                Some(validation) if event.is_draft => {
                    let reason = "Azure Repos validates a pull request only when it is no draft any more".to_owned();
                    choice(Verdict { triggered: false, reason }, validation.required, false)
                }
                Some(validation) => {
                    let verdict = matches_policy_paths(&validation.paths, &prepared.changed);
                    let word = if validation.required { "a required" } else { "an optional" };
                    let reason = format!("the branch policy of `{target}` has {word} build validation, and {}", verdict.reason);
                    choice(Verdict { reason, ..verdict }, validation.required, false)
                }
            }
        }
        (RunEvent::PullRequest(event), RepositoryKind::GitHub) => {
            let verdict = by(&|_, pr| matches_pull_request(pr, &event.target_branch, &prepared.changed, event.is_draft));
            choice(verdict, false, false)
        }
        _ => {
            if let Some(word) = skips_ci(&prepared.message) {
                let reason = format!("the commit's message asks for no run: `{word}`");
                return choice(Verdict { triggered: false, reason }, false, false);
            }
            let batched = matches!(yaml, Yaml::Triggers(Trigger::Filters(filters), _) if filters.batch);
            choice(by(&|trigger, _| matches_push(trigger, &prepared.reference, &prepared.changed)), false, batched)
        }
    }
}
