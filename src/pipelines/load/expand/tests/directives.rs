//! facts/pipeline-yaml.md 2.4.

use super::*;

#[test]
fn a_chain_takes_the_first_branch_that_holds() {
    // "else chain belongs to the immediately preceding sibling"
    for (value, expected) in [("a", "one"), ("b", "two"), ("c", "three")] {
        let text = "parameters:\n- name: x\nsteps:\n- ${{ if eq(parameters.x, 'a') }}:\n  - script: one\n- ${{ elseif eq(parameters.x, 'b') }}:\n  - script: two\n- ${{ else }}:\n  - script: three\n- script: always\n  ${{ if eq(parameters.x, 'a') }}:\n    name: one\n  ${{ elseif eq(parameters.x, 'b') }}:\n    name: two\n  ${{ else }}:\n    name: three\n";
        let yaml = yaml(&Bench::new(text).parameter("x", value));
        assert_eq!(yaml, format!("steps:\n- script: {expected}\n- script: always\n  name: {expected}\n"));
    }
}

#[test]
fn directives_work_in_lists_in_mappings_and_in_place_of_a_value() {
    // "A sequence body is allowed where the parent value is replaced"; repeated directive keys are legal; `${{if` without a space.
    let text = "
parameters:
- name: on
  type: boolean
  default: true
- name: off
  type: boolean
  default: false
jobs:
- job: a
  dependsOn:
    ${{ if parameters.on }}:
    - x
    - y
  variables:
    ${{if parameters.on}}:
      one: 1
    ${{if parameters.on}}:
      two: 2
    ${{ if parameters.off }}:
      three: 3
  condition:
    ${{ if parameters.on }}: succeeded()
  steps:
    ${{ if parameters.on }}:
    - script: a
- job: b
  dependsOn:
    ${{ if parameters.off }}:
    - x
  steps:
  - ${{ if parameters.off }}:
    - script: never
    ${{ else }}:
    - script: b
";
    let problems = problems(&Bench::new(text));
    assert!(problems.contains("ci.yml:23:30: error: below a directive there must be a list or a mapping, found a text"), "{problems}");
    insta::assert_snapshot!(yaml(&Bench::new(&text.replace("  condition:\n    ${{ if parameters.on }}: succeeded()\n", ""))), @r"
    jobs:
    - job: a
      dependsOn:
      - x
      - y
      variables:
        one: 1
        two: 2
      steps:
      - script: a
    - job: b
      dependsOn: []
      steps:
      - script: b
    ");
}

#[test]
fn each_goes_over_lists_and_mappings() {
    // "v = item; over a mapping: v.key, v.value in order; over '': zero iterations"
    let text = "
parameters:
- name: services
  type: object
  default:
  - name: orders
    tests: [unit, system]
  - name: shipping
    tests: []
- name: nothing
  type: object
  default: ''
- name: env
  type: object
  default: {B: 2, A: 1}
steps:
- ${{ each service in parameters.services }}:
  - ${{ each test in service.tests }}:
    - script: ${{ service.name }} ${{ test }}
      ${{ if eq(test, 'unit') }}:
        env:
          ${{ insert }}: ${{ parameters.env }}
  - script: ${{ service.name }}
- ${{ each x in parameters.nothing }}:
  - script: never
- script: pairs
  env:
    ${{ each pair in parameters.env }}:
      V_${{ pair.key }}: <${{ pair.value }}>
      ${{ pair.key }}: ${{ pair.value }}
";
    insta::assert_snapshot!(yaml(&Bench::new(text)), @r"
    steps:
    - script: orders unit
      env:
        B: 2
        A: 1
    - script: orders system
    - script: orders
    - script: shipping
    - script: pairs
      env:
        V_B: <2>
        B: 2
        V_A: <1>
        A: 1
    ");
}

#[test]
fn loops_hide_the_names_around_them() {
    let text = "parameters: {a: [1, 2]}\nsteps:\n- ${{ each v in parameters.a }}:\n  - ${{ each v in parameters.a }}:\n    - script: ${{ v }}\n  - script: ${{ v }}!\n";
    let scripts = yaml(&Bench::new(text)).replace("- script: ", "").replace('\n', " ");
    assert_eq!(scripts, "steps: 1 2 1! 1 2 2! ");
}

#[test]
fn an_expression_within_a_text_is_a_text_and_a_whole_value_keeps_its_structure() {
    // "Embedded ... concatenation of string conversions. A whole-scalar keeps the structure. Escape"; flattened one level
    let text = "
parameters:
- name: flag
  type: boolean
  default: true
- name: number
  type: number
  default: 1.50
- name: text
  default: 1.50
- name: object
  type: object
  default: {a: [1.10, 'true', yes]}
- name: list
  type: stepList
  default: [{bash: x}]
steps:
- ${{ parameters.list }}
- script: ${{ 'my${{value' }} ${{ '}}' }}
  env:
    flag: ${{ parameters.flag }}
    both: ${{ parameters.flag }}${{ parameters.number }}
    text: ${{ parameters.text }}
    json: ${{ convertToJson(parameters.object) }}
    ${{ format('key_{0}', parameters.number) }}: ${{ parameters.object.a[0] }}
    missing: <${{ parameters.object.b.c }}>
- task: Bash@3
  inputs: ${{ parameters.object }}
- ${{ parameters.list }}
";
    insta::assert_snapshot!(yaml(&Bench::new(text)), @r#"
    steps:
    - task: Bash@3
      inputs:
        targetType: inline
        script: x
    - script: my${{value }}
      env:
        flag: True
        both: True1.5
        text: 1.50
        json: |-
          {
            "a": [
              "1.10",
              "true",
              "yes"
            ]
          }
        key_1.5: 1.10
        missing: <>
    - task: Bash@3
      inputs:
        a:
        - 1.10
        - 'true'
        - yes
    - task: Bash@3
      inputs:
        targetType: inline
        script: x
    "#);
}

#[test]
fn a_security_template_can_rewrite_its_steps() {
    // The documentation's examples of `extends`: all properties but one are copied, `CmdLine@2` is found in `- script:`.
    let bench = Bench::new("extends:\n  template: t.yml\n  parameters:\n    steps:\n    - script: rm -rf /\n      displayName: bad\n    - checkout: self\n      clean: yes\n    - task: Good@1\n      inputs: {a: b}\n      name: good\n").file(
        "t.yml",
        "parameters:\n- name: steps\n  type: stepList\nsteps:\n- ${{ each step in parameters.steps }}:\n  - ${{ if and(ne(step.task, 'CmdLine@2'), ne(step.task, '6d15af64-176c-496d-b583-fd2ae21d4df4@1')) }}:\n    - ${{ each pair in step }}:\n        ${{ if ne(pair.key, 'name') }}:\n          ${{ pair.key }}: ${{ pair.value }}\n      displayName: checked\n  - ${{ else }}:\n    - script: 'no ${{ step.task }} ${{ step.inputs.script }}${{ step.inputs.clean }}'\n",
    );
    insta::assert_snapshot!(yaml(&bench), @r"
    steps:
    - script: no CmdLine@2 rm -rf /
    - script: no 6d15af64-176c-496d-b583-fd2ae21d4df4@1 true
    - task: Good@1
      inputs:
        a: b
      displayName: checked
    ");
}

#[test]
fn unknown_names_are_errors_only_where_they_are_evaluated_and_syntax_is_one_everywhere() {
    // "syntax errors are fatal even in a disabled branch; unknown functions and names only when the branch is taken"
    let skipped =
        "steps:\n- ${{ if false }}:\n  - script: ${{ unknown(x) }} ${{ y }}\n  - ${{ else }}:\n    - script: orphan\n- script: a\n";
    assert_eq!(yaml(&Bench::new(skipped)), "steps:\n- script: a\n");
    insta::assert_snapshot!(problems(&Bench::new(&skipped.replace("false", "true"))), @r"
    ci.yml:3:17: error: unknown function: `unknown`
      3 |   - script: ${{ unknown(x) }} ${{ y }}
        |                 ^
      hint: known: `and`, `coalesce`, `contains`, `containsValue`, `convertToJson`, `endsWith`, `eq`, `format`, `ge`, `gt`, `iif`, `in`, `join`, `le`, `length`, `lower`, `lt`, `ne`, `not`, `notIn`, `or`, `replace`, `split`, `startsWith`, `substring`, `trim`, `upper`, `xor`
    ci.yml:3:25: error: unknown name: `x`
      3 |   - script: ${{ unknown(x) }} ${{ y }}
        |                         ^
      hint: a text is written in single quotes: `'x'`; names that exist here: `parameters`, `variables`
    ci.yml:3:35: error: unknown name: `y`
      3 |   - script: ${{ unknown(x) }} ${{ y }}
        |                                   ^
      hint: a text is written in single quotes: `'y'`; names that exist here: `parameters`, `variables`
    ci.yml:4:5: error: `else` without an `if` before it
      4 |   - ${{ else }}:
        |     ^
      hint: it must follow the `${{ if }}` directly, at the same indentation
    ");
    insta::assert_snapshot!(problems(&Bench::new("steps:\n- ${{ if false }}:\n  - script: ${{ eq(1, }} and ${{ a == b }}\n  - script: ${{ 'open }}\n  - ${{ each x of y }}:\n    - script: a\n  - ${{ else false }}:\n    - script: a\n")), @r"
    ci.yml:3:22: error: the expression ends where a value is expected
      3 |   - script: ${{ eq(1, }} and ${{ a == b }}
        |                      ^
    ci.yml:3:36: error: unrecognized value: `==`
      3 |   - script: ${{ eq(1, }} and ${{ a == b }}
        |                                    ^
      hint: there are no operators: write `eq(a, b)`, `ne(a, b)`, `and(a, b)`, `or(a, b)`, `not(a)`, `gt(a, b)`
    ci.yml:4:13: error: the expression `${{` is not closed
      4 |   - script: ${{ 'open }}
        |             ^
      hint: add `}}`; a quote in a text is written twice
    ci.yml:5:13: error: `each` needs a name and a list
      5 |   - ${{ each x of y }}:
        |             ^
      hint: write `${{ each item in parameters.items }}:`
    ci.yml:7:14: error: nothing may follow `else`, found `false`
      7 |   - ${{ else false }}:
        |              ^
      hint: a condition belongs to `elseif`
    ");
}
