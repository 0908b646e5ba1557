//! Events that cannot be, each with secrets that must not show.

use super::{STEPS, diverged, repository, simulate};
use crate::secrets::secrets_of_groups;
use crate::support::World;

/// As [`repository`] and [`diverged`] make it, after a good push: the secret of the variable group is in the store.
fn after_a_good_push() -> World {
    let world = repository(&[]);
    diverged(&world);
    a_good_push(&world);
    assert_eq!(secrets_of_groups(&world.files()).len(), 1, "there is a secret to search for");
    world
}

/// Nothing is in the way of a push to `main`.
fn a_good_push(world: &World) {
    let said = simulate(world, &["push", "main"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
}

#[test]
fn what_is_no_event() {
    let world = after_a_good_push();
    insta::assert_snapshot!(simulate(&world, &["pr", "featrue"]), @r"
        exit 2
        --- stderr
        error: no branch `featrue` in the repository
          hint: did you mean `feature`?
        ");
    insta::assert_snapshot!(simulate(&world, &["pr", "--target", "mian"]), @r"
        exit 2
        --- stderr
        error: no branch `mian` in the repository
          hint: did you mean `main`?
        ");
    insta::assert_snapshot!(simulate(&world, &["pr", "main"]), @r"
        exit 2
        --- stderr
        error: a pull request goes from one branch into another, and both are `main`
          hint: check out the branch with the changes, or name it: `slipway simulate pr BRANCH`; the other one is named with `--target`
        ");
    insta::assert_snapshot!(simulate(&world, &["push", "refs/tags/v1"]), @r"
        exit 2
        --- stderr
        error: no tag `v1` in the repository
          hint: there is no tag at all
        ");
    insta::assert_snapshot!(simulate(&world, &["push", "--since", "nowhere"]), @r"
        exit 2
        --- stderr
        error: no commit `nowhere` in the branches and tags of the repository
          hint: `--since` takes a commit id, a branch, a tag, or for instance `HEAD~3` as `main~3`
        ");
    world.git(&["branch", "behind", "main~1"]);
    insta::assert_snapshot!(simulate(&world, &["pr", "behind"]), @r"
        exit 2
        --- stderr
        error: there is nothing to merge: `main` has all commits of `behind`
          hint: commit something to `behind`, or simulate the push to `main`: `slipway simulate push main`
        ");
    world.git(&["checkout", "--quiet", "--detach"]);
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 2
        --- stderr
        error: no branch is checked out (the head is detached), so the event has none
          hint: name one: `slipway simulate pr BRANCH`
        ");
    world.git(&["checkout", "--quiet", "--orphan", "apart"]);
    world.commit("Apart");
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 2
        --- stderr
        error: `apart` and `main` have no commit in common, so they cannot be merged
          hint: name another target with `--target BRANCH`
        ");
    a_good_push(&world);
}

#[test]
fn a_conflict_names_its_files() {
    let world = after_a_good_push();
    world.git(&["checkout", "--quiet", "main"]);
    world.write("greeting", "hi\n");
    world.commit("Be brief");
    insta::assert_snapshot!(simulate(&world, &["pr", "feature"]), @r"
        exit 2
        --- stderr
        error: `feature` cannot be merged into `main`, these files conflict:
          greeting
          hint: the service builds no pull request with conflicts; solve them in `feature`: `git merge main` or `git rebase main`
        ");
    a_good_push(&world);
}

#[test]
fn repositories_that_cannot_have_events() {
    let outside = World::new(&[("ci.yml", STEPS), ("slipway.local.yml", "pipelines: [{name: ci, file: ci.yml}]\n")]);
    insta::assert_snapshot!(simulate(&outside, &["push"]), @r"
        exit 2
        --- stderr
        error: not in a git repository: `ROOT/shop`
          hint: an event is about commits: `git init`, commit, and try again; `slipway run FILE` needs no git
        ");
    outside.git(&["init", "--quiet", "--initial-branch=main"]);
    insta::assert_snapshot!(simulate(&outside, &["push", "--strict"]), @r"
        exit 2
        --- stderr
        error: uncommitted changes are no part of the event: `ci.yml`, `slipway.local.yml`
          hint: commit or stash them, or simulate without `--strict`
        ");
    insta::assert_snapshot!(simulate(&outside, &["push"]), @r"
        exit 2
        --- stderr
        warning: uncommitted changes are no part of the event: `ci.yml`, `slipway.local.yml`
        error: the repository has no commit on the branch `main` yet
          hint: commit something first
        ");
    let without = World::new(&[("ci.yml", STEPS)]);
    without.git(&["init", "--quiet", "--initial-branch=main"]);
    without.commit("First");
    insta::assert_snapshot!(simulate(&without, &["push"]), @r"
        exit 2
        --- stderr
        error: slipway.local.yml lists no `pipelines`, so no event can trigger one
          hint: docs/slipway-local-yml.md says how; `slipway run FILE` runs a pipeline without an event
        ");

    let whole = after_a_good_push();
    whole.commit("Second");
    let shallow = whole.root().join("shallow");
    whole.git_in(whole.root(), &["clone", "--quiet", "--depth=1", &format!("file://{}", whole.shop().display()), "shallow"]);
    let output = whole.command(&["simulate", "push"]).current_dir(&shallow).output().unwrap();
    insta::assert_snapshot!(whole.said(&output), @r"
        exit 2
        --- stderr
        error: the repository `ROOT/shallow` is shallow: the history that an event is about is not there
          hint: fetch it with `git fetch --unshallow`
        ");
    whole.git(&["config", "core.repositoryFormatVersion", "1"]);
    whole.git(&["config", "extensions.partialClone", "origin"]);
    insta::assert_snapshot!(simulate(&whole, &["push"]), @r"
        exit 2
        --- stderr
        error: the repository `ROOT/shop` is a partial clone: git would fetch into it what is missing
          hint: simulate in a whole clone
        ");
}

#[test]
fn uncommitted_changes_are_named_and_no_part_of_the_event() {
    let world = after_a_good_push();
    world.git(&["checkout", "--quiet", "main"]);
    world.write("greeting", "uncommitted\n");
    world.write("new", "");
    let said = simulate(&world, &["push"]);
    assert!(said.contains("\nhello\n") || said.contains("  hello\n"), "{said}");
    assert!(!said.contains("  uncommitted\n"), "{said}");
    assert!(said.ends_with("--- stderr\nwarning: uncommitted changes are no part of the event: `greeting`, `new`\n"), "{said}");
    insta::assert_snapshot!(simulate(&world, &["push", "--strict"]), @r"
        exit 2
        --- stderr
        error: uncommitted changes are no part of the event: `greeting`, `new`
          hint: commit or stash them, or simulate without `--strict`
        ");
    a_good_push(&world);
}

#[test]
fn a_secret_stays_in_the_store_whatever_becomes_of_the_event() {
    let steps = "variables:\n- group: planted\nsteps:\n- bash: |\n    echo \"it is $(TOKEN)\"\n    echo \"##vso[task.setvariable variable=x;isOutput=true]$(TOKEN)\"\n    exit 1\n";
    let world = repository(&[("ci.yml", &format!("trigger: [main]\n{steps}")), ("pr.yml", steps)]);
    diverged(&world);
    world.git(&["branch", "conflicting", "main~1"]);
    world.git(&["checkout", "--quiet", "conflicting"]);
    world.write("greeting", "hi\n");
    world.commit("Be brief");
    world.git(&["checkout", "--quiet", "feature"]);
    world.write("uncommitted", "");
    let mut said = String::new();
    for (arguments, exit) in [
        (&["pr"][..], "exit 1"),
        (&["push", "main"], "exit 1"),
        (&["pr", "feature", "--target", "conflicting"], "exit 2"),
        (&["pr", "nowhere"], "exit 2"),
        (&["push", "--strict"], "exit 2"),
    ] {
        let one = simulate(&world, arguments);
        assert!(one.starts_with(exit), "{arguments:?}: {one}");
        said.push_str(&one);
    }
    said.push_str(&world.slipway(&["runs", "show", "1"]));
    assert!(said.contains("it is ***"), "{said}");
    assert_eq!(secrets_of_groups(&world.files()).len(), 1, "there is a secret to search for");
}
