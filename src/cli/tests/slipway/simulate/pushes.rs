//! Pushes: triggers, paths, tags.

use super::{report, repository, simulate};

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

#[test]
fn the_number_of_a_pipeline_is_that_of_the_file_and_exists_at_compile_time() {
    let steps = "trigger: [main]\nsteps:\n- script: echo compile ${{ variables['System.DefinitionId'] }} ${{ variables['Build.Reason'] }} run $(System.DefinitionId)\n";
    let world = repository(&[("ci.yml", steps), ("slipway.local.yml", "pipelines: [{id: 12, name: ci, file: ci.yml}]\n")]);
    let said = simulate(&world, &["push"]);
    assert!(said.contains("\n  compile 12 IndividualCI run 12\n"), "{said}");
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.contains("\n  compile 12 Manual run 12\n"), "{said}");
}

#[test]
fn paths_since_a_commit_and_tags_decide_about_pushes() {
    let steps = "steps: [{script: echo ran}]\n";
    let world = repository(&[
        ("docs.yml", &format!("trigger:\n  paths: {{include: [docs]}}\n{steps}")),
        ("release.yml", &format!("trigger:\n  tags: {{include: [v*]}}\n{steps}")),
        ("slipway.local.yml", "pipelines:\n- {name: release, file: release.yml}\n- {name: docs, file: docs.yml}\n"),
    ]);
    world.write("docs/a.md", "");
    world.commit("Docs");
    world.write("code", "");
    world.commit("Code");
    world.git(&["tag", "v1"]);
    let chosen = |arguments: &[&str]| {
        let said = simulate(&world, arguments);
        said.lines()
            .filter(|line| line.contains(" triggered: ") || line.contains("COMMIT ("))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!(chosen(&["push"]), @r"
        COMMIT (Code), since COMMIT; 1 file changed
        release: not triggered: `trigger:` names tags only, and `main` is a branch
        docs: not triggered: the only changed file is `code`, so nothing passes the path filter (`docs`)
        ");
    insta::assert_snapshot!(chosen(&["push", "--since", "main~2"]), @r"
        COMMIT (Code), since COMMIT; 2 files changed
        release: not triggered: `trigger:` names tags only, and `main` is a branch
        docs: triggered: `trigger:` names no branches, so every branch starts it, and `docs/a.md` changed, which the path filter includes
        ");
    insta::assert_snapshot!(chosen(&["push", "refs/tags/v1"]), @r"
        COMMIT (Code), since COMMIT; 1 file changed
        release: triggered: the tag `v1` is included by `v*`
        docs: not triggered: without `trigger: tags:` no tag starts it, and `v1` is one
        ");
    world.git(&["checkout", "--quiet", "-b", "without"]);
    world.git(&["rm", "--quiet", "docs.yml"]);
    world.commit("No pipeline");
    world.git(&["checkout", "--quiet", "main"]);
    insta::assert_snapshot!(chosen(&["push", "without"]), @r"
        COMMIT (No pipeline), since COMMIT; 1 file changed
        release: not triggered: `trigger:` names tags only, and `without` is a branch
        docs: not triggered: `docs.yml` is not in the commit
        ");
    world.git(&["commit", "--quiet", "--allow-empty", "-m", "Nothing [skip ci]"]);
    insta::assert_snapshot!(report(&simulate(&world, &["push"])), @r"
        exit 0
        report: push to main

        no pipeline was triggered
        ");
}
