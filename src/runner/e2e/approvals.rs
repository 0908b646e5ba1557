//! Environments' approvals and `ManualValidation@1`.

use slipway_pipelines::{Deployment, EnvironmentUse, Hook, JobKind, RunOnce};

use super::*;
use crate::approval::{EnvironmentApproval, QuestionOutcome};
use crate::store::RunState;

pub(super) fn hook(steps: Vec<Step>) -> Option<Hook> {
    Some(Hook { pool: Some(Pool::default()), steps, place: place() })
}

pub(super) fn deployment(name: &str, environment: &str, hooks: RunOnce) -> Job {
    let environment = EnvironmentUse { name: environment.into(), resource: None, place: place() };
    Job { kind: JobKind::Deployment(Box::new(Deployment { environment, hooks })), ..job(name, vec![]) }
}

fn deploys(steps: Vec<Step>) -> Job {
    deployment("d", "production", RunOnce { deploy: hook(steps), ..RunOnce::default() })
}

fn needs_approval(minutes: u32) -> Vec<Environment> {
    let approval =
        EnvironmentApproval { approvers: vec!["ada".into()], instructions: "Look at staging".into(), timeout_in_minutes: minutes };
    vec![Environment { name: "Production".into(), approval: Some(approval) }]
}

fn validation(inputs: &[(&str, &str)], minutes: u32) -> Job {
    let mut step = task("ManualValidation", inputs);
    step.timeout_in_minutes = minutes;
    Job { kind: JobKind::Server, timeout_in_minutes: 0, ..job("ask", vec![step]) }
}

fn after(mut job: Job, name: &str) -> Job {
    job.depends_on = vec![name.into()];
    job
}

#[tokio::test]
async fn an_environment_without_approval_is_used_at_once() {
    let ran = Bench::of_jobs(vec![deploys(vec![script("echo $ENVIRONMENT_NAME")])]).run().await;
    assert_eq!(ran.job_lines("s", "d.deploy", 0), ["production"]);
    assert!(ran.record.notices[0].starts_with("The environment `production` is not among `environments`"), "{:?}", ran.record.notices);
}

#[tokio::test]
async fn an_approval_holds_up_the_whole_stage_and_is_kept() {
    let mut bench = Bench::of_stages(vec![
        stage("build", &[], vec![job("j", vec![script("echo built")])]),
        stage("deploy", &["build"], vec![job("first", vec![script("echo first")]), deploys(vec![script("echo deployed")])]),
        stage("after", &["deploy"], vec![job("j", vec![script("echo after")])]),
    ]);
    bench.environments = needs_approval(60);
    let ran = bench.run().await;
    let RunOutcome::Waiting(questions) = &ran.summary.outcome else { panic!("{:?}", ran.summary) };
    let asked: Vec<_> = questions.iter().map(|q| (q.stage.as_str(), q.subject.as_str(), q.instructions.as_str())).collect();
    assert_eq!(asked, [("deploy", "production", "Look at staging")]);
    assert_eq!(ran.record.state, RunState::Waiting);
    let results: Vec<_> = ran.record.stages.iter().map(|stage| (stage.started.is_some(), stage.result)).collect();
    assert_eq!(results, [(true, Some(TaskResult::Succeeded)), (false, None), (false, None)], "no job of the stage has begun");
    // Nobody answers again: it stops again.
    let again = bench.resume(1, None).await;
    assert!(matches!(again.summary.outcome, RunOutcome::Waiting(_)), "{:?}", again.summary);
    assert!(again.job_lines("build", "j", 0).is_empty(), "what was over does not run again");
    let ran = bench.resume(1, Some(answer(Decision::Approve))).await;
    assert_eq!((ran.result(), ran.summary.id), (TaskResult::Succeeded, 1));
    assert_eq!([ran.job_lines("deploy", "first", 0), ran.job_lines("after", "j", 0)], [["first"], ["after"]]);
    let question = &ran.record.questions[0];
    assert_eq!(
        (question.outcome, question.by.as_str(), question.comment.as_str()),
        (Some(QuestionOutcome::Approved), "ada", "looked at it")
    );
    let error = bench.try_start(Some((1, None))).await.err().unwrap().to_string();
    assert_eq!(error, "run 1 does not wait for anything");
}

