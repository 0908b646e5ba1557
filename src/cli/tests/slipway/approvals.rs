//! Runs that ask people: approvals of environments, `ManualValidation@1`; runs that stop and go on.

use crate::secrets::GROUP;
use crate::support::World;

const CONFIG: &str = "\
pipelines:
- {name: shop-cd, file: cd.yml}
environments:
- name: shop-production
  approval:
    approvers: [ada, bob]
    instructions: Look at the staging site
";

const CD: &str = "\
trigger: [main]
variables:
- group: planted
stages:
- stage: Build
  jobs:
  - job: Make
    steps:
    - checkout: none
    - script: |
        echo '##vso[task.setvariable variable=version;isOutput=true]1.2'
      name: made
- stage: Production
  variables:
    version: $[ stageDependencies.Build.Make.outputs['made.version'] ]
  jobs:
  - deployment: Ship
    environment: shop-production
    strategy:
      runOnce:
        deploy:
          steps:
          - checkout: self
          - script: echo shipped $(version) of $(cat greeting)
";

const VALIDATION: &str = "\
variables:
- group: planted
jobs:
- job: Ask
  pool: server
  timeoutInMinutes: 0
  steps:
  - task: ManualValidation@1
    displayName: Is it good
    inputs:
      notifyUsers: ada@example.com
      instructions: Try it
- job: Next
  dependsOn: Ask
  steps:
  - checkout: none
  - script: echo went on
";

fn world() -> World {
    let world = World::new(&[("greeting", "hello\n"), ("cd.yml", CD), ("ask.yml", VALIDATION)]);
    world.write("slipway.local.yml", &format!("{CONFIG}{GROUP}"));
    world
}

/// The end of the output: the report, with the exit status.
fn report(said: &str) -> String {
    let exit = said.lines().next().unwrap_or_default();
    let at = said.rfind("\n\n  ").and_then(|rows| said[..rows].rfind('\n')).unwrap_or(0);
    format!("{exit}\n{}", &said[at..])
}

