//! Tasks and their inputs.

use super::*;

#[test]
fn tasks_are_found_by_name_id_and_qualified_name() {
    // facts/pipeline-yaml.md 2.11
    let version =
        |reference: &str| steps(&format!("steps:\n- task: {reference}\n  inputs: {{connection: shop-prod}}\n"))[0].task.version.clone();
    assert_eq!(version("DEPLOY@1"), "1.2.3");
    assert_eq!(version("Deploy@2.2"), "2.2.3");
    assert_eq!(version("Deploy@2.2.3"), "2.2.3");
    assert_eq!(version("'Deploy@*'"), "2.2.3");
    assert_eq!(version("11111111-0000-0000-0000-000000000000@1"), "1.2.3");
    assert_eq!(version("anyone.any-extension.any-contribution.Deploy@1"), "1.2.3", "a local package has no publisher");
    let id = |reference: &str| steps(&format!("steps:\n- task: {reference}\n"))[0].task.id.clone();
    assert_eq!(id("Acme.Tools.Twin.twin@1"), "22222222-0000-0000-0000-000000000000");
    assert_eq!(
        steps("steps:\n- task: Bash@3\n  inputs: {filePath: a.sh}\n")[0].task.id,
        "6c731c3c-3c68-459a-a5c9-bde6e6595b5b",
        "what comes with Azure Pipelines wins"
    );
    insta::assert_snapshot!(problems("steps:\n- task: Deplo@1\n- task: Deploy\n- task: Deploy@3\n- task: Deploy@1.9\n- task: Deploy@one\n- task: Twin@1\n- task: Bash@9\n- task: Kubernetes@1\n- task: Wait@1\n- task:\n- task: a.Deploy@1\n"), @r"
    ci.yml:2:9: error: unknown task: `Deplo`
      2 | - task: Deplo@1
        |         ^
      hint: did you mean `Deploy@2`?
    ci.yml:3:9: error: the task `Deploy` is named without a version
      3 | - task: Deploy
        |         ^
      hint: write `Deploy@2`
    ci.yml:4:9: error: the task `Deploy` has no version `3`
      4 | - task: Deploy@3
        |         ^
      hint: known: `1.2.3`, `2.2.3`
    ci.yml:5:9: error: the task `Deploy` has no version `1.9`
      5 | - task: Deploy@1.9
        |         ^
      hint: known: `1.2.3`, `2.2.3`
    ci.yml:6:9: error: `one` is no version of a task
      6 | - task: Deploy@one
        |         ^
      hint: a version is `1`, `1.2`, `1.2.3` or `*`
    ci.yml:7:9: error: several tasks have the name `Twin`
      7 | - task: Twin@1
        |         ^
      hint: name one of them by its id: `22222222-0000-0000-0000-000000000000`, `33333333-0000-0000-0000-000000000000`
    ci.yml:8:9: error: the task `Bash` has no version `9`
      8 | - task: Bash@9
        |         ^
      hint: known: `3.0.0`
    ci.yml:9:9: error: unknown task: `Kubernetes`
      9 | - task: Kubernetes@1
        |         ^
      hint: add the task's folder or VSIX file under `tasks` in slipway.local.yml, or with `--task`
    ci.yml:10:9: error: the task `Wait` runs without an agent, and this job has one
      10 | - task: Wait@1
         |         ^
      hint: give it a job of its own with `pool: server`, on which the jobs that wait for it depend
    ci.yml:11:3: error: the step names no task
      11 | - task:
         |   ^
      hint: for instance `- task: Bash@3`
    ci.yml:12:9: error: unknown task: `a.Deploy`
      12 | - task: a.Deploy@1
         |         ^
      hint: did you mean `Deploy@2`?
    ");
}

#[test]
fn inputs_get_their_names_defaults_and_connections() {
    // facts/pipeline-yaml.md 2.11
    let inputs = |inputs: &str| {
        steps(&format!("variables: {{Env: prod}}\nsteps:\n- task: Deploy@1\n  inputs: {{{inputs}}}\n")).remove(0).task.inputs
    };
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    assert_eq!(
        inputs("dryRun: $(dry), AzureSubscription: shop-$(env)"),
        pairs(&[("connection", "id-prod"), ("mode", "safe"), ("count", "3"), ("dryRun", "$(dry)")])
    );
    assert_eq!(
        inputs("connection: shop-prod, others: 'shop-prod, shop-nonprod,', mode: fast, reason: because, count: "),
        pairs(&[
            ("connection", "id-prod"),
            ("others", "id-prod,id-nonprod"),
            ("mode", "fast"),
            ("count", ""),
            ("dryRun", "false"),
            ("reason", "because")
        ])
    );
    insta::assert_snapshot!(problems("steps:\n- task: Deploy@1\n- task: Deploy@1\n  inputs: {connection: shop-prd, others: $(when), registry: acr, mode: fast}\n- task: Deploy@1\n  inputs:\n    connection: shop-prod\n    azureSubscription: shop-prod\n    mode: [a]\n- task: Deploy@1\n  inputs: [a]\n- task: CmdLine@2\n"), @r"
    ci.yml:2:3: error: the task `Deploy` needs the input `connection` (Azure subscription)
      2 | - task: Deploy@1
        |   ^
      hint: add `connection: ...` below `inputs:`
    ci.yml:4:3: error: the task `Deploy` needs the input `reason`
      4 |   inputs: {connection: shop-prd, others: $(when), registry: acr, mode: fast}
        |   ^
      hint: add `reason: ...` below `inputs:`
    ci.yml:4:24: error: there is no service connection `shop-prd` of the kind `AzureRM`
      4 |   inputs: {connection: shop-prd, others: $(when), registry: acr, mode: fast}
        |                        ^
      hint: did you mean `shop-prod`? or add it under `serviceConnections` in slipway.local.yml
    ci.yml:4:42: error: the service connection of `others` is not known before the run: `$(when)`
      4 |   inputs: {connection: shop-prd, others: $(when), registry: acr, mode: fast}
        |                                          ^
      hint: write its name, or a variable of the pipeline's root: connections are authorized before any job starts
    ci.yml:4:61: error: there is no service connection `acr` of the kind `dockerregistry`
      4 |   inputs: {connection: shop-prd, others: $(when), registry: acr, mode: fast}
        |                                                             ^
      hint: there are none of this kind; add it under `serviceConnections` in slipway.local.yml
    ci.yml:8:24: error: the input `connection` is given twice, as `connection` and as `azureSubscription`
      8 |     azureSubscription: shop-prod
        |                        ^
      hint: remove one of the two
    ci.yml:9:11: error: the input `mode` must be a text, found a list
      9 |     mode: [a]
        |           ^
      hint: a text of several lines begins with `|`
    ci.yml:11:11: error: `inputs` of a task step must be a mapping, found a list
      11 |   inputs: [a]
         |           ^
    ci.yml:12:3: error: the task `CmdLine` needs the input `script` (Script)
      12 | - task: CmdLine@2
         |   ^
      hint: add `script: ...` below `inputs:`
    ");
}

#[test]
fn an_unknown_input_is_a_warning() {
    let loaded =
        try_load("variables: {secret.x: 1}\nsteps:\n- task: Deploy@1\n  inputs: {connection: shop-prod, mod: safe, whatever: 1}\n")
            .unwrap();
    insta::assert_snapshot!(loaded.warnings, @r"
    ci.yml:1:13: warning: names of variables that begin with `secret` are reserved: `secret.x`
      1 | variables: {secret.x: 1}
        |             ^
      hint: give it another name
    ci.yml:4:40: warning: the task `Deploy` has no input `mod`
      4 |   inputs: {connection: shop-prod, mod: safe, whatever: 1}
        |                                        ^
      hint: did you mean `mode`?
    ci.yml:4:56: warning: the task `Deploy` has no input `whatever`
      4 |   inputs: {connection: shop-prod, mod: safe, whatever: 1}
        |                                                        ^
    ");
    assert_eq!(
        loaded.pipeline.stages[0].jobs[0].steps[1].task.inputs.last(),
        Some(&("whatever".to_owned(), "1".to_owned())),
        "as the service passes it on"
    );
}
