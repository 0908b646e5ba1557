//! Pipelines that the completion of another one triggers.

use super::{report, repository, simulate, without_commits};
use crate::support::World;

const CONFIG: &str = "\
pipelines:
- {name: shop-ci, file: ci.yml}
- {name: shop-cd, file: cd.yml}
- {name: shop-docs, file: docs.yml}
";

const CI: &str = "\
trigger: [main]
pr: none
stages:
- stage: publish
  jobs:
  - job: publish
    steps:
    - checkout: none
    - script: |
        echo orders > images.json
        echo '##vso[build.addbuildtag]signed'
      displayName: Build
    - publish: images.json
      artifact: images
";

/// `resources:` with the alias `ci`, more keys of it, and steps.
fn consumer(more: &str, steps: &str) -> String {
    format!("trigger: none\npr: none\nresources:\n  pipelines:\n  - pipeline: ci\n    source: shop-ci\n{more}steps:\n{steps}")
}

fn cd() -> String {
    consumer(
        "    trigger:\n      branches: [main]\n      stages: [publish]\n",
        "- checkout: none\n- download: ci\n- bash: |\n    cat '$(Pipeline.Workspace)/ci/images/images.json'\n    echo 'run $(resources.pipeline.ci.runID) of $(resources.pipeline.ci.pipelineName), $(Build.Reason)'\n    [ '$(resources.pipeline.ci.sourceCommit)' = '$(Build.SourceVersion)' ] && echo 'the same commit'\n  displayName: Read\n",
    )
}

fn shop(docs: &str) -> World {
    repository(&[("slipway.local.yml", CONFIG), ("ci.yml", CI), ("cd.yml", &cd()), ("docs.yml", docs)])
}

