use super::*;
use crate::event::IssueKind;

#[tokio::test]
async fn scripts_run_in_the_sources_with_the_agents_environment() {
    let mut step = script("pwd; echo $MINE $BUILD_BUILDID $TF_BUILD \"${INPUT_SCRIPT-none}\"");
    step.env = vec![("MINE".into(), "$(Build.DefinitionName)".into())];
    let bench = Bench::new(vec![step]);
    let ran = bench.run().await;
    assert_eq!(ran.lines(0), [bench.path("state/agents/1/_work/1/s").display().to_string(), "ci 1 True none".into()]);
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!((ran.summary.id, ran.summary.number.as_str()), (1, "1"));
    assert_eq!(ran.step(0).display_name, "Step CmdLine");
    let log = fs::read_to_string(ran.folder.join(&ran.step(0).log)).unwrap();
    assert!(log.lines().all(|line| line.starts_with("20")), "each line begins with its time: {log}");
    assert!(log.contains("ci 1 True none"), "{log}");
    assert!(fs::read_dir(bench.path("state/agents/1/_work/_temp")).unwrap().next().is_none(), "no script is left");
}

#[tokio::test]
async fn a_failing_script_fails_the_job_and_skips_the_next_steps() {
    let mut always = script("echo always $AGENT_JOBSTATUS");
    always.condition = step_condition("always()");
    let bench = Bench::new(vec![script("exit 3"), script("echo next"), always]);
    let ran = bench.run().await;
    assert_eq!(ran.lines(0), ["##[error]Bash exited with code '3'."]);
    assert_eq!(ran.step(0).issues[0].kind, IssueKind::Error);
    assert_eq!(
        [ran.step(0).result, ran.step(1).result, ran.step(2).result],
        [Some(TaskResult::Failed), Some(TaskResult::Skipped), Some(TaskResult::Succeeded)]
    );
    assert_eq!(ran.lines(2), ["always Failed"]);
    assert_eq!(ran.result(), TaskResult::Failed);
}

#[tokio::test]
async fn continue_on_error_makes_success_with_issues() {
    let mut failing = script("exit 1");
    failing.continue_on_error = true;
    let ran = Bench::new(vec![failing, script("echo $AGENT_JOBSTATUS")]).run().await;
    assert_eq!(ran.lines(1), ["SucceededWithIssues"]);
    assert_eq!(ran.result(), TaskResult::SucceededWithIssues);
}

#[tokio::test]
async fn a_disabled_step_is_skipped() {
    let mut disabled = script("exit 1");
    disabled.enabled = false;
    let ran = Bench::new(vec![disabled]).run().await;
    assert_eq!((ran.step(0).result, ran.result()), (Some(TaskResult::Skipped), TaskResult::Succeeded));
}

#[tokio::test]
async fn failing_on_standard_error_is_chosen_by_an_input() {
    let text = ":\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo error $i >&2; done";
    let ran = Bench::new(vec![task("CmdLine", &[("script", text), ("failOnStderr", "true")])]).run().await;
    assert_eq!(ran.step(0).result, Some(TaskResult::Failed));
    assert_eq!((ran.step(0).issues.len(), ran.step(0).errors), (10, 11), "ten lines and the sentence before them");
    let ran = Bench::new(vec![task("CmdLine", &[("script", text)])]).run().await;
    assert_eq!(ran.step(0).result, Some(TaskResult::Succeeded));
}

#[tokio::test]
async fn bash_runs_inline_scripts_and_files() {
    let bench = Bench::new(vec![
        task(
            "Bash",
            &[
                ("targetType", "inline"),
                ("script", ":\necho \"$0\" | sed 's/.*_temp/T/; s/[0-9a-f-]*.sh/X/'\n"),
                ("workingDirectory", "deep"),
            ],
        ),
        task("Bash", &[("targetType", "filePath"), ("filePath", "it's.sh"), ("arguments", "one 'two three'")]),
        task("Bash", &[("targetType", "filePath"), ("filePath", "missing.sh")]),
    ]);
    let sources = bench.path("state/agents/1/_work/1/s");
    fs::create_dir_all(sources.join("deep")).unwrap();
    fs::write(sources.join("it's.sh"), "echo $# $2").unwrap();
    let ran = bench.run().await;
    assert_eq!(ran.lines(0), ["T/X"]);
    assert_eq!(ran.lines(1).last().unwrap(), "2 two three");
    assert!(ran.lines(2)[0].contains("missing.sh"), "{:?}", ran.lines(2));
    assert_eq!(ran.step(2).result, Some(TaskResult::Failed));
}

