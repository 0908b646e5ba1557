//! The forms of pipelines and steps, and all that they can have.

use super::*;

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
        pipeline_resources: [],
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
                        kind: Agent,
                        matrix: None,
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
                        kind: Agent,
                        matrix: None,
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
