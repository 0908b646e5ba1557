//! Branch policies decide in Azure Repos.

use super::{report, repository, simulate};

#[test]
fn a_failing_required_validation_keeps_the_pull_request_from_being_completed_and_the_others_run() {
    let world = repository(&[
        ("broken.yml", "stepz: []\n"),
        (
            "slipway.local.yml",
            "pipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\n- {name: broken, file: broken.yml}\nbranchPolicies:\n- branch: main\n  buildValidation:\n  - pipeline: broken\n    required: false\n  - pipeline: shop-ci\n    paths: [/docs/*]\n  - pipeline: shop-pr\n",
        ),
    ]);
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.git(&["rm", "--quiet", "greeting"]);
    world.commit("No greeting");
    let said = simulate(&world, &["pr"]);
    let before_runs = &said[..said.find("job Job").unwrap()];
    insta::assert_snapshot!(before_runs, @r"
        exit 1
        --- stdout
        pull request 1: feature into main (Azure Repos)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch policy of `main` has a required build validation, and the policy holds for all paths
            `pr:` in pr.yml is ignored: in Azure Repos only branch policies build pull requests
          shop-ci: not triggered: the branch policy of `main` has a required build validation, and the only changed file is `greeting`, so nothing passes the policy's path filter (`/docs/*`)
          broken: triggered: the branch policy of `main` has an optional build validation, and the policy holds for all paths

        shop-pr, run 1 (DATE.1)
        ");
    insta::assert_snapshot!(report(&said), @r"
        exit 1
        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          failed TIME    Greet

        issues
          error: Greet: Bash exited with code '1'.

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        broken: could not run

        not succeeded: `shop-pr` (failed), `broken` (could not run)
        branch policy: the pull request cannot be completed, a required build validation has not succeeded: `shop-pr` (failed)
        --- stderr
        broken.yml:1:1: error: unknown key of the pipeline: `stepz`
          1 | stepz: []
            | ^
          hint: did you mean `steps`?
        broken.yml:1:1: error: the pipeline has nothing to run
          1 | stepz: []
            | ^
          hint: it needs `steps`, `jobs` or `stages`, its own or those of a template that it extends
        ");
}
