//! facts/pipeline-yaml.md 2.5.

use super::*;

#[test]
fn all_kinds_of_templates_find_their_files() {
    let bench = Bench::new("variables:\n- template: t/variables.yml\n- name: own\n  value: ${{ variables.shared }}!\nstages:\n- template: t/stages.yml\n  parameters: {name: Test}\n- stage: Own\n  jobs:\n  - template: /t/jobs.yml\n    parameters:\n      name: J\n")
        .file("t/variables.yml", "parameters:\n  more: 1\nvariables:\n  shared: yes\n  more: ${{ parameters.more }}\n")
        .file("t/stages.yml", "parameters:\n- name: name\nstages:\n- stage: ${{ parameters.name }}\n  jobs:\n  - template: jobs.yml\n    parameters:\n      name: ${{ parameters.name }}_job\n")
        .file("t/jobs.yml", "parameters:\n- name: name\njobs:\n- job: ${{ parameters.name }}\n  steps:\n  - template: ../s/steps.yml\n  - template: \\s\\steps.yml\n    parameters: {what: second}\n")
        .file("s/steps.yml", "parameters:\n  what: first\nsteps:\n- script: ${{ parameters.what }} ${{ variables.own }}\n");
    insta::assert_snapshot!(yaml(&bench), @r"
    variables:
    - name: shared
      value: yes
    - name: more
      value: 1
    - name: own
      value: yes!
    stages:
    - stage: Test
      jobs:
      - job: Test_job
        steps:
        - script: first yes!
        - script: second yes!
    - stage: Own
      jobs:
      - job: J
        steps:
        - script: first yes!
        - script: second yes!
    ");
    let pipeline = bench.load().unwrap().pipeline;
    let step = &pipeline.stages[0].jobs[0].steps[2];
    assert_eq!(step.place.to_string(), "s/steps.yml:4:3");
    let chain: Vec<String> = step.place.chain().iter().map(ToString::to_string).collect();
    assert_eq!(chain, ["t/jobs.yml:7:15", "t/stages.yml:6:15", "ci.yml:6:13"]);
}

#[test]
fn a_template_sees_its_own_parameters_only() {
    let bench = Bench::new("parameters: {a: outer}\nsteps:\n- ${{ each v in split('1,2', ',') }}:\n  - template: t.yml\n    ${{ if eq(v, '2') }}:\n      parameters:\n        b: ${{ parameters.a }} ${{ v }}\n")
        .file("t.yml", "parameters: {b: inner}\nsteps:\n- script: <${{ parameters.a }}> ${{ parameters.b }}\n");
    assert_eq!(yaml(&bench), "steps:\n- script: <> inner\n- script: <> outer 2\n");
    let bench = bench.file("t.yml", "parameters: {b: inner}\nsteps:\n- script: ${{ v }}\n");
    assert!(problems(&bench).starts_with("t.yml:3:15: error: unknown name: `v`\n"), "{}", problems(&bench));
}

#[test]
fn extends_joins_two_files() {
    let bench = Bench::new("name: mine\ntrigger: none\nvariables: {a: 1}\nextends:\n  template: t.yml\n  parameters:\n    stages:\n    - stage: S\n      jobs:\n      - job: J\n        steps:\n        - template: steps.yml\n        - script: mine\n")
        .file("t.yml", "parameters:\n- name: stages\n  type: stageList\nvariables:\n- name: b\n  value: ${{ variables.a }}2\npool: {name: P}\nstages:\n- stage: First\n  jobs: [{job: A, steps: [{script: first}]}]\n- ${{ parameters.stages }}\n")
        .file("steps.yml", "steps: [{script: included}]\n");
    insta::assert_snapshot!(yaml(&bench), @r"
    name: mine
    trigger: none
    variables:
    - name: a
      value: 1
    - name: b
      value: 12
    pool:
      name: P
    stages:
    - stage: First
      jobs:
      - job: A
        steps:
        - script: first
    - stage: S
      jobs:
      - job: J
        steps:
        - task: CmdLine@2
          inputs:
            script: included
        - task: CmdLine@2
          inputs:
            script: mine
    ");
    // What is passed has the place where it was written.
    let pipeline = bench.load().unwrap().pipeline;
    assert_eq!(pipeline.stages[1].jobs[0].steps[2].place.to_string(), "ci.yml:13:11");
    assert_eq!(pipeline.stages[1].jobs[0].steps[1].place.to_string(), "steps.yml:1:9");
}

#[test]
fn templates_that_are_passed_as_values_are_expanded_where_they_end_up() {
    // Old-style parameters carry `- template:` as data; its path is relative to the file that wrote it.
    let bench = Bench::new("jobs:\n- template: t/jobs.yml\n  parameters:\n    before:\n    - template: mine.yml\n    - script: b\n")
        .file("t/jobs.yml", "parameters: {before: [], after: []}\njobs:\n- job: J\n  steps:\n  - ${{ parameters.before }}\n  - ${{ each step in parameters.before }}:\n    - ${{ step }}\n  - ${{ parameters.after }}\n")
        .file("mine.yml", "steps:\n- script: a\n");
    assert_eq!(yaml(&bench), "jobs:\n- job: J\n  steps:\n  - script: a\n  - script: b\n  - script: a\n  - script: b\n");
}
