use super::*;

pub(super) fn quick(bench: &mut Bench) {
    bench.pipeline.variables.push(variable("PROCESS_SIGINT_TIMEOUT", "100"));
    bench.pipeline.variables.push(variable("PROCESS_SIGTERM_TIMEOUT", "100"));
}

const WAIT: &str = "setInterval(() => {}, 1000); console.log('ready');";

#[tokio::test]
async fn a_cancelled_task_is_interrupted_and_steps_that_always_run_still_run() {
    let mut always = script("echo always $AGENT_JOBSTATUS");
    always.condition = step_condition("always()");
    let mut bench = Bench::new(vec![task("Wait", &[]), script("echo next"), always]);
    bench.task(
        "Wait",
        &format!("process.on('SIGINT', () => {{ console.log('interrupted'); process.exit(0); }}); {WAIT}"),
        serde_json::json!({}),
    );
    bench.cancel_on = Some("ready");
    let ran = bench.run().await;
    assert_eq!(
        ran.lines(0),
        [
            "ready",
            "##[error]The Operation will be canceled. The next steps may not contain expected logs.",
            "interrupted",
            "##[error]The operation was canceled."
        ]
    );
    assert_eq!(
        [ran.step(0).result, ran.step(1).result, ran.step(2).result],
        [Some(TaskResult::Canceled), Some(TaskResult::Skipped), Some(TaskResult::Succeeded)]
    );
    assert_eq!(ran.lines(2), ["always Canceled"]);
    assert_eq!((ran.result(), ran.record.stages[0].jobs[0].reason.as_str()), (TaskResult::Canceled, "The run was cancelled."));
}

#[tokio::test]
async fn a_task_that_ignores_all_signals_is_killed_and_its_children_end_with_the_job() {
    let mut bench = Bench::new(vec![task("Wait", &[])]);
    let pid = bench.path("pid");
    bench.task(
        "Wait",
        &format!(
            "for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => console.log(s)); \
             const c = require('child_process').spawn('sleep', ['300'], {{detached: true, stdio: 'ignore'}}); require('fs').writeFileSync({:?}, String(c.pid)); {WAIT}",
            pid.display().to_string()
        ),
        serde_json::json!({}),
    );
    quick(&mut bench);
    bench.cancel_on = Some("ready");
    let ran = bench.run().await;
    let lines = ran.lines(0);
    assert!(lines.contains(&"SIGINT".to_owned()) && lines.contains(&"SIGTERM".to_owned()), "{lines:?}");
    assert_eq!(ran.result(), TaskResult::Canceled);
    let state = fs::read_to_string(format!("/proc/{}/stat", fs::read_to_string(pid).unwrap())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z"), "the grandchild still runs: {state}");
}

#[tokio::test]
async fn a_second_cancellation_kills_at_once() {
    let always = |text: &str| {
        let mut step = script(text);
        step.condition = step_condition("always()");
        step
    };
    let mut bench = Bench::new(vec![task("Wait", &[]), always("echo ready; sleep 300"), script("echo never"), always("touch ../never")]);
    bench.task("Wait", &format!("process.on('SIGINT', () => {{ console.log('ready'); }}); {WAIT}"), serde_json::json!({}));
    bench.cancel_on = Some("ready");
    let begun = std::time::Instant::now();
    let ran = bench.run().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "nothing waits for the agent's 7.5 s");
    assert_eq!(ran.result(), TaskResult::Canceled);
    assert!(!ran.lines(2).contains(&"never".to_owned()));
    assert_eq!(ran.lines(3), ["Everything is being ended: the step is not started."]);
    assert_eq!(ran.step(3).result, Some(TaskResult::Canceled));
}

#[tokio::test]
async fn jobs_and_stages_that_wait_are_cancelled() {
    let mut bench = Bench::of_stages(vec![
        stage(
            "one",
            &[],
            vec![job("a", vec![script("trap 'exit 0' INT; echo ready; while :; do sleep 0.01; done")]), job("b", vec![script("true")])],
        ),
        stage("two", &["one"], vec![job("c", vec![script("true")])]),
    ]);
    bench.cancel_on = Some("ready");
    let ran = bench.run().await;
    assert_eq!(ran.jobs(), ["one.a", "one.b", "two.c"].map(|name| (name.to_owned(), TaskResult::Canceled)));
    assert_eq!(ran.result(), TaskResult::Canceled);
}

#[tokio::test]
async fn a_step_that_takes_too_long_fails() {
    let mut slow = script("trap 'exit 0' INT; while :; do sleep 0.01; done");
    slow.timeout_in_minutes = 1;
    let mut bench = Bench::new(vec![slow, script("echo next")]);
    bench.minute = Duration::from_millis(300);
    bench.pipeline.stages[0].jobs[0].timeout_in_minutes = 0;
    let ran = bench.run().await;
    assert_eq!(ran.lines(0), ["##[error]The task has timed out."]);
    assert_eq!([ran.step(0).result, ran.step(1).result], [Some(TaskResult::Failed), Some(TaskResult::Skipped)]);
    assert_eq!(ran.result(), TaskResult::Failed);
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_cancelled_and_killed_when_that_takes_too_long_as_well() {
    let slow = "while :; do sleep 0.01; done";
    let mut always = script(slow);
    always.condition = step_condition("always()");
    let mut bench = Bench::new(vec![script(&format!("trap 'exit 0' INT; {slow}")), always]);
    bench.minute = Duration::from_millis(300);
    let job = &mut bench.pipeline.stages[0].jobs[0];
    (job.timeout_in_minutes, job.cancel_timeout_in_minutes) = (1, 1);
    let ran = bench.run().await;
    assert_eq!([ran.step(0).result, ran.step(1).result], [Some(TaskResult::Canceled), Some(TaskResult::Canceled)]);
    let job = &ran.record.stages[0].jobs[0];
    assert_eq!(job.reason, "The job ran longer than the maximum time of 1 minutes. Its limit is `timeoutInMinutes`.");
    assert_eq!(ran.result(), TaskResult::Canceled);
}
