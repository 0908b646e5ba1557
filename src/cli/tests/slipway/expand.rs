//! Templates, parameters and other repositories, through `slipway expand` and what shares its ways.

use crate::secrets::{GROUP, secrets_of_groups};
use crate::support::World;

const CI: &str = "\
parameters:
- name: who
  type: string
  default: world
  values: [world, you]
resources:
  repositories:
  - repository: templates
    type: git
    name: contoso/templates
    ref: refs/tags/v1
variables:
- name: reason
  value: ${{ variables['Build.Reason'] }} of ${{ variables['System.TeamProject'] }}
- {name: level, value: '${{ variables.LEVEL }}'}
- group: planted
- template: vars.yml@templates
steps:
- template: /steps/greet.yml@templates
  parameters:
    who: ${{ parameters.who }}
    times: [1, 2]
";

const VARS: &str = "variables:\n  common: true\n";

const GREET: &str = "\
parameters:
- name: who
  type: string
- name: times
  type: object
steps:
- ${{ each time in parameters.times }}:
  - script: |
      echo \"hello ${{ parameters.who }}\"
      echo ${{ time }}
    displayName: 'Greet: ${{ parameters.who }}'
- template: more/last.yml
";

const LAST: &str = "steps:\n- script: echo last\n";

/// A repository with the pipeline `ci.yml`, and beside it `templates`, a git repository with the tag `v1` and, later, the
/// branch `main`, and uncommitted changes.
fn world(config: &str) -> World {
    let world = World::new(&[("ci.yml", CI), ("slipway.local.yml", &format!("{config}{GROUP}"))]);
    let templates = world.root().join("templates");
    std::fs::create_dir_all(templates.join("steps/more")).unwrap();
    std::fs::write(templates.join("vars.yml"), VARS).unwrap();
    std::fs::write(templates.join("steps/greet.yml"), GREET).unwrap();
    std::fs::write(templates.join("steps/more/last.yml"), LAST).unwrap();
    world.commit_in(&templates, "Change");
    world.git_in(&templates, &["tag", "v1"]);
    std::fs::write(templates.join("steps/more/last.yml"), LAST.replace("last", "committed after the tag")).unwrap();
    world.commit_in(&templates, "Change");
    std::fs::write(templates.join("steps/more/last.yml"), LAST.replace("last", "not committed")).unwrap();
    world
}

