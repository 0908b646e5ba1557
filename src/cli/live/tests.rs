//! Scripted events, and what is shown of them.

use std::path::PathBuf;
use std::time::Duration;

use slipway_runner::{Event, Issue, IssueKind, JobKey, Question, QuestionKind, QuestionOutcome, TaskResult};

use super::board::Board;
use super::plain::{above, plain};
use super::report::{Report, Row, TestCounts};
use super::view::view;
use crate::text::Line;

fn seconds(seconds: f32) -> Duration {
    Duration::from_secs_f32(seconds)
}

fn key(stage: &str, job: &str) -> JobKey {
    JobKey { stage: stage.to_owned(), job: job.to_owned() }
}

fn run_started() -> Event {
    Event::RunStarted { id: 3, number: "20261124.1".to_owned(), pipeline: "ci".to_owned(), folder: PathBuf::from("/state/runs/3") }
}

fn job_started(job: &JobKey, agent: &str) -> Event {
    Event::JobStarted { job: job.clone(), display_name: format!("Job {}", job.job), agent: agent.to_owned() }
}

fn job_completed(job: &JobKey, result: TaskResult, reason: &str) -> Event {
    Event::JobCompleted {
        job: job.clone(),
        display_name: format!("Job {}", job.job),
        result,
        duration: seconds(4.0),
        reason: reason.to_owned(),
    }
}

fn step(job: &JobKey, step: usize, title: &str) -> Event {
    Event::StepStarted { job: job.clone(), step, display_name: title.to_owned() }
}

fn output(job: &JobKey, step: usize, line: &str) -> Event {
    Event::StepOutput { job: job.clone(), step, line: line.to_owned() }
}

fn step_completed(job: &JobKey, step: usize, title: &str, result: TaskResult, issues: &[(IssueKind, &str)]) -> Event {
    Event::StepCompleted {
        job: job.clone(),
        step,
        display_name: title.to_owned(),
        result,
        duration: seconds(1.25),
        issues: issues.iter().map(|(kind, message)| Issue { kind: *kind, message: (*message).to_owned() }).collect(),
        log: PathBuf::from(format!("/state/runs/3/logs/{step}.log")),
    }
}

/// One job without stages whose second step fails after many lines of output.
fn failing_run() -> Vec<Event> {
    let job = key("__default", "Job_1");
    let mut events = vec![
        run_started(),
        Event::Notice("2 uncommitted changes are part of this run:\na.txt\nb.txt".to_owned()),
        Event::StageStarted { stage: "__default".to_owned(), display_name: "__default".to_owned() },
        job_started(&job, "agent 1"),
        step(&job, 0, "Build"),
        output(&job, 0, "compiling \u{1b}[31mred\u{1b}[0m"),
        step_completed(&job, 0, "Build", TaskResult::Succeeded, &[]),
        step(&job, 1, "Test"),
    ];
    events.extend((1..=32).map(|n| output(&job, 1, &format!("test {n}"))));
    events.push(output(&job, 1, "##[error]test 32 failed"));
    let issues =
        [(IssueKind::Error, "test 32 failed"), (IssueKind::Error, "not in the log\nits second line"), (IssueKind::Warning, "slow")];
    events.extend([
        step_completed(&job, 1, "Test", TaskResult::Failed, &issues),
        step_completed(&job, 2, "Publish", TaskResult::Skipped, &[]),
        job_completed(&job, TaskResult::Failed, ""),
        Event::StageCompleted {
            stage: "__default".to_owned(),
            display_name: "__default".to_owned(),
            result: TaskResult::Failed,
            duration: seconds(5.0),
            reason: String::new(),
        },
        Event::RunCompleted { result: TaskResult::Failed, duration: seconds(5.0) },
    ]);
    events
}

