//! facts/pipeline-yaml.md 2.3.

use super::*;

const ALL: &str = "
parameters:
- name: text
  values: [a, b]
- name: number
  type: number
  default: 2
- name: flag
  type: boolean
  default: False
- name: object
  type: object
  default: {}
steps:
- script: ${{ parameters.text }} ${{ parameters.number }} ${{ parameters.flag }} ${{ length(parameters.object) }}
  ${{ if parameters.flag }}:
    name: flagged
";

#[test]
fn parameters_of_the_run_have_their_types() {
    let bench = Bench::new(ALL).parameter("TEXT", "a");
    assert_eq!(yaml(&bench), "steps:\n- script: a 2 False 0\n");
    let bench =
        Bench::new(ALL).parameter("text", "b").parameter("number", "1,000").parameter("flag", "TRUE").parameter("object", "{a: 1, b: [2]}");
    assert_eq!(yaml(&bench), "steps:\n- script: b 1000 True 2\n  name: flagged\n");
    let bench = Bench::new(ALL).parameter("text", "a").parameter("object", "- x\n- y\n- z");
    assert_eq!(yaml(&bench), "steps:\n- script: a 2 False 3\n");
}

#[test]
fn wrong_parameters_of_the_run_are_told_of_at_once() {
    let bench = Bench::new(ALL).parameter("number", "many").parameter("flag", "yes").parameter("txt", "a").parameter("object", "[1");
    insta::assert_snapshot!(problems(&bench), @r"
    --parameter object:2:1: error: not valid YAML: while parsing a flow sequence, expected ',' or ']'
      hint: check the indentation and the quotes of this line and of the one before
    ");
    let bench = Bench::new(ALL).parameter("number", "many").parameter("flag", "yes").parameter("txt", "a").parameter("object", "[1]");
    insta::assert_snapshot!(problems(&bench), @r"
    --parameter flag:1:1: error: the parameter `flag` must be `true` or `false` (type `boolean`), found `yes`
      hint: it is declared in ci.yml:8
    --parameter number:1:1: error: the parameter `number` must be a number (type `number`), found `many`
      hint: it is declared in ci.yml:5
    --parameter txt:1:1: error: unexpected parameter `txt`: `ci.yml` does not declare it
      hint: did you mean `text`?
    ci.yml:3:3: error: a value for the parameter `text` must be provided: `ci.yml` has no default for it
      3 | - name: text
        |   ^
      hint: pass it with `--parameter text=VALUE`; it is a text
    ");
    insta::assert_snapshot!(problems(&Bench::new(ALL).parameter("text", "c")), @r"
    --parameter text:1:1: error: the parameter `text` cannot be `c`
      hint: it can be `a`, `b`; it is declared in ci.yml:3
    ");
}

#[test]
fn old_parameters_are_texts() {
    // "all scalars are strings (so `eq(parameters.p, true)` with 'false' is true!)": `eq` converts the right to a text
    let bench = Bench::new("steps:\n- template: t.yml\n  parameters: {p: false, extra: 1.10}\n").file(
        "t.yml",
        "parameters: {p: true}\nsteps:\n- script: ${{ parameters.p }} ${{ parameters.extra }}<${{ parameters.none }}>\n- ${{ if parameters.p }}:\n  - script: a text is true\n",
    );
    assert_eq!(yaml(&bench), "steps:\n- script: false 1.10<>\n- script: a text is true\n");
}

#[test]
fn jobs_and_stages_are_seen_in_their_normal_form() {
    let bench = Bench::new("stages:\n- template: t.yml\n  parameters:\n    stages:\n    - stage: S\n      templateContext: {kind: 1.0}\n      jobs:\n      - job: J\n        steps: [{script: a, failOnStderr: yes}, {bash: b}]\n      - deployment: D\n        strategy: {runOnce: {deploy: {steps: [{download: current, artifact: x}]}}}\n    job:\n      job: One\n      steps: [{publish: x, artifact: y}]\n    step: {script: only}\n").file(
        "t.yml",
        "parameters:\n- {name: stages, type: stageList}\n- {name: job, type: job}\n- {name: step, type: step}\n- {name: jobs, type: jobList, default: []}\nstages:\n- ${{ each stage in parameters.stages }}:\n  - stage: ${{ stage.stage }}_${{ stage.templateContext.kind }}\n    jobs: ${{ stage.jobs }}\n- stage: Last\n  jobs:\n  - ${{ parameters.job }}\n  - ${{ parameters.jobs }}\n  - job: X\n    steps:\n    - ${{ parameters.step }}\n",
    );
    insta::assert_snapshot!(yaml(&bench), @r"
    stages:
    - stage: S_1.0
      jobs:
      - job: J
        steps:
        - task: CmdLine@2
          inputs:
            script: a
            failOnStderr: true
        - task: Bash@3
          inputs:
            targetType: inline
            script: b
      - deployment: D
        strategy:
          runOnce:
            deploy:
              steps:
              - task: DownloadPipelineArtifact@2
                inputs:
                  source: current
                  artifact: x
                  path: $(Pipeline.Workspace)/x
    - stage: Last
      jobs:
      - job: One
        steps:
        - task: PublishPipelineArtifact@1
          inputs:
            path: x
            artifactName: y
      - job: X
        steps:
        - task: CmdLine@2
          inputs:
            script: only
    ");
}