#[tokio::test]
async fn a_working_directory_that_does_not_exist_is_named() {
    let ran = Bench::new(vec![task("CmdLine", &[("script", "true"), ("workingDirectory", "nowhere")])]).run().await;
    assert!(ran.lines(0).join("\n").contains("nowhere` of the step does not exist"), "{:?}", ran.lines(0));
}

#[tokio::test]
async fn a_step_is_retried_until_it_succeeds() {
    let mut flaky = script("echo x >> count; test $(wc -l < count) -ge 3");
    flaky.retry_count_on_task_failure = 2;
    let mut hopeless = script("exit 1");
    hopeless.retry_count_on_task_failure = 1;
    let ran = Bench::new(vec![flaky, hopeless]).run().await;
    assert_eq!([ran.step(0).result, ran.step(1).result], [Some(TaskResult::Succeeded), Some(TaskResult::Failed)]);
    let retries = |lines: Vec<String>| lines.iter().filter(|line| line.contains("will retry")).count();
    assert_eq!((retries(ran.lines(0)), retries(ran.lines(1))), (2, 1));
}

#[tokio::test]
async fn more_retries_than_the_agent_does_are_decreased_with_a_warning() {
    let mut hopeless = script("echo x >> count; exit 1");
    hopeless.retry_count_on_task_failure = 12;
    let mut last = script("wc -l < count");
    last.condition = step_condition("always()");
    let ran = Bench::new(vec![hopeless, last]).run().await;
    let warning = "##[warning]The maximum allowed number of attempts is 10 but got 12. Retry attempts count will be decreased to 10.";
    assert_eq!(ran.lines(0)[0], warning);
    assert_eq!(ran.lines(1)[0].trim(), "11");
}

#[tokio::test]
async fn uncommitted_changes_are_told_where_a_job_checks_out() {
    let told = async |step| {
        let mut bench = Bench::new(vec![step]);
        bench.uncommitted = vec!["a.rs".into()];
        bench.run().await.record.notices
    };
    let notice = "`checkout: self` takes the work tree as it is, uncommitted changes included: a.rs.";
    assert_eq!(told(task("Checkout", &[("repository", "self")])).await, [notice]);
    assert_eq!(told(script("true")).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_step_leaves_running_serves_the_next_steps_and_ends_with_the_job() {
    let bench = Bench::new(vec![
        // Away from the script's process group and its streams, as servers are started.
        script("setsid sleep 300 > /dev/null 2>&1 & echo $! > pid; sleep 300 > /dev/null 2>&1 & echo $! > other; disown"),
        script("kill -0 $(cat pid) && kill -0 $(cat other) && echo alive"),
    ]);
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["alive"]);
    for file in ["pid", "other"] {
        let pid = fs::read_to_string(bench.path("state/agents/1/_work/1/s").join(file)).unwrap();
        let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z"), "{file} still runs: {state}");
    }
}

#[tokio::test]
async fn what_this_machine_cannot_run_is_refused_before_anything_starts() {
    let mut windows = job("w", vec![script("true")]);
    windows.pool.vm_image = Some("windows-2022".into());
    let mut unknown = job("u", vec![task("Nowhere", &[])]);
    unknown.pool.vm_image = Some("Ubuntu-24.04".into());
    let bench = Bench::of_jobs(vec![windows, unknown]);
    let error = bench.try_run().await.err().unwrap().to_string();
    assert!(error.contains("ci.yml:1:1: job `w` wants `vmImage: windows-2022`"), "{error}");
    assert!(error.contains("`Nowhere@1`"), "{error}");
    assert_eq!(error.lines().count(), 2, "the image of the second job is fine: {error}");
    assert!(!bench.path("state/runs").exists());
}
