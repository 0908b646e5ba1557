use super::*;

fn set(step: &str, name: &str, value: &str, more: &str) -> Step {
    let mut set = script(&format!("echo '##vso[task.setvariable variable={name};isOutput=true{more}]{value}'"));
    set.name = step.into();
    set
}

#[tokio::test]
async fn outputs_reach_jobs_of_the_same_stage_and_of_later_ones() {
    let show = |name: &str, variables: Vec<VariableItem>| {
        let mut job = job(name, vec![script("echo \"$SEEN|$RESULT|$HIDDEN\"")]);
        job.variables = variables;
        job
    };
    let mut same = show(
        "same",
        vec![
            variable("SEEN", "$[ dependencies.first.outputs['set.v'] ]"),
            variable("RESULT", "$[ dependencies.first.result ]"),
            variable("HIDDEN", "$[ dependencies.first.outputs['set.secret'] ]"),
        ],
    );
    same.depends_on = vec!["first".into()];
    let mut conditional = show("conditional", vec![]);
    conditional.depends_on = vec!["first".into()];
    conditional.condition = job_condition("eq(dependencies.first.outputs['set.v'], 'other')");
    let later = show(
        "later",
        vec![
            variable("SEEN", "$[ stageDependencies.one.first.outputs['set.v'] ]"),
            variable("RESULT", "$[ stageDependencies.one.first.result ]"),
        ],
    );
    let mut two = stage("two", &["one"], vec![later]);
    two.condition = stage_condition("and(succeeded(), eq(dependencies.one.outputs['first.set.v'], '1'))");
    let mut three = stage("three", &["one"], vec![show("never", vec![])]);
    three.condition = stage_condition("eq(dependencies.one.outputs['first.set.v'], '2')");
    let first = job("first", vec![set("set", "v", "1", ""), set("set", "secret", "hunter2", ";isSecret=true")]);
    let bench = Bench::of_stages(vec![stage("one", &[], vec![first, same, conditional]), two, three]);
    let ran = bench.run().await;
    assert_eq!(ran.job_lines("one", "same", 0), ["1|Succeeded|"], "a secret output does not cross");
    assert_eq!(ran.job_lines("two", "later", 0), ["1|Succeeded|"]);
    let results = [("one.first", TaskResult::Succeeded), ("one.same", TaskResult::Succeeded), ("one.conditional", TaskResult::Skipped)]
        .into_iter()
        .chain([("two.later", TaskResult::Succeeded), ("three.never", TaskResult::Skipped)]);
    assert_eq!(ran.jobs(), results.map(|(name, result)| (name.to_owned(), result)).collect::<Vec<_>>());
    let reason = &ran.record.stages[2].reason;
    assert!(
        reason.starts_with("Its condition is false: `eq(dependencies.one.outputs['first.set.v'], '2')`. Expanded: eq('1', '2')"),
        "{reason}"
    );
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert!(!ran.everything(&bench).contains("hunter2"));
}

#[tokio::test]
async fn conditions_of_steps_see_the_variables_and_the_trace_is_shown_masked() {
    let mut runs = script("echo runs");
    runs.condition = step_condition("and(succeeded(), eq(variables['flag'], 'on'))");
    let mut skipped = script("echo skipped");
    skipped.condition = step_condition("eq(variables.key, 'something else')");
    let mut broken = script("echo broken");
    broken.condition = step_condition("gt(1, 'a')");
    let mut failed = script("echo failed");
    failed.condition = step_condition("failed()");
    let mut bench = Bench::new(vec![script("echo '##vso[task.setvariable variable=flag]on'"), runs, skipped, broken, failed]);
    bench.variables =
        vec![PipelineVariable::Secret { name: "key".into(), value: slipway_secret::Secret::new("hunter2", &crate::Masker::new()) }];
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["runs"]);
    assert_eq!(ran.step(2).result, Some(TaskResult::Skipped));
    let lines = ran.lines(2);
    assert_eq!(lines[0], "Skipping step due to condition evaluation.");
    assert!(lines.iter().any(|line| line == "Expanded: eq('***', 'something else')"), "{lines:?}");
    assert_eq!(ran.step(3).result, Some(TaskResult::Failed), "a condition without a value fails the step");
    assert!(ran.step(3).issues[0].message.starts_with("ci.yml:1:1: Unable to convert"), "{:?}", ran.step(3).issues);
    assert_eq!(ran.lines(4), ["failed"]);
}

