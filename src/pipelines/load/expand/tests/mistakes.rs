//! Mistakes, as a new user makes them: the whole output.

use super::*;

#[test]
fn parameters_that_do_not_fit_are_told_of_at_once() {
    let template = "parameters:\n- name: service\n- name: retries\n  type: number\n- name: deploy\n  type: boolean\n- name: level\n  values: [fast, safe]\n- name: steps\n  type: stepList\n  default: []\nsteps:\n- ${{ parameters.steps }}\n- script: ${{ parameters.service }}\n";
    let bench = Bench::new("steps:\n- template: t/build.yml\n  parameters:\n    retries: many\n    deploy: yes\n    level: slow\n    servce: orders\n    steps: echo\n")
        .file("t/build.yml", template);
    insta::assert_snapshot!(problems(&bench), @r"
    ci.yml:2:13: error: a value for the parameter `service` must be provided: `t/build.yml` has no default for it
      2 | - template: t/build.yml
        |             ^
      hint: add `service: ...` below `parameters:`; it is a text
    ci.yml:4:14: error: the parameter `retries` must be a number (type `number`), found `many`
      4 |     retries: many
        |              ^
      hint: it is declared in t/build.yml:3
    ci.yml:5:13: error: the parameter `deploy` must be `true` or `false` (type `boolean`), found `yes`
      5 |     deploy: yes
        |             ^
      hint: it is declared in t/build.yml:5
    ci.yml:6:12: error: the parameter `level` cannot be `slow`
      6 |     level: slow
        |            ^
      hint: it can be `fast`, `safe`; it is declared in t/build.yml:7
    ci.yml:7:5: error: unexpected parameter `servce`: `t/build.yml` does not declare it
      7 |     servce: orders
        |     ^
      hint: did you mean `service`?
    ci.yml:8:12: error: the parameter `steps` must be a list of steps (type `stepList`), found `echo`
      8 |     steps: echo
        |            ^
      hint: it is declared in t/build.yml:9
    ");
    let bench = Bench::new("steps:\n- template: t/build.yml\n  parameters:\n    service: [a, b]\n    retries: 1\n    deploy: ${{ variables.x }}\n    level: ${{ lower('SLOW') }}\n    steps:\n    - echo\n")
        .file("t/build.yml", template);
    insta::assert_snapshot!(problems(&bench), @r"
    ci.yml:4:14: error: the parameter `service` must be a text (type `string`), found a list
      4 |     service: [a, b]
        |              ^
      hint: it is declared in t/build.yml:2
    ci.yml:6:13: error: the parameter `deploy` must be `true` or `false` (type `boolean`), found nothing
      6 |     deploy: ${{ variables.x }}
        |             ^
      hint: it is declared in t/build.yml:5
    ci.yml:7:12: error: the parameter `level` cannot be `slow`
      7 |     level: ${{ lower('SLOW') }}
        |            ^
      hint: it can be `fast`, `safe`; it is declared in t/build.yml:7
    ci.yml:9:7: error: the parameter `steps` must be a list of steps (type `stepList`), found a list
      9 |     - echo
        |       ^
      hint: it is declared in t/build.yml:9
    ");
}

#[test]
fn templates_that_do_not_fit_are_told_of_at_once() {
    let bench = Bench::new("stages:\n- template: none.yml\n- template: x/jobs.yml\n- template: x/empty.yml\n- template: x/list.yml\n- template:\n- template: [a]\n- template: ../out.yml\n- template: x/broken.yml\n- template: x/folder\n- template: x/nothing.yml\n- template: x/more.yml\n- template: stages.yml\n  displayName: x\n- stage: S\n  jobs:\n  - job: J\n    steps:\n    - template: /x/stages.yml\n    - template: x/relative.yml\n")
        .file("x/jobs.yml", "jobs:\n- template: none.yml\n")
        .file("x/empty.yml", "# nothing\n")
        .file("x/list.yml", "- stage: S\n")
        .file("x/broken.yml", "stages: [\n")
        .file("x/folder", "!")
        .file("x/nothing.yml", "parameters: []\n")
        .file("x/more.yml", "stages: []\nvariabls: {}\n")
        .file("x/stages.yml", "stages:\n- template: x/jobs.yml\n")
        .file("stages.yml", "stages: []\n");
    insta::assert_snapshot!(problems(&bench), @r"
    ci.yml:2:13: error: there is no template `none.yml` in this repository
      2 | - template: none.yml
        |             ^
      hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
    ci.yml:6:3: error: `template` must be the path of a file, found nothing
      6 | - template:
        |   ^
      hint: for instance `steps/build.yml`
    ci.yml:7:13: error: `template` must be the path of a file, found a list
      7 | - template: [a]
        |             ^
      hint: for instance `steps/build.yml`
    ci.yml:8:13: error: the path `../out.yml` leads out of the repository
      8 | - template: ../out.yml
        |             ^
      hint: a template is a file of its repository
    ci.yml:10:13: error: the template `x/folder` cannot be read: it is a folder
      10 | - template: x/folder
         |             ^
      hint: a template is a text file in UTF-8 that you may read
    ci.yml:14:3: error: beside `template` there can be only `parameters`, found `displayName`
      14 |   displayName: x
         |   ^
      hint: pass it as a parameter that the template uses
    ci.yml:20:17: error: there is no template `x/relative.yml` in this repository
      20 |     - template: x/relative.yml
         |                 ^
      hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
    x/broken.yml:2:1: error: not valid YAML: while parsing a node, did not find expected node content
      included from ci.yml:9:13
      hint: check the indentation and the quotes of this line and of the one before
    x/empty.yml:1:1: error: the file is empty
      1 | # nothing
        | ^
      included from ci.yml:4:13
      hint: a file has `steps`, `jobs`, `stages` or `variables`
    x/jobs.yml:1:1: error: here a template with `stages` is expected, and `x/jobs.yml` has `jobs`
      1 | jobs:
        | ^
      included from ci.yml:3:13
      hint: a template with `jobs` belongs under `jobs:`
    x/list.yml:1:1: error: the root of a file must be a mapping, found a list
      1 | - stage: S
        | ^
      included from ci.yml:5:13
      hint: its keys are `parameters`, `steps`, `jobs`, `stages`, `variables` and so on
    x/more.yml:2:1: error: unknown key of a template with `stages`: `variabls`
      2 | variabls: {}
        | ^
      included from ci.yml:12:13
      hint: it can have `parameters` and `stages`
    x/nothing.yml:1:1: error: the template has no `stages`
      1 | parameters: []
        | ^
      included from ci.yml:11:13
      hint: it is used in a place for `stages`
    x/stages.yml:1:1: error: here a template with `steps` is expected, and `x/stages.yml` has `stages`
      1 | stages:
        | ^
      included from ci.yml:19:17
      hint: a template with `stages` belongs under `stages:`
    ");
}

#[test]
fn directives_that_do_not_fit_are_told_of_at_once() {
    let text = "parameters: {text: orders, list: [a]}\ntrigger: ['${{ parameters.text }}']\nsteps:\n- ${{ each service in parameters.text }}:\n  - script: a\n- ${{ elseif true }}:\n  - script: a\n- script: x\n- ${{ else }}:\n  - script: a\n- ${{ if true }}:\n  - script: a\n- ${{ else }}:\n  - script: b\n- ${{ else }}:\n  - script: c\n- script: ${{ parameters.list }} and a${{ parameters }}\n  env:\n    A: 1\n    ${{ if true }}:\n      A: 2\n    ${{ else }}: x\n    ${{ parameters.list }}: x\n    ${{ if gt(parameters.text, parameters.list) }}: {B: 1}\n- ${{ other }}\n";
    insta::assert_snapshot!(problems(&Bench::new(text)), @r"
    ci.yml:2:16: error: `trigger` cannot have `${{ }}`: it is read before templates are expanded
      2 | trigger: ['${{ parameters.text }}']
        |                ^
      hint: write the value itself
    ci.yml:4:23: error: `each` needs a list or a mapping, found the text `orders`
      4 | - ${{ each service in parameters.text }}:
        |                       ^
      hint: for a list of texts declare the parameter as `type: object`, and write one entry per line with `- `
    ci.yml:6:3: error: `elseif` without an `if` before it
      6 | - ${{ elseif true }}:
        |   ^
      hint: it must follow the `${{ if }}` directly, at the same indentation
    ci.yml:9:3: error: `else` without an `if` before it
      9 | - ${{ else }}:
        |   ^
      hint: it must follow the `${{ if }}` directly, at the same indentation
    ci.yml:15:3: error: a second `else`
      15 | - ${{ else }}:
         |   ^
      hint: an `if` has any number of `elseif` and then at most one `else`
    ci.yml:17:15: error: Unable to convert from Array to String.
      17 | - script: ${{ parameters.list }} and a${{ parameters }}
         |               ^
      hint: a list or a mapping can only be a whole value; `convertToJson(...)` makes a text of it
    ci.yml:17:43: error: Unable to convert from Object to String.
      17 | - script: ${{ parameters.list }} and a${{ parameters }}
         |                                           ^
      hint: a list or a mapping can only be a whole value; `convertToJson(...)` makes a text of it
    ci.yml:21:7: error: the key `A` is already in line 19
      21 |       A: 2
         |       ^
      hint: of the branches and loops of a mapping only one may give a key
    ci.yml:23:9: error: Unable to convert from Array to String.
      23 |     ${{ parameters.list }}: x
         |         ^
      hint: a list or a mapping can only be a whole value; `convertToJson(...)` makes a text of it
    ci.yml:24:12: error: Unable to convert from Array to String.
      24 |     ${{ if gt(parameters.text, parameters.list) }}: {B: 1}
         |            ^
      hint: a list or a mapping can only be a whole value; `convertToJson(...)` makes a text of it
    ci.yml:25:7: error: unknown name: `other`
      25 | - ${{ other }}
         |       ^
      hint: a text is written in single quotes: `'other'`; names that exist here: `parameters`, `variables`
    ");
}

#[test]
fn directives_without_a_colon_are_explained() {
    let text = "steps:\n- script: a\n  name: ${{ if true }}\n- ${{ else }}\n";
    insta::assert_snapshot!(problems(&Bench::new(text)), @r"
    ci.yml:3:16: error: unexpected symbol: `true`
      3 |   name: ${{ if true }}
        |                ^
      hint: `if` is a key: write `${{ if ... }}:`, with a colon
    ");
    insta::assert_snapshot!(problems(&Bench::new("steps:\n- script: a\n- ${{ else }}\n")), @r"
    ci.yml:3:7: error: unknown name: `else`
      3 | - ${{ else }}
        |       ^
      hint: `else` is a key: write `${{ else }}:`, with a colon
    ");
}

#[test]
fn what_is_declared_wrongly_is_told_of_at_once() {
    let text = "parameters:\n- name: a\n  typ: string\n- type: string\n- name: b\n  type: strng\n- name: B\n- name: c\n  default: ${{ variables.x }}\n- d\nsteps:\n- script: a\n";
    insta::assert_snapshot!(problems(&Bench::new(text)), @r"
    ci.yml:9:12: error: `${{ }}` cannot be used where parameters are declared
      9 |   default: ${{ variables.x }}
        |            ^
      hint: a default is a literal value
    ");
    let text = text.replace("  default: ${{ variables.x }}\n", "  values: x\n");
    insta::assert_snapshot!(problems(&Bench::new(&text)), @r"
    ci.yml:3:3: error: unknown key of a parameter: `typ`
      3 |   typ: string
        |   ^
      hint: did you mean `type`?
    ci.yml:4:3: error: a parameter needs a `name`
      4 | - type: string
        |   ^
    ci.yml:6:9: error: unknown type of the parameter `b`: `strng`
      6 |   type: strng
        |         ^
      hint: did you mean `string`?
    ci.yml:7:3: error: the parameter `B` is declared twice
      7 | - name: B
        |   ^
      hint: remove one of them
    ci.yml:9:11: error: `values` of the parameter `c` must be a list, found a text
      9 |   values: x
        |           ^
    ci.yml:10:3: error: a parameter is a mapping, found a text
      10 | - d
         |   ^
      hint: for instance `- name: service`
    ");
    insta::assert_snapshot!(problems(&Bench::new("parameters: x\nsteps:\n- script: a\n")), @r"
    ci.yml:1:13: error: `parameters` must be a list of parameters, found a text
      1 | parameters: x
        |             ^
      hint: for instance `- name: service`, and below it `  type: string`
    ");
    insta::assert_snapshot!(problems(&Bench::new("parameters:\n- name: number\n  type: number\n  default: x\n- name: service\nsteps:\n- script: a\n")), @r"
    ci.yml:4:12: error: the default of the parameter `number` must be a number (type `number`), found `x`
      4 |   default: x
        |            ^
      hint: it is declared in ci.yml:2
    ci.yml:5:3: error: a value for the parameter `service` must be provided: `ci.yml` has no default for it
      5 | - name: service
        |   ^
      hint: pass it with `--parameter service=VALUE`; it is a text
    ");
    insta::assert_snapshot!(problems(&Bench::new("parameters:\n- {name: service, default: x}\nsteps:\n- script: ${{ parameters.servce }} ${{ parameters[format('a{0}', 1)] }}\n")), @r"
    ci.yml:4:15: error: the parameter `servce` is not declared in this file
      4 | - script: ${{ parameters.servce }} ${{ parameters[format('a{0}', 1)] }}
        |               ^
      hint: did you mean `service`?
    ci.yml:4:40: error: the parameter `a1` is not declared in this file
      4 | - script: ${{ parameters.servce }} ${{ parameters[format('a{0}', 1)] }}
        |                                        ^
      hint: known: `service`
    ");
    let lazy = "parameters:\n- {name: a, default: x}\nsteps:\n- script: ${{ coalesce('test', parameters.y) }}\n";
    assert_eq!(yaml(&Bench::new(lazy)), "steps:\n- script: test\n", "what is not evaluated need not be declared");
}

#[test]
fn problems_of_the_pipeline_itself_have_the_chain_and_are_told_of_once() {
    let bench = Bench::new("jobs:\n- job: a\n  steps:\n  - template: s.yml\n- job: b\n  steps:\n  - template: s.yml\n")
        .file("s.yml", "steps:\n- task: None@1\n- script: a\n  condition: eqq(1, 2)\n");
    insta::assert_snapshot!(problems(&bench), @r"
    s.yml:2:9: error: unknown task: `None`
      2 | - task: None@1
        |         ^
      included from ci.yml:4:15
      hint: add the task's folder or VSIX file under `tasks` in slipway.local.yml, or with `--task`
    s.yml:4:14: error: unknown function: `eqq`
      4 |   condition: eqq(1, 2)
        |              ^
      included from ci.yml:4:15
      hint: did you mean `eq`?
    ");
}
