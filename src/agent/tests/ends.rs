//! How a task ends, in a process of its own: signals, the end of the parent, the time limit, panics. Unix: the tests
//! send signals.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use slipway_process::{Child, Command, Scope, Signal};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

/// The example, built by cargo beside this test.
fn probe_program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join("probe_task")
}

/// A running task, and its log.
struct Probe {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    log: Vec<String>,
}

impl Probe {
    fn start(mode: &str, variables: &[(&str, &str)]) -> Self {
        let command = Command::new(probe_program()).env("TF_BUILD", "True").env("INPUT_MODE", mode).env("PATH", "/usr/bin:/bin");
        Self::of(command.envs(variables.iter().copied()))
    }

    fn of(command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.take_stdout().unwrap()).lines();
        Self { child, lines, log: Vec::new() }
    }

    /// Reads until a line that begins with `start`, and returns it.
    async fn until(&mut self, start: &str) -> String {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), self.lines.next_line()).await.expect("the task prints").unwrap();
            let line = line.unwrap_or_else(|| panic!("the task ended without a line `{start}`:\n{}", self.log.join("\n")));
            self.log.push(line.clone());
            if line.starts_with(start) {
                return line;
            }
        }
    }

    fn signal(&mut self, signal: Signal) {
        self.child.signal(signal, Scope::Process).unwrap();
    }

    /// The rest of the log, and the exit status.
    async fn end(mut self) -> (String, Option<i32>) {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.log.push(line);
        }
        let status = self.child.wait().await.unwrap();
        (self.log.join("\n"), status.code())
    }
}

