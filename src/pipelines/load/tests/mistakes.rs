//! Mistakes, and what is not supported: the whole output.

use super::*;

#[test]
fn dependencies_must_exist_and_have_no_cycle() {
    // facts/pipeline-yaml.md 2.7, "Graph errors"
    let job = |name: &str, on: &str| format!("- job: {name}\n  dependsOn: {on}\n  steps: [{{script: echo}}]\n");
    insta::assert_snapshot!(problems(&["jobs:\n", &job("a", "c"), &job("b", "A"), &job("c", "b")].concat()), @r"
    ci.yml:3:14: error: the jobs depend on each other in a circle: `a` → `c` → `b` → `a`; no job can start
      3 |   dependsOn: c
        |              ^
      hint: remove one of these dependencies
    ");
    insta::assert_snapshot!(problems(&["jobs:\n", &job("start", "[]"), &job("x", "[start, y]"), &job("y", "[z]"), &job("z", "[y]"), &job("me", "me"), &job("q", "strat")].concat()), @r"
    ci.yml:9:15: error: the jobs depend on each other in a circle: `y` → `z` → `y`
      9 |   dependsOn: [z]
        |               ^
      hint: remove one of these dependencies
    ci.yml:15:14: error: the jobs depend on each other in a circle: `me` → `me`
      15 |   dependsOn: me
         |              ^
      hint: remove one of these dependencies
    ci.yml:18:14: error: the job `q` depends on `strat`, which is no job of its stage
      18 |   dependsOn: strat
         |              ^
      hint: did you mean `start`?
    ");
    insta::assert_snapshot!(problems("stages:\n- stage: a\n  dependsOn: b\n  jobs: [{job: , steps: [{script: echo}]}]\n- stage: b\n  jobs: [{job: , steps: [{script: echo}]}]\n- stage: B\n  dependsOn: [x]\n  jobs: [{job: , steps: [{script: echo}]}]\n"), @r"
    ci.yml:7:10: error: there is already a stage with the name `B`
      7 | - stage: B
        |          ^
      hint: names are unique; upper and lower case are the same
    ci.yml:8:15: error: the stage `B` depends on `x`, which is no stage
      8 |   dependsOn: [x]
        |               ^
      hint: did you mean `a`?
    ");
}

#[test]
fn what_is_not_supported_yet_is_refused_by_name() {
    insta::assert_snapshot!(problems("parameters: []\nresources: {repositories: [], containers: []}\nvariables:\n- group: g\njobs:\n- job: a\n  container: x\n  services: {}\n  uses: {}\n  steps:\n  - pwsh: a\n  - getPackage: a\n  - checkout: tools\n  - script: a\n    target: box\n  - script: a\n    target: {container: box}\n- job: b\n  strategy: {matrix: {}}\n  pool: server\n  steps:\n  - task: Wait@1\n- deployment: c\n  environment: e\n  strategy: {canary: {}, rolling: {}}\n"), @r"
    ci.yml:2:31: error: `containers` of `resources` is not supported yet
      2 | resources: {repositories: [], containers: []}
        |                               ^
      hint: jobs run on this machine itself; have the tools installed here
    ci.yml:4:10: error: there is no variable group `g`
      4 | - group: g
        |          ^
      hint: known: `shop-settings`; or add it under `variableGroups` in slipway.local.yml
    ci.yml:7:3: error: `container` of a job is not supported yet
      7 |   container: x
        |   ^
      hint: jobs run on this machine itself; remove it, and have the tools installed here
    ci.yml:8:3: error: `services` of a job is not supported yet
      8 |   services: {}
        |   ^
      hint: start what the job needs in a step
    ci.yml:9:3: error: `uses` of a job is not supported yet
      9 |   uses: {}
        |   ^
      hint: other repositories and pools come later
    ci.yml:11:5: error: steps of the kind `pwsh` are not supported yet
      11 |   - pwsh: a
         |     ^
      hint: use `bash`, or call `pwsh` in a `script`
    ci.yml:12:5: error: steps of the kind `getPackage` are not supported yet
      12 |   - getPackage: a
         |     ^
      hint: fetch the package in a `script`
    ci.yml:13:15: error: `checkout: tools`: other repositories are not supported yet
      13 |   - checkout: tools
         |               ^
      hint: `self` and `none` are
    ci.yml:15:13: error: the step's target is the container `box`, which is not supported yet
      15 |     target: box
         |             ^
      hint: containers are not supported yet: the step would run on the machine itself, with `target: host`
    ci.yml:17:25: error: the step's target is the container `box`, which is not supported yet
      17 |     target: {container: box}
         |                         ^
      hint: containers are not supported yet: the step would run on the machine itself, with `target: host`
    ci.yml:19:3: error: `strategy` of the job `b`, which has `pool: server`, is not supported yet
      19 |   strategy: {matrix: {}}
         |   ^
      hint: write the job out as often as it runs
    ci.yml:22:11: error: the task `Wait` is run by the service itself, and is not supported yet
      22 |   - task: Wait@1
         |           ^
      hint: of these tasks only `ManualValidation@1` is
    ci.yml:25:14: error: the strategy `canary` is not supported
      25 |   strategy: {canary: {}, rolling: {}}
         |              ^
      hint: use `runOnce`, and let the task in it shift the traffic: Azure DevOps refuses `canary` for an environment without a resource
    ci.yml:25:26: error: the strategy `rolling` is not supported: it deploys to virtual machines of an environment
      25 |   strategy: {canary: {}, rolling: {}}
         |                          ^
      hint: use `runOnce`
    ");
    insta::assert_snapshot!(problems("extends: {template: a.yml}\n"), @r"
    ci.yml:1:21: error: there is no template `a.yml` in this repository
      1 | extends: {template: a.yml}
        |                     ^
      hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
    ");
    insta::assert_snapshot!(problems("stages:\n- template: s.yml\n- stage: x\n  trigger: manual\n  pool: {server: true}\n  jobs: [{job: , steps: [{script: a}]}]\n"), @r"
    ci.yml:2:13: error: there is no template `s.yml` in this repository
      2 | - template: s.yml
        |             ^
      hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
    ");
}

#[test]
fn mistakes_have_places_and_hints_all_at_once() {
    insta::assert_snapshot!(
        problems(
            "tigger: none\nname: [a]\ntrigger: main\npr: {batch: true}\nschedules: [{cron: 1 2}]\nlockBehavior: fast\nsteps:\n- displayName: x\n  script: y\n- scrpt: a\n- echo\n- script: a\n  conditon: x\n- script: a\n  condition: suceeded()\n- script: a\n  condition: and(eq(variables.x == 1), github)\n- script: a\n  condition: |\n    and(\n      succeeded(),\n      dependencies.a)\n- script: a\n  enabled: maybe\n  continueOnError: ''\n  timeoutInMinutes: -1\n  retryCountOnTaskFailure: often\n  name: a-b\n- script: a\n  name: twice\n- bash: a\n  name: Twice\n- bash:\n- script: a\n  env: [A]\n- script: a\n  env: {A: [b]}\n  target: {commands: all, settableVariables: some}\n"
        ), @r"
    ci.yml:1:1: error: unknown key of the pipeline: `tigger`
      1 | tigger: none
        | ^
      hint: did you mean `trigger`?
    ci.yml:2:7: error: `name` of the pipeline must be a text, found a list
      2 | name: [a]
        |       ^
    ci.yml:3:10: error: `trigger` must be `none`, a list of branches, or a mapping, found `main`
      3 | trigger: main
        |          ^
      hint: a list: `- main`
    ci.yml:4:6: error: unknown key of `pr`: `batch`
      4 | pr: {batch: true}
        |      ^
      hint: known: `autoCancel`, `drafts`, `branches`, `paths`
    ci.yml:5:20: error: `cron` of a schedule has five fields: minute, hour, day of month, month, day of week; found `1 2`
      5 | schedules: [{cron: 1 2}]
        |                    ^
    ci.yml:6:15: error: `lockBehavior` of the pipeline must be `sequential` or `runLatest`, found `fast`
      6 | lockBehavior: fast
        |               ^
    ci.yml:8:3: error: the first key of a step decides what it is, and `displayName` is no kind of step
      8 | - displayName: x
        |   ^
      hint: write `script` before `displayName`
    ci.yml:10:3: error: unknown kind of step: `scrpt`
      10 | - scrpt: a
         |   ^
      hint: did you mean `script`?
    ci.yml:11:3: error: a step is a mapping, found a text
      11 | - echo
         |   ^
      hint: for instance `- script: echo hello`
    ci.yml:13:3: error: unknown key of a script step: `conditon`
      13 |   conditon: x
         |   ^
      hint: did you mean `condition`?
    ci.yml:15:14: error: unknown function: `suceeded`
      15 |   condition: suceeded()
         |              ^
      hint: did you mean `succeeded`?
    ci.yml:17:33: error: unrecognized value: `==`
      17 |   condition: and(eq(variables.x == 1), github)
         |                                 ^
      hint: there are no operators: write `eq(a, b)`, `ne(a, b)`, `and(a, b)`, `or(a, b)`, `not(a)`, `gt(a, b)`
    ci.yml:22:7: error: `dependencies` does not exist in a step's condition
      22 |       dependencies.a)
         |       ^
      hint: it exists in a job's condition, a stage's condition, a variable's `$[ ]`
    ci.yml:24:12: error: `enabled` of a script step must be `true` or `false`, found `maybe`
      24 |   enabled: maybe
         |            ^
      hint: `yes`, `no`, `on` and `off` are allowed, too
    ci.yml:25:20: error: `continueOnError` of a script step must be `true` or `false`, found ``
      25 |   continueOnError: ''
         |                    ^
      hint: `yes`, `no`, `on` and `off` are allowed, too
    ci.yml:26:21: error: `timeoutInMinutes` of a script step must be a whole number, 0 or more, found `-1`
      26 |   timeoutInMinutes: -1
         |                     ^
    ci.yml:27:28: error: `retryCountOnTaskFailure` of a script step must be a whole number, 0 or more, found `often`
      27 |   retryCountOnTaskFailure: often
         |                            ^
    ci.yml:28:9: error: the name of a step may have only letters, digits and `_`, and no digit first: `a-b`
      28 |   name: a-b
         |         ^
      hint: name it `a_b`; what people read is `displayName`
    ci.yml:32:9: error: there is already a step with the name `Twice`
      32 |   name: Twice
         |         ^
      hint: names are unique; upper and lower case are the same
    ci.yml:33:3: error: `bash` has no value
      33 | - bash:
         |   ^
    ci.yml:35:8: error: `env` of a script step must be a mapping of names and values, found a list
      35 |   env: [A]
         |        ^
    ci.yml:37:12: error: the value of `A` in `env` must be a text, found a list
      37 |   env: {A: [b]}
         |            ^
    ci.yml:38:22: error: `commands` of a step's target must be `any` or `restricted`, found `all`
      38 |   target: {commands: all, settableVariables: some}
         |                      ^
    ci.yml:38:46: error: `settableVariables` of a step's target must be `none` or a list of names
      38 |   target: {commands: all, settableVariables: some}
         |                                              ^
    "
    );
    insta::assert_snapshot!(
        problems(
            "variables:\n  a: [1]\n  b: $[ eq(1) ]\n  '': x\npool: {vmimage: x}\njobs:\n- steps: [{script: a}]\n- displayName: x\n  job: late\n- job: 1st\n  workspace: {clean: some}\n  variables: text\n- job: a\n  steps: []\n- job: b\n  steps:\n- job: c\n  variables: [{value: 1}]\n  steps: {script: a}\nworkspace: {clean: all}\n"
        ), @r"
    ci.yml:2:6: error: the value of the variable `a` must be a text, found a list
      2 |   a: [1]
        |      ^
    ci.yml:3:9: error: `eq` takes 2 arguments, found 1
      3 |   b: $[ eq(1) ]
        |         ^
    ci.yml:4:3: error: the name of a variable is empty
      4 |   '': x
        |   ^
    ci.yml:5:8: error: unknown key of a pool: `vmimage`
      5 | pool: {vmimage: x}
        |        ^
      hint: did you mean `vmImage`?
    ci.yml:7:3: error: an entry of `jobs` begins with `job` or `deployment`, found `steps`
      7 | - steps: [{script: a}]
        |   ^
      hint: begin with `job:`; the name after it may be left out
    ci.yml:8:3: error: an entry of `jobs` begins with `job` or `deployment`, found `displayName`
      8 | - displayName: x
        |   ^
      hint: write `job` before the other keys
    ci.yml:10:3: error: the job `1st` has no `steps`
      10 | - job: 1st
         |   ^
    ci.yml:10:8: error: the name of a job may have only letters, digits and `_`, and no digit first: `1st`
      10 | - job: 1st
         |        ^
      hint: name it `_1st`; what people read is `displayName`
    ci.yml:11:22: error: `clean` of a workspace must be `outputs` or `resources` or `all`, found `some`
      11 |   workspace: {clean: some}
         |                      ^
    ci.yml:12:14: error: `variables` must be a mapping of names and values, or a list
      12 |   variables: text
         |              ^
      hint: write `variables:`, and below it `  name: value`
    ci.yml:14:10: error: `steps` of a job is an empty list
      14 |   steps: []
         |          ^
    ci.yml:16:3: error: `steps` of a job must be a list, found nothing
      16 |   steps:
         |   ^
      hint: each entry begins with `- `
    ci.yml:18:15: error: a variable needs a `name`
      18 |   variables: [{value: 1}]
         |               ^
    ci.yml:19:10: error: `steps` of a job must be a list, found a mapping
      19 |   steps: {script: a}
         |          ^
      hint: each entry begins with `- `
    ci.yml:20:1: error: `workspace` of the pipeline has a meaning only together with `steps`
      20 | workspace: {clean: all}
         | ^
      hint: write it into the jobs
    "
    );
}

#[test]
fn a_pipeline_needs_something_to_run() {
    insta::assert_snapshot!(problems("trigger: none\n"), @r"
    ci.yml:1:1: error: the pipeline has nothing to run
      1 | trigger: none
        | ^
      hint: it needs `steps`, `jobs` or `stages`, its own or those of a template that it extends
    ");
    insta::assert_snapshot!(problems("jobs: []\nsteps: []\n"), @r"
    ci.yml:2:1: error: the pipeline has `jobs`, `steps`, of which it can have only one
      2 | steps: []
        | ^
      hint: put the steps into a job, the jobs into a stage
    ");
    insta::assert_snapshot!(problems("- script: a\n"), @r"
    ci.yml:1:1: error: the root of a file must be a mapping, found a list
      1 | - script: a
        | ^
      hint: its keys are `parameters`, `steps`, `jobs`, `stages`, `variables` and so on
    ");
    insta::assert_snapshot!(problems("# nothing\n"), @r"
    ci.yml:1:1: error: the file is empty
      1 | # nothing
        | ^
      hint: a pipeline has `steps`, `jobs` or `stages`
    ");
    insta::assert_snapshot!(Bench::new("").load_file("cd.yml").unwrap_err(), @r"
    cd.yml:1:1: error: there is no such file
      hint: name a file of the repository, from its root
    ");
}
