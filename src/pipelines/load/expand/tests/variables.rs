//! facts/pipeline-yaml.md 2.4, "Variables at compile time".

use super::*;

#[test]
fn variables_are_seen_in_order_and_by_scope() {
    let text = "
variables:
- name: a
  value: root
- group: shop-settings
- name: b
  value: ${{ variables.a }}/${{ variables.c }}
- ${{ if eq(variables.a, 'root') }}:
  - name: c
    value: ${{ variables['Build.SourceBranch'] }}
stages:
- stage: S
  displayName: ${{ variables.s }}
  variables:
    s: stage ${{ variables.b }}
    a: ${{ variables.s }}
  jobs:
  - job: J
    steps:
    - script: ${{ variables.a }} ${{ variables.j }} ${{ variables.LOG_LEVEL }}.
    - ${{ if eq(variables.j, 'x') }}:
      - script: x
    variables:
    - name: j
      value: x
  - job: K
    steps:
    - script: ${{ variables.A }} <${{ variables.j }}>
- stage: T
  jobs:
  - job: J
    steps:
    - script: ${{ variables.a }} <${{ variables.s }}>
";
    insta::assert_snapshot!(yaml(&Bench::new(text).variable("Build.SourceBranch", "refs/heads/x").variable("a", "outside")), @r"
    variables:
    - name: a
      value: root
    - group: shop-settings
    - name: b
      value: root/
    - name: c
      value: refs/heads/x
    stages:
    - stage: S
      displayName: stage root/
      variables:
        s: stage root/
        a: stage root/
      jobs:
      - job: J
        steps:
        - script: stage root/ x .
        - script: x
        variables:
        - name: j
          value: x
      - job: K
        steps:
        - script: stage root/ <>
    - stage: T
      jobs:
      - job: J
        steps:
        - script: root <>
    ");
}

#[test]
fn a_scope_of_a_template_is_that_of_its_place() {
    let bench = Bench::new("variables: {a: root}\njobs:\n- job: J\n  variables:\n  - template: v.yml\n    parameters: {more: '${{ variables.a }}'}\n  - name: last\n    value: ${{ variables.more }}\n  steps:\n  - template: s.yml\n- job: K\n  steps:\n  - template: s.yml\n")
        .file("v.yml", "parameters: {more: ''}\nvariables:\n- name: more\n  value: ${{ parameters.more }}+\n")
        .file("s.yml", "steps:\n- script: ${{ variables.last }}.\n");
    insta::assert_snapshot!(yaml(&bench), @r"
    variables:
      a: root
    jobs:
    - job: J
      variables:
      - name: more
        value: root+
      - name: last
        value: root+
      steps:
      - script: root+.
    - job: K
      steps:
      - script: .
    ");
}

#[test]
fn variables_of_a_job_that_is_passed_or_copied_stay_in_it() {
    let bench = Bench::new("jobs:\n- template: t.yml\n  parameters:\n    jobs:\n    - job: a\n      variables: {inner: x}\n      steps: [{template: s.yml}]\n").file("t.yml", "parameters: {jobs: []}\njobs:\n- ${{ parameters.jobs }}\n- ${{ each job in parameters.jobs }}:\n  - ${{ each pair in job }}:\n      ${{ if ne(pair.key, 'job') }}:\n        ${{ pair.key }}: ${{ pair.value }}\n    job: b\n- job: c\n  steps:\n  - script: <${{ variables.inner }}>\n").file("s.yml", "steps: [{script: '<${{ variables.inner }}>'}]\n");
    insta::assert_snapshot!(yaml(&bench), @r"
    jobs:
    - job: a
      variables:
        inner: x
      steps:
      - script: <x>
    - variables:
        inner: x
      steps:
      - script: <x>
      job: b
    - job: c
      steps:
      - script: <>
    ");
}

#[test]
fn groups_are_entries_in_the_order_of_the_file() {
    // facts/pipeline-yaml.md 2.8: "Groups and templates merge in list order within their scope (later wins)"
    let bench = Bench::new("variables:\n- name: a\n  value: 1\n- template: v.yml\n- name: b\n  value: 2\nsteps:\n- script: a\n")
        .file("v.yml", "variables:\n- group: Shop-Settings\n- ${{ each pair in split('x,y', ',') }}:\n  - name: ${{ pair }}\n    value: ${{ upper(pair) }}\n    readonly: true\n");
    let items: Vec<String> = bench
        .load()
        .unwrap()
        .pipeline
        .variables
        .iter()
        .map(|item| match item {
            crate::VariableItem::Variable(variable) => format!("{}={} {}", variable.name, variable.value, variable.read_only),
            crate::VariableItem::Group { name, place } => format!("group {name} {place}"),
        })
        .collect();
    assert_eq!(items, ["a=1 false", "group Shop-Settings v.yml:2:10", "x=X true", "y=Y true", "b=2 false"]);
}