async fn is_running(id: &str) -> bool {
    let command = Command::new("ps").args(["-o", "stat=", "-p", id]).env("PATH", "/usr/bin:/bin");
    let mut child = command.spawn().unwrap();
    let state = BufReader::new(child.take_stdout().unwrap()).lines().next_line().await.unwrap().unwrap_or_default();
    child.wait().await.unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

async fn gone(id: &str) {
    let start = Instant::now();
    while is_running(id).await {
        assert!(start.elapsed() < Duration::from_secs(20), "process {id} still runs");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_interrupt_lets_the_task_tidy_up() {
    let mut probe = Probe::start("wait", &[]);
    probe.until("ready").await;
    probe.signal(Signal::Interrupt);
    let (log, status) = probe.end().await;
    insta::assert_snapshot!(log, @"
        ##[group]a group that is open at the end
        ready
        ##[endgroup]
        Stopping: the agent interrupts this step, because the run was cancelled or a time limit passed.
        tidied up
        When it was stopped: SLIP-PROBE: The work was not finished.
        ##vso[task.complete result=Canceled;]Canceled by the agent.
        ");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn work_that_was_finished_after_an_interrupt_counts() {
    let mut probe = Probe::start("finish", &[]);
    probe.until("ready").await;
    probe.signal(Signal::Interrupt);
    let (log, status) = probe.end().await;
    assert!(log.ends_with("##vso[task.complete result=Succeeded;]"), "{log}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn sigterm_after_an_interrupt_ends_a_stubborn_task_and_its_children() {
    let mut probe = Probe::start("stubborn", &[]);
    let grandchild = probe.until("grandchild ").await.replace("grandchild ", "");
    assert!(is_running(&grandchild).await, "it runs before");
    probe.signal(Signal::Interrupt);
    probe.until("Stopping: ").await;
    probe.signal(Signal::Terminate);
    let (log, status) = probe.end().await;
    insta::assert_snapshot!(log.replace(&grandchild, "N"), @"
        ##[group]a group that is open at the end
        grandchild N
        ##[endgroup]
        Stopping: the agent interrupts this step, because the run was cancelled or a time limit passed.
        ##vso[task.complete result=Canceled;]Canceled by the agent.
        ");
    assert_eq!(status, Some(0));
    gone(&grandchild).await;
}

#[tokio::test]
async fn sigterm_alone_ends_a_stubborn_task_soon() {
    let mut probe = Probe::start("stubborn", &[]);
    probe.until("grandchild ").await;
    let start = Instant::now();
    probe.signal(Signal::Terminate);
    let (log, status) = probe.end().await;
    // The agent kills 2.5 s after SIGTERM.
    assert!(start.elapsed() < Duration::from_millis(2_400), "{:?}", start.elapsed());
    assert!(log.contains("\nStopping: the agent ends this step.\n"), "{log}");
    assert!(log.ends_with("##vso[task.complete result=Canceled;]Canceled by the agent."), "{log}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn the_time_limit_fails_a_task_that_listens_and_one_that_does_not() {
    let limit = ("INPUT_TIMEOUTINMINUTES", "0.001");
    let (log, status) = Probe::start("wait", &[limit]).end().await;
    insta::assert_snapshot!(log, @"
        ##[group]a group that is open at the end
        ready
        ##[endgroup]
        Stopping: the time limit of this task (0.001 minutes) passed.
        tidied up
        error: SLIP-PROBE: The work was not finished.
        ##vso[task.logissue type=error;code=SLIP-DEADLINE;]SLIP-DEADLINE: The task was not done within its time limit of 0.001 minutes. Next: Look in the log for what took so long, or raise the input `timeoutInMinutes`.
        ##vso[task.logissue type=error;code=SLIP-PROBE;]SLIP-PROBE: The work was not finished.
        ##vso[task.complete result=Failed;]SLIP-DEADLINE: The task was not done within its time limit of 0.001 minutes.
        ");
    assert_eq!(status, Some(0));

    let limit = ("INPUT_TIMEOUTINMINUTES", "0.02");
    let mut probe = Probe::start("stubborn", &[limit, ("PROCESS_SIGINT_TIMEOUT", "1600")]);
    let grandchild = probe.until("grandchild ").await.replace("grandchild ", "");
    let (log, status) = probe.end().await;
    assert!(log.contains("code=SLIP-DEADLINE;]SLIP-DEADLINE: The task was not done within its time limit of 0.02 minutes."), "{log}");
    assert!(log.contains("##vso[task.complete result=Failed;]"), "{log}");
    assert_eq!(status, Some(0));
    gone(&grandchild).await;
}

#[tokio::test]
async fn a_task_whose_parent_is_gone_ends() {
    // A shell in the launcher's place: killed hard, it can tell nobody. The task's log goes on through the same pipe.
    let launcher = Command::new("/bin/sh").args(["-c", "\"$0\" & wait"]).arg(probe_program()).envs([
        ("TF_BUILD", "True"),
        ("INPUT_MODE", "stubborn"),
        ("PATH", "/usr/bin:/bin"),
    ]);
    let mut probe = Probe::of(launcher);
    let grandchild = probe.until("grandchild ").await.replace("grandchild ", "");
    probe.signal(Signal::Kill);
    probe.until("##vso[task.complete").await;
    insta::assert_snapshot!(probe.log.join("\n").replace(&grandchild, "N"), @"
        ##[group]a group that is open at the end
        grandchild N
        ##[endgroup]
        Stopping: the process that started this task is gone.
        ##vso[task.logissue type=error;code=SLIP-PARENT-GONE;]SLIP-PARENT-GONE: The process that started this task (the launcher under Node) ended before it. Next: Look in the agent's system log whether Node was killed, for instance for want of memory.
        ##vso[task.complete result=Failed;]SLIP-PARENT-GONE: The process that started this task (the launcher under Node) ended before it.
        ");
    gone(&grandchild).await;
}

#[tokio::test]
async fn a_panic_is_one_clear_line() {
    let (log, status) = Probe::start("panic", &[]).end().await;
    let place = log.split(" (").nth(1).and_then(|rest| rest.split(')').next()).unwrap_or_default().to_owned();
    assert!(place.starts_with("src/agent/examples/probe_task.rs:"), "{place}");
    let log: Vec<_> = log.lines().filter(|line| !line.starts_with("##vso[task.setsecret]")).collect();
    insta::assert_snapshot!(log.join("\n").replace(&place, "PLACE"), @"
        ##[group]a group that is open at the end
        warning: before the defect
        ##[endgroup]
        ##vso[task.logissue type=error;code=SLIP-PANIC;]SLIP-PANIC: This is a defect of Slipway: impossible **vso[task.complete result=Succeeded;] *** (PLACE). Next: Run the pipeline again with `System.Debug` set to `true` and report the log.
        ##vso[task.logissue type=warning;]before the defect
        ##vso[task.complete result=Failed;]SLIP-PANIC: a defect of Slipway.
        ");
    assert!(!log.iter().any(|line| line.contains("planted-secret")), "{log:?}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn a_panic_of_another_thread_fails_the_task_too_and_debug_shows_where() {
    let (log, status) = Probe::start("panic in a thread", &[("SYSTEM_DEBUG", "true")]).end().await;
    assert!(log.contains("SLIP-PANIC: This is a defect of Slipway: impossible, in a thread ("), "{log}");
    assert!(log.contains("##vso[task.debug]   0: "), "a backtrace: {log}");
    assert!(log.ends_with("##vso[task.complete result=Failed;]SLIP-PANIC: a defect of Slipway."), "{log}");
    assert_eq!(status, Some(0));
}

#[tokio::test]
async fn a_program_that_no_agent_started_says_so() {
    let (log, status) = Probe::of(Command::new(probe_program())).end().await;
    insta::assert_snapshot!(log, @"SLIP-NO-AGENT: This is the program of the Azure Pipelines task `Probe` 3.2.1, and no agent started it. Next: Use `Probe@3` in a pipeline; on this machine, `slipway run FILE` runs the pipeline.");
    assert_eq!(status, Some(2));
    let (log, status) = Probe::of(Command::new(probe_program()).arg("--version")).end().await;
    assert_eq!((log.as_str(), status), ("Probe 3.2.1", Some(0)));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_log_that_cannot_be_written_is_no_success() {
    for (target, expected) in [("/dev/full", 1), ("/dev/null", 0)] {
        let shell = Command::new("/bin/sh").args(["-c", "exec \"$0\" >\"$1\""]).arg(probe_program()).arg(target);
        let (_, status) = Probe::of(shell.envs([("TF_BUILD", "True"), ("INPUT_MODE", "succeed")])).end().await;
        assert_eq!(status, Some(expected), "{target}");
    }
}
