//! `slipway simulate`: whole outputs, on real repositories.

use std::path::Path;

use crate::support::World;

const STEPS: &str = "steps:\n- script: cat greeting\n  displayName: Greet\n";

/// A repository with a commit on `main`, in which `slipway.local.yml` has these pipelines and policies.
fn repository(more: &[(&str, &str)]) -> World {
    let world = World::new(&[
        ("greeting", "hello\n"),
        ("ci.yml", &format!("trigger: [main]\n{STEPS}")),
        ("pr.yml", &format!("trigger: none\npr: [main]\n{STEPS}")),
    ]);
    world.write(
        "slipway.local.yml",
        "pipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\nbranchPolicies:\n- branch: main\n  buildValidation:\n  - pipeline: shop-pr\n",
    );
    for (path, text) in more {
        world.write(path, text);
    }
    git(&world, &["init", "--quiet", "--initial-branch=main"]);
    commit(&world, "First");
    world
}

#[expect(clippy::disallowed_methods, reason = "tests make repositories with plain git")]
fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(world: &World, arguments: &[&str]) -> String {
    git_in(&world.shop(), arguments)
}

fn commit(world: &World, message: &str) {
    git(world, &["add", "--all"]);
    git(world, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// `feature` changes the greeting; `main` goes on, too. `feature` is checked out.
fn diverged(world: &World) {
    git(world, &["checkout", "--quiet", "-b", "feature"]);
    world.write("greeting", "good day\n");
    commit(world, "Be polite");
    git(world, &["checkout", "--quiet", "main"]);
    world.write("other", "");
    commit(world, "Other");
    git(world, &["checkout", "--quiet", "feature"]);
}

fn simulate(world: &World, arguments: &[&str]) -> String {
    let said = world.slipway(&[&["simulate"], arguments].concat());
    regex_lite::Regex::new(r"\b[0-9a-f]{8}\b|\b[0-9a-f]{40}\b").unwrap().replace_all(&said, "COMMIT").into_owned()
}

/// Standard output from the report on, with the exit status.
fn report(said: &str) -> String {
    let exit = said.lines().next().unwrap_or_default();
    let at = said.find("report: ").unwrap_or(said.len());
    format!("{exit}\n{}", &said[at..])
}

#[test]
fn a_pull_request_in_azure_repos_builds_the_merge_as_the_branch_policy_says() {
    let world = repository(&[]);
    diverged(&world);
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 0
        --- stdout
        pull request 1: feature into main (Azure Repos)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch policy of `main` has a required build validation, and the policy holds for all paths
            `pr:` in pr.yml is ignored: in Azure Repos only branch policies build pull requests
          shop-ci: not triggered: no branch policy of `main` has a build validation with it

        shop-pr, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          git init --quiet --template=
          git remote add origin ROOT/xdg/slipway/shop-HASH/simulate/repository.git
          git fetch --quiet --force --no-tags --prune --no-recurse-submodules origin --depth=1 +COMMIT:refs/remotes/origin/COMMIT
          git checkout --quiet --detach --force COMMIT
          HEAD is now at COMMIT, the tip of refs/pull/1/merge, 1 deep.
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Greet: started
          Starting: Greet
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          cat greeting
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          good day
          Finishing: Greet
        step Greet: succeeded in TIME
        job Job: succeeded in TIME

        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-pr` succeeded
        branch policy: the pull request can be completed, as far as builds are concerned
        ");
    assert!(
        !world.root().join("xdg").join("slipway").read_dir().unwrap().any(|state| state.unwrap().path().join("simulate").exists()),
        "left"
    );
}

#[test]
fn a_push_starts_what_its_trigger_says() {
    let world = repository(&[]);
    insta::assert_snapshot!(simulate(&world, &["push"]), @r"
        exit 0
        --- stdout
        push to main (Azure Repos)
          COMMIT (First), the first commit; 4 files changed
          shop-pr: not triggered: `trigger: none`
          shop-ci: triggered: the branch `main` is included by `main`

        shop-ci, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          git init --quiet --template=
          git remote add origin ROOT/xdg/slipway/shop-HASH/simulate/repository.git
          git fetch --quiet --force --no-tags --prune --no-recurse-submodules origin --depth=1 +COMMIT:refs/remotes/origin/COMMIT
          git checkout --quiet --detach --force COMMIT
          HEAD is now at COMMIT, the tip of refs/heads/main, 1 deep.
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Greet: started
          Starting: Greet
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          cat greeting
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          hello
          Finishing: Greet
        step Greet: succeeded in TIME
        job Job: succeeded in TIME

        report: push to main

        shop-ci, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-ci` succeeded
        ");
}
