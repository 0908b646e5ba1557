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
