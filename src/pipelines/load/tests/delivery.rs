//! What delivery needs: deployment jobs, jobs without an agent, matrices, pipelines as resources.

use super::*;
use crate::pipeline::JobKind;

/// A job that is no plain one, a line for each thing that it has.
fn shape(job: &Job) -> String {
    let step = |step: &Step| format!("{} {:?} {} {:?}", step.name, step.display_name, step.task.name, step.task.inputs);
    let mut out = format!(
        "{} {:?} pool {:?} after {:?} timeout {}\n",
        job.name, job.display_name, job.pool.name, job.depends_on, job.timeout_in_minutes
    );
    match &job.kind {
        JobKind::Agent => {}
        JobKind::Server => out += "  without an agent\n",
        JobKind::Deployment(deployment) => {
            out += &format!("  to {:?} {:?}\n", deployment.environment.name, deployment.environment.resource);
            for (name, hook) in deployment.hooks.all() {
                out += &format!("  {name} pool {:?}\n", hook.pool.as_ref().map(|pool| &pool.name));
                hook.steps.iter().for_each(|one| out += &format!("    {}\n", step(one)));
            }
        }
    }
    if let Some(matrix) = &job.matrix {
        out += &format!("  {} {:?} at most {:?}\n", matrix.execution_type(), matrix.source, matrix.max_parallel);
    }
    job.steps.iter().for_each(|one| out += &format!("  {}\n", step(one)));
    out
}

fn shapes(text: &str) -> String {
    pipeline(text).stages.iter().flat_map(|stage| &stage.jobs).map(shape).collect()
}

