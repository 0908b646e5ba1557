//! facts/pipeline-yaml.md 2.5, other repositories.

use super::*;

const ENTRY: &str = "parameters:\n- {name: ref, default: v1}\nresources:\n  repositories:\n  - repository: slipway\n    type: git\n    name: contoso/templates\n    ref: refs/tags/${{ parameters.ref }}\nextends:\n  template: pipelines/ci.yml@slipway\n  parameters:\n    steps:\n    - template: mine/step.yml\n";

fn bench() -> Bench {
    Bench::new(ENTRY)
        .file("mine/step.yml", "steps:\n- script: mine\n")
        .remote("contoso/templates@refs/tags/v1", "pipelines/ci.yml", "parameters:\n- {name: steps, type: stepList}\njobs:\n- template: ../jobs/build.yml\n  parameters: {steps: '${{ parameters.steps }}'}\n")
        .remote("contoso/templates@refs/tags/v1", "jobs/build.yml", "parameters:\n- {name: steps, type: stepList}\njobs:\n- job: build\n  steps:\n  - template: /steps/a.yml\n  - ${{ parameters.steps }}\n  - template: mine/step.yml@self\n  - template: steps/a.yml@slipway\n")
        .remote("contoso/templates@refs/tags/v1", "steps/a.yml", "steps:\n- script: theirs\n")
}

#[test]
fn paths_are_those_of_the_repository_that_names_them() {
    // "an unqualified path inside a template from repository A resolves in repository A"; `@self` = the entry's
    insta::assert_snapshot!(yaml(&bench()), @r"
    resources:
      repositories:
      - repository: slipway
        type: git
        name: contoso/templates
        ref: refs/tags/v1
    jobs:
    - job: build
      steps:
      - script: theirs
      - task: CmdLine@2
        inputs:
          script: mine
      - script: mine
      - script: theirs
    ");
    let loaded = bench().load().unwrap();
    let step = &loaded.pipeline.stages[0].jobs[0].steps[1];
    assert_eq!(step.place.to_string(), "steps/a.yml@slipway:2:3");
    let chain: Vec<String> = step.place.chain().iter().map(ToString::to_string).collect();
    assert_eq!(chain, ["jobs/build.yml@slipway:6:15", "pipelines/ci.yml@slipway:4:13", "ci.yml:10:13"]);
    let [repository] = loaded.expanded.repositories.as_slice() else { panic!() };
    assert_eq!(
        (repository.alias.as_str(), repository.name.as_str(), repository.reference.as_deref()),
        ("slipway", "contoso/templates", Some("refs/tags/v1"))
    );
}

#[test]
fn repositories_that_cannot_be_had_are_told_of() {
    insta::assert_snapshot!(problems(&bench().parameter("ref", "v2")), @r"
    ci.yml:10:13: error: the repository `slipway` cannot be opened: the repository `contoso/templates` is not mapped
      10 |   template: pipelines/ci.yml@slipway
         |             ^
      hint: map it with `--repository contoso/templates=PATH`
    ");
    insta::assert_snapshot!(problems(&bench().file("ci.yml", &ENTRY.replace("ci.yml@slipway", "ci.yml@slipwai"))), @r"
    ci.yml:10:13: error: there is no repository with the alias `slipwai`
      10 |   template: pipelines/ci.yml@slipwai
         |             ^
      hint: did you mean `slipway`?
        aliases are declared under `resources.repositories` of the pipeline
    ");
    insta::assert_snapshot!(problems(&bench().file("ci.yml", &ENTRY.replace("ci.yml@slipway", "cd.yml@slipway"))), @r"
    ci.yml:10:13: error: there is no template `pipelines/cd.yml` in the repository `contoso/templates` at `refs/tags/v1`
      10 |   template: pipelines/cd.yml@slipway
         |             ^
      hint: a path is relative to the file that names it, and with `/` in front to the root of the repository
    ");
    insta::assert_snapshot!(problems(&bench().remote("contoso/templates@refs/tags/v1", "steps/a.yml", "steps:\n- scrpt: theirs\n")), @r"
    steps/a.yml@slipway:2:3: error: unknown kind of step: `scrpt`
      2 | - scrpt: theirs
        |   ^
      included from jobs/build.yml@slipway:6:15
      included from pipelines/ci.yml@slipway:4:13
      included from ci.yml:10:13
      hint: did you mean `script`?
    ");
    insta::assert_snapshot!(problems(&Bench::new("resources:\n  repositories:\n  - repository: a b\n    nam: x\n  - repository: self\n    name: x\n  - name: y\n  - repository: c\n    type: svn\n    name: z\n  - repository: c\n    name: z\nsteps:\n- script: a\n")), @r"
    ci.yml:3:5: error: the alias of a repository may have only letters, digits, `_` and `-`: `a b`
      3 |   - repository: a b
        |     ^
    ci.yml:3:5: error: the repository `a b` has no `name`
      3 |   - repository: a b
        |     ^
      hint: write `name: project/repository`, or `owner/repository`
    ci.yml:4:5: error: unknown key of a repository: `nam`
      4 |     nam: x
        |     ^
      hint: did you mean `name`?
    ci.yml:5:5: error: the alias `self` is taken
      5 |   - repository: self
        |     ^
      hint: give the repository another one; `self` is that of the pipeline
    ci.yml:7:5: error: a repository needs an alias
      7 |   - name: y
        |     ^
      hint: write `- repository: alias`; templates are then named `path@alias`
    ci.yml:9:11: error: unknown type of a repository: `svn`
      9 |     type: svn
        |           ^
      hint: known: `git`, `github`, `githubenterprise`, `bitbucket`
    ci.yml:11:5: error: the alias `c` is taken
      11 |   - repository: c
         |     ^
      hint: give the repository another one; `self` is that of the pipeline
    ");
}

#[test]
fn a_file_that_is_extended_may_bring_repositories() {
    // "Only the entry file's `resources.repositories` + those in extends templates count"; the entry's win
    let bench = Bench::new("resources:\n  repositories:\n  - {repository: a, name: shop/a, ref: refs/tags/v1}\nextends:\n  template: t.yml@a\n")
        .remote("shop/a@refs/tags/v1", "t.yml", "resources:\n  repositories:\n  - {repository: a, name: shop/other}\n  - {repository: b, name: shop/b}\nsteps:\n- template: s.yml@b\n- template: s.yml@a\n")
        .remote("shop/a@refs/tags/v1", "s.yml", "steps: [{script: of a}]\n")
        .remote("shop/b@default", "s.yml", "resources: {}\nsteps: [{script: of b}]\n");
    insta::assert_snapshot!(problems(&bench), @r"
    s.yml@b:1:1: error: unknown key of a template with `steps`: `resources`
      1 | resources: {}
        | ^
      included from t.yml@a:6:13
      included from ci.yml:5:13
      hint: it can have `parameters` and `steps`
    ");
    let bench = bench.remote("shop/b@default", "s.yml", "steps: [{script: of b}]\n");
    let expanded = bench.expand().unwrap();
    assert!(expanded.to_yaml().ends_with("steps:\n- script: of b\n- script: of a\n"), "{}", expanded.to_yaml());
    let aliases: Vec<String> = expanded.repositories.iter().map(|resource| format!("{}={}", resource.alias, resource.name)).collect();
    assert_eq!(aliases, ["a=shop/a", "b=shop/b"]);
}
