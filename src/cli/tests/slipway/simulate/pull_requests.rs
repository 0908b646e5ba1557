//! Pull requests: what is merged, what is built.

use super::{diverged, report, repository, simulate};

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
fn on_github_pr_decides() {
    let world = repository(&[
        ("slipway.local.yml", "repository: {type: github}\npipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: docs, file: docs.yml}\n"),
        ("docs.yml", "pr:\n  branches: {include: [main]}\n  paths: {include: [docs]}\nsteps: [{script: a}]\n"),
    ]);
    diverged(&world);
    let said = simulate(&world, &["pr", "--target", "refs/heads/main"]);
    insta::assert_snapshot!(&said[..said.find("job Job").unwrap()], @r"
        exit 0
        --- stdout
        pull request 1: feature into main (GitHub)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch `main` is included by `main`
          docs: not triggered: the only changed file is `greeting`, so nothing passes the path filter (`docs`)

        shop-pr, run 1 (DATE.1)
        ");
    insta::assert_snapshot!(report(&said), @r"
        exit 0
        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-pr` succeeded
        ");
}

#[test]
fn a_worktree_is_a_repository_and_pull_requests_are_counted() {
    let world = repository(&[]);
    diverged(&world);
    world.git(&["worktree", "add", "--quiet", "../other", "main"]);
    let state = world.root().join("state").display().to_string();
    for number in [1, 2] {
        let output =
            world.command(&["simulate", "pr", "feature", "--state", &state]).current_dir(world.root().join("other")).output().unwrap();
        let said = world.said(&output);
        assert!(said.starts_with(&format!("exit 0\n--- stdout\npull request {number}: feature into main")), "{said}");
        assert!(said.contains(&format!("the tip of refs/pull/{number}/merge")), "{said}");
    }
}