#[test]
fn a_deployment_job_with_all_its_hooks() {
    let text = "
variables: {target: shop-production}
resources:
  pipelines:
  - {pipeline: ci, source: shop-ci}
stages:
- stage: validate
  pool: server
  jobs:
  - job: ask
    timeoutInMinutes: 1440
    steps:
    - task: ManualValidation@1
      timeoutInMinutes: 1440
      inputs: {notifyUsers: '', instructions: Look at $(Build.BuildNumber), onTimeout: resume}
- stage: deploy
  pool: Linux
  jobs:
  - deployment: everything
    displayName: All hooks
    environment: $(target).cluster
    strategy:
      runOnce:
        preDeploy: {steps: [{script: a}]}
        deploy: {steps: [{script: b}]}
        routeTraffic: {pool: Other, steps: [{checkout: self}]}
        postRouteTraffic: {pool: server, steps: [{task: ManualValidation@1, inputs: {notifyUsers: a@b}}]}
        on:
          failure: {steps: [{script: c}]}
          success: {steps: [{script: d}]}
  - deployment: something
    environment: {name: staging, resourceName: web, resourceType: Kubernetes, tags: a}
    strategy: {runOnce: {deploy: {steps: [{download: none}, {script: e}]}}}
  - deployment:
    environment: staging
    strategy: {runOnce: {deploy: {steps: [{download: CI, artifact: images}]}}}
";
    insta::assert_snapshot!(shapes(text), @r#"
    ask "ask" pool None after [] timeout 1440
      without an agent
      ManualValidation "ManualValidation" ManualValidation [("notifyUsers", ""), ("allowApproversToApproveTheirOwnRuns", "true"), ("instructions", "Look at $(Build.BuildNumber)"), ("onTimeout", "resume")]
    everything "All hooks" pool Some("Linux") after [] timeout 60
      to "shop-production" Some("cluster")
      preDeploy pool Some(Some("Linux"))
        CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
      deploy pool Some(Some("Linux"))
        __system_1 "Download artifacts" DownloadPipelineArtifact [("source", "current"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "$(Pipeline.Workspace)")]
        __system_2 "Download artifacts of ci" DownloadPipelineArtifact [("source", "ci"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "$(Pipeline.Workspace)/ci")]
        CmdLine "CmdLine" CmdLine [("script", "b"), ("failOnStderr", "false")]
      routeTraffic pool Some(Some("Other"))
        Checkout "Checkout" Checkout [("repository", "self")]
      postRouteTraffic pool None
        ManualValidation "ManualValidation" ManualValidation [("notifyUsers", "a@b"), ("allowApproversToApproveTheirOwnRuns", "true"), ("onTimeout", "reject")]
      on: failure pool Some(Some("Linux"))
        CmdLine "CmdLine" CmdLine [("script", "c"), ("failOnStderr", "false")]
      on: success pool Some(Some("Linux"))
        CmdLine "CmdLine" CmdLine [("script", "d"), ("failOnStderr", "false")]
    something "something" pool Some("Linux") after [] timeout 60
      to "staging" Some("web")
      deploy pool Some(Some("Linux"))
        CmdLine "CmdLine" CmdLine [("script", "e"), ("failOnStderr", "false")]
    Job_1 "Job" pool Some("Linux") after [] timeout 60
      to "staging" None
      deploy pool Some(Some("Linux"))
        DownloadPipelineArtifact "DownloadPipelineArtifact" DownloadPipelineArtifact [("source", "ci"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("artifact", "images"), ("patterns", "**"), ("path", "$(Pipeline.Workspace)/ci/images")]
    "#);
}

#[test]
fn matrices_in_all_their_forms() {
    let text = "
jobs:
- job: written
  strategy:
    maxParallel: 2
    matrix:
      linux: {os: ubuntu, version: 1.10}
      mac: {}
      bare:
  steps: [{script: a}]
- job: computed
  dependsOn: written
  strategy: {matrix: \"$[ dependencies.written.outputs['linux.s.legs'] ]\", maxParallel: 0}
  steps: [{script: a}]
- job: sliced
  strategy: {parallel: 3}
  steps: [{script: a}]
- job: empty
  strategy: {matrix: {}}
  steps: [{script: a}]
";
    insta::assert_snapshot!(shapes(text), @r#"
    written "written" pool None after [] timeout 60
      MultiConfiguration Legs([MatrixLeg { name: "linux", key: "linux", variables: [("os", "ubuntu"), ("version", "1.10")] }, MatrixLeg { name: "mac", key: "mac", variables: [] }, MatrixLeg { name: "bare", key: "bare", variables: [] }]) at most Some(2)
      __system_1 "Checkout" Checkout [("repository", "self")]
      CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
    computed "computed" pool None after ["written"] timeout 60
      MultiConfiguration Expression(RuntimeExpression(Expression { root: Path(Named("dependencies"), [Index(Literal(String("written"))), Index(Literal(String("outputs"))), Index(Literal(String("linux.s.legs")))]) })) at most None
      __system_1 "Checkout" Checkout [("repository", "self")]
      CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
    sliced "sliced" pool None after [] timeout 60
      MultiMachine Slices(3) at most None
      __system_1 "Checkout" Checkout [("repository", "self")]
      CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
    empty "empty" pool None after [] timeout 60
      MultiConfiguration Legs([]) at most None
      __system_1 "Checkout" Checkout [("repository", "self")]
      CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
    "#);
    insta::assert_snapshot!(shapes("strategy: {parallel: 2}\nsteps: [{script: a}]\n"), @r#"
    Job_1 "Job" pool None after [] timeout 60
      MultiMachine Slices(2) at most None
      __system_1 "Checkout" Checkout [("repository", "self")]
      CmdLine "CmdLine" CmdLine [("script", "a"), ("failOnStderr", "false")]
    "#);
}

#[test]
fn a_leg_that_is_no_reference_name_is_warned_of() {
    let loaded = try_load("strategy: {matrix: {good: {}, 1.2-a: {}}}\nsteps: [{script: a}]\n").unwrap();
    insta::assert_snapshot!(loaded.warnings.render(&|_| None), @r"
    ci.yml:1:31: warning: the leg `1.2-a` is no reference name: its outputs are `outputs['Job2.step.variable']`
      1 | strategy: {matrix: {good: {}, 1.2-a: {}}}
        |                               ^
      hint: only letters, digits and `_`, and no digit first, make a reference name
    ");
}

#[test]
fn pipeline_resources_in_all_their_forms() {
    let text = "
resources:
  pipelines:
  - pipeline: ci
    source: shop-ci
    project: shop
    branch: main
    version: '20240101.1'
    tags: [green, signed]
    trigger:
      branches: {include: [main, releases/*], exclude: [releases/old]}
      stages: [publish]
      tags: [green]
  - {pipeline: any, source: \\teams\\other, trigger: true}
  - {pipeline: listed, source: other, trigger: {enabled: no, branches: [main]}}
  - {pipeline: never, source: other, trigger: none}
  - {pipeline: silent, source: other}
  - {pipeline: off, source: other, trigger: false}
steps:
- download: ci
- download: Any
  artifact: images
  patterns: '*.json'
- download: never
  path: here
- task: DownloadPipelineArtifact@2
  inputs: {buildType: SILENT, targetPath: there}
";
    let pipeline = pipeline(text);
    let resources: String = pipeline
        .pipeline_resources
        .iter()
        .map(|one| {
            let trigger = one.trigger.as_ref();
            let trigger = trigger
                .map(|on| format!("{} {:?} {:?} {:?} {:?}", on.enabled, on.branches.include, on.branches.exclude, on.stages, on.tags));
            format!(
                "{} = {:?} {:?} {:?} {:?} {:?}\n  {}\n",
                one.alias,
                one.project,
                one.source,
                one.version,
                one.branch,
                one.tags,
                trigger.unwrap_or_default()
            )
        })
        .collect();
    insta::assert_snapshot!(resources, @r#"
    ci = Some("shop") "shop-ci" Some("20240101.1") Some("main") ["green", "signed"]
      true ["main", "releases/*"] ["releases/old"] ["publish"] ["green"]
    any = None "\\teams\\other" None None []
      true [] [] [] []
    listed = None "other" None None []
      false ["main"] [] [] []
    never = None "other" None None []
      
    silent = None "other" None None []
      
    off = None "other" None None []
    "#);
    insta::assert_snapshot!(outline(&pipeline), @r#"
    __default "__default" after [] if succeeded()
      Job_1 "Job" after [] if succeeded()
        __system_1 "Checkout" Checkout@1.0.0 [("repository", "self")]
        DownloadPipelineArtifact1 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "ci"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "$(Pipeline.Workspace)/ci")]
        DownloadPipelineArtifact2 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "any"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("artifact", "images"), ("patterns", "*.json"), ("path", "$(Pipeline.Workspace)/any/images")]
        DownloadPipelineArtifact3 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "never"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "here")]
        DownloadPipelineArtifact4 "DownloadPipelineArtifact" DownloadPipelineArtifact@2.0.0 [("source", "silent"), ("preferTriggeringPipeline", "false"), ("runVersion", "latest"), ("runBranch", "refs/heads/master"), ("allowPartiallySucceededBuilds", "false"), ("allowFailedBuilds", "false"), ("patterns", "**"), ("path", "there")]
    "#);
}

#[test]
fn resources_of_a_file_that_is_extended_are_added() {
    let text = "
resources:
  pipelines:
  - {pipeline: ci, source: own-ci}
extends: {template: base.yml}
";
    let base = "
resources:
  repositories: [{repository: tools, name: shop/tools}]
  pipelines:
  - {pipeline: CI, source: their-ci}
  - {pipeline: more, source: more-ci}
steps:
- download: ci
- download: more
";
    let loaded = Bench::new(text).file("base.yml", base).load().unwrap_or_else(|problems| panic!("{problems}"));
    let resources: Vec<&str> = loaded.pipeline.pipeline_resources.iter().map(|resource| resource.source.as_str()).collect();
    assert_eq!(resources, ["own-ci", "more-ci"]);
    insta::assert_snapshot!(loaded.expanded.to_yaml(), @r"
    resources:
      pipelines:
      - pipeline: ci
        source: own-ci
      - pipeline: more
        source: more-ci
      repositories:
      - repository: tools
        name: shop/tools
    steps:
    - download: ci
    - download: more
    ");
}

#[test]
fn mistakes_in_deployment_jobs() {
    let text = "
jobs:
- deployment: deploy
  environment: staging
  strategy: {runOnce: {deploy: {steps: [{script: a}]}}}
- deployment: a
  environment:
  steps: [{script: a}]
- deployment: b
  environment: {resourceName: x}
  strategy: {}
- deployment: c
  environment: $(later)
  strategy: {runonce: {}}
- deployment: d
  environment: ''
  strategy: {matrix: {a: {}}}
- deployment: e
  environment: staging
  strategy: {runOnce: {deplooy: {steps: []}}}
- deployment: f
  environment: staging
  strategy: {runOnce: {deploy: {pool: Linux}, on: {succes: {steps: [{script: a}]}}}}
- deployment: g
  environment: staging
  strategy: {runOnce: {deploy: {steps: []}, preDeploy: {steps: [{download: cii}]}}}
- job: h
  environment: staging
  strategy: {runOnce: {deploy: {steps: [{script: a}]}}}
  steps: [{script: a}]
- displayName: x
  deployment: i
";
    insta::assert_snapshot!(problems(text), @r"
    ci.yml:3:15: error: `deploy` cannot be the name of a deployment job: it is the name of its hook
      3 | - deployment: deploy
        |               ^
      hint: name it after what it deploys
    ci.yml:6:3: error: the deployment job `a` has no `strategy`
      6 | - deployment: a
        |   ^
      hint: write `strategy:`, `runOnce:`, `deploy:`, `steps:`, each below the one before
    ci.yml:7:3: error: the environment of the deployment job `a` is empty
      7 |   environment:
        |   ^
      hint: write `environment: NAME`
    ci.yml:8:3: error: the deployment job `a` has `steps`, which belong to a hook of its strategy
      8 |   steps: [{script: a}]
        |   ^
      hint: write them below `strategy:`, `runOnce:`, `deploy:`
    ci.yml:10:16: error: the environment of the deployment job `b` is empty
      10 |   environment: {resourceName: x}
         |                ^
      hint: write `environment: NAME`
    ci.yml:11:13: error: the strategy of the deployment job `b` is empty
      11 |   strategy: {}
         |             ^
      hint: write `strategy:`, `runOnce:`, `deploy:`, `steps:`, each below the one before
    ci.yml:13:16: error: the environment of `c` is not known before the run: `$(later)`
      13 |   environment: $(later)
         |                ^
      hint: write its name, or a variable of the pipeline's root: its checks are made before any job of the stage starts
    ci.yml:14:14: error: unknown strategy of a deployment job: `runonce`
      14 |   strategy: {runonce: {}}
         |              ^
      hint: did you mean `runOnce`?
    ci.yml:16:16: error: the environment of the deployment job `d` is empty
      16 |   environment: ''
         |                ^
      hint: write `environment: NAME`
    ci.yml:17:14: error: `matrix` is a strategy of jobs, and `d` is a deployment job
      17 |   strategy: {matrix: {a: {}}}
         |              ^
      hint: a deployment job has `runOnce`; write one deployment job for each leg
    ci.yml:20:23: error: `runOnce` of the deployment job `e` has no hooks
      20 |   strategy: {runOnce: {deplooy: {steps: []}}}
         |                       ^
      hint: write `deploy:`, and below it `steps:`
    ci.yml:20:24: error: unknown key of `runOnce`: `deplooy`
      20 |   strategy: {runOnce: {deplooy: {steps: []}}}
         |                        ^
      hint: did you mean `deploy`?
    ci.yml:23:32: error: the hook `deploy` has no `steps`
      23 |   strategy: {runOnce: {deploy: {pool: Linux}, on: {succes: {steps: [{script: a}]}}}}
         |                                ^
      hint: write `steps:` below it, or remove `deploy`; a hook has `steps`, `pool`
    ci.yml:23:52: error: unknown key of `on` of a deployment job: `succes`
      23 |   strategy: {runOnce: {deploy: {pool: Linux}, on: {succes: {steps: [{script: a}]}}}}
         |                                                    ^
      hint: did you mean `success`?
    ci.yml:26:40: error: `steps` of a hook of a deployment job is an empty list
      26 |   strategy: {runOnce: {deploy: {steps: []}, preDeploy: {steps: [{download: cii}]}}}
         |                                        ^
    ci.yml:26:76: error: there is no pipeline resource `cii` to download from
      26 |   strategy: {runOnce: {deploy: {steps: []}, preDeploy: {steps: [{download: cii}]}}}
         |                                                                            ^
      hint: declare it under `resources: pipelines:` (`- pipeline: ALIAS`, `source: NAME`); `current` is this run
    ci.yml:28:3: error: unknown key of a job: `environment`
      28 |   environment: staging
         |   ^
      hint: known: `job`, `displayName`, `dependsOn`, `condition`, `continueOnError`, `timeoutInMinutes`, `cancelTimeoutInMinutes`, `variables`, `pool`, `workspace`, `strategy`, `steps`, `templateContext`
    ci.yml:29:13: error: `runOnce` is a strategy of deployment jobs, and this is a `job`
      29 |   strategy: {runOnce: {deploy: {steps: [{script: a}]}}}
         |             ^
      hint: begin the entry with `deployment:` and give it an `environment`; a job has `matrix` or `parallel`
    ci.yml:31:3: error: an entry of `jobs` begins with `job` or `deployment`, found `displayName`
      31 | - displayName: x
         |   ^
      hint: write `deployment` before the other keys
    ");
}

#[test]
fn mistakes_in_matrices() {
    let text = "
jobs:
- job: a
  strategy: {matrix: {a: {}}, parallel: 2}
  steps: [{script: a}]
- job: b
  strategy: {maxParallel: 2}
  steps: [{script: a}]
- job: c
  strategy: {matrix: {one: [x], two: {v: {w: x}}, ONE: {}}}
  steps: [{script: a}]
- job: d
  strategy: {matrix: $(legs)}
  steps: [{script: a}]
- job: e
  strategy: {matrix: '$[ eqq(1) ]', maxParallel: many}
  steps: [{script: a}]
- job: f
  strategy: {matrix: [a], parallell: 1}
  steps: [{script: a}]
- job: g
  strategy: {parallel: 0}
  steps: [{script: a}]
";
    insta::assert_snapshot!(problems(text), @r"
    ci.yml:4:14: error: the strategy of a job has `matrix` and `parallel`, of which it can have only one
      4 |   strategy: {matrix: {a: {}}, parallel: 2}
        |              ^
      hint: `matrix` gives each leg its variables, `parallel` runs the same job several times
    ci.yml:7:13: error: the strategy of a job has neither `matrix` nor `parallel`
      7 |   strategy: {maxParallel: 2}
        |             ^
      hint: add one, or remove `strategy`
    ci.yml:10:28: error: the leg `one` must be a mapping of names and values, found a list
      10 |   strategy: {matrix: {one: [x], two: {v: {w: x}}, ONE: {}}}
         |                            ^
      hint: write `one:`, and below it `  name: value`
    ci.yml:10:42: error: the value of `v` of the leg `two` must be a text, found a mapping
      10 |   strategy: {matrix: {one: [x], two: {v: {w: x}}, ONE: {}}}
         |                                          ^
      hint: a value of a matrix is a variable; put JSON into it if it must hold more
    ci.yml:10:51: error: there is already a leg with the name `ONE`
      10 |   strategy: {matrix: {one: [x], two: {v: {w: x}}, ONE: {}}}
         |                                                   ^
      hint: names are unique; upper and lower case are the same
    ci.yml:13:22: error: `matrix` must be a mapping of legs, or one `$[ expression ]`, found a text
      13 |   strategy: {matrix: $(legs)}
         |                      ^
      hint: for instance `$[ dependencies.JOB.outputs['STEP.VARIABLE'] ]`, whose value is the JSON of a mapping of legs
    ci.yml:16:26: error: unknown function: `eqq`
      16 |   strategy: {matrix: '$[ eqq(1) ]', maxParallel: many}
         |                          ^
      hint: did you mean `eq`?
    ci.yml:16:50: error: `maxParallel` of the strategy of a job must be a whole number, 0 or more, found `many`
      16 |   strategy: {matrix: '$[ eqq(1) ]', maxParallel: many}
         |                                                  ^
    ci.yml:19:22: error: `matrix` must be a mapping of legs, or one `$[ expression ]`, found a list
      19 |   strategy: {matrix: [a], parallell: 1}
         |                      ^
      hint: write each leg as `NAME:` with its variables below it
    ci.yml:19:27: error: unknown key of the strategy of a job: `parallell`
      19 |   strategy: {matrix: [a], parallell: 1}
         |                           ^
      hint: did you mean `parallel`?
    ci.yml:22:24: error: `parallel` of the strategy of a job must be a whole number from 1 to 99, found `0`
      22 |   strategy: {parallel: 0}
         |                        ^
    ");
}

#[test]
fn mistakes_in_jobs_without_an_agent() {
    let long = "x".repeat(4001);
    let text = format!(
        "
stages:
- stage: s
  jobs:
  - job: a
    pool: server
    dependsOn: b
    steps:
    - script: a
    - checkout: none
    - task: Deploy@1
      inputs: {{azureSubscription: shop-prod}}
    - task: ManualValidation@1
    - task: ManualValidation@1
      inputs: {{notifyUsers: '', onTimeout: approve, instructions: {long}}}
  - job: b
    dependsOn: a
    steps:
    - task: ManualValidation@1
      inputs: {{notifyUsers: ''}}
"
    );
    insta::assert_snapshot!(problems(&text).replace(&long, "xxx"), @r"
    ci.yml:7:16: error: the jobs depend on each other in a circle: `a` → `b` → `a`; no job can start
      7 |     dependsOn: b
        |                ^
      hint: remove one of these dependencies
    ci.yml:9:7: error: a step of the kind `script` needs an agent, and this job has `pool: server`
      9 |     - script: a
        |       ^
      hint: put it into a job with agents; the service itself runs only tasks such as `ManualValidation@1`
    ci.yml:10:7: error: a step of the kind `checkout` needs an agent, and this job has `pool: server`
      10 |     - checkout: none
         |       ^
      hint: put it into a job with agents; the service itself runs only tasks such as `ManualValidation@1`
    ci.yml:11:13: error: the task `Deploy` needs an agent, and this job has `pool: server`
      11 |     - task: Deploy@1
         |             ^
      hint: put it into a job with agents; the service itself runs only tasks such as `ManualValidation@1`
    ci.yml:13:7: error: the task `ManualValidation` needs the input `notifyUsers`, which may be empty
      13 |     - task: ManualValidation@1
         |       ^
      hint: add `notifyUsers: ''` below `inputs:`, or the addresses of those who get a mail, one a line
    ci.yml:15:44: error: `onTimeout` of the task `ManualValidation` must be `reject` or `resume`, found `approve`
      15 |       inputs: {notifyUsers: '', onTimeout: approve, instructions: xxx}
         |                                            ^
    ci.yml:15:67: error: `instructions` of the task `ManualValidation` has 4001 characters, at most 4000 are allowed
      15 |       inputs: {notifyUsers: '', onTimeout: approve, instructions: xxx}
         |                                                                   ^
    ci.yml:19:13: error: the task `ManualValidation` runs without an agent, and this job has one
      19 |     - task: ManualValidation@1
         |             ^
      hint: give it a job of its own with `pool: server`, on which the jobs that wait for it depend
    ");
}

#[test]
fn a_person_is_asked_and_nobody_waits_for_the_answer() {
    let ask = "- job: ask\n  pool: server\n  steps: [{task: ManualValidation@1, inputs: {notifyUsers: ''}}]\n";
    let warnings = |more: &str| try_load(&format!("jobs:\n{ask}{more}")).unwrap().warnings.render(&|_| None);
    insta::assert_snapshot!(warnings("- job: go\n  steps: [{script: a}]\n"), @r"
    ci.yml:2:3: warning: no job of the stage waits for `ask`, in which a person is asked: the others start without the answer
      2 | - job: ask
        |   ^
      hint: write `dependsOn: ask` into the jobs that wait for it
    ");
    assert_eq!(warnings("- job: go\n  dependsOn: ask\n  steps: [{script: a}]\n"), "");
    assert_eq!(warnings(""), "");
}

#[test]
fn mistakes_in_pipeline_resources() {
    let text = "
resources:
  pipelines:
  - pipeline: ci
  - {source: x}
  - {pipeline: a b, source: x}
  - {pipeline: current, source: x}
  - {pipeline: twice, source: x, trigger: on success}
  - {pipeline: Twice, source: x, trigger: {branch: main}}
  - {pipeline: c, source: x, sorce: y}
steps:
- download: cii
- download: twice
- task: DownloadPipelineArtifact@2
  inputs: {source: twise}
";
    insta::assert_snapshot!(problems(text), @r"
    ci.yml:4:5: error: the pipeline resource `ci` has no `source`
      4 |   - pipeline: ci
        |     ^
      hint: write `source: NAME`, the name of the pipeline whose runs it stands for
    ci.yml:5:5: error: a pipeline resource needs an alias
      5 |   - {source: x}
        |     ^
      hint: write `- pipeline: ALIAS`; its artifacts are then fetched with `download: ALIAS`
    ci.yml:6:16: error: the alias of a pipeline resource may have only letters, digits, `_` and `-`: `a b`
      6 |   - {pipeline: a b, source: x}
        |                ^
      hint: the pipeline's own name goes to `source`
    ci.yml:7:16: error: `current` cannot be an alias: `download: current` means something else
      7 |   - {pipeline: current, source: x}
        |                ^
      hint: name it otherwise
    ci.yml:8:43: error: the trigger of a pipeline resource must be `none`, `true` or a mapping, found `on success`
      8 |   - {pipeline: twice, source: x, trigger: on success}
        |                                           ^
      hint: a mapping has `branches`, `stages` and `tags`
    ci.yml:9:16: error: there is already a pipeline resource with the alias `Twice`
      9 |   - {pipeline: Twice, source: x, trigger: {branch: main}}
        |                ^
      hint: aliases are unique; upper and lower case are the same
    ci.yml:9:44: error: unknown key of the trigger of a pipeline resource: `branch`
      9 |   - {pipeline: Twice, source: x, trigger: {branch: main}}
        |                                            ^
      hint: did you mean `branches`?
    ci.yml:10:30: error: unknown key of a pipeline resource: `sorce`
      10 |   - {pipeline: c, source: x, sorce: y}
         |                              ^
      hint: did you mean `source`?
    ci.yml:12:13: error: there is no pipeline resource `cii` to download from
      12 | - download: cii
         |             ^
      hint: known: `twice`, `c`; or declare it under `resources: pipelines:` (`- pipeline: ALIAS`, `source: NAME`); `current` is this run
    ci.yml:15:20: error: there is no pipeline resource `twise` to download from
      15 |   inputs: {source: twise}
         |                    ^
      hint: did you mean `twice`? Or declare it under `resources: pipelines:` (`- pipeline: ALIAS`, `source: NAME`); `current` is this run
    ");
    insta::assert_snapshot!(problems("resources: {pipelines: {pipeline: a}}\nsteps: [{download: a}]\n"), @r"
    ci.yml:1:24: error: `pipelines` of `resources` must be a list, found a mapping
      1 | resources: {pipelines: {pipeline: a}}
        |                        ^
      hint: each entry begins with `- `
    ci.yml:2:20: error: there is no pipeline resource `a` to download from
      2 | steps: [{download: a}]
        |                    ^
      hint: declare it under `resources: pipelines:` (`- pipeline: ALIAS`, `source: NAME`); `current` is this run
    ");
}