/// As [`world`], after a good run: the secret of the variable group is in the store.
fn after_a_good_run(config: &str) -> World {
    let world = world(config);
    let said = world.slipway(&["run", "ci.yml", "--repository", "contoso/templates=../templates"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
    assert_eq!(secrets_of_groups(&world.files()).len(), 1, "there is a secret to search for");
    world
}

const MAPPED: &str = "\
project: shop
variables:
  LEVEL: debug
repositories:
- name: contoso/templates
  path: ../templates
";

#[test]
fn templates_of_another_repository_are_those_of_its_tag() {
    let world = world(MAPPED);
    insta::assert_snapshot!(world.slipway(&["expand", "ci.yml", "--parameter", "who=you"]), @r#"
        exit 0
        --- stdout
        resources:
          repositories:
          - repository: templates
            type: git
            name: contoso/templates
            ref: refs/tags/v1
        variables:
        - name: reason
          value: Manual of shop
        - name: level
          value: debug
        - group: planted
        - name: common
          value: true
        steps:
        - script: |
            echo "hello you"
            echo 1
          displayName: 'Greet: you'
        - script: |
            echo "hello you"
            echo 2
          displayName: 'Greet: you'
        - script: echo last
        "#);
    // Nothing is left behind, and the repository is as it was.
    assert!(!world.root().join("xdg").exists());
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 0
        --- stdout
        ci.yml: no problems (1 stage, 1 job, 4 steps)
        "#);
}

#[test]
fn what_is_expanded_expands_to_itself() {
    let world = world(MAPPED);
    let first = world.command(&["expand", "ci.yml"]).output().unwrap();
    assert!(first.status.success());
    let text = String::from_utf8(first.stdout).unwrap();
    assert!(text.contains("hello world"), "{text}");
    world.write("again.yml", &text);
    let second = world.command(&["expand", "again.yml"]).output().unwrap();
    assert_eq!(String::from_utf8(second.stdout).unwrap(), text);
}

#[test]
fn the_command_line_wins_and_another_reference_is_another_text() {
    let world = world("repositories:\n- {name: contoso/templates, path: nowhere}\n");
    for (reference, expected) in
        [("refs/heads/main", "committed after the tag"), ("main", "committed after the tag"), ("refs/tags/v1", "echo last")]
    {
        world.write("ci.yml", &CI.replace("refs/tags/v1", reference));
        let said = world.slipway(&["expand", "ci.yml", "--repository", "Contoso/Templates=../templates"]);
        assert!(said.contains(expected), "{reference}: {said}");
    }
    world.write("ci.yml", &CI.replace("    ref: refs/tags/v1\n", ""));
    let said = world.slipway(&["expand", "ci.yml", "--repository", "contoso/templates=../templates"]);
    assert!(said.contains("committed after the tag"), "without a ref, the default branch: {said}");
    insta::assert_snapshot!(world.slipway(&["expand", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:16:13: error: the repository `templates` cannot be opened: `contoso/templates`: there is no such folder (`repositories` of slipway.local.yml: `nowhere`)
          16 | - template: vars.yml@templates
             |             ^
          hint: give the path of a git repository
        ci.yml:18:13: error: the repository `templates` cannot be opened: `contoso/templates`: there is no such folder (`repositories` of slipway.local.yml: `nowhere`)
          18 | - template: /steps/greet.yml@templates
             |             ^
          hint: give the path of a git repository
        "#);
}

#[test]
fn an_alias_that_is_not_mapped() {
    let world = after_a_good_run("");
    insta::assert_snapshot!(world.slipway(&["expand", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:17:13: error: the repository `templates` cannot be opened: `contoso/templates` is not mapped to a folder of this machine
          17 | - template: vars.yml@templates
             |             ^
          hint: say where it lies: `--repository contoso/templates=PATH`, or in slipway.local.yml:
              repositories:
              - name: contoso/templates
                path: PATH
        ci.yml:19:13: error: the repository `templates` cannot be opened: `contoso/templates` is not mapped to a folder of this machine
          19 | - template: /steps/greet.yml@templates
             |             ^
          hint: say where it lies: `--repository contoso/templates=PATH`, or in slipway.local.yml:
              repositories:
              - name: contoso/templates
                path: PATH
        "#);
}

#[test]
fn a_reference_that_does_not_exist() {
    let world = after_a_good_run(MAPPED);
    world.write("ci.yml", &CI.replace("tags/v1", "tags/v11"));
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:17:13: error: the repository `templates` cannot be opened: `contoso/templates` in `ROOT/templates` has no `refs/tags/v11`
          17 | - template: vars.yml@templates
             |             ^
          hint: there are `refs/tags/v1`, `refs/heads/main`
        ci.yml:19:13: error: the repository `templates` cannot be opened: `contoso/templates` in `ROOT/templates` has no `refs/tags/v11`
          19 | - template: /steps/greet.yml@templates
             |             ^
          hint: there are `refs/tags/v1`, `refs/heads/main`
        "#);
}

#[test]
fn a_folder_that_is_no_repository() {
    let world = after_a_good_run("");
    std::fs::remove_dir_all(world.root().join("templates/.git")).unwrap();
    let given = ["ci.yml", "--repository", "contoso/templates=../templates"];
    insta::assert_snapshot!(world.slipway(&[&["check"][..], &given[..]].concat()), @r#"
        exit 0
        --- stdout
        ci.yml: no problems (1 stage, 1 job, 4 steps)
        --- stderr
        warning: the repository `contoso/templates` is the folder `ROOT/templates` as it is, which is not the root of a git repository, its `ref: refs/tags/v1` is ignored
        "#);
    insta::assert_snapshot!(world.slipway(&[&["run", "--strict"][..], &given[..]].concat()), @r#"
        exit 2
        --- stderr
        ci.yml:17:13: error: the repository `templates` cannot be opened: `contoso/templates` is mapped to `ROOT/templates`, which is not the root of a git repository
          17 | - template: vars.yml@templates
             |             ^
          hint: make it one (`cd ROOT/templates && git init && git add . && git commit -m 'Templates' && git tag v1`)
        ci.yml:19:13: error: the repository `templates` cannot be opened: `contoso/templates` is mapped to `ROOT/templates`, which is not the root of a git repository
          19 | - template: /steps/greet.yml@templates
             |             ^
          hint: make it one (`cd ROOT/templates && git init && git add . && git commit -m 'Templates' && git tag v1`)
        "#);
}

#[test]
fn parameters_that_do_not_fit() {
    let world = after_a_good_run(MAPPED);
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml", "--parameter", "who=me", "--parameter", "whom=you"]), @r#"
        exit 2
        --- stderr
        --parameter who:1:1: error: the parameter `who` cannot be `me`
          hint: it can be `world`, `you`; it is declared in ci.yml:2
        --parameter whom:1:1: error: unexpected parameter `whom`: `ci.yml` does not declare it
          hint: did you mean `who`?
        "#);
    world.write("ci.yml", &CI.replace("    times: [1, 2]\n", "    thymes: [1, 2]\n"));
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:19:13: error: a value for the parameter `times` must be provided: `steps/greet.yml@templates` has no default for it
          19 | - template: /steps/greet.yml@templates
             |             ^
          hint: add `times: ...` below `parameters:`; it is a list, a mapping or a text
        ci.yml:22:5: error: unexpected parameter `thymes`: `steps/greet.yml@templates` does not declare it
          22 |     thymes: [1, 2]
             |     ^
          hint: did you mean `times`?
        "#);
    world.write(
        "typed.yml",
        "parameters:\n- {name: count, type: number}\n- {name: on, type: boolean}\nsteps:\n- script: echo ${{ parameters.count }}\n",
    );
    insta::assert_snapshot!(world.slipway(&["check", "typed.yml", "--parameter", "count=many", "--parameter", "on=maybe"]), @r#"
        exit 2
        --- stderr
        --parameter count:1:1: error: the parameter `count` must be a number (type `number`), found `many`
          hint: it is declared in typed.yml:2
        --parameter on:1:1: error: the parameter `on` must be `true` or `false` (type `boolean`), found `maybe`
          hint: it is declared in typed.yml:3
        "#);
    insta::assert_snapshot!(world.slipway(&["expand", "typed.yml", "--parameter", "count=3", "--parameter", "on=true"]), @r#"
        exit 0
        --- stdout
        steps:
        - script: echo 3
        "#);
    insta::assert_snapshot!(world.slipway(&["check", "typed.yml"]), @r#"
        exit 2
        --- stderr
        typed.yml:2:3: error: a value for the parameter `count` must be provided: `typed.yml` has no default for it
          2 | - {name: count, type: number}
            |   ^
          hint: pass it with `--parameter count=VALUE`; it is a number
        typed.yml:3:3: error: a value for the parameter `on` must be provided: `typed.yml` has no default for it
          3 | - {name: on, type: boolean}
            |   ^
          hint: pass it with `--parameter on=VALUE`; it is `true` or `false`
        "#);
    insta::assert_snapshot!(world.slipway(&["check", "typed.yml", "--parameter", "count", "--repository", "x"]), @r#"
        exit 2
        --- stderr
        error: invalid value 'count' for '--parameter <NAME=VALUE>': expected NAME=VALUE

        For more information, try '--help'.
        "#);
}

#[test]
fn templates_that_are_wrong() {
    let world = after_a_good_run("");
    for (path, text) in [
        ("missing.yml", "steps:\n- template: steps/biuld.yml\n"),
        ("loop.yml", "steps:\n- template: a.yml\n"),
        ("a.yml", "steps:\n- template: b.yml\n"),
        ("b.yml", "steps:\n- template: a.yml\n"),
        (
            "each.yml",
            "parameters:\n- {name: all, type: string, default: abc}\nsteps:\n- ${{ each one in parameters.all }}:\n  - script: echo ${{ one }}\n",
        ),
    ] {
        world.write(path, text);
    }
    insta::assert_snapshot!(world.slipway(&["expand", "missing.yml"]), @r#"
        exit 2
        --- stderr
        missing.yml:2:13: error: there is no template `steps/biuld.yml` in this repository
          2 | - template: steps/biuld.yml
            |             ^
          hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
        "#);
    insta::assert_snapshot!(world.slipway(&["expand", "loop.yml"]), @r#"
        exit 2
        --- stderr
        b.yml:2:13: error: the template includes itself: `a.yml` -> `b.yml` -> `a.yml`
          2 | - template: a.yml
            |             ^
          included from a.yml:2:13
          included from loop.yml:2:13
          hint: remove one of these includes
        "#);
    insta::assert_snapshot!(world.slipway(&["expand", "each.yml"]), @r#"
        exit 2
        --- stderr
        each.yml:4:19: error: `each` needs a list or a mapping, found the text `abc`
          4 | - ${{ each one in parameters.all }}:
            |                   ^
          hint: for a list of texts declare the parameter as `type: object`, and write one entry per line with `- `
        "#);
}

#[test]
fn what_is_no_pipeline_is_printed_and_then_what_is_wrong_with_it() {
    let world = World::new(&[("ci.yml", "steps:\n- ${{ if true }}:\n  - script: echo hi\n    colour: red\n")]);
    insta::assert_snapshot!(world.slipway(&["expand", "ci.yml"]), @r#"
        exit 2
        --- stdout
        steps:
        - script: echo hi
          colour: red
        --- stderr
        ci.yml:4:5: error: unknown key of a script step: `colour`
          4 |     colour: red
            |     ^
          hint: known: `script`, `workingDirectory`, `failOnStderr`, `condition`, `continueOnError`, `displayName`, `target`, `enabled`, `env`, `name`, `timeoutInMinutes`, `retryCountOnTaskFailure`
        "#);
}

#[test]
fn the_users_configuration_of_git_has_no_part_in_it() {
    let world = world(MAPPED);
    std::fs::write(world.root().join("home/.gitconfig"), "[broken\n").unwrap();
    let mut command = world.command(&["expand", "ci.yml"]);
    let output = command.env("GIT_DIR", "/nowhere").env("GIT_TRACE", "1").output().unwrap();
    let said = world.said(&output);
    assert!(said.starts_with("exit 0") && said.contains("hello world") && !said.contains("trace"), "{said}");
}

#[test]
fn a_mistake_in_another_repository_is_shown_with_its_line_and_who_included_it() {
    let world = after_a_good_run(MAPPED);
    let templates = world.root().join("templates");
    std::fs::write(templates.join("steps/more/last.yml"), LAST.replace("script: echo last", "script: ${{ nothing(1) }}")).unwrap();
    world.commit_in(&templates, "Change");
    world.write("ci.yml", &CI.replace("refs/tags/v1", "main"));
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 2
        --- stderr
        steps/more/last.yml@templates:2:15: error: unknown function: `nothing`
          2 | - script: ${{ nothing(1) }}
            |               ^
          included from steps/greet.yml@templates:12:13
          included from ci.yml:19:13
          hint: did you mean `notIn`?
        "#);
}

#[test]
fn a_pipeline_that_is_set_up_is_called_as_there_and_knows_who_hosts_it() {
    let text = "\
variables:
- name: here
  value: ${{ variables['Build.DefinitionName'] }}
steps:
- checkout: none
- script: echo $(System.DefinitionName), $(Build.Repository.Provider)
";
    let config = "repository: {type: github}\npipelines:\n- {name: shop-ci, file: ci.yml}\n";
    let world = World::new(&[("ci.yml", text), ("slipway.local.yml", config)]);
    let said = world.slipway(&["expand", "ci.yml"]);
    assert!(said.contains("value: shop-ci\n"), "{said}");
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.contains("shop-ci, GitHub\n") && said.contains("shop-ci, run 1"), "{said}");
}

#[test]
fn a_value_in_the_place_of_a_secret_is_not_repeated() {
    let config = "variableGroups:\n- name: settings\n  secrets:\n  - {name: TOKEN, value: hunter2}\n";
    let world = World::new(&[("ci.yml", "steps:\n- script: echo\n"), ("slipway.local.yml", config)]);
    let said = world.slipway(&["check", "ci.yml"]);
    assert!(said.contains("4:19: error: `value` is not allowed in a secret variable") && !said.contains("hunter2"), "{said}");
}
