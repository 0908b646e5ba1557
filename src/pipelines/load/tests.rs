use super::*;
use crate::bench::Bench;
use crate::catalog::TaskDefinition;
use crate::pipeline::{Job, Step};

fn task(name: &str, id: &str, version: u32, more: serde_json::Value) -> TaskDefinition {
    let mut json = serde_json::json!({"id": id, "name": name, "version": {"Major": version, "Minor": "2", "Patch": 3}});
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn tasks() -> Vec<TaskDefinition> {
    let deploy = serde_json::json!({"inputs": [
        {"name": "connection", "type": "connectedService:AzureRM", "aliases": ["azureSubscription"], "label": "Azure subscription", "required": true},
        {"name": "others", "type": "connectedService:AzureRM"},
        {"name": "registry", "type": "connectedService:dockerregistry"},
        {"name": "mode", "type": "pickList", "defaultValue": "safe"},
        {"name": "count", "type": "int", "defaultValue": 3},
        {"name": "dryRun", "type": "boolean", "defaultValue": false},
        {"name": "reason", "type": "string", "required": true, "visibleRule": "mode = fast"},
        {"name": "none", "type": "string", "defaultValue": null},
    ]});
    vec![
        task("Deploy", "11111111-0000-0000-0000-000000000000", 1, deploy.clone()),
        task("Deploy", "11111111-0000-0000-0000-000000000000", 2, deploy),
        task("Twin", "22222222-0000-0000-0000-000000000000", 1, serde_json::json!({"contributionIdentifier": "acme.tools.twin"})),
        task("Twin", "33333333-0000-0000-0000-000000000000", 1, serde_json::json!({})),
        task("Bash", "44444444-0000-0000-0000-000000000000", 9, serde_json::json!({})),
        task("Wait", "55555555-0000-0000-0000-000000000000", 1, serde_json::json!({"runsOn": ["Server", "ServerGate"]})),
    ]
}

fn try_load(text: &str) -> Result<Loaded, Diagnostics> {
    Bench::new(text).tasks(tasks()).load()
}

fn pipeline(text: &str) -> Pipeline {
    let loaded = try_load(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.pipeline
}

fn problems(text: &str) -> String {
    try_load(text).map(|loaded| panic!("{loaded:?}")).unwrap_err().render(&|_| None)
}

fn only_job(text: &str) -> Job {
    pipeline(text).stages.remove(0).jobs.remove(0)
}

/// The steps after the implicit checkout.
fn steps(text: &str) -> Vec<Step> {
    let mut steps = only_job(text).steps;
    assert_eq!(steps.remove(0).task.name, "Checkout");
    steps
}

/// Stages, jobs and steps, a line each.
fn outline(pipeline: &Pipeline) -> String {
    let mut out = String::new();
    for stage in &pipeline.stages {
        out += &format!("{} {:?} after {:?} if {}\n", stage.name, stage.display_name, stage.depends_on, stage.condition.source());
        for job in &stage.jobs {
            out += &format!("  {} {:?} after {:?} if {}\n", job.name, job.display_name, job.depends_on, job.condition.source());
            for step in &job.steps {
                out +=
                    &format!("    {} {:?} {}@{} {:?}\n", step.name, step.display_name, step.task.name, step.task.version, step.task.inputs);
            }
        }
    }
    out
}

#[test]
fn the_three_forms_of_a_pipeline() {
    // facts/pipeline-yaml.md 2.2 and 2.7
    insta::assert_snapshot!(outline(&pipeline("steps:\n- script: echo\n- bash: |\n    a\n    b\n- script: echo\n")), @r#"
    __default "__default" after [] if succeeded()
      Job_1 "Job" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine1 "CmdLine" CmdLine@2.0.0 [("script", "echo"), ("failOnStderr", "false")]
        Bash "Bash" Bash@3.0.0 [("targetType", "inline"), ("script", "a\nb\n"), ("failOnStderr", "false")]
        CmdLine2 "CmdLine" CmdLine@2.0.0 [("script", "echo"), ("failOnStderr", "false")]
    "#);
    insta::assert_snapshot!(outline(&pipeline("jobs:\n- job:\n  steps: [{checkout: none}, {script: a}]\n- job: Job_2\n  dependsOn: job_1\n  steps: [{checkout: self, clean: true}]\n- job:\n  displayName: Third\n  dependsOn: [Job_2, Job_1, job_2]\n  condition: failed()\n  steps: [{script: a}]\n")), @r#"
    __default "__default" after [] if succeeded()
      Job_1 "Job" after [] if succeeded()
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
      Job_2 "Job_2" after ["Job_1"] if succeeded()
        Checkout "Checkout" Checkout@1.0.0 [("repository", "self"), ("clean", "true")]
      Job_3 "Third" after ["Job_2", "Job_1"] if failed()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
    "#);
    insta::assert_snapshot!(outline(&pipeline("stages:\n- stage: A\n  jobs: [{job: , steps: [{script: a}]}]\n- stage: B\n  displayName: The B\n  jobs: [{job: x, steps: [{script: a}]}]\n- stage: C\n  dependsOn: []\n  condition: always()\n  jobs: [{job: x, steps: [{script: a}]}]\n- stage: D\n  dependsOn: [b, C]\n  jobs: [{job: x, steps: [{script: a}]}]\n")), @r#"
    A "A" after [] if succeeded()
      Job_1 "Job" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
    B "The B" after ["A"] if succeeded()
      x "x" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
    C "C" after [] if always()
      x "x" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
    D "D" after ["B", "C"] if succeeded()
      x "x" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("failOnStderr", "false")]
    "#);
}

#[test]
fn shorthand_steps_are_tasks() {
    // facts/pipeline-yaml.md 2.2, "Shorthand mapping"
    insta::assert_snapshot!(outline(&pipeline("steps:\n- script: a\n  workingDirectory: d\n  failOnStderr: yes\n- bash: b\n- checkout: self\n  path: p\n  fetchDepth: 1\n- publish: out\n  artifact: drop\n- download: current\n  artifact: drop\n  patterns: '*.zip'\n- download: current\n- download: none\n")), @r#"
    __default "__default" after [] if succeeded()
      Job_1 "Job" after [] if succeeded()
        CmdLine "CmdLine" CmdLine@2.0.0 [("script", "a"), ("workingDirectory", "d"), ("failOnStderr", "true")]
        Bash "Bash" Bash@3.0.0 [("targetType", "inline"), ("script", "b"), ("failOnStderr", "false")]
        Checkout "Checkout" Checkout@1.0.0 [("repository", "self"), ("fetchDepth", "1"), ("path", "p")]
        PublishPipelineArtifact "PublishPipelineArtifact" PublishPipelineArtifact@1.0.0 [("path", "out"), ("artifactName", "drop"), ("artifactType", "pipeline"), ("parallel", "false"), ("parallelCount", "8")]
        DownloadPipelineArtifact1 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "current"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("artifact", "drop"), ("patterns", "*.zip"), ("path", "$(Pipeline.Workspace)/drop")]
        DownloadPipelineArtifact2 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "current"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "$(Pipeline.Workspace)")]
    "#);
}

#[test]
fn everything_that_a_step_a_job_and_a_pipeline_can_have() {
    let pipeline = pipeline(
        "name: $(Date:yyyy)\ntrigger: [main]\npr: none\nappendCommitMessageToRunName: false\nlockBehavior: runLatest\nschedules:\n- cron: 0 3 * * *\n  branches: {include: [main]}\n  always: true\npool: {vmImage: ubuntu-latest}\nvariables:\n- name: a\n  value: $(b)\n  readonly: true\n- {name: b, value: 1.10}\nstages:\n- stage: S\n  pool: Linux\n  lockBehavior: sequential\n  isSkippable: false\n  trigger: automatic\n  variables: {c: '$[ variables.a ]', d: }\n  jobs:\n  - job: J\n    continueOnError: TRUE\n    timeoutInMinutes: 10\n    cancelTimeoutInMinutes: 1\n    workspace: {clean: all}\n    pool: {name: Own, demands: [git, docker -equals 2]}\n    variables: {e: x}\n    steps:\n    - checkout: none\n    - task: deploy@1\n      name: dep\n      displayName: Deploy it\n      condition: and(succeeded(), eq(variables.a, '1'))\n      continueOnError: on\n      enabled: n\n      timeoutInMinutes: 3\n      retryCountOnTaskFailure: 12\n      env: {A: $(a), B: }\n      target: {commands: restricted, settableVariables: [x, y*]}\n      inputs: {azureSubscription: shop-prod}\n    - script: a\n      target: {settableVariables: none}\n    - script: a\n      target: host\n  - job: K\n    steps: [{script: a}]\n",
    );
    insta::assert_debug_snapshot!(pipeline, @r#"
    Pipeline {
        name: Some(
            "$(Date:yyyy)",
        ),
        trigger: Filters(
            TriggerFilters {
                branches: Filter {
                    include: [
                        "main",
                    ],
                    exclude: [],
                },
                paths: Filter {
                    include: [],
                    exclude: [],
                },
                tags: Filter {
                    include: [],
                    exclude: [],
                },
                batch: false,
                auto_cancel: true,
                drafts: true,
            },
        ),
        pr: None,
        variables: [
            Variable(
                Variable {
                    name: "a",
                    value: "$(b)",
                    read_only: true,
                    place: Place {
                        file: "ci.yml",
                        line: 12,
                        column: 9,
                    },
                },
            ),
            Variable(
                Variable {
                    name: "b",
                    value: "1.10",
                    read_only: false,
                    place: Place {
                        file: "ci.yml",
                        line: 15,
                        column: 10,
                    },
                },
            ),
        ],
        stages: [
            Stage {
                name: "S",
                display_name: "S",
                depends_on: [],
                condition: Condition(Stage, "succeeded()"),
                variables: [
                    Variable(
                        Variable {
                            name: "c",
                            value: "$[ variables.a ]",
                            read_only: false,
                            place: Place {
                                file: "ci.yml",
                                line: 22,
                                column: 15,
                            },
                        },
                    ),
                    Variable(
                        Variable {
                            name: "d",
                            value: "",
                            read_only: false,
                            place: Place {
                                file: "ci.yml",
                                line: 22,
                                column: 38,
                            },
                        },
                    ),
                ],
                jobs: [
                    Job {
                        name: "J",
                        display_name: "J",
                        depends_on: [],
                        condition: Condition(Job, "succeeded()"),
                        continue_on_error: true,
                        timeout_in_minutes: 10,
                        cancel_timeout_in_minutes: 1,
                        variables: [
                            Variable(
                                Variable {
                                    name: "e",
                                    value: "x",
                                    read_only: false,
                                    place: Place {
                                        file: "ci.yml",
                                        line: 30,
                                        column: 17,
                                    },
                                },
                            ),
                        ],
                        pool: Pool {
                            name: Some(
                                "Own",
                            ),
                            vm_image: None,
                            demands: [
                                "git",
                                "docker -equals 2",
                            ],
                        },
                        workspace_clean: All,
                        steps: [
                            Step {
                                name: "dep",
                                display_name: "Deploy it",
                                condition: Condition(Step, "and(succeeded(), eq(variables.a, '1'))"),
                                continue_on_error: true,
                                enabled: false,
                                env: [
                                    (
                                        "A",
                                        "$(a)",
                                    ),
                                    (
                                        "B",
                                        "",
                                    ),
                                ],
                                timeout_in_minutes: 3,
                                retry_count_on_task_failure: 12,
                                target: StepTarget {
                                    restricted_commands: true,
                                    settable_variables: Some(
                                        [
                                            "x",
                                            "y*",
                                        ],
                                    ),
                                },
                                task: TaskUse {
                                    reference: "deploy@1",
                                    id: "11111111-0000-0000-0000-000000000000",
                                    name: "Deploy",
                                    version: "1.2.3",
                                    inputs: [
                                        (
                                            "connection",
                                            "id-prod",
                                        ),
                                        (
                                            "mode",
                                            "safe",
                                        ),
                                        (
                                            "count",
                                            "3",
                                        ),
                                        (
                                            "dryRun",
                                            "false",
                                        ),
                                    ],
                                },
                                place: Place {
                                    file: "ci.yml",
                                    line: 33,
                                    column: 7,
                                },
                            },
                            Step {
                                name: "CmdLine1",
                                display_name: "CmdLine",
                                condition: Condition(Step, "succeeded()"),
                                continue_on_error: false,
                                enabled: true,
                                env: [],
                                timeout_in_minutes: 0,
                                retry_count_on_task_failure: 0,
                                target: StepTarget {
                                    restricted_commands: false,
                                    settable_variables: Some(
                                        [],
                                    ),
                                },
                                task: TaskUse {
                                    reference: "CmdLine@2",
                                    id: "d9bafed4-0b18-4f58-968d-86655b4d2ce9",
                                    name: "CmdLine",
                                    version: "2.0.0",
                                    inputs: [
                                        (
                                            "script",
                                            "a",
                                        ),
                                        (
                                            "failOnStderr",
                                            "false",
                                        ),
                                    ],
                                },
                                place: Place {
                                    file: "ci.yml",
                                    line: 44,
                                    column: 7,
                                },
                            },
                            Step {
                                name: "CmdLine2",
                                display_name: "CmdLine",
                                condition: Condition(Step, "succeeded()"),
                                continue_on_error: false,
                                enabled: true,
                                env: [],
                                timeout_in_minutes: 0,
                                retry_count_on_task_failure: 0,
                                target: StepTarget {
                                    restricted_commands: false,
                                    settable_variables: None,
                                },
                                task: TaskUse {
                                    reference: "CmdLine@2",
                                    id: "d9bafed4-0b18-4f58-968d-86655b4d2ce9",
                                    name: "CmdLine",
                                    version: "2.0.0",
                                    inputs: [
                                        (
                                            "script",
                                            "a",
                                        ),
                                        (
                                            "failOnStderr",
                                            "false",
                                        ),
                                    ],
                                },
                                place: Place {
                                    file: "ci.yml",
                                    line: 46,
                                    column: 7,
                                },
                            },
                        ],
                        place: Place {
                            file: "ci.yml",
                            line: 24,
                            column: 5,
                        },
                    },
                    Job {
                        name: "K",
                        display_name: "K",
                        depends_on: [],
                        condition: Condition(Job, "succeeded()"),
                        continue_on_error: false,
                        timeout_in_minutes: 60,
                        cancel_timeout_in_minutes: 5,
                        variables: [],
                        pool: Pool {
                            name: Some(
                                "Linux",
                            ),
                            vm_image: None,
                            demands: [],
                        },
                        workspace_clean: None,
                        steps: [
                            Step {
                                name: "__system_1",
                                display_name: "Checkout",
                                condition: Condition(Step, "succeeded()"),
                                continue_on_error: false,
                                enabled: true,
                                env: [],
                                timeout_in_minutes: 0,
                                retry_count_on_task_failure: 0,
                                target: StepTarget {
                                    restricted_commands: false,
                                    settable_variables: None,
                                },
                                task: TaskUse {
                                    reference: "Checkout@1",
                                    id: "6d15af64-176c-496d-b583-fd2ae21d4df4",
                                    name: "Checkout",
                                    version: "1.0.0",
                                    inputs: [
                                        (
                                            "repository",
                                            "self",
                                        ),
                                    ],
                                },
                                place: Place {
                                    file: "ci.yml",
                                    line: 48,
                                    column: 5,
                                },
                            },
                            Step {
                                name: "CmdLine",
                                display_name: "CmdLine",
                                condition: Condition(Step, "succeeded()"),
                                continue_on_error: false,
                                enabled: true,
                                env: [],
                                timeout_in_minutes: 0,
                                retry_count_on_task_failure: 0,
                                target: StepTarget {
                                    restricted_commands: false,
                                    settable_variables: None,
                                },
                                task: TaskUse {
                                    reference: "CmdLine@2",
                                    id: "d9bafed4-0b18-4f58-968d-86655b4d2ce9",
                                    name: "CmdLine",
                                    version: "2.0.0",
                                    inputs: [
                                        (
                                            "script",
                                            "a",
                                        ),
                                        (
                                            "failOnStderr",
                                            "false",
                                        ),
                                    ],
                                },
                                place: Place {
                                    file: "ci.yml",
                                    line: 49,
                                    column: 13,
                                },
                            },
                        ],
                        place: Place {
                            file: "ci.yml",
                            line: 48,
                            column: 5,
                        },
                    },
                ],
                place: Place {
                    file: "ci.yml",
                    line: 17,
                    column: 3,
                },
            },
        ],
    }
    "#);
}

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
    ci.yml:10:9: error: the task `Wait` does not run on an agent: jobs without an agent are not supported yet
      10 | - task: Wait@1
         |         ^
      hint: it runs on `Server`, `ServerGate`
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
    insta::assert_snapshot!(problems("parameters: []\nresources: {repositories: [], pipelines: [], containers: []}\nvariables:\n- group: g\njobs:\n- job: a\n  strategy: {matrix: {}}\n  container: x\n  services: {}\n  uses: {}\n  pool: server\n  steps:\n  - pwsh: a\n  - getPackage: a\n  - checkout: tools\n  - download: other\n  - script: a\n    target: box\n  - script: a\n    target: {container: box}\n- deployment: d\n"), @r"
    ci.yml:2:31: error: `pipelines` of `resources` is not supported yet
      2 | resources: {repositories: [], pipelines: [], containers: []}
        |                               ^
      hint: other pipelines as resources come later; take it out for runs on this machine
    ci.yml:2:46: error: `containers` of `resources` is not supported yet
      2 | resources: {repositories: [], pipelines: [], containers: []}
        |                                              ^
      hint: jobs run on this machine itself; have the tools installed here
    ci.yml:4:10: error: there is no variable group `g`
      4 | - group: g
        |          ^
      hint: known: `shop-settings`; or add it under `variableGroups` in slipway.local.yml
    ci.yml:7:3: error: `strategy` of a job is not supported yet
      7 |   strategy: {matrix: {}}
        |   ^
      hint: write the jobs of the matrix out
    ci.yml:8:3: error: `container` of a job is not supported yet
      8 |   container: x
        |   ^
      hint: jobs run on this machine itself; remove it, and have the tools installed here
    ci.yml:9:3: error: `services` of a job is not supported yet
      9 |   services: {}
        |   ^
      hint: start what the job needs in a step
    ci.yml:10:3: error: `uses` of a job is not supported yet
      10 |   uses: {}
         |   ^
      hint: other repositories and pools come later
    ci.yml:11:9: error: `pool: server`: jobs without an agent are not supported yet
      11 |   pool: server
         |         ^
      hint: take the job out, or give it a pool with agents
    ci.yml:13:5: error: steps of the kind `pwsh` are not supported yet
      13 |   - pwsh: a
         |     ^
      hint: use `bash`, or call `pwsh` in a `script`
    ci.yml:14:5: error: steps of the kind `getPackage` are not supported yet
      14 |   - getPackage: a
         |     ^
      hint: fetch the package in a `script`
    ci.yml:15:15: error: `checkout: tools`: other repositories are not supported yet
      15 |   - checkout: tools
         |               ^
      hint: `self` and `none` are
    ci.yml:16:15: error: `download: other`: pipelines as resources are not supported yet
      16 |   - download: other
         |               ^
      hint: `current` and `none` are; for artifacts of another pipeline use the task `DownloadPipelineArtifact@2`
    ci.yml:18:13: error: the step's target is the container `box`, which is not supported yet
      18 |     target: box
         |             ^
      hint: containers are not supported yet: the step would run on the machine itself, with `target: host`
    ci.yml:20:25: error: the step's target is the container `box`, which is not supported yet
      20 |     target: {container: box}
         |                         ^
      hint: containers are not supported yet: the step would run on the machine itself, with `target: host`
    ci.yml:21:3: error: deployment jobs are not supported yet: `deployment`
      21 | - deployment: d
         |   ^
      hint: write it as a `job` with the steps of its `deploy`
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
    ci.yml:7:3: error: an entry of `jobs` begins with `job`, found `steps`
      7 | - steps: [{script: a}]
        |   ^
      hint: begin with `job:`; the name after it may be left out
    ci.yml:8:3: error: an entry of `jobs` begins with `job`, found `displayName`
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

#[test]
fn triggers_are_read_in_all_their_forms() {
    use crate::trigger::{Filter, Trigger, TriggerFilters};
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let read = |text: &str| {
        let pipeline = pipeline(&format!("{text}\nsteps: [{{script: a}}]\n"));
        (pipeline.trigger, pipeline.pr)
    };
    assert_eq!(read("name: x"), (Trigger::Default, Trigger::Default));
    assert_eq!(read("trigger: none\npr: None"), (Trigger::None, Trigger::None));
    let full = "trigger:\n  batch: true\n  branches: {include: [main, releases/*], exclude: releases/old}\n  paths: {exclude: [docs]}\n  tags: {include: [v*]}\npr:\n  drafts: false\n  autoCancel: no\n  branches: {include: [main]}";
    let trigger = TriggerFilters {
        branches: Filter { include: texts(&["main", "releases/*"]), exclude: texts(&["releases/old"]) },
        paths: Filter { include: texts(&[]), exclude: texts(&["docs"]) },
        tags: Filter { include: texts(&["v*"]), exclude: texts(&[]) },
        batch: true,
        ..TriggerFilters::default()
    };
    let pr = TriggerFilters {
        branches: Filter { include: texts(&["main"]), exclude: texts(&[]) },
        drafts: false,
        auto_cancel: false,
        ..TriggerFilters::default()
    };
    assert_eq!(read(full), (Trigger::Filters(trigger), Trigger::Filters(pr)));
}
