//! Which pipelines an event triggers.

use slipway_pipelines::{Trigger, TriggerFilters};
use slipway_runner::{PullRequestEvent, RunEvent};

use super::prepare::Prepared;
use super::select::{Yaml, select};
use crate::local_config::{BranchPolicy, BuildValidation, PipelineDefinition, RepositoryKind};

fn prepared(event: RunEvent, changed: &str, message: &str) -> Prepared {
    Prepared {
        event,
        reference: "refs/heads/main".into(),
        commit: "c".into(),
        message: message.into(),
        changed: changed.split_whitespace().map(str::to_owned).collect(),
        title: String::new(),
        subject: String::new(),
    }
}

fn pull_request(target: &str) -> RunEvent {
    RunEvent::PullRequest(PullRequestEvent {
        id: 1,
        source_branch: "refs/heads/feature".into(),
        target_branch: format!("refs/heads/{target}"),
        source_commit: "s".into(),
        source_repository_uri: String::new(),
        is_draft: false,
    })
}

fn pipeline() -> PipelineDefinition {
    PipelineDefinition { id: 1, name: "pr".into(), folder: "\\".into(), file: "pr.yml".into(), default_branch: "main".into() }
}

fn policies(paths: &[&str], required: bool) -> Vec<BranchPolicy> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    vec![BranchPolicy { branch: "main".into(), build_validation: vec![BuildValidation { pipeline: "pr".into(), paths, required }] }]
}

#[test]
fn in_azure_repos_branch_policies_alone_decide_about_a_pull_request() {
    let choose = |target: &str, changed: &str, policies: &[BranchPolicy], pr: &Trigger| {
        let prepared = prepared(pull_request(target), changed, "");
        select(&prepared, RepositoryKind::AzureRepos, policies, &pipeline(), Yaml::Triggers(&Trigger::None, pr))
    };
    let chosen = choose("main", "a", &policies(&[], true), &Trigger::None);
    assert_eq!((chosen.triggered, chosen.required), (true, true));
    assert_eq!(chosen.reason, "the branch policy of `main` has a required build validation, and the policy holds for all paths");
    assert!(!choose("other", "a", &policies(&[], true), &Trigger::Default).triggered);
    assert!(!choose("main", "docs/a", &policies(&["/*", "!/docs/*"], true), &Trigger::Default).triggered);
    assert!(!choose("main", "a", &[], &Trigger::Default).triggered);
    let optional = choose("main", "a", &policies(&[], false), &Trigger::None);
    assert_eq!((optional.triggered, optional.required), (true, false));
    assert!(optional.reason.contains("an optional build validation"), "{}", optional.reason);
}

#[test]
fn a_draft_is_validated_on_github_and_not_in_azure_repos() {
    let draft = |is_draft: bool, kind: RepositoryKind| {
        let mut prepared = prepared(pull_request("main"), "a", "");
        if let RunEvent::PullRequest(event) = &mut prepared.event {
            event.is_draft = is_draft;
        }
        select(&prepared, kind, &policies(&[], true), &pipeline(), Yaml::Triggers(&Trigger::None, &Trigger::Default))
    };
    assert!(draft(false, RepositoryKind::AzureRepos).triggered);
    let chosen = draft(true, RepositoryKind::AzureRepos);
    assert_eq!((chosen.triggered, chosen.required), (false, true));
    assert!(chosen.reason.contains("no draft any more"), "{}", chosen.reason);
    assert!(draft(true, RepositoryKind::GitHub).triggered);
}

#[test]
fn on_github_pr_decides_and_policies_do_not() {
    let choose =
        |yaml: Yaml<'_>| select(&prepared(pull_request("main"), "a", ""), RepositoryKind::GitHub, &policies(&[], true), &pipeline(), yaml);
    assert!(choose(Yaml::Triggers(&Trigger::None, &Trigger::Default)).triggered);
    assert!(!choose(Yaml::Triggers(&Trigger::Default, &Trigger::None)).triggered);
    let broken = choose(Yaml::Broken);
    assert!(broken.triggered && broken.reason.contains("broken"), "{}", broken.reason);
    let missing = choose(Yaml::Missing);
    assert_eq!((missing.triggered, missing.reason.as_str()), (false, "`pr.yml` is not in the commit"));
}

#[test]
fn trigger_decides_about_a_push_unless_the_commit_asks_for_no_run() {
    let batched = Trigger::Filters(TriggerFilters { batch: true, ..TriggerFilters::default() });
    let choose = |trigger: &Trigger, message: &str| {
        let prepared = prepared(RunEvent::Push { batched: false }, "a", message);
        select(&prepared, RepositoryKind::AzureRepos, &[], &pipeline(), Yaml::Triggers(trigger, &Trigger::Default))
    };
    assert!(choose(&Trigger::Default, "").triggered);
    assert!(!choose(&Trigger::None, "").triggered);
    assert!(choose(&batched, "").batched);
    let skipped = choose(&Trigger::Default, "docs [skip ci]");
    assert_eq!((skipped.triggered, skipped.reason.as_str()), (false, "the commit's message asks for no run: `[skip ci]`"));
}