#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_fails_its_job_and_its_stage() {
    let mut broken = job("broken", vec![script("true")]);
    broken.condition = job_condition("gt(1, 'a')");
    let mut stage_too = stage("two", &[], vec![job("j", vec![script("true")])]);
    stage_too.condition = stage_condition("gt(1, 'a')");
    let ran = Bench::of_stages(vec![stage("one", &[], vec![broken, job("fine", vec![script("true")])]), stage_too]).run().await;
    let expected = [("one.broken", TaskResult::Failed), ("one.fine", TaskResult::Succeeded), ("two.j", TaskResult::Skipped)];
    assert_eq!(ran.jobs(), expected.map(|(name, result)| (name.to_owned(), result)));
    assert_eq!(ran.record.stages[1].result, Some(TaskResult::Failed));
    assert!(
        ran.record.stages[0].jobs[0].reason.contains("the condition `gt(1, 'a')` cannot be evaluated"),
        "{}",
        ran.record.stages[0].jobs[0].reason
    );
}

#[tokio::test]
async fn runs_are_numbered_by_name_and_counters_count_runs() {
    let mut second = job("second", vec![script("echo $COUNT")]);
    second.depends_on = vec!["first".into()];
    let mut bench = Bench::of_jobs(vec![job("first", vec![script("echo $COUNT")]), second]);
    bench.pipeline.name = Some("$(Build.DefinitionName)-$(mine)-$(Rev:r)".into());
    bench.pipeline.variables = vec![variable("mine", "x"), variable("count", "$[ counter(variables.mine, 10) ]")];
    for (number, count) in [("ci-x-1", "10"), ("ci-x-2", "11")] {
        let ran = bench.run().await;
        assert_eq!(ran.record.number, number);
        assert_eq!([ran.job_lines("s", "first", 0), ran.job_lines("s", "second", 0)], [[count], [count]], "one value within a run");
    }
}

#[tokio::test]
async fn a_number_that_is_too_long_stops_the_run_and_leaves_nothing() {
    let mut bench = Bench::new(vec![script("true")]);
    bench.pipeline.name = Some("x".repeat(300));
    let error = bench.try_run().await.err().unwrap().to_string();
    assert!(error.contains("300 characters"), "{error}");
    assert!(Store::new(&bench.path("state")).ids().unwrap().is_empty());
}

#[tokio::test]
async fn a_variable_that_cannot_be_evaluated_fails_the_job_with_its_place() {
    let mut bench = Bench::new(vec![script("true")]);
    bench.pipeline.stages[0].jobs[0].variables = vec![variable("bad", "$[ gt(1, 'a') ]")];
    let ran = bench.run().await;
    let job = &ran.record.stages[0].jobs[0];
    assert_eq!(job.result, Some(TaskResult::Failed));
    assert!(job.reason.starts_with("ci.yml:1:1: the variable `bad` cannot be evaluated: "), "{}", job.reason);
}

#[tokio::test]
async fn a_variable_that_names_itself_is_left_as_it_is_with_a_warning() {
    let mut bench = Bench::new(vec![script("echo \"$OUTER\"")]);
    bench.pipeline.variables = vec![variable("outer", "<$(inner)>"), variable("inner", "$(outer)")];
    let ran = bench.run().await;
    assert_eq!(ran.lines(0).last().unwrap(), "<$(inner)>");
    assert_eq!(ran.step(0).warnings, 2);
}
