//! Deployment jobs and matrices: the parts of a job.

use slipway_pipelines::{JobKind, Matrix, MatrixLeg, MatrixSource, RunOnce, RuntimeExpression};

use super::approvals::{deployment, hook};
use super::*;

fn output(value: &str) -> Step {
    let mut step = script(&format!("echo \"##vso[task.setvariable variable=v;isOutput=true]{value}\""));
    step.name = "set".into();
    step
}

#[tokio::test]
async fn hooks_run_in_order_each_as_a_job_of_its_own() {
    let show = "echo $SYSTEM_JOBNAME $SYSTEM_PHASENAME $STRATEGY_NAME $ENVIRONMENT_NAME $ENVIRONMENT_ID";
    let hooks = RunOnce {
        pre_deploy: hook(vec![script(&format!("{show}; touch $(Agent.TempDirectory)/left"))]),
        deploy: hook(vec![script(&format!("{show}; ls $(Agent.TempDirectory)/left 2> /dev/null || echo fresh")), output("deployed")]),
        route_traffic: hook(vec![script("echo routed")]),
        post_route_traffic: hook(vec![script("echo watched")]),
        on_failure: hook(vec![script("echo never")]),
        on_success: hook(vec![script("echo fine")]),
    };
    let mut next = job("next", vec![script("echo $GOT")]);
    next.depends_on = vec!["d".into()];
    next.variables = vec![variable("got", "$[ dependencies.d.outputs['d.set.v'] ]")];
    let ran = Bench::of_jobs(vec![deployment("d", "staging", hooks), next]).run().await;
    let jobs: Vec<_> = ran.jobs().into_iter().map(|(name, result)| format!("{name} {result:?}")).collect();
    assert_eq!(
        jobs,
        [
            "s.d.preDeploy Succeeded",
            "s.d.deploy Succeeded",
            "s.d.routeTraffic Succeeded",
            "s.d.postRouteTraffic Succeeded",
            "s.d.onFailure Skipped",
            "s.d.onSuccess Succeeded",
            "s.next Succeeded"
        ]
    );
    assert_eq!(ran.job_lines("s", "d.preDeploy", 0), ["d d runOnce staging 1"]);
    assert_eq!(ran.job_lines("s", "d.deploy", 0), ["d d runOnce staging 1", "fresh"]);
    assert_eq!(ran.job_lines("s", "next", 0), ["deployed"]);
    assert_eq!(ran.record.stages[0].jobs[1].display_name, "d: deploy");
}

#[tokio::test]
async fn a_hook_that_fails_ends_the_deployment_in_on_failure() {
    let hooks = RunOnce {
        deploy: hook(vec![script("exit 1")]),
        route_traffic: hook(vec![script("true")]),
        on_failure: hook(vec![script("echo undo")]),
        on_success: hook(vec![script("true")]),
        ..RunOnce::default()
    };
    let mut next = job("next", vec![script("echo $RESULT")]);
    next.depends_on = vec!["d".into()];
    next.condition = job_condition("failed()");
    next.variables = vec![variable("result", "$[ dependencies.d.result ]")];
    let ran = Bench::of_jobs(vec![deployment("d", "staging", hooks), next]).run().await;
    let results: Vec<_> = ran.jobs().into_iter().map(|(_, result)| result).collect();
    use TaskResult::{Failed, Skipped, Succeeded};
    assert_eq!(results, [Failed, Skipped, Succeeded, Skipped, Succeeded]);
    assert_eq!(ran.job_lines("s", "next", 0), ["Failed"]);
    assert_eq!(ran.result(), Failed);
    assert_eq!(ran.record.stages[0].jobs[1].reason, "A hook before it did not succeed.");
}

#[tokio::test]
async fn outputs_of_a_deployment_to_a_resource_are_named_after_it() {
    let hooks = RunOnce { deploy: hook(vec![output("x"), script("echo $ENVIRONMENT_RESOURCENAME")]), ..RunOnce::default() };
    let mut deployment = deployment("d", "staging", hooks);
    if let JobKind::Deployment(deployment) = &mut deployment.kind {
        deployment.environment.resource = Some("shop".into());
    }
    let mut stages = vec![stage("one", &[], vec![deployment]), stage("two", &["one"], vec![job("j", vec![script("echo $GOT")])])];
    stages[1].condition = stage_condition("eq(dependencies.one.outputs['d.Deploy_shop.set.v'], 'x')");
    stages[1].jobs[0].variables = vec![variable("got", "$[ stageDependencies.one.d.outputs['Deploy_shop.set.v'] ]")];
    let ran = Bench::of_stages(stages).run().await;
    assert_eq!([ran.job_lines("one", "d.deploy", 1), ran.job_lines("two", "j", 0)], [["shop"], ["x"]]);
}

