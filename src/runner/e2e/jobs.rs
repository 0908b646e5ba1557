use super::*;

#[tokio::test]
async fn the_workspace_is_kept_per_pipeline_unless_it_is_to_be_clean() {
    let mut bench = Bench::new(vec![script("ls; touch left; touch ../b/built")]);
    assert!(bench.run().await.lines(0).is_empty());
    assert_eq!(bench.run().await.lines(0), ["left"]);
    bench.file = "other.yml".into();
    assert!(bench.run().await.lines(0).is_empty(), "another pipeline has another workspace");
    bench.file = "ci.yml".into();
    bench.pipeline.stages[0].jobs[0].workspace_clean = WorkspaceClean::Outputs;
    bench.pipeline.stages[0].jobs[0].steps[0] = script("ls . ../b");
    assert_eq!(bench.run().await.lines(0), [".:", "left", "", "../b:"]);
    bench.pipeline.stages[0].jobs[0].workspace_clean = WorkspaceClean::All;
    assert_eq!(bench.run().await.lines(0), [".:", "", "../b:"]);
}

#[tokio::test]
async fn jobs_run_side_by_side_on_agents_of_their_own() {
    // Each job waits for the other: with one agent neither would end.
    let meet = |mine: &str, other: &str| {
        script(&format!("touch $(Meeting)/{mine}; while [ ! -e $(Meeting)/{other} ]; do sleep 0.01; done; echo $AGENT_NAME"))
    };
    let mut bench = Bench::of_jobs(vec![job("a", vec![meet("a", "b")]), job("b", vec![meet("b", "a")])]);
    bench.agents = 2;
    let meeting = bench.path("meeting");
    fs::create_dir(&meeting).unwrap();
    bench.pipeline.variables.push(variable("Meeting", &meeting.display().to_string()));
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!([ran.job_lines("s", "a", 0), ran.job_lines("s", "b", 0)], [["slipway-1"], ["slipway-2"]]);
}

#[tokio::test]
async fn a_failed_job_stops_those_that_depend_on_it_and_not_the_others() {
    let mut after = job("after", vec![script("true")]);
    after.depends_on = vec!["bad".into()];
    let mut always = job("always", vec![script("true")]);
    always.depends_on = vec!["bad".into()];
    always.condition = job_condition("always()");
    let ran = Bench::of_jobs(vec![job("bad", vec![script("exit 1")]), after, always, job("other", vec![script("true")])]).run().await;
    let expected = [
        ("s.bad", TaskResult::Failed),
        ("s.after", TaskResult::Skipped),
        ("s.always", TaskResult::Succeeded),
        ("s.other", TaskResult::Succeeded),
    ];
    assert_eq!(ran.jobs(), expected.map(|(name, result)| (name.to_owned(), result)));
    assert_eq!(ran.result(), TaskResult::Failed);
}

#[tokio::test]
async fn a_job_that_may_fail_succeeds_with_issues() {
    let mut bench = Bench::new(vec![script("exit 1")]);
    bench.pipeline.stages[0].jobs[0].continue_on_error = true;
    assert_eq!(bench.run().await.result(), TaskResult::SucceededWithIssues);
}

#[tokio::test]
async fn stages_follow_one_another_and_a_failure_skips_the_rest() {
    let stages = vec![
        stage("one", &[], vec![job("j", vec![script("exit 1")])]),
        stage("two", &["one"], vec![job("j", vec![script("true")])]),
        stage("three", &["two"], vec![job("j", vec![script("true")])]),
    ];
    let ran = Bench::of_stages(stages).run().await;
    let results: Vec<_> = ran.record.stages.iter().map(|stage| stage.result.unwrap()).collect();
    assert_eq!(results, [TaskResult::Failed, TaskResult::Skipped, TaskResult::Skipped]);
    assert!(!ran.record.stages[1].reason.is_empty());
}

#[tokio::test]
async fn the_most_local_variable_wins_and_the_systems_are_not_overridden() {
    let mut bench = Bench::new(vec![script("echo $A $B $C $SYSTEM_HOSTTYPE $BUILD_BUILDID")]);
    bench.variables = ["A", "B", "C", "System.HostType", "Build.BuildId"]
        .map(|name| PipelineVariable::Plain { name: name.into(), value: "outside".into() })
        .into();
    bench.pipeline.variables = vec![variable("b", "root"), variable("C", "root"), variable("Build.BuildId", "root")];
    bench.pipeline.stages[0].variables = vec![variable("C", "stage")];
    bench.pipeline.stages[0].jobs[0].variables = vec![variable("c", "job $(b)")];
    assert_eq!(bench.run().await.lines(0), ["outside root job root build 1"]);
}