/// Lines of standard output that tell what was triggered.
fn triggers(said: &str) -> String {
    let told = |line: &&str| line.contains("triggered") || line.starts_with("completion of");
    said.lines().filter(told).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_completion_of_ci_starts_cd_with_its_artifacts() {
    let world = shop("trigger: none\nsteps: [{script: a}]\n");
    let said = simulate(&world, &["push"]);
    insta::assert_snapshot!(said, @r"
    exit 0
    --- stdout
    push to main (Azure Repos)
      COMMIT (First), the first commit; 6 files changed
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`

    shop-ci, run 1 (DATE.1)
    stage publish: started
    job publish / publish: started on slipway-1
    step Build: started
      Starting: Build
      ==============================================================================
      Task         : CmdLine
      Version      : 2.0.0
      ==============================================================================
      Generating script.
      ========================== Starting Command Output ===========================
      [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
      Build '1' has following tags now: signed
      Finishing: Build
    step Build: succeeded in TIME
    step PublishPipelineArtifact: started
      Starting: PublishPipelineArtifact
      ==============================================================================
      Task         : PublishPipelineArtifact
      Version      : 1.0.0
      ==============================================================================
      Uploading pipeline artifact from ROOT/xdg/slipway/shop-HASH/agents/1/_work/1/s/images.json for build #1
      Uploading pipeline artifact finished: `images`, 1 files, 7 bytes.
      Finishing: PublishPipelineArtifact
    step PublishPipelineArtifact: succeeded in TIME
    job publish / publish: succeeded in TIME
    stage publish: succeeded in TIME

    completion of shop-ci, run 1
      shop-cd: triggered: pipeline resource `ci`: the stage `publish` succeeded; the branch `main` is included by `main`

    shop-cd, run 2 (DATE.1)
    job Job: started on slipway-1
    step DownloadPipelineArtifact: started
      Starting: DownloadPipelineArtifact
      ==============================================================================
      Task         : DownloadPipelineArtifact
      Version      : 2.0.0
      ==============================================================================
      Downloaded artifact `images` of build 1 to ROOT/xdg/slipway/shop-HASH/agents/1/_work/2/ci/images: 1 files.
      Downloading artifact finished.
      Finishing: DownloadPipelineArtifact
    step DownloadPipelineArtifact: succeeded in TIME
    step Read: started
      Starting: Read
      ==============================================================================
      Task         : Bash
      Version      : 3.0.0
      ==============================================================================
      Generating script.
      ========================== Starting Command Output ===========================
      [command]bash ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
      orders
      run 1 of shop-ci, ResourceTrigger
      the same commit
      Finishing: Read
    step Read: succeeded in TIME
    job Job: succeeded in TIME

    report: push to main

    shop-ci, run 1 (DATE.1): succeeded in TIME

      succeeded TIME  publish

    artifacts
      images  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/images

    logs
      ROOT/xdg/slipway/shop-HASH/runs/1/logs

    shop-cd, run 2 (DATE.1): succeeded in TIME

      succeeded TIME  Job

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/2/logs

    both pipelines succeeded
    ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
    exit 0
    --- stdout
    1  succeeded  MOMENT  shop-ci  DATE.1  push              main COMMIT
    2  succeeded  MOMENT  shop-cd  DATE.1  run 1 of shop-ci  main COMMIT
    ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "1"])), @r"
    exit 0
    --- stdout
    shop-ci, run 1 (DATE.1): succeeded in TIME
      push to main, commit COMMIT

      succeeded TIME  publish
      succeeded TIME    publish
      succeeded TIME      Build
      succeeded TIME      PublishPipelineArtifact

    triggered
      shop-cd, run 2 (DATE.1): succeeded

    artifacts
      images  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/images

    logs
      ROOT/xdg/slipway/shop-HASH/runs/1/logs
    ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "2"])), @r"
    exit 0
    --- stdout
    shop-cd, run 2 (DATE.1): succeeded in TIME
      completion of run 1 of shop-ci; main, commit COMMIT

      succeeded TIME  Job
      succeeded TIME    DownloadPipelineArtifact
      succeeded TIME    Read

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/2/logs
    ");
}

#[test]
fn chains_go_on_until_nothing_is_triggered() {
    let world = shop(
        "trigger: none\nresources:\n  pipelines:\n  - {pipeline: cd, source: shop-cd, trigger: true}\nsteps:\n- checkout: none\n- script: echo 'after run $(resources.pipeline.cd.runID)'\n",
    );
    let said = simulate(&world, &["push"]);
    insta::assert_snapshot!(triggers(&said), @r"
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 1
      shop-cd: triggered: pipeline resource `ci`: the stage `publish` succeeded; the branch `main` is included by `main`
    completion of shop-cd, run 2
      shop-docs: triggered: pipeline resource `cd`: the run succeeded; `trigger:` names no branches, so every branch starts it
    ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
    exit 0
    --- stdout
    1  succeeded  MOMENT  shop-ci    DATE.1  push              main COMMIT
    2  succeeded  MOMENT  shop-cd    DATE.1  run 1 of shop-ci  main COMMIT
    3  succeeded  MOMENT  shop-docs  DATE.1  run 2 of shop-cd  main COMMIT
    ");
}

#[test]
fn pipelines_that_trigger_each_other_run_once() {
    let ci = CI.replace("pr: none\n", "pr: none\nresources:\n  pipelines:\n  - {pipeline: cd, source: shop-cd, trigger: true}\n");
    let world = shop("trigger: none\nsteps: [{script: a}]\n");
    world.write("ci.yml", &ci);
    // The first run of each has no run of the other to consume.
    world.commit("In a circle");
    let said = simulate(&world, &["push"]);
    insta::assert_snapshot!(said, @r"
    exit 1
    --- stdout
    push to main (Azure Repos)
      COMMIT (In a circle), since COMMIT; 1 file changed
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`


    report: push to main

    shop-ci: could not run

    not succeeded: `shop-ci` (could not run)
    --- stderr
    error: ci.yml:5:5: the pipeline resource `cd` needs a run of `shop-cd`: there is none yet
      hint: run it first: `slipway run cd.yml`, or `slipway simulate push`; or name a run: `--pipeline-run cd=N`
    ");
    world.write("ci.yml", CI);
    world.commit("CI alone");
    simulate(&world, &["push"]);
    world.write("ci.yml", &ci);
    world.commit("In a circle again");
    insta::assert_snapshot!(triggers(&simulate(&world, &["push"])), @r"
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 3
      shop-cd: triggered: pipeline resource `ci`: the stage `publish` succeeded; the branch `main` is included by `main`
    completion of shop-cd, run 4
      shop-ci: not triggered again: in Azure DevOps this would never end: `shop-ci` → `shop-cd` → `shop-ci`
    ");
}

#[test]
fn why_a_completion_triggers_nothing() {
    let of = |more: &str| consumer(more, "- script: exit 1\n");
    let world = shop(&of("    trigger: {branches: [releases/*]}\n"));
    let mut said = triggers(&simulate(&world, &["push"]));
    for (cd, docs) in [
        (of(""), of("    trigger: {enabled: false}\n")),
        (of("    trigger: {tags: [green]}\n"), of("    trigger: {stages: [deploy]}\n")),
        (of("    trigger: {stages: [deploy]}\n").replace("source: shop-ci", "source: shop-c1"), of("    trigger: nonsense\n")),
    ] {
        world.write("cd.yml", &cd);
        world.write("docs.yml", &docs);
        world.commit("Triggers");
        said.push_str(&triggers(&simulate(&world, &["push"])));
    }
    insta::assert_snapshot!(said, @r"
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 1
      shop-cd: triggered: pipeline resource `ci`: the stage `publish` succeeded; the branch `main` is included by `main`
      shop-docs: not triggered: pipeline resource `ci`: the branch `main` is not among `trigger: branches:` (`releases/*`)
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 3
      shop-cd: not triggered: its pipeline resource `ci` has no `trigger`
      shop-docs: not triggered: pipeline resource `ci`: its trigger has `enabled: false`
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 4
      shop-cd: not triggered: pipeline resource `ci`: the run has no tag `green`, which `trigger: tags:` asks for
      shop-docs: not triggered: pipeline resource `ci`: its trigger waits for the stage `deploy`, which the run does not have; it has `publish`
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: triggered: its YAML is broken, so the service makes a run that fails at once
    completion of shop-ci, run 5
      shop-cd: not triggered: its pipeline resource `ci` waits for `shop-c1`, and slipway.local.yml lists no such pipeline; did you mean `shop-cd`?
    ");
}

#[test]
fn the_yaml_of_the_default_branch_decides() {
    let world = shop("trigger: none\nsteps: [{script: a}]\n");
    world.write("ci.yml", &CI.replace("[main]", "['*']"));
    world.write("cd.yml", "trigger: none\nsteps: [{script: a}]\n");
    world.commit("Nothing is triggered");
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("cd.yml", &cd().replace("branches: [main]", "branches: ['*']"));
    world.write("new.yml", &cd());
    world.write("slipway.local.yml", &format!("{CONFIG}- {{name: shop-new, file: new.yml}}\n"));
    world.commit("A trigger that is not on main");
    insta::assert_snapshot!(triggers(&simulate(&world, &["push"])), @r"
      shop-ci: triggered: the branch `feature` is included by `*`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
      shop-new: not triggered: `trigger: none`
    completion of shop-ci, run 1
      shop-cd: not triggered: its pipeline resource `ci` has a `trigger`, but the YAML of the default branch decides, and that on `main` has no such trigger
      shop-new: not triggered: its pipeline resource `ci` has a `trigger`, but the YAML of the default branch decides, and `new.yml` is not on `main`
    ");
}

#[test]
fn a_run_that_fails_triggers_nothing() {
    let world = shop("trigger: none\nsteps: [{script: a}]\n");
    world.write("ci.yml", &CI.replace("echo orders > images.json", "exit 1"));
    world.commit("Broken");
    insta::assert_snapshot!(triggers(&simulate(&world, &["push"])), @r"
      shop-ci: triggered: the branch `main` is included by `main`
      shop-cd: not triggered: `trigger: none`
      shop-docs: not triggered: `trigger: none`
    completion of shop-ci, run 1
      shop-cd: not triggered: pipeline resource `ci`: its trigger waits for the stage `publish`, which did not succeed: Failed
    ");
}

#[test]
fn a_run_by_hand_takes_the_latest_run_that_succeeded() {
    let world = shop("trigger: none\nsteps: [{script: a}]\n");
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml"]), @r"
    exit 2
    --- stderr
    error: cd.yml:5:5: the pipeline resource `ci` needs a run of `shop-ci`: there is none yet
      hint: run it first: `slipway run ci.yml`, or `slipway simulate push`; or name a run: `--pipeline-run ci=N`
    ");
    world.slipway(&["run", "ci.yml"]);
    world.write("ci.yml", &CI.replace("echo orders > images.json", "exit 1"));
    world.slipway(&["run", "ci.yml"]);
    let said = world.slipway(&["run", "cd.yml"]);
    assert!(said.contains("\n  run 1 of shop-ci, Manual\n"), "{said}");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "3"])), @r"
    exit 0
    --- stdout
    shop-cd, run 3 (DATE.1): succeeded in TIME

      succeeded TIME  Job
      succeeded TIME    DownloadPipelineArtifact
      succeeded TIME    Read

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/3/logs
    ");
    // A run that failed is only taken when it is asked for.
    let said = world.slipway(&["run", "cd.yml", "--pipeline-run", "CI=2"]);
    assert!(said.contains("ci  shop-ci, run 2 (DATE.2)"), "{said}");
}

#[test]
fn runs_that_cannot_be_consumed_are_refused_at_once() {
    let world = shop("trigger: none\nsteps: [{checkout: none}, {script: echo}]\n");
    world.slipway(&["run", "docs.yml"]);
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml", "--pipeline-run", "ci=1"]), @r"
    exit 2
    --- stderr
    error: run 1 is one of `shop-docs`, and the pipeline resource `ci` stands for runs of `shop-ci`
      hint: `slipway runs` lists the runs
    ");
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml", "--pipeline-run", "ci=9", "--pipeline-run", "cii=1"]), @r"
    exit 2
    --- stderr
    error: `cd.yml` has no pipeline resource `cii`
      hint: did you mean `ci`?
    error: the pipeline resource `ci` cannot be run 9: there is no such run
      hint: `slipway runs` lists the runs
    ");
    insta::assert_snapshot!(world.slipway(&["run", "docs.yml", "--pipeline-run", "ci=1"]), @r"
    exit 2
    --- stderr
    error: `docs.yml` has no pipeline resource `ci`
      hint: it has none
    ");
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml", "--pipeline-run", "ci=latest"]), @r"
    exit 2
    --- stderr
    error: invalid value 'ci=latest' for '--pipeline-run <ALIAS=N>': expected ALIAS=N, N the number of a run

    For more information, try '--help'.
    ");
    world.write("ci.yml", &CI.replace("echo orders > images.json", "exit 1"));
    world.slipway(&["run", "ci.yml"]);
    let more = "    branch: refs/heads/main\n    version: '1'\n    tags: [signed]\n  - {pipeline: other, source: shop-cii, project: elsewhere}\n  - {pipeline: unknown, source: shop-cii}\n";
    world.write("cd.yml", &consumer(more, "- script: a\n"));
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml"]), @r"
    exit 2
    --- stderr
    error: cd.yml:5:5: the pipeline resource `ci` needs a run of `shop-ci` with the number `1` on the branch `main` with the tags `signed`: no such run succeeded; the last one of `shop-ci`, run 2, failed
      hint: run it first: `slipway run ci.yml`, or `slipway simulate push`; or name a run: `--pipeline-run ci=N`
    error: cd.yml:10:5: the pipeline resource `other` is of the project `elsewhere`, and this machine has only `shop`
      hint: remove `project`, or name the project of slipway.local.yml `elsewhere`
    error: cd.yml:11:5: the pipeline resource `unknown` needs a run of `shop-cii`: there is none yet
      hint: slipway.local.yml lists no pipeline `shop-cii`; did you mean `shop-ci`?
    ");
}

/// A CD pipeline as delivery has it: a person validates, then a deployment job to an environment that asks for approval.
const DELIVERY: &str = "\
trigger: none
pr: none
resources:
  pipelines:
  - pipeline: ci
    source: shop-ci
    trigger: {stages: [publish]}
stages:
- stage: validate
  jobs:
  - job: ask
    pool: server
    steps:
    - task: ManualValidation@1
      displayName: Look at staging
      inputs: {notifyUsers: '', instructions: 'Look at run $(resources.pipeline.ci.runID)'}
- stage: promote
  jobs:
  - deployment: promote
    environment: shop-production
    strategy:
      runOnce:
        deploy:
          steps:
          - bash: cat '$(Pipeline.Workspace)/ci/images/images.json'
            displayName: Promote
";

fn delivery() -> World {
    let config = format!("{CONFIG}environments:\n- name: shop-production\n  approval: {{approvers: [ada]}}\n");
    repository(&[
        ("slipway.local.yml", &config),
        ("ci.yml", CI),
        ("cd.yml", DELIVERY),
        ("docs.yml", "trigger: none\nsteps: [{script: a}]\n"),
    ])
}

#[test]
fn a_delivery_is_approved_from_beginning_to_end() {
    let world = delivery();
    let said = simulate(&world, &["push", "--approve"]);
    assert!(said.contains("step Promote: succeeded") && said.contains("  orders\n"), "{said}");
    insta::assert_snapshot!(report(&said), @r"
    exit 0
    report: push to main

    shop-ci, run 1 (DATE.1): succeeded in TIME

      succeeded TIME  publish

    artifacts
      images  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/images

    logs
      ROOT/xdg/slipway/shop-HASH/runs/1/logs

    shop-cd, run 2 (DATE.1): succeeded in TIME

      succeeded TIME  validate
      succeeded TIME  promote

    questions
      the validation `Look at staging` (stage validate): approved by ada
      the approval of the environment `shop-production` (stage promote): approved by ada

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/2/logs

    both pipelines succeeded
    ");
}

#[test]
fn a_delivery_that_is_rejected_promotes_nothing() {
    let world = delivery();
    let said = simulate(&world, &["push", "--reject"]);
    assert!(!said.contains("step Promote"), "{said}");
    insta::assert_snapshot!(report(&said), @r"
    exit 1
    report: push to main

    shop-ci, run 1 (DATE.1): succeeded in TIME

      succeeded TIME  publish

    artifacts
      images  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/images

    logs
      ROOT/xdg/slipway/shop-HASH/runs/1/logs

    shop-cd, run 2 (DATE.1): failed in TIME

      failed TIME  validate
      failed TIME    ask
      failed TIME      Look at staging
      skipped              –  promote  (Its condition is false: `succeeded()`.)

    issues
      error: Look at staging: `ada` rejected the validation. What speaks against it must be put right, and the pipeline run again.

    questions
      the validation `Look at staging` (stage validate): rejected by ada

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/2/logs

    not succeeded: `shop-cd` (failed)
    ");
}

#[test]
fn a_delivery_waits_where_nobody_can_be_asked() {
    let world = delivery();
    insta::assert_snapshot!(report(&simulate(&world, &["push"])), @r"
    exit 3
    report: push to main

    shop-ci, run 1 (DATE.1): succeeded in TIME

      succeeded TIME  publish

    artifacts
      images  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/images

    logs
      ROOT/xdg/slipway/shop-HASH/runs/1/logs

    shop-cd, run 2 (DATE.1): waits for an answer

      waits                –  validate
      not run              –  promote

    questions
      waits for the validation `Look at staging` (stage validate)
        Look at run 1
      to go on: `slipway runs resume 2` with `--approve` or `--reject`, or at a terminal with neither

    uses
      ci  shop-ci, run 1 (DATE.1); main, commit COMMIT

    logs
      ROOT/xdg/slipway/shop-HASH/runs/2/logs

    not over: `shop-cd` (waits for an answer)
    ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
    exit 0
    --- stdout
    1  succeeded  MOMENT  shop-ci  DATE.1  push              main COMMIT
    2  waits      MOMENT  shop-cd  DATE.1  run 1 of shop-ci  main COMMIT
    ");
    // The commit that it builds and the run that it uses are kept; the second question has its own answer.
    let said = world.slipway(&["runs", "resume", "2", "--approve", "--comment", "looks good"]);
    assert!(said.starts_with("exit 3\n") && said.contains("approved by ada: looks good\n"), "{said}");
    let said = world.slipway(&["runs", "resume", "2", "--approve"]);
    assert!(said.starts_with("exit 0\n") && said.contains("]   orders\n"), "{said}");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
    exit 0
    --- stdout
    1  succeeded  MOMENT  shop-ci  DATE.1  push              main COMMIT
    2  succeeded  MOMENT  shop-cd  DATE.1  run 1 of shop-ci  main COMMIT
    ");
}

#[test]
fn a_parameter_is_given_to_the_pipelines_that_declare_it() {
    let declares = |name: &str| format!("parameters:\n- {{name: {name}, type: boolean, default: false}}\n");
    let world = shop(&format!("{}trigger: none\nsteps: [{{script: a}}]\n", declares("other")));
    world.write("ci.yml", &format!("{}{CI}", declares("quick")));
    world.write("cd.yml", &format!("{}{}- script: echo 'validation ${{{{ parameters.validation }}}}'\n", declares("validation"), cd()));
    world.commit("Parameters");
    let said = simulate(&world, &["push", "--parameter", "Validation=true"]);
    assert!(said.starts_with("exit 0\n") && said.contains("validation True\n"), "{said}");
    insta::assert_snapshot!(simulate(&world, &["push", "--parameter", "validatoin=true", "--parameter", "quick=true"]), @r"
    exit 2
    --- stdout
    push to main (Azure Repos)
      COMMIT (Parameters), since COMMIT; 2 files changed
    --- stderr
    error: no pipeline of slipway.local.yml declares the parameter `validatoin`
      hint: did you mean `validation`?
    ");
}