fn shown(lines: impl IntoIterator<Item = Line>) -> String {
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn plain_lines_of_a_run_with_one_job() {
    let mut board = Board::default();
    let lines: Vec<Line> = failing_run()
        .iter()
        .filter(|event| !matches!(event, Event::StepOutput { line, .. } if line.starts_with("test")))
        .flat_map(|event| {
            board.apply(Duration::ZERO, event);
            plain(&mut board, event)
        })
        .collect();
    insta::assert_snapshot!(shown(lines), @r#"
        ci, run 3 (20261124.1)
        note: 2 uncommitted changes are part of this run:
          a.txt
          b.txt
        job Job Job_1: started on agent 1
        step Build: started
          compiling red
        step Build: succeeded in 1.3 s
        step Test: started
          error: test 32 failed
        step Test: failed in 1.3 s
        step Publish: skipped
        job Job Job_1: failed in 4.0 s
        "#);
}

#[test]
fn of_a_step_that_fails_the_last_lines_stay_on_the_terminal() {
    let mut board = Board::default();
    let lines: Vec<Line> = failing_run()
        .iter()
        .flat_map(|event| {
            board.apply(Duration::ZERO, event);
            above(&mut board, event)
        })
        .collect();
    insta::assert_snapshot!(shown(lines), @r#"
        note: 2 uncommitted changes are part of this run:
          a.txt
          b.txt
        step Test: failed in 1.3 s
          … 3 earlier lines in /state/runs/3/logs/1.log
          test 4
          test 5
          test 6
          test 7
          test 8
          test 9
          test 10
          test 11
          test 12
          test 13
          test 14
          test 15
          test 16
          test 17
          test 18
          test 19
          test 20
          test 21
          test 22
          test 23
          test 24
          test 25
          test 26
          test 27
          test 28
          test 29
          test 30
          test 31
          test 32
          error: test 32 failed
          not in the log
          its second line
        "#);
}

/// Two stages; in the first, two jobs at once.
fn parallel_run() -> (Board, Vec<Line>) {
    let (lint, test, deploy) = (key("Build", "Lint"), key("Build", "Test"), key("Deploy", "Deploy"));
    let stage = |name: &str| Event::StageStarted { stage: name.to_owned(), display_name: format!("Stage {name}") };
    let mut board = Board::default();
    // As the board of a pipeline begins: the jobs are there, waiting.
    for job in [&lint, &test, &deploy] {
        board.job_title(job);
    }
    let events = [
        run_started(),
        stage("Build"),
        job_started(&lint, "agent 1"),
        job_started(&test, "agent 2"),
        step(&lint, 0, "Clippy"),
        step(&test, 0, "Checkout"),
        output(&test, 0, "copied"),
        step_completed(&test, 0, "Checkout", TaskResult::Succeeded, &[]),
        step(&test, 1, "cargo test"),
        output(&test, 1, "   Compiling orders"),
        Event::StepProgress { job: lint.clone(), step: 0, percent: 40, text: "checking".to_owned() },
        output(&lint, 0, "noise"),
    ];
    let mut lines = Vec::new();
    for (index, event) in events.iter().enumerate() {
        board.apply(seconds(index as f32), event);
        lines.extend(plain(&mut board, event));
    }
    (board, lines)
}

#[test]
fn plain_lines_say_their_job_where_there_are_several() {
    insta::assert_snapshot!(shown(parallel_run().1), @r#"
        ci, run 3 (20261124.1)
        stage Stage Build: started
        job Stage Build / Job Lint: started on agent 1
        job Stage Build / Job Test: started on agent 2
        [Stage Build / Job Lint] step Clippy: started
        [Stage Build / Job Test] step Checkout: started
        [Stage Build / Job Test]   copied
        [Stage Build / Job Test] step Checkout: succeeded in 1.3 s
        [Stage Build / Job Test] step cargo test: started
        [Stage Build / Job Test]      Compiling orders
        [Stage Build / Job Lint]   noise
        "#);
}

#[test]
fn the_live_part_shows_what_runs() {
    let (board, _) = parallel_run();
    insta::assert_snapshot!(shown(view(&board, seconds(12.0), 20)), @r#"
        ci, run 3 (20261124.1)
        ⠋ Stage Build  11.0 s
          ⠋ Job Lint  10.0 s
            ⠋ Clippy  8.0 s  40 % checking
          ⠋ Job Test  9.0 s
            ✓ Checkout  1.3 s
            ⠋ cargo test  4.0 s  Compiling orders
        · Deploy
        "#);
}

#[test]
fn the_live_part_fits_into_a_low_terminal() {
    let (board, _) = parallel_run();
    for height in 1..12 {
        assert!(view(&board, seconds(12.0), height).len() <= height, "{height}");
    }
    insta::assert_snapshot!(shown(view(&board, seconds(12.0), 6)), @r#"
        ci, run 3 (20261124.1)
        ⠋ Stage Build  11.0 s
          ⠋ Job Lint  10.0 s
            ⠋ Clippy  8.0 s  40 % checking
          ⠋ Job Test  9.0 s
            ⠋ cargo test  4.0 s  Compiling orders
        "#);
}

#[test]
fn what_is_over_is_folded() {
    let (mut board, _) = parallel_run();
    let (lint, test) = (key("Build", "Lint"), key("Build", "Test"));
    board.apply(seconds(13.0), &job_completed(&lint, TaskResult::Succeeded, ""));
    insta::assert_snapshot!(shown(view(&board, seconds(13.5), 20)), @r#"
        ci, run 3 (20261124.1)
        ⠏ Stage Build  12.5 s
          ✓ Job Lint  4.0 s
          ⠏ Job Test  10.5 s
            ✓ Checkout  1.3 s
            ⠏ cargo test  5.5 s  Compiling orders
        · Deploy
        "#);
    board.apply(seconds(14.0), &job_completed(&test, TaskResult::SucceededWithIssues, ""));
    for (stage, result, reason) in [("Build", TaskResult::Failed, ""), ("Deploy", TaskResult::Skipped, "condition: succeeded()")] {
        let event = Event::StageCompleted {
            stage: stage.to_owned(),
            display_name: format!("Stage {stage}"),
            result,
            duration: seconds(14.0),
            reason: reason.to_owned(),
        };
        board.apply(seconds(14.0), &event);
    }
    insta::assert_snapshot!(shown(view(&board, seconds(15.0), 20)), @r#"
        ci, run 3 (20261124.1)
        ✗ Stage Build  failed  14.0 s
          ✓ Job Lint  4.0 s
          ! Job Test  succeeded with issues  4.0 s
        – Stage Deploy  skipped  condition: succeeded()
        "#);
}

#[test]
fn the_report_says_what_happened_and_where_things_are() {
    let row = |depth, title: &str, result, duration: f32| Row {
        depth,
        title: title.to_owned(),
        result,
        duration: seconds(duration),
        ..Row::default()
    };
    let mut report = Report {
        id: 3,
        number: "20261124.1".to_owned(),
        origin: "push to main, commit 0123abcd".to_owned(),
        pipeline: "ci".to_owned(),
        result: Some(TaskResult::Failed),
        duration: seconds(75.0),
        waits: false,
        questions: vec![],
        rows: vec![
            row(0, "Build", Some(TaskResult::Failed), 75.0),
            row(1, "Job", Some(TaskResult::Failed), 74.9),
            row(2, "Test", Some(TaskResult::Failed), 70.0),
            row(2, "Publish", Some(TaskResult::SucceededWithIssues), 0.1),
            row(0, "Deploy", Some(TaskResult::Skipped), 0.0),
            row(1, "Never", None, 0.0),
            Row { started: true, ..row(1, "Killed", None, 0.0) },
        ],
        uses: vec!["ci  shop-ci, run 6 (20261124.1); main, commit c0ffee11".to_owned()],
        triggered: vec!["shop-cd, run 8 (20261124.1): succeeded".to_owned()],
        artifacts: vec![("drop".to_owned(), PathBuf::from("/state/runs/3/artifacts/drop"))],
        tests: vec![TestCounts {
            title: "unit".to_owned(),
            passed: 11,
            failed_count: 1,
            failed: vec![("orders::rounds".to_owned(), "expected 2\ngot 3\na\nb\nc\nd".to_owned())],
            skipped: 2,
        }],
        test_results: PathBuf::from("/state/runs/3/tests.json"),
        summaries: vec![PathBuf::from("/state/runs/3/summaries/1.md")],
        logs: PathBuf::from("/state/runs/3/logs"),
    };
    report.rows[2].issues = vec![
        Issue { kind: IssueKind::Error, message: "test failed\nin orders".to_owned() },
        Issue { kind: IssueKind::Warning, message: "slow".to_owned() },
    ];
    report.rows[2].more_issues = 3;
    report.rows[2].log = PathBuf::from("/state/runs/3/logs/test.log");
    report.rows[4].reason = "the condition was false".to_owned();
    insta::assert_snapshot!(shown(report.lines()), @r"
    ci, run 3 (20261124.1): failed in 1 min 15 s
      push to main, commit 0123abcd

      failed                   1 min 15 s  Build
      failed                   1 min 15 s    Job
      failed                   1 min 10 s      Test
      succeeded with issues         0.1 s      Publish
      skipped                           –  Deploy  (the condition was false)
      not run                           –    Never
      not complete                      –    Killed

    issues
      error: Test: test failed
        in orders
      warning: Test: slow
      and 3 more of Test: /state/runs/3/logs/test.log

    tests
      11 passed, 1 failed, 2 skipped  unit
        failed: orders::rounds
          expected 2
          got 3
          a
          b
          c
      /state/runs/3/tests.json

    uses
      ci  shop-ci, run 6 (20261124.1); main, commit c0ffee11

    triggered
      shop-cd, run 8 (20261124.1): succeeded

    artifacts
      drop  /state/runs/3/artifacts/drop

    summaries
      /state/runs/3/summaries/1.md

    logs
      /state/runs/3/logs
    ");
    insta::assert_snapshot!(shown(report.brief()), @r"
    ci, run 3 (20261124.1): failed in 1 min 15 s

      failed      1 min 15 s  Build
      failed      1 min 15 s    Job
      failed      1 min 10 s      Test
      skipped              –  Deploy  (the condition was false)

    issues
      error: Test: test failed
        in orders
      warning: Test: slow
      and 3 more of Test: /state/runs/3/logs/test.log

    tests
      11 passed, 1 failed, 2 skipped  unit
        failed: orders::rounds
          expected 2
          got 3
          a
          b
          c
      /state/runs/3/tests.json

    uses
      ci  shop-ci, run 6 (20261124.1); main, commit c0ffee11

    triggered
      shop-cd, run 8 (20261124.1): succeeded

    artifacts
      drop  /state/runs/3/artifacts/drop

    summaries
      /state/runs/3/summaries/1.md

    logs
      /state/runs/3/logs
    ");
    let nothing = Report { result: None, logs: PathBuf::from("/l"), ..report.clone() };
    assert_eq!(nothing.lines()[0].to_string(), "ci, run 3 (20261124.1): not complete");
}

/// A run that goes on: one stage was over, a job consists of two parts, and a question is open.
fn resumed_run() -> Vec<Event> {
    let part = |name: &str| key("Ship", &format!("deploy.{name}"));
    let question = Question {
        id: "Ship:production".to_owned(),
        kind: QuestionKind::Approval,
        stage: "Ship".to_owned(),
        subject: "production".to_owned(),
        approvers: vec!["ada".to_owned()],
        instructions: String::new(),
        asked: "2026-11-24T14:00:00Z".to_owned(),
        expires: None,
        outcome: None,
        by: String::new(),
        comment: String::new(),
        answered: None,
    };
    vec![
        run_started(),
        Event::Kept { stage: "Build".to_owned(), job: None, result: TaskResult::Succeeded },
        Event::Asked { question: question.clone() },
        Event::Answered { question: Question { outcome: Some(QuestionOutcome::Approved), by: "eve".to_owned(), ..question.clone() } },
        Event::StageStarted { stage: "Ship".to_owned(), display_name: "Ship".to_owned() },
        Event::JobDivided {
            job: key("Ship", "deploy"),
            parts: vec![(part("preDeploy"), "deploy: preDeploy".to_owned()), (part("deploy"), "deploy: deploy".to_owned())],
        },
        Event::Kept { stage: "Ship".to_owned(), job: Some("deploy.preDeploy".to_owned()), result: TaskResult::Succeeded },
        Event::JobStarted { job: part("deploy"), display_name: "deploy: deploy".to_owned(), agent: String::new() },
        Event::Asked { question: Question { id: "v".to_owned(), kind: QuestionKind::Validation, subject: "Look".to_owned(), ..question } },
        Event::RunWaiting { questions: Vec::new() },
    ]
}

#[test]
fn a_run_that_goes_on_says_what_it_did_before_and_what_it_asks() {
    let mut board = Board::default();
    let lines: Vec<Line> = resumed_run()
        .iter()
        .flat_map(|event| {
            board.apply(Duration::ZERO, event);
            plain(&mut board, event)
        })
        .collect();
    insta::assert_snapshot!(shown(lines), @r"
        ci, run 3 (20261124.1)
        stage Build: succeeded (before the run stopped)
        waiting: the approval of the environment `production` (stage Ship)
        the approval of the environment `production` (stage Ship): approved by eve
        stage Ship: started
        job Ship / deploy: preDeploy: succeeded (before the run stopped)
        job Ship / deploy: deploy: started without an agent
        waiting: the validation `Look` (stage Ship)
        ");
    insta::assert_snapshot!(shown(view(&board, seconds(1.0), 20)), @r"
        ci, run 3 (20261124.1)
        ? waits for the validation `Look` (stage Ship)
        ✓ Build  0.0 s  before the run stopped
        ⠸ Ship  1.0 s
          ✓ deploy: preDeploy  0.0 s  before the run stopped
          ⠸ deploy: deploy  1.0 s
        ");
}