#[tokio::test]
async fn a_rejected_approval_fails_the_stage_and_says_who() {
    let mut bench = Bench::of_stages(vec![
        stage("deploy", &[], vec![deploys(vec![script("true")])]),
        stage("after", &["deploy"], vec![job("j", vec![script("true")])]),
    ]);
    bench.environments = needs_approval(60);
    bench.answers = Answers::All(Decision::Reject);
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Failed);
    let results: Vec<_> = ran.record.stages.iter().map(|stage| (stage.result.unwrap(), stage.jobs[0].result.unwrap())).collect();
    assert_eq!(results, [(TaskResult::Failed, TaskResult::Skipped), (TaskResult::Skipped, TaskResult::Skipped)]);
    assert_eq!(
        ran.record.stages[0].reason,
        "`ada` rejected the use of the environment `production`: looked at it. Nothing of the stage ran; what speaks against it must be put right, and the pipeline run again."
    );
}

#[tokio::test]
async fn an_approval_that_nobody_gives_in_time_skips_the_stage_and_fails_the_run() {
    let mut bench = Bench::of_stages(vec![stage("deploy", &[], vec![deploys(vec![script("true")])])]);
    bench.environments = needs_approval(2);
    bench.minute = Duration::from_millis(20);
    bench.answers = Answers::Thinking;
    let ran = bench.run().await;
    assert_eq!((ran.result(), ran.record.stages[0].result), (TaskResult::Failed, Some(TaskResult::Skipped)));
    assert_eq!(
        ran.record.stages[0].reason,
        "Nobody approved the use of the environment `production` within 2 minutes. Nothing of the stage ran; run the pipeline again."
    );
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_none() {
    let mut bench = Bench::of_stages(vec![stage("deploy", &[], vec![deploys(vec![script("true")])])]);
    bench.environments = needs_approval(1);
    bench.minute = Duration::ZERO;
    // With no time at all the first look is too late already, and an answer that is at hand does not win over it.
    bench.answers = Answers::All(Decision::Approve);
    assert_eq!(bench.run().await.record.questions[0].outcome, Some(QuestionOutcome::TimedOut));
}

#[tokio::test]
async fn who_cancels_instead_of_answering_cancels_the_run() {
    let mut bench = Bench::of_stages(vec![stage("deploy", &[], vec![deploys(vec![script("true")])])]);
    bench.environments = needs_approval(60);
    bench.answers = Answers::Cancels;
    let ran = bench.run().await;
    assert_eq!((ran.result(), ran.record.stages[0].result), (TaskResult::Canceled, Some(TaskResult::Canceled)));
    assert_eq!(ran.record.questions[0].outcome, None);
}

#[tokio::test]
async fn a_validation_needs_no_agent_and_lets_the_run_go_on() {
    let mut bench = Bench::of_jobs(vec![
        validation(&[("notifyUsers", "ada, bob"), ("instructions", "Try $(Build.BuildId)")], 0),
        after(job("next", vec![script("echo next")]), "ask"),
    ]);
    bench.answers = Answers::All(Decision::Approve);
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!(
        ran.job_lines("s", "ask", 0),
        ["Waiting for a person to validate the run.", "To be told: ada, bob", "Instructions: Try 1", "`ada` resumed the run: looked at it"]
    );
    assert_eq!((ran.record.stages[0].jobs[0].agent.as_str(), ran.job_lines("s", "next", 0)), ("", vec!["next".to_owned()]));
}

#[tokio::test]
async fn a_rejected_validation_fails_its_job() {
    let mut bench = Bench::of_jobs(vec![validation(&[("notifyUsers", "")], 0), after(job("next", vec![script("true")]), "ask")]);
    bench.answers = Answers::All(Decision::Reject);
    let ran = bench.run().await;
    assert_eq!(ran.jobs(), [("s.ask".to_owned(), TaskResult::Failed), ("s.next".to_owned(), TaskResult::Skipped)]);
    assert_eq!(
        ran.step(0).issues[0].message,
        "`ada` rejected the validation: looked at it. What speaks against it must be put right, and the pipeline run again."
    );
}

#[tokio::test]
async fn a_validation_that_times_out_does_what_it_says() {
    for (on_timeout, result, said) in [
        ("resume", TaskResult::Succeeded, "Nobody answered within 2 minutes: the run goes on (`onTimeout: resume`)."),
        (
            "reject",
            TaskResult::Failed,
            "##[error]Nobody answered within 2 minutes: the validation counts as rejected (`onTimeout: reject`). Run the pipeline again.",
        ),
    ] {
        let mut bench = Bench::of_jobs(vec![validation(&[("notifyUsers", ""), ("onTimeout", on_timeout)], 2)]);
        bench.minute = Duration::from_millis(10);
        bench.answers = Answers::Thinking;
        let ran = bench.run().await;
        assert_eq!((ran.result(), ran.job_lines("s", "ask", 0).last().unwrap().as_str()), (result, said));
    }
}

#[tokio::test]
async fn the_time_of_the_job_ends_a_validation_that_has_more() {
    let mut ask = validation(&[("notifyUsers", ""), ("onTimeout", "resume")], 50);
    ask.timeout_in_minutes = 1;
    let mut bench = Bench::of_jobs(vec![ask]);
    bench.minute = Duration::from_millis(10);
    bench.answers = Answers::Thinking;
    let ran = bench.run().await;
    assert_eq!(ran.jobs(), [("s.ask".to_owned(), TaskResult::Canceled)]);
    assert_eq!(
        ran.record.stages[0].jobs[0].reason,
        "The job ran longer than the maximum time of 1 minute. Its limit is `timeoutInMinutes`."
    );
}

#[tokio::test]
async fn a_run_stops_only_when_nothing_else_can_go_on_and_keeps_what_it_did() {
    let secret = "echo '##vso[task.setvariable variable=v;isOutput=true]plain'; \
                  echo '##vso[task.setsecret]hunter2'; echo '##vso[task.setvariable variable=w;isOutput=true]a hunter2'; mkdir o; echo x > o/f";
    let publish = task("PublishPipelineArtifact", &[("targetPath", "o"), ("artifactName", "drop")]);
    let mut last = job("last", vec![script("echo \"<$V><$W>$COUNT\"; cat $(Pipeline.Workspace)/f")]);
    let download = task("DownloadPipelineArtifact", &[("artifactName", "drop"), ("targetPath", "$(Pipeline.Workspace)")]);
    last.steps.insert(0, download);
    last.depends_on = vec!["ask".into(), "first".into()];
    last.variables =
        vec![variable("v", "$[ dependencies.first.outputs['CmdLine.v'] ]"), variable("w", "$[ dependencies.first.outputs['CmdLine.w'] ]")];
    let mut bench = Bench::of_jobs(vec![validation(&[("notifyUsers", "")], 0), job("first", vec![script(secret), publish]), last]);
    bench.pipeline.variables.push(variable("count", "$[ counter('c', 7) ]"));
    let ran = bench.run().await;
    assert!(matches!(&ran.summary.outcome, RunOutcome::Waiting(questions) if questions.len() == 1), "{:?}", ran.summary);
    assert_eq!(ran.record.stages[0].jobs[1].result, Some(TaskResult::Succeeded), "the other job runs to its end");
    let ran = bench.resume(1, Some(answer(Decision::Approve))).await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!(ran.job_lines("s", "last", 1), ["<plain><>7", "x"]);
    assert_eq!(
        ran.record.notices,
        [
            "The output `CmdLine.w` of `s.first` held a secret. No secret is kept while a run waits, so it is empty from here on; read the value again in the job that needs it."
        ]
    );
    assert!(!ran.everything(&bench).contains("hunter2"));
    assert!(ran.everything(&bench).contains("<plain><>7"), "it would be seen");
}

#[tokio::test]
async fn the_answer_of_a_resumption_is_for_what_the_run_waits_for_and_nothing_later() {
    let mut later = deployment("d", "later", RunOnce { deploy: hook(vec![script("true")]), ..RunOnce::default() });
    later.depends_on.clear();
    let mut bench = Bench::of_stages(vec![stage("one", &[], vec![deploys(vec![script("true")])]), stage("two", &["one"], vec![later])]);
    bench.environments = needs_approval(60);
    bench.environments.push(Environment { name: "later".into(), ..bench.environments[0].clone() });
    bench.run().await;
    let ran = bench.resume(1, Some(answer(Decision::Approve))).await;
    let RunOutcome::Waiting(questions) = &ran.summary.outcome else { panic!("{:?}", ran.summary) };
    assert_eq!(questions.iter().map(|question| question.subject.as_str()).collect::<Vec<_>>(), ["later"]);
    assert_eq!(ran.record.stages[0].result, Some(TaskResult::Succeeded));
    let ran = bench.resume(1, Some(answer(Decision::Reject))).await;
    assert_eq!(ran.result(), TaskResult::Failed);
    let outcomes: Vec<_> = ran.record.questions.iter().map(|question| question.outcome.unwrap()).collect();
    assert_eq!(outcomes, [QuestionOutcome::Approved, QuestionOutcome::Rejected]);
}

#[tokio::test]
async fn stages_side_by_side_are_asked_about_one_after_the_other() {
    let other = deployment("d", "other", RunOnce { deploy: hook(vec![script("true")]), ..RunOnce::default() });
    let mut bench = Bench::of_stages(vec![stage("one", &[], vec![deploys(vec![script("true")])]), stage("two", &[], vec![other])]);
    bench.environments = needs_approval(60);
    bench.environments.push(Environment { name: "other".into(), ..bench.environments[0].clone() });
    bench.answers = Answers::AllOneByOne;
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!(ran.record.questions.len(), 2);
    // Without an answer both wait, and one answer is for both.
    bench.answers = Answers::Nobody;
    let ran = bench.run().await;
    assert!(matches!(&ran.summary.outcome, RunOutcome::Waiting(questions) if questions.len() == 2), "{:?}", ran.summary);
    assert_eq!(bench.resume(2, Some(answer(Decision::Approve))).await.result(), TaskResult::Succeeded);
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_something_waits_is_over() {
    let mut bench = Bench::of_jobs(vec![validation(&[("notifyUsers", "")], 0), job("busy", vec![script("echo now; sleep 30")])]);
    cancelling::quick(&mut bench);
    bench.cancel_on = Some("now");
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Canceled);
    assert_eq!(ran.jobs(), [("s.ask".to_owned(), TaskResult::Canceled), ("s.busy".to_owned(), TaskResult::Canceled)]);
    assert_eq!(ran.record.state, RunState::Completed);
}

#[tokio::test]
async fn a_task_that_needs_the_other_kind_of_job_is_refused() {
    let mut on_server = job("server", vec![script("true")]);
    on_server.kind = JobKind::Server;
    let bench = Bench::of_jobs(vec![on_server, job("agent", vec![task("ManualValidation", &[])])]);
    assert_eq!(
        bench.try_run().await.err().unwrap().to_string(),
        "ci.yml:1:1: the task `CmdLine@1` has no agent to run on (`pool: server`); without one only `ManualValidation@1` runs on this machine. Give the job a pool with agents, or take the step out.\n\
         ci.yml:1:1: the task `ManualValidation@1` runs in a job without an agent only. Give its job `pool: server`."
    );
}
