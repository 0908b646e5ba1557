use super::*;

#[tokio::test]
async fn a_task_says_its_own_result() {
    for (script, result, line) in [
        ("console.log('hello')", TaskResult::Succeeded, "hello"),
        (
            "console.log('##vso[task.complete result=Failed]'); console.log('##vso[task.complete result=Succeeded]done')",
            TaskResult::Failed,
            "",
        ),
        ("console.error('##vso[task.complete result=SucceededWithIssues]')", TaskResult::SucceededWithIssues, ""),
        ("process.exit(4)", TaskResult::Failed, "##[error]Exit code 4 returned from process: file name"),
        ("process.kill(process.pid, 'SIGKILL')", TaskResult::Failed, "##[error]The task's process exited with code 137"),
        ("process.stdin.on('end', () => console.log('closed')).resume()", TaskResult::Succeeded, "closed"),
    ] {
        let mut bench = Bench::new(vec![task("Hello", &[])]);
        bench.task("Hello", script, serde_json::json!({}));
        let ran = bench.run().await;
        assert_eq!(ran.step(0).result, Some(result), "{script}: {:?}", ran.lines(0));
        assert!(
            ran.lines(0).first().is_none_or(|first| first.starts_with(line)) && (line.is_empty() || !ran.lines(0).is_empty()),
            "{script}: {:?}",
            ran.lines(0)
        );
    }
}

#[tokio::test]
async fn a_task_runs_from_the_agents_copy_in_the_default_working_directory() {
    let mut bench = Bench::new(vec![task("Hello", &[])]);
    bench.task("Hello", "console.log(process.cwd()); console.log(__filename)", serde_json::json!({}));
    let ran = bench.run().await;
    let work = bench.path("state/agents/1/_work");
    assert_eq!(
        ran.lines(0),
        [
            work.join("1/s").display().to_string(),
            work.join(format!("_tasks/Hello_{}/1.0.0/index.js", task_id("Hello"))).display().to_string()
        ]
    );
    let job_log = fs::read_to_string(ran.folder.join(&ran.record.stages[0].jobs[0].log)).unwrap();
    assert!(job_log.contains("Task Hello@1.0.0"), "{job_log}");
}

#[tokio::test]
async fn handlers_before_and_after_the_job_share_the_task_variables_of_their_step() {
    let state = "const v = process.env.VSTS_TASKVARIABLE_STATE || 'none'; console.log(PHASE + ' ' + v); console.log(`##vso[task.settaskvariable variable=state]${v}+${PHASE}`);";
    let handlers = |file: &str| serde_json::json!({"Node20_1": {"target": file}});
    let mut bench = Bench::new(vec![script("exit 1"), task("Around", &[])]);
    bench.pipeline.stages[0].jobs[0].steps[1].condition = step_condition("always()");
    bench.task("Around", "", serde_json::json!({"prejobexecution": handlers("pre.js"), "execution": handlers("main.js"), "postjobexecution": handlers("post.js")}));
    for phase in ["pre", "main", "post"] {
        fs::write(bench.tasks[0].folder.join(format!("{phase}.js")), format!("const PHASE = '{phase}';{state}")).unwrap();
    }
    let ran = bench.run().await;
    let names: Vec<_> = ran.record.stages[0].jobs[0].steps.iter().map(|step| step.display_name.as_str()).collect();
    assert_eq!(names, ["Pre-job: Step Around", "Step CmdLine", "Step Around", "Post-job: Step Around"]);
    assert_eq!([ran.lines(0), ran.lines(2), ran.lines(3)].map(|lines| lines.concat()), ["pre none", "main none+pre", "post none+pre+main"]);
    assert_eq!(ran.result(), TaskResult::Failed);
}

#[tokio::test]
async fn a_tasks_own_restrictions_and_output_variables() {
    let mut bench = Bench::new(vec![task("Limited", &[]), script("echo ${OK-none} ${LIMITED_OK-none} ${NO-none}")]);
    bench.task(
        "Limited",
        "for (const n of ['ok', 'no']) console.log(`##vso[task.setvariable variable=${n}]1`); console.log('##vso[build.addbuildtag]x');",
        serde_json::json!({"outputVariables": [{"name": "ok"}], "restrictions": {"commands": {"mode": "restricted"}, "settableVariables": {"allowed": ["ok"]}}}),
    );
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["none 1 none"], "a declared output variable is named after the step");
    assert_eq!(ran.step(0).warnings, 2);
}

#[tokio::test]
async fn a_task_without_a_handler_for_this_system_is_named() {
    let mut bench = Bench::new(vec![task("Windows", &[])]);
    bench.task("Windows", "", serde_json::json!({"execution": {"PowerShell3": {"target": "x.ps1"}}}));
    let ran = bench.run().await;
    assert_eq!(
        ran.step(0).issues[0].message,
        "The current operating system is not capable of running this task. Task `Windows` has the handlers `PowerShell3`; an agent on Linux or macOS runs `Node20_1` or `Node24`."
    );
}