#[tokio::test]
async fn a_deployment_whose_condition_is_false_stays_one_job() {
    let mut deployment = deployment("d", "staging", RunOnce { deploy: hook(vec![script("true")]), ..RunOnce::default() });
    deployment.condition = job_condition("false");
    assert_eq!(Bench::of_jobs(vec![deployment]).run().await.jobs(), [("s.d".to_owned(), TaskResult::Skipped)]);
}

fn multiplied(source: MatrixSource, max_parallel: Option<u32>, steps: Vec<Step>) -> Job {
    Job { matrix: Some(Matrix { source, max_parallel, place: place() }), ..job("m", steps) }
}

fn legs() -> MatrixSource {
    let leg = |name: &str, key: &str, value: &str| MatrixLeg {
        name: name.to_owned(),
        key: key.to_owned(),
        variables: vec![("who".to_owned(), value.to_owned())],
    };
    MatrixSource::Legs(vec![leg("one", "one", "first"), leg("Job2", "2nd", "second")])
}

#[tokio::test]
async fn a_matrix_runs_its_job_once_a_leg_with_variables_of_its_own() {
    let show = script("echo $WHO $SYSTEM_JOBNAME $SYSTEM_JOBPOSITIONINPHASE/$SYSTEM_TOTALJOBSINPHASE $SYSTEM_PARALLELEXECUTIONTYPE");
    let mut next = job("next", vec![script("echo $GOT")]);
    next.depends_on = vec!["m".into()];
    next.variables =
        vec![variable("got", "$[ dependencies.m.outputs['one.set.v'] ]-"), variable("got", "$[ dependencies.m.outputs['one.set.v'] ]")];
    let ran = Bench::of_jobs(vec![multiplied(legs(), None, vec![show, output("of $WHO")]), next]).run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!(ran.job_lines("s", "m.one", 0), ["first one 1/2 MultiConfiguration"]);
    assert_eq!(ran.job_lines("s", "m.Job2", 0), ["second Job2 2/2 MultiConfiguration"]);
    assert_eq!(ran.job_lines("s", "next", 0), ["of first"]);
    let names: Vec<_> = ran.record.stages[0].jobs.iter().map(|job| job.display_name.as_str()).collect();
    assert_eq!(names, ["m one", "m 2nd", "next"]);
}

#[tokio::test]
async fn a_leg_that_fails_fails_the_job_and_not_the_other_legs() {
    let ran = Bench::of_jobs(vec![multiplied(legs(), None, vec![script("[ $WHO = second ]")])]).run().await;
    assert_eq!(ran.jobs(), [("s.m.one".to_owned(), TaskResult::Failed), ("s.m.Job2".to_owned(), TaskResult::Succeeded)]);
    assert_eq!(ran.result(), TaskResult::Failed);
}

#[tokio::test]
async fn max_parallel_keeps_legs_from_running_at_once() {
    // Two agents: without the limit the legs would meet.
    let alone = "mkdir $(Meeting)/busy && sleep 0.05 && rmdir $(Meeting)/busy";
    let mut bench = Bench::of_jobs(vec![multiplied(MatrixSource::Slices(3), Some(1), vec![script(alone)])]);
    bench.agents = 2;
    let meeting = bench.path("meeting");
    fs::create_dir(&meeting).unwrap();
    bench.pipeline.variables.push(variable("Meeting", &meeting.display().to_string()));
    let ran = bench.run().await;
    assert_eq!(ran.jobs().iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["s.m.Job1", "s.m.Job2", "s.m.Job3"]);
    assert_eq!(ran.result(), TaskResult::Succeeded);
}