#[test]
fn without_a_terminal_and_an_answer_a_run_stops_and_says_how_to_go_on() {
    let world = world();
    insta::assert_snapshot!(report(&world.slipway(&["run", "cd.yml"])), @r"
        exit 3

        shop-cd, run 1 (DATE.1): waits for an answer

          succeeded TIME  Build
          succeeded TIME    Make
          succeeded TIME      made
          not run               –  Production
          not run               –    Ship

        questions
          waits for the approval of the environment `shop-production` (stage Production), for ada, bob
            Look at the staging site
          to go on: `slipway runs resume 1` with `--approve` or `--reject`, or at a terminal with neither

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(world.slipway(&["runs"]), @r"
        exit 0
        --- stdout
        1  waits  MOMENT  shop-cd  DATE.1  by hand
        ");
    insta::assert_snapshot!(world.slipway(&["runs", "resume", "1", "--approve", "--comment", "looks good"]), @r"
        exit 0
        --- stdout
        shop-cd, run 1 (DATE.1)
        stage Build: succeeded (before the run stopped)
        waiting: the approval of the environment `shop-production` (stage Production)
        the approval of the environment `shop-production` (stage Production): approved by ada: looks good
        stage Production: started
        job Production / Ship: started on slipway-1
        [Production / Ship] step Download artifacts: started
        [Production / Ship]   Starting: Download artifacts
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Task         : DownloadPipelineArtifact
        [Production / Ship]   Version      : 2.0.0
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Downloading artifact finished.
        [Production / Ship]   Finishing: Download artifacts
        [Production / Ship] step Download artifacts: succeeded in TIME
        [Production / Ship] step Checkout: started
        [Production / Ship]   Starting: Checkout
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Task         : Checkout
        [Production / Ship]   Version      : 1.0.0
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Copied 4 files of ROOT/shop to ROOT/xdg/slipway/shop-HASH/agents/1/_work/1/s (the folder, which is no git repository).
        [Production / Ship]   Finishing: Checkout
        [Production / Ship] step Checkout: succeeded in TIME
        [Production / Ship] step CmdLine: started
        [Production / Ship]   Starting: CmdLine
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Task         : CmdLine
        [Production / Ship]   Version      : 2.0.0
        [Production / Ship]   ==============================================================================
        [Production / Ship]   Generating script.
        [Production / Ship]   Script contents:
        [Production / Ship]   echo shipped 1.2 of $(cat greeting)
        [Production / Ship]   ========================== Starting Command Output ===========================
        [Production / Ship]   [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
        [Production / Ship]   shipped 1.2 of hello
        [Production / Ship]   Finishing: CmdLine
        [Production / Ship] step CmdLine: succeeded in TIME
        job Production / Ship: succeeded in TIME
        stage Production: succeeded in TIME

        shop-cd, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Build
          succeeded TIME    Make
          succeeded TIME      made
          succeeded TIME  Production
          succeeded TIME    Ship
          succeeded TIME      Download artifacts
          succeeded TIME      Checkout
          succeeded TIME      CmdLine

        questions
          the approval of the environment `shop-production` (stage Production): approved by ada: looks good

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(world.slipway(&["runs", "resume", "1", "--approve"]), @r"
        exit 2
        --- stderr
        error: run 1 waits for nothing: it is over (succeeded)
          hint: `slipway runs` lists those that wait
        ");
    insta::assert_snapshot!(world.slipway(&["runs", "resume", "2"]), @r"
        exit 2
        --- stderr
        error: no run 2 in `ROOT/xdg/slipway/shop-HASH`: there are runs 1 to 1
          hint: list them with `slipway runs`
        ");
    assert!(!world.state().join("runs/1/resume.json").exists());
}

#[test]
fn a_rejected_approval_says_who_and_why() {
    let world = world();
    insta::assert_snapshot!(report(&world.slipway(&["run", "cd.yml", "--reject", "--comment", "not on a Friday"])), @r"
        exit 1

        shop-cd, run 1 (DATE.1): failed in TIME

          succeeded TIME  Build
          succeeded TIME    Make
          succeeded TIME      made
          failed TIME  Production  (`ada` rejected the use of the environment `shop-production`: not on a Friday. Nothing of the stage ran; what speaks against it must be put right, and the pipeline run again.)
          skipped               –    Ship

        questions
          the approval of the environment `shop-production` (stage Production): rejected by ada: not on a Friday

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
}

#[test]
fn an_approval_that_comes_too_late_is_none() {
    let world = world();
    world.slipway(&["run", "cd.yml"]);
    let record = world.state().join("runs/1/run.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let late = regex_lite::Regex::new(r#""expires": "[^"]*""#).unwrap().replace(&text, r#""expires": "2020-01-01T00:00:00Z""#);
    assert_ne!(text, late);
    std::fs::write(&record, &*late).unwrap();
    insta::assert_snapshot!(report(&world.slipway(&["runs", "resume", "1", "--approve"])), @r"
        exit 1

        shop-cd, run 1 (DATE.1): failed in TIME

          succeeded TIME  Build
          succeeded TIME    Make
          succeeded TIME      made
          skipped               –  Production  (Nobody approved the use of the environment `shop-production` within 30 days. Nothing of the stage ran; run the pipeline again.)

        questions
          the approval of the environment `shop-production` (stage Production): nobody answered in time

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
}

#[test]
fn a_validation_is_answered_on_the_command_line() {
    let world = world();
    insta::assert_snapshot!(world.slipway(&["run", "ask.yml"]), @r"
        exit 3
        --- stdout
        ask, run 1 (DATE.1)
        job Ask: started without an agent
        [Ask] step Is it good: started
        [Ask]   Waiting for a person to validate the run.
        [Ask]   To be told: ada@example.com
        [Ask]   Instructions: Try it
        waiting: the validation `Is it good`
        [Ask]   Nobody is here to answer: the run stops, and can be resumed.

        ask, run 1 (DATE.1): waits for an answer

          waits                –  Ask
          waits                –    Is it good
          not run              –  Next

        questions
          waits for the validation `Is it good`, for ada@example.com
            Try it
          to go on: `slipway runs resume 1` with `--approve` or `--reject`, or at a terminal with neither

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(world.slipway(&["runs", "resume", "1", "--approve"]), @r"
        exit 0
        --- stdout
        ask, run 1 (DATE.1)
        job Ask: started without an agent
        [Ask] step Is it good: started
        [Ask]   Waiting for a person to validate the run.
        [Ask]   To be told: ada@example.com
        [Ask]   Instructions: Try it
        waiting: the validation `Is it good`
        the validation `Is it good`: approved by ada
        [Ask]   `ada` resumed the run
        [Ask] step Is it good: succeeded in TIME
        job Ask: succeeded in TIME
        job Next: started on slipway-1
        [Next] step CmdLine: started
        [Next]   Starting: CmdLine
        [Next]   ==============================================================================
        [Next]   Task         : CmdLine
        [Next]   Version      : 2.0.0
        [Next]   ==============================================================================
        [Next]   Generating script.
        [Next]   Script contents:
        [Next]   echo went on
        [Next]   ========================== Starting Command Output ===========================
        [Next]   [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
        [Next]   went on
        [Next]   Finishing: CmdLine
        [Next] step CmdLine: succeeded in TIME
        job Next: succeeded in TIME

        ask, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Ask
          succeeded TIME    Is it good
          succeeded TIME  Next
          succeeded TIME    CmdLine

        questions
          the validation `Is it good`: approved by ada

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(report(&world.slipway(&["run", "ask.yml", "--reject", "--comment", "broken"])), @r"
        exit 1

        ask, run 2 (DATE.2): failed in TIME

          failed TIME  Ask
          failed TIME    Is it good
          skipped              –  Next  (Its condition is false: `succeeded()`.)

        issues
          error: Is it good: `ada` rejected the validation: broken. What speaks against it must be put right, and the pipeline run again.

        questions
          the validation `Is it good`: rejected by ada: broken

        logs
          ROOT/xdg/slipway/shop-HASH/runs/2/logs
        ");
}

#[test]
fn a_pipeline_that_has_changed_does_not_go_on() {
    let world = world();
    world.slipway(&["run", "cd.yml"]);
    world.write("cd.yml", &CD.replace("shipped", "sent"));
    insta::assert_snapshot!(world.slipway(&["runs", "resume", "1", "--approve"]), @r"
        exit 2
        --- stderr
        error: `cd.yml`, or what it includes, is not what it was when run 1 stopped
          hint: put it back as it was, or run the pipeline again
        ");
    // A comment is no change.
    world.write("cd.yml", &format!("# the same\n{CD}"));
    assert!(world.slipway(&["runs", "resume", "1", "--approve"]).starts_with("exit 0\n"));
}

#[test]
fn a_simulated_event_goes_on_with_the_commit_that_it_built() {
    let world = world();
    world.commit("First");
    let said = world.slipway(&["simulate", "push"]);
    insta::assert_snapshot!(crate::simulate::without_commits(&report_of_event(&said)), @r"
        exit 3
        report: push to main

        shop-cd, run 1 (DATE.1): waits for an answer

          succeeded TIME  Build
          not run               –  Production

        questions
          waits for the approval of the environment `shop-production` (stage Production), for ada, bob
            Look at the staging site
          to go on: `slipway runs resume 1` with `--approve` or `--reject`, or at a terminal with neither

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        not over: `shop-cd` (waits for an answer)
        ");
    world.write("greeting", "good day\n");
    world.write("cd.yml", "steps: []\n");
    world.commit("Second");
    let said = world.slipway(&["runs", "resume", "1", "--approve"]);
    assert!(said.contains("shipped 1.2 of hello") && said.starts_with("exit 0\n"), "{said}");
    assert!(!world.state().join("runs/1/source.git").exists());
}

fn report_of_event(said: &str) -> String {
    let exit = said.lines().next().unwrap_or_default();
    format!("{exit}\n{}", &said[said.find("report: ").unwrap_or_default()..])
}

#[test]
fn an_answer_needs_a_decision_and_only_one() {
    let world = world();
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml", "--approve", "--reject"]), @r"
        exit 2
        --- stderr
        error: the argument '--approve' cannot be used with '--reject'

        Usage: slipway run --approve <FILE>

        For more information, try '--help'.
        ");
    insta::assert_snapshot!(world.slipway(&["run", "cd.yml", "--comment", "x"]), @r"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          <--approve|--reject>

        Usage: slipway run --comment <TEXT> <--approve|--reject> <FILE>

        For more information, try '--help'.
        ");
}

#[test]
fn environments_that_are_described_wrongly_are_named() {
    let world = World::new(&[
        (
            "slipway.local.yml",
            "environments:\n- name: a.b\n- approval: {approvers: []}\n- name: c\n  approval:\n- name: C\n  approval: {approvers: [ada], timeoutInMinutes: 0, who: x}\n",
        ),
        ("cd.yml", "steps: [{script: x}]\n"),
    ]);
    insta::assert_snapshot!(world.slipway(&["check", "cd.yml"]), @r#"
        exit 2
        --- stderr
        slipway.local.yml:2:9: error: not a name that an environment can have: `a.b`
          hint: at most 128 characters; none of `\`, `/`, `:`, `*`, `?`, `"`, `<`, `>`, `|`, `.`
        slipway.local.yml:3:3: error: an environment needs `name`
        slipway.local.yml:3:13: error: an approval needs at least one of `approvers`
          hint: for instance `approvers: [ada]`
        slipway.local.yml:4:3: error: `approval` of an environment is empty
          hint: name its `approvers`, or leave it out: then none is needed
        slipway.local.yml:6:9: error: the environment `C` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:7:50: error: `timeoutInMinutes` of an approval must be a number from 1 to 43200 (30 days), found `0`
        slipway.local.yml:7:53: error: unknown key of an approval: `who`
          hint: known: `approvers`, `instructions`, `timeoutInMinutes`
        "#);
}

#[test]
fn a_run_of_the_work_tree_goes_on_with_it_as_it_is_and_says_so() {
    let world = world();
    world.commit("First");
    world.slipway(&["run", "cd.yml"]);
    world.write("greeting", "good day\n");
    let warning = |said: String| said.lines().find(|line| line.starts_with("warning: ")).map(str::to_owned);
    let said = warning(world.slipway(&["runs", "resume", "1"]));
    insta::assert_snapshot!(said.unwrap(), @r"
        warning: the work tree is not the one that run 1 began with (its uncommitted changes are others); `checkout: self` takes it as it is now
        ");
    world.commit("Second");
    let said = warning(crate::simulate::without_commits(&world.slipway(&["runs", "resume", "1"])));
    insta::assert_snapshot!(said.unwrap(), @r"
        warning: the work tree is not the one that run 1 began with (it was at commit COMMIT and is at COMMIT); `checkout: self` takes it as it is now
        ");
    world.git(&["checkout", "--quiet", "main~1"]);
    assert_eq!(warning(world.slipway(&["runs", "resume", "1"])), None);
}

#[test]
fn a_run_for_a_pull_request_goes_on_with_its_merge() {
    let world = world();
    world.write(
        "slipway.local.yml",
        &format!("{CONFIG}branchPolicies:\n- branch: main\n  buildValidation: [{{pipeline: shop-cd}}]\n{GROUP}"),
    );
    world.commit("First");
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("greeting", "good day\n");
    world.commit("Be polite");
    assert!(world.slipway(&["simulate", "pr"]).starts_with("exit 3\n"));
    let said = world.slipway(&["runs", "resume", "1", "--approve"]);
    assert!(said.contains("shipped 1.2 of good day") && said.contains("the tip of refs/pull/1/merge"), "{said}");
    assert!(said.starts_with("exit 0\n") && said.contains("pull request 1: feature into main"), "{said}");
}
