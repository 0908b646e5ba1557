//! Commands and their outputs: good runs, bad input, Ctrl-C.

use crate::running::{Running, lives};
use crate::support::World;

const HELLO: &str = "steps:\n- script: echo hello\n  displayName: Say hello\n";

#[test]
fn a_pipeline_runs_and_its_run_can_be_shown_again() {
    let world = World::new(&[("ci.yml", HELLO)]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 0
        --- stdout
        ci, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          Copied 1 file of ROOT/shop to ROOT/xdg/slipway/shop-HASH/agents/1/_work/1/s (the folder, which is no git repository).
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Say hello: started
          Starting: Say hello
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          echo hello
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          hello
          Finishing: Say hello
        step Say hello: succeeded in TIME
        job Job: succeeded in TIME

        ci, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job
          succeeded TIME    Checkout
          succeeded TIME    Say hello

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        "#);
    insta::assert_snapshot!(world.slipway(&["runs"]), @r#"
        exit 0
        --- stdout
        1  succeeded  MOMENT  ci  DATE.1  by hand
        "#);
    insta::assert_snapshot!(world.slipway(&["runs", "show", "1"]), @r#"
        exit 0
        --- stdout
        ci, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job
          succeeded TIME    Checkout
          succeeded TIME    Say hello

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        "#);
    insta::assert_snapshot!(world.slipway(&["runs", "show", "7"]), @r#"
        exit 2
        --- stderr
        error: no run 7 in `ROOT/xdg/slipway/shop-HASH`: there are runs 1 to 1
          hint: list them with `slipway runs`
        "#);
}

#[test]
fn a_step_that_fails() {
    let world = World::new(&[(
        "ci.yml",
        "steps:\n- script: |\n    echo before\n    exit 3\n  displayName: Break\n- script: echo never\n  displayName: Never\n",
    )]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 1
        --- stdout
        ci, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          Copied 1 file of ROOT/shop to ROOT/xdg/slipway/shop-HASH/agents/1/_work/1/s (the folder, which is no git repository).
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Break: started
          Starting: Break
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          before
          error: Bash exited with code '3'.
          Finishing: Break
        step Break: failed in TIME
        step Never: started
          Skipping step due to condition evaluation.
          Evaluating: succeeded()
          Result: False
        step Never: skipped
        job Job: failed in TIME

        ci, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          succeeded TIME    Checkout
          failed TIME    Break
          skipped               –    Never

        issues
          error: Break: Bash exited with code '3'.

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        "#);
}

#[test]
fn a_pipeline_is_checked_without_running_it() {
    let world = World::new(&[("ci.yml", HELLO)]);
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 0
        --- stdout
        ci.yml: no problems (1 stage, 1 job, 2 steps)
        "#);
    assert!(!world.root().join("xdg").exists(), "checking leaves nothing behind");
}

#[test]
fn variables_of_the_command_line_win() {
    let world = World::new(&[
        ("ci.yml", "steps:\n- script: echo $(A) $(B)\n  displayName: Show\n"),
        ("slipway.local.yml", "variables:\n  A: from the file\n  B: from the file\n"),
    ]);
    let said = world.slipway(&["run", "ci.yml", "--variable", "b=from the command line"]);
    assert!(said.contains("from the file from the command line\n"), "{said}");
}

#[test]
fn no_command_and_wrong_usage() {
    let world = World::new(&[]);
    insta::assert_snapshot!(world.slipway(&[]), @r#"
        exit 2
        --- stderr
        Runs Azure Pipelines on this machine, against a local stand-in for Azure

        Usage: slipway <COMMAND>

        Commands:
          run       Run a pipeline
          simulate  Do what Azure DevOps does for a pull request or a push: find and run the pipelines that
                    it triggers
          check     Check a pipeline without running it
          expand    Print a pipeline with its templates and ${{ }} expanded
          runs      List the runs, or show one
          azure     The local stand-in for Azure

        Options:
          -h, --help     Print help
          -V, --version  Print version
        "#);
    insta::assert_snapshot!(world.slipway(&["run"]), @r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          <FILE>

        Usage: slipway run <FILE>

        For more information, try '--help'.
        "#);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml", "--agents", "0", "--variable", "x"]), @r#"
        exit 2
        --- stderr
        error: invalid value '0' for '--agents <N>': 0 is not in 1..=64

        For more information, try '--help'.
        "#);
}

#[test]
fn a_file_that_is_not_there() {
    let world = World::new(&[]);
    insta::assert_snapshot!(world.slipway(&["run", "azure-pipelines.yml"]), @r#"
        exit 2
        --- stderr
        error: failed to read the pipeline's file `azure-pipelines.yml`: No such file or directory (os error 2)
          hint: name the YAML file of a pipeline, for instance `slipway run azure-pipelines.yml`
        "#);
    insta::assert_snapshot!(world.slipway(&["run", "."]), @r#"
        exit 2
        --- stderr
        error: not a file: `.`
          hint: name the YAML file of a pipeline
        "#);
    world.write("ci.yml", HELLO);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml", "--config", "other.yml"]), @r#"
        exit 2
        --- stderr
        error: failed to read the description of the local Azure `other.yml`: No such file or directory (os error 2)
          hint: docs/slipway-local-yml.md has a complete example
        "#);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml", "--task", "tasks"]), @r#"
        exit 2
        --- stderr
        error: failed to read the task package `ROOT/shop/tasks`: No such file or directory (os error 2)
          hint: a task package is a folder with a `task.json`, a folder of such folders, or a `.vsix` file
        "#);
}

#[test]
fn a_yaml_syntax_error() {
    let world = World::new(&[("ci.yml", "steps:\n- script: \"echo\n")]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:2:11: error: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
          2 | - script: "echo
            |           ^
          hint: a quote that was opened is not closed
        "#);
}

#[test]
fn an_unknown_task_an_unknown_function_and_an_unknown_connection_at_once() {
    let task = r#"{"id": "11111111-2222-3333-4444-555555555555", "name": "Deploy", "version": {"Major": 1, "Minor": 0, "Patch": 0},
        "inputs": [{"name": "connection", "type": "connectedService:AzureRM", "required": true}],
        "execution": {"Node20_1": {"target": "index.js"}}}"#;
    let world = World::new(&[
        ("tasks/deploy/task.json", task),
        (
            "ci.yml",
            "steps:\n- task: Deplo@1\n- script: echo hello\n  condition: suceeded()\n- task: Deploy@1\n  inputs:\n    connection: prod\n",
        ),
        (
            "slipway.local.yml",
            "principals:\n- name: ci\n  credentials: [secret]\nserviceConnections:\n- name: shop-prod\n  principal: ci\n  credential: secret\ntasks: [tasks]\n",
        ),
    ]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:2:9: error: unknown task: `Deplo`
          2 | - task: Deplo@1
            |         ^
          hint: did you mean `Deploy@1`?
        ci.yml:4:14: error: unknown function: `suceeded`
          4 |   condition: suceeded()
            |              ^
          hint: did you mean `succeeded`?
        ci.yml:7:17: error: there is no service connection `prod` of the kind `AzureRM`
          7 |     connection: prod
            |                 ^
          hint: known: `shop-prod`; or add it under `serviceConnections` in slipway.local.yml
        "#);
}

#[test]
fn a_connection_where_there_is_no_description_of_the_local_azure() {
    let task = r#"{"id": "11111111-2222-3333-4444-555555555555", "name": "Deploy", "version": {"Major": 1, "Minor": 0, "Patch": 0},
        "inputs": [{"name": "connection", "type": "connectedService:AzureRM", "required": true}]}"#;
    let world = World::new(&[("deploy/task.json", task), ("ci.yml", "steps:\n- task: Deploy@1\n  inputs:\n    connection: prod\n")]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml", "--task", "deploy"]), @r#"
        exit 2
        --- stderr
        ci.yml:4:17: error: there is no service connection `prod` of the kind `AzureRM`
          4 |     connection: prod
            |                 ^
          hint: there are none of this kind; add it under `serviceConnections` in slipway.local.yml
        "#);
}

#[test]
fn a_cycle() {
    let world = World::new(&[(
        "ci.yml",
        "jobs:\n- job: a\n  dependsOn: c\n  steps: [{script: echo}]\n- job: b\n  dependsOn: a\n  steps: [{script: echo}]\n- job: c\n  dependsOn: b\n  steps: [{script: echo}]\n",
    )]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:3:14: error: the jobs depend on each other in a circle: `a` → `c` → `b` → `a`; no job can start
          3 |   dependsOn: c
            |              ^
          hint: remove one of these dependencies
        "#);
}

#[test]
fn a_broken_description_of_the_local_azure() {
    let world = World::new(&[
        ("ci.yml", HELLO),
        (
            "slipway.local.yml",
            "principals:\n- name: ci\n  credentials: [secrets]\nvaults:\n- name: v\n  readers: [cj]\n  secrets:\n  - name: key\n    value: planted\nservceConnections: []\n",
        ),
    ]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        slipway.local.yml:3:17: error: a credential must be one of `secret`, `expiredSecret`, `certificate`, `federated`, `managedIdentity`, found `secrets`
          hint: did you mean `secret`?
        slipway.local.yml:5:9: error: not a name that a key vault can have: `v`
          hint: 3 to 24 letters, digits and single hyphens; the first is a letter, the last no hyphen
        slipway.local.yml:6:13: error: unknown principal: `cj`
          hint: did you mean `ci`?
        slipway.local.yml:9:5: error: `value` is not allowed in a secret: this file holds no secrets
          hint: have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)
        slipway.local.yml:10:1: error: unknown key of the local Azure: `servceConnections`
          hint: did you mean `serviceConnections`?
        "#);
}

#[test]
fn node_is_missing_where_a_task_needs_it() {
    let task = r#"{"id": "11111111-2222-3333-4444-555555555555", "name": "Deploy", "version": {"Major": 1, "Minor": 0, "Patch": 0},
        "execution": {"Node20_1": {"target": "index.js"}}}"#;
    let world = World::new(&[("deploy/task.json", task), ("task.yml", "steps:\n- task: Deploy@1\n"), ("script.yml", HELLO)]);
    let bin = world.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for tool in ["bash", "sh"] {
        std::os::unix::fs::symlink(format!("/bin/{tool}"), bin.join(tool)).unwrap();
    }
    let said = |file| world.said(&world.command(&["run", file, "--task", "deploy"]).env("PATH", &bin).output().unwrap());
    let missing = said("task.yml");
    assert!(missing.starts_with("exit 2\n--- stderr\nerror: Node is needed to run tasks and is not installed: no `node` in `PATH` (Node 20 or newer)\n  hint: run: "), "{missing}");
    let script = said("script.yml");
    assert!(script.starts_with("exit 0\n"), "a pipeline of scripts needs no Node: {script}");
}

#[test]
fn a_state_folder_that_another_run_uses() {
    let world = World::new(&[("ci.yml", HELLO)]);
    let state = world.root().join("state");
    std::fs::create_dir(&state).unwrap();
    let lock = std::fs::File::create(state.join("lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(state.join("lock"), "process 42: `slipway run other.yml`\n").unwrap();
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml", "--state", "../state"]), @r#"
        exit 2
        --- stderr
        error: the state folder is in use by process PID: `slipway run other.yml`: `ROOT/state`
          hint: wait until it ends, or give this command a folder of its own with `--state FOLDER`
        "#);
    drop(lock);
    assert!(world.slipway(&["run", "ci.yml", "--state", "../state"]).starts_with("exit 0\n"));
}

#[test]
fn ctrl_c_in_the_middle_of_a_step() {
    let world = World::new(&[(
        "ci.yml",
        "steps:\n- bash: |\n    echo \"pid $$\"\n    while true; do read -t 600 <> <(:); done\n  displayName: Wait\n- script: echo never\n  displayName: Never\n- script: echo cleaned up\n  displayName: Always\n  condition: always()\n",
    )]);
    let mut running = Running::start(world.command(&["run", "ci.yml"]));
    let step = running.until("pid ");
    assert!(lives(&step));
    running.interrupt();
    let (status, said, errors) = running.end(&world);
    assert_eq!(status, Some(130), "{said}{errors}");
    insta::assert_snapshot!(world.filtered(&said).replace(&format!("pid {step}"), "pid PID"), @r#"
        ci, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          Copied 1 file of ROOT/shop to ROOT/xdg/slipway/shop-HASH/agents/1/_work/1/s (the folder, which is no git repository).
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Wait: started
          Starting: Wait
          ==============================================================================
          Task         : Bash
          Version      : 3.0.0
          ==============================================================================
          Generating script.
          ========================== Starting Command Output ===========================
          [command]bash ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          pid PID
        canceling; press Ctrl-C again to end everything at once
          error: The Operation will be canceled. The next steps may not contain expected logs.
          error: Bash exited with code '130'.
          error: The operation was canceled.
          Finishing: Wait
        step Wait: canceled in TIME
        step Never: started
          Skipping step due to condition evaluation.
          Evaluating: succeeded()
          Result: False
        step Never: skipped
        step Always: started
          Starting: Always
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          echo cleaned up
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          cleaned up
          Finishing: Always
        step Always: succeeded in TIME
        job Job: canceled in TIME (The run was cancelled.)

        ci, run 1 (DATE.1): canceled in TIME

          canceled TIME  Job  (The run was cancelled.)
          succeeded TIME    Checkout
          canceled TIME    Wait
          skipped               –    Never
          succeeded TIME    Always

        issues
          error: Wait: The Operation will be canceled. The next steps may not contain expected logs.
          error: Wait: Bash exited with code '130'.
          error: Wait: The operation was canceled.

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        "#);
    assert_eq!(errors, "");
    assert!(!lives(&step), "the step's process is gone");
    // Nothing is left that the next run stumbles over.
    world.write("ci.yml", HELLO);
    assert!(world.slipway(&["run", "ci.yml"]).starts_with("exit 0\n"));
}

#[test]
fn a_second_ctrl_c_ends_everything_at_once() {
    let script = "steps:\n- checkout: none\n- bash: |\n    trap 'echo interrupted' INT\n    trap '' TERM\n    echo \"pid $$\"\n    while true; do sleep 0.05; done\n  displayName: Stubborn\n";
    let world = World::new(&[("ci.yml", script)]);
    let begun = std::time::Instant::now();
    let mut running = Running::start(world.command(&["run", "ci.yml"]));
    let step = running.until("pid ");
    assert!(lives(&step));
    running.interrupt();
    running.until("interrupted");
    running.interrupt();
    assert_eq!(running.end(&world).0, Some(130));
    assert!(begun.elapsed() < std::time::Duration::from_secs(7), "before the agent would send SIGTERM");
    assert!(!lives(&step), "the step's process is gone");
}

#[test]
fn pools_that_this_machine_is_not() {
    let world = World::new(&[(
        "ci.yml",
        "pool:\n  vmImage: windows-latest\njobs:\n- job: a\n  steps:\n  - script: echo\n- job: b\n  pool: {vmImage: windows-2022}\n  steps:\n  - script: echo\n",
    )]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        error: ci.yml:4:3: job `a` wants `vmImage: windows-latest`, and this machine is not one; it runs `ubuntu-*`. Run this pipeline on such a machine, or change the pool.
        error: ci.yml:7:3: job `b` wants `vmImage: windows-2022`, and this machine is not one; it runs `ubuntu-*`. Run this pipeline on such a machine, or change the pool.
        "#);
    assert_eq!(world.slipway(&["check", "ci.yml"]), world.slipway(&["run", "ci.yml"]), "a check refuses what a run refuses");
    insta::assert_snapshot!(world.slipway(&["runs"]), @r#"
        exit 0
        --- stdout
        no runs in `ROOT/xdg/slipway/shop-HASH`
        "#);
}

#[test]
fn warnings_artifacts_tests_and_summaries_are_shown() {
    let junit = "<testsuite name='orders' tests='2'><testcase name='adds'/><testcase name='rounds'><failure message='1 != 2'/></testcase></testsuite>";
    let script = "mkdir -p out; cp junit.xml out/\n    echo '# Summary' > out/summary.md\n    echo \"##vso[task.uploadsummary]$PWD/out/summary.md\"\n    echo \"##vso[results.publish type=JUnit;runTitle=unit;resultFiles=$PWD/out/junit.xml]\"\n    echo \"##vso[task.logissue type=warning]careful\"";
    let world = World::new(&[
        ("junit.xml", junit),
        (
            "ci.yml",
            &format!(
                "steps:\n- script: |\n    {script}\n  displayName: Test\n- task: PublishPipelineArtifact@1\n  displayName: Publish\n  inputs:\n    targetPath: out\n    artifact: drop\n    compression: none\n"
            ),
        ),
    ]);
    let said = world.slipway(&["run", "ci.yml", "--variable", "x=y"]);
    insta::assert_snapshot!(said.split_once("\nci, run 1 (DATE.1): ").map(|(_, report)| report).unwrap_or(&said), @r#"
        succeeded in TIME

          succeeded TIME  Job
          succeeded TIME    Checkout
          succeeded TIME    Test
          succeeded TIME    Publish

        issues
          warning: Test: careful

        tests
          1 passed, 1 failed, 0 skipped  unit
            failed: rounds in orders
              1 != 2
          ROOT/xdg/slipway/shop-HASH/runs/1/tests.json

        artifacts
          drop  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/drop

        summaries
          ROOT/xdg/slipway/shop-HASH/runs/1/summaries/1-summary.md

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        --- stderr
        ci.yml:14:18: warning: the task `PublishPipelineArtifact` has no input `compression`
          14 |     compression: none
             |                  ^
        "#);
}