#[tokio::test]
async fn a_matrix_may_come_from_an_output_and_be_empty() {
    for (value, jobs) in [
        (r#"{\"a\":{\"who\":\"x\"},\"b\":{\"who\":\"y\"}}"#, vec!["s.first Succeeded", "s.m.a Succeeded", "s.m.b Succeeded"]),
        ("", vec!["s.first Succeeded", "s.m Succeeded"]),
        ("nonsense", vec!["s.first Succeeded", "s.m Failed"]),
    ] {
        let mut first = output("");
        first.task.inputs =
            vec![("script".into(), format!(":\nprintf '##vso[task.setvariable variable=v;isOutput=true]%s\\n' \"{value}\""))];
        let expression = RuntimeExpression::parse("$[ dependencies.first.outputs['set.v'] ]").unwrap().unwrap();
        let mut matrix = multiplied(MatrixSource::Expression(expression), None, vec![script("echo $WHO")]);
        matrix.depends_on = vec!["first".into()];
        let ran = Bench::of_jobs(vec![job("first", vec![first]), matrix]).run().await;
        let found: Vec<_> = ran.jobs().into_iter().map(|(name, result)| format!("{name} {result:?}")).collect();
        assert_eq!(found, jobs);
        if value == "nonsense" {
            let reason = &ran.record.stages[0].jobs[1].reason;
            assert!(reason.starts_with("ci.yml:1:1: the job `m` has no legs: the value of `matrix: $[ ... ]` is no JSON"), "{reason}");
        }
    }
}

#[tokio::test]
async fn hooks_and_legs_that_were_over_do_not_run_again() {
    let mut hooks = RunOnce { pre_deploy: hook(vec![output("before")]), deploy: hook(vec![script("echo deployed")]), ..RunOnce::default() };
    let ask = task("ManualValidation", &[("notifyUsers", "")]);
    hooks.route_traffic = Some(slipway_pipelines::Hook { pool: None, steps: vec![ask], place: place() });
    let mut next = job("next", vec![script("echo $GOT $LEG")]);
    next.depends_on = vec!["d".into(), "m".into()];
    next.variables =
        vec![variable("got", "$[ dependencies.d.outputs['d.set.v'] ]"), variable("leg", "$[ dependencies.m.outputs['Job2.set.v'] ]")];
    let bench = Bench::of_jobs(vec![multiplied(legs(), None, vec![output("leg $WHO")]), deployment("d", "staging", hooks), next]);
    let ran = bench.run().await;
    assert!(matches!(ran.summary.outcome, RunOutcome::Waiting(_)), "{:?}", ran.summary);
    let ran = bench.resume(1, Some(answer(Decision::Approve))).await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert!(ran.job_lines("s", "d.deploy", 0).is_empty() && ran.job_lines("s", "m.one", 0).is_empty());
    assert_eq!(ran.job_lines("s", "next", 0), ["before leg second"]);
}

#[tokio::test]
async fn legs_that_came_of_a_secret_are_kept_though_the_secret_is_not() {
    let mut set = output("");
    let value = "##vso[task.setvariable variable=v;isOutput=true]{\\\"one\\\":{\\\"who\\\":\\\"first\\\"}}";
    set.task.inputs = vec![("script".into(), format!(":\nprintf '##vso[task.setsecret]first\\n%s\\n' \"{value}\""))];
    let expression = RuntimeExpression::parse("$[ dependencies.a.outputs['set.v'] ]").unwrap().unwrap();
    let mut matrix = multiplied(MatrixSource::Expression(expression), None, vec![output("leg")]);
    matrix.depends_on = vec!["a".into()];
    let mut asks =
        Job { kind: JobKind::Server, timeout_in_minutes: 0, ..job("ask", vec![task("ManualValidation", &[("notifyUsers", "")])]) };
    asks.depends_on = vec!["m".into()];
    let mut next = job("next", vec![script("echo $LEG")]);
    next.depends_on = vec![asks.name.clone(), "m".into()];
    next.variables = vec![variable("leg", "$[ dependencies.m.outputs['one.set.v'] ]")];
    let bench = Bench::of_jobs(vec![job("a", vec![set]), matrix, asks, next]);
    let ran = bench.run().await;
    assert!(matches!(ran.summary.outcome, RunOutcome::Waiting(_)), "{:?}", ran.summary);
    assert_eq!(ran.record.stages[0].jobs[0].masked_outputs, ["set.v"], "the control: what the legs came of is not kept");
    let ran = bench.resume(1, Some(answer(Decision::Approve))).await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert!(ran.job_lines("s", "m.one", 0).is_empty());
    assert_eq!(ran.job_lines("s", "next", 0), ["leg"]);
    let names: Vec<_> = ran.jobs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("s.m")).collect::<Vec<_>>(), ["s.m.one"]);
}

#[tokio::test]
async fn legs_that_wait_for_an_agent_when_the_run_is_cancelled_do_not_run() {
    let mut bench = Bench::of_jobs(vec![multiplied(legs(), None, vec![script("echo now; sleep 30")])]);
    cancelling::quick(&mut bench);
    bench.cancel_on = Some("now");
    let ran = bench.run().await;
    assert_eq!(ran.jobs(), [("s.m.one".to_owned(), TaskResult::Canceled), ("s.m.Job2".to_owned(), TaskResult::Canceled)]);
    assert!(ran.record.stages[0].jobs[1].started.is_none(), "one agent, one leg");
}

#[tokio::test]
async fn a_deployment_that_is_cancelled_ends_at_the_hook_that_runs() {
    let hooks = RunOnce {
        pre_deploy: hook(vec![script("echo now; sleep 30")]),
        deploy: hook(vec![script("true")]),
        on_failure: hook(vec![script("true")]),
        ..RunOnce::default()
    };
    let mut bench = Bench::of_jobs(vec![deployment("d", "staging", hooks)]);
    cancelling::quick(&mut bench);
    bench.cancel_on = Some("now");
    let results: Vec<_> = bench.run().await.jobs().into_iter().map(|(_, result)| result).collect();
    assert_eq!(results, [TaskResult::Canceled; 3]);
}
