//! Runs of a push and of a pull request: what they build, and what their steps are told.

use std::path::Path;
use std::process::Command;

use slipway_pipelines::Step;

use super::{Bench, path, script, task};
use crate::event::TaskResult;
use crate::run_event::{Provider, PullRequestEvent, RunEvent, Source};

#[expect(clippy::disallowed_methods, reason = "tests make repositories with plain git")]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn checkout(inputs: &[(&str, &str)]) -> Step {
    let mut all = vec![("repository", "self")];
    all.extend(inputs);
    task("Checkout", &all)
}

/// A repository with `main` and `feature`, and their merge at `refs/pull/7/merge`. The bench builds the merge.
fn pull_request(bench: &mut Bench) {
    let origin = bench.path("origin");
    std::fs::create_dir(&origin).unwrap();
    let commit = |file: &str, message: &str| {
        std::fs::write(origin.join(file), message).unwrap();
        git(&origin, &["add", "."]);
        git(&origin, &["commit", "--quiet", "-m", message]);
        git(&origin, &["rev-parse", "HEAD"])
    };
    git(&origin, &["init", "--quiet"]);
    commit("a", "one");
    commit("a", "two");
    git(&origin, &["checkout", "--quiet", "-b", "feature"]);
    let source = commit("b", "feature");
    git(&origin, &["checkout", "--quiet", "main"]);
    commit("c", "three");
    git(&origin, &["checkout", "--quiet", "--detach"]);
    git(&origin, &["merge", "--quiet", "--no-ff", "-m", "the merge", "feature"]);
    let merge = git(&origin, &["rev-parse", "HEAD"]);
    git(&origin, &["update-ref", "refs/pull/7/merge", &merge]);
    git(&origin, &["checkout", "--quiet", "main"]);
    git(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    bench.commit = merge;
    bench.branch = "refs/pull/7/merge";
    bench.source = Source::Commit { url_or_path: origin.display().to_string(), reference: "refs/pull/7/merge".into() };
    bench.event = RunEvent::PullRequest(PullRequestEvent {
        id: 7,
        source_branch: "refs/heads/feature".into(),
        target_branch: "refs/heads/main".into(),
        source_commit: source,
        source_repository_uri: "https://dev.azure.com/local/local/_git/origin".into(),
        is_draft: false,
    });
}

#[tokio::test]
async fn a_merge_is_checked_out_detached_and_one_deep_and_can_be_deepened() {
    let asks = "git rev-parse HEAD\ngit rev-parse --abbrev-ref HEAD\ngit rev-parse --is-shallow-repository\ngit rev-list --count HEAD\ngit branch --list main\nls\ngit fetch --quiet --depth=2 origin $BUILD_SOURCEVERSION\ngit rev-parse HEAD^2\ngit diff --name-only HEAD^1 HEAD";
    let mut bench = Bench::new(vec![checkout(&[]), script(asks)]);
    pull_request(&mut bench);
    let RunEvent::PullRequest(event) = &bench.event else { panic!() };
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded, "{:?}", ran.events);
    assert_eq!(ran.lines(1), [bench.commit.as_str(), "HEAD", "true", "1", "a", "b", "c", event.source_commit.as_str(), "b"]);
    assert!(ran.lines(0).iter().any(|line| line.starts_with("##[command]git fetch") && line.contains("--depth=1")), "{:?}", ran.lines(0));
}

#[tokio::test]
async fn the_depth_of_the_step_is_obeyed_and_a_kept_folder_is_built_upon() {
    let mut bench = Bench::new(vec![
        checkout(&[]),
        script("touch built; git rev-list --count HEAD"),
        checkout(&[("fetchDepth", "0"), ("fetchTags", "true")]),
        script("ls; git rev-list --count HEAD; git for-each-ref --format='%(refname)' refs/remotes/origin/main refs/remotes/pull; git tag"),
        checkout(&[("clean", "true")]),
        script("ls"),
    ]);
    pull_request(&mut bench);
    git(&bench.path("origin"), &["tag", "v1", "main"]);
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded, "{:?}", ran.events);
    assert_eq!(ran.lines(1), ["1"]);
    assert_eq!(ran.lines(3), ["a", "b", "built", "c", "5", "refs/remotes/origin/main", "refs/remotes/pull/7/merge", "v1"]);
    assert_eq!(ran.lines(5), ["a", "b", "c"], "cleaned");
}

#[tokio::test]
async fn a_work_tree_after_a_commit_in_the_same_folder_holds_nothing_of_it() {
    let mut bench = Bench::new(vec![checkout(&[]), script("ls")]);
    pull_request(&mut bench);
    assert_eq!(bench.run().await.lines(1), ["a", "b", "c"]);
    bench.source = Source::WorkTree;
    bench.commit = String::new();
    std::fs::write(bench.path("repository/own"), "").unwrap();
    assert_eq!(bench.run().await.lines(1), ["own"]);
}

