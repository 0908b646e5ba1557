//! What `slipway runs` tells of events.

use super::{diverged, report, repository, simulate, without_commits};

#[test]
fn runs_of_events_can_be_listed_and_shown() {
    let junit = r#"<testsuite name="orders"><testcase classname="orders" name="adds"/><testcase classname="orders" name="rounds"><failure message="expected 2, got 3">at orders.rs:7</failure></testcase></testsuite>"#;
    let publishes = format!(
        "trigger: [main]\npr: none\nsteps:\n- bash: |\n    echo '{junit}' > r.xml\n    echo kept > kept\n    echo '##vso[results.publish type=JUnit;resultFiles=r.xml;runTitle=unit]'\n    exit 1\n  displayName: Test\n- publish: kept\n  artifact: drop\n  condition: always()\n"
    );
    // On GitHub: Azure Repos validates no draft.
    let config = "repository: {type: github}\npipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\n";
    let world = repository(&[("ci.yml", &publishes), ("slipway.local.yml", config)]);
    let said = simulate(&world, &["push"]);
    insta::assert_snapshot!(report(&said), @r"
        exit 1
        report: push to main

        shop-ci, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          failed TIME    Test

        issues
          error: Test: Bash exited with code '1'.

        tests
          1 passed, 1 failed, 0 skipped  unit
            failed: rounds in orders
              expected 2, got 3
          ROOT/xdg/slipway/shop-HASH/runs/1/tests.json

        artifacts
          drop  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/drop

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        not succeeded: `shop-ci` (failed)
        ");
    diverged(&world);
    simulate(&world, &["pr", "--draft"]);
    world.slipway(&["run", "pr.yml"]);
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
        exit 0
        --- stdout
        1  failed     MOMENT  shop-ci  DATE.1  push            main COMMIT
        2  succeeded  MOMENT  shop-pr  DATE.1  pull request 1  refs/pull/1/merge COMMIT
        3  succeeded  MOMENT  shop-pr  DATE.2  by hand         feature COMMIT
        ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "1"])), @r"
        exit 0
        --- stdout
        shop-ci, run 1 (DATE.1): failed in TIME
          push to main, commit COMMIT

          failed TIME  Job
          succeeded TIME    Checkout
          failed TIME    Test
          succeeded TIME    PublishPipelineArtifact

        issues
          error: Test: Bash exited with code '1'.

        tests
          1 passed, 1 failed, 0 skipped  unit
            failed: rounds in orders
              expected 2, got 3
          ROOT/xdg/slipway/shop-HASH/runs/1/tests.json

        artifacts
          drop  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/drop

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "2"])), @r"
        exit 0
        --- stdout
        shop-pr, run 2 (DATE.1): succeeded in TIME
          pull request 1 (draft): feature into main, merge COMMIT

          succeeded TIME  Job
          succeeded TIME    Checkout
          succeeded TIME    Greet

        logs
          ROOT/xdg/slipway/shop-HASH/runs/2/logs
        ");
}