#[tokio::test]
async fn a_broken_work_folder_within_a_repository_is_made_anew_and_the_repository_is_left_alone() {
    let mut bench = Bench::new(vec![checkout(&[("clean", "true")]), script("ls")]);
    pull_request(&mut bench);
    // Around the state folder lies a repository with the same origin.
    let around = bench.path("");
    git(&around, &["init", "--quiet"]);
    git(&around, &["remote", "add", "origin", &bench.path("origin").display().to_string()]);
    std::fs::write(around.join("precious"), "").unwrap();
    assert_eq!(bench.run().await.lines(1), ["a", "b", "c"]);
    let head = bench.path("state/agents/1/_work/1/s/.git/HEAD");
    assert!(head.exists());
    std::fs::write(&head, "broken").unwrap();
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["a", "b", "c"], "{:?}", ran.lines(0));
    assert!(around.join("precious").exists());
    assert!(std::fs::read_to_string(around.join(".git/HEAD")).unwrap().starts_with("ref: "), "not detached");
}

#[tokio::test]
async fn hooks_that_an_earlier_run_left_do_not_take_part() {
    let hook = "mkdir -p .git/hooks; printf '#!/bin/sh\\ntouch hooked\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout";
    let mut bench =
        Bench::new(vec![checkout(&[]), script(&format!("{hook}; git checkout --quiet HEAD; ls; rm hooked")), checkout(&[]), script("ls")]);
    pull_request(&mut bench);
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["a", "b", "c", "hooked"], "the hook works");
    assert_eq!(ran.lines(3), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_pull_request_has_its_variables() {
    let prints = "env | grep -E '^(BUILD_REASON|BUILD_SOURCE(BRANCH|BRANCHNAME|VERSION)|SYSTEM_PULLREQUEST_.*|BUILD_REPOSITORY_(NAME|PROVIDER|URI))=' | sort";
    let mut bench = Bench::new(vec![script(prints)]);
    pull_request(&mut bench);
    let RunEvent::PullRequest(event) = bench.event.clone() else { panic!() };
    let (merge, source) = (bench.commit.clone(), event.source_commit);
    let lines = bench.run().await.lines(0).join("\n").replace(&merge, "MERGE").replace(&source, "SOURCE");
    insta::assert_snapshot!(lines, @r"
        BUILD_REASON=PullRequest
        BUILD_REPOSITORY_NAME=repository
        BUILD_REPOSITORY_PROVIDER=TfsGit
        BUILD_REPOSITORY_URI=https://dev.azure.com/local/local/_git/repository
        BUILD_SOURCEBRANCH=refs/pull/7/merge
        BUILD_SOURCEBRANCHNAME=merge
        BUILD_SOURCEVERSION=MERGE
        SYSTEM_PULLREQUEST_ISFORK=False
        SYSTEM_PULLREQUEST_PULLREQUESTID=7
        SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/feature
        SYSTEM_PULLREQUEST_SOURCECOMMITID=SOURCE
        SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI=https://dev.azure.com/local/local/_git/origin
        SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main
        SYSTEM_PULLREQUEST_TARGETBRANCHNAME=main
        ");
    bench.provider = Provider::GitHub;
    let lines = bench.run().await.lines(0).join("\n").replace(&merge, "MERGE").replace(&source, "SOURCE");
    insta::assert_snapshot!(lines, @r"
        BUILD_REASON=PullRequest
        BUILD_REPOSITORY_NAME=local/repository
        BUILD_REPOSITORY_PROVIDER=GitHub
        BUILD_REPOSITORY_URI=https://github.com/local/repository
        BUILD_SOURCEBRANCH=refs/pull/7/merge
        BUILD_SOURCEBRANCHNAME=merge
        BUILD_SOURCEVERSION=MERGE
        SYSTEM_PULLREQUEST_ISFORK=False
        SYSTEM_PULLREQUEST_PULLREQUESTID=7
        SYSTEM_PULLREQUEST_PULLREQUESTNUMBER=7
        SYSTEM_PULLREQUEST_SOURCEBRANCH=feature
        SYSTEM_PULLREQUEST_SOURCECOMMITID=SOURCE
        SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI=https://dev.azure.com/local/local/_git/origin
        SYSTEM_PULLREQUEST_TARGETBRANCH=main
        SYSTEM_PULLREQUEST_TARGETBRANCHNAME=main
        ");
    bench.event = RunEvent::Push { batched: false };
    let lines = bench.run().await.lines(0).join("\n").replace(&merge, "MERGE");
    insta::assert_snapshot!(lines, @r"
        BUILD_REASON=IndividualCI
        BUILD_REPOSITORY_NAME=local/repository
        BUILD_REPOSITORY_PROVIDER=GitHub
        BUILD_REPOSITORY_URI=https://github.com/local/repository
        BUILD_SOURCEBRANCH=refs/pull/7/merge
        BUILD_SOURCEBRANCHNAME=merge
        BUILD_SOURCEVERSION=MERGE
        SYSTEM_PULLREQUEST_ISFORK=False
        ");
}
