//! One process of a step: both streams read line by line, cancelled with the agent's timings.

use std::process::ExitStatus;
use std::time::Duration;

use slipway_process::{Child, Command, Scope, Signal, SpawnError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use crate::cancellation::{Cancellation, Level};
use crate::lines::LineSplitter;
use crate::variables::Variables;

/// How long the agent waits for a process (facts/azure-pipelines-tasks.md 3.7, 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timings {
    /// From SIGINT to SIGTERM.
    pub(crate) interrupt: Duration,
    /// From SIGTERM to SIGKILL.
    pub(crate) terminate: Duration,
    /// How long an open stream is read after its process has ended: a child of its own may hold it.
    pub(crate) drain: Duration,
    /// How long a process may live after `##vso[task.complete done=true]`.
    pub(crate) after_done: Duration,
}

impl Timings {
    /// 7.5 s and 2.5 s for a cancelled process, unless the job's variables say otherwise.
    pub(crate) fn of(variables: &Variables) -> Self {
        let milliseconds = |name, default| {
            let value = variables.value(name).and_then(|value| value.trim().parse().ok()).unwrap_or(default);
            Duration::from_millis(value)
        };
        Self {
            interrupt: milliseconds("PROCESS_SIGINT_TIMEOUT", 7500),
            terminate: milliseconds("PROCESS_SIGTERM_TIMEOUT", 2500),
            drain: Duration::from_secs(5),
            after_done: Duration::from_secs(5),
        }
    }
}

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// Whether the process is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    /// The task said that it is done.
    Done,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) enum End {
    Exited(ExitStatus),
    /// It said that it was done and had not ended five seconds later.
    Done,
}

impl End {
    /// The exit code as .NET reports it: 128 + n for a death by signal n.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Exited(status) => {
                #[cfg(unix)]
                let signal = std::os::unix::process::ExitStatusExt::signal(status);
                #[cfg(not(unix))]
                let signal: Option<i32> = None;
                status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default())
            }
            Self::Done => 0,
        }
    }
}

/// Runs `command` to its end. Lines go to `on_line` as they come. `stop` cancels: as the agent does, only the started
/// process gets the signals; [`Level::Kill`] ends its whole tree at once.
///
/// The child is returned, since what it left running lives until the job ends.
pub(crate) async fn run(
    command: Command,
    stop: &Cancellation,
    timings: Timings,
    mut on_line: impl FnMut(Stream, &str) -> Flow,
) -> Result<(End, Child), SpawnError> {
    let mut child = command.spawn()?;
    prefer_for_out_of_memory(child.id());
    let (mut output, mut error) = (Reader::new(child.take_stdout()), Reader::new(child.take_stderr()));
    let mut status = None;
    // What a cancelled process gets next, and when.
    let mut next: Option<(Instant, Signal)> = None;
    let (mut asked, mut killed) = (false, false);
    let mut drained = None;
    let mut done = None;
    loop {
        if let Some(status) = status
            && output.ended()
            && error.ended()
        {
            return Ok((End::Exited(status), child));
        }
        let (stream, lines) = tokio::select! {
            lines = output.read(), if !output.ended() => (Stream::Output, lines),
            lines = error.read(), if !error.ended() => (Stream::Error, lines),
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.unwrap_or_default());
                drained = Some(Instant::now() + timings.drain);
                continue;
            }
            () = stop.reached(Level::Kill), if !killed => {
                killed = true;
                next = None;
                // The process may be gone already: nothing to do then.
                let _ = child.signal(Signal::Kill, Scope::Tree);
                continue;
            }
            () = stop.reached(Level::Cancel), if !asked && !killed && status.is_none() => {
                asked = true;
                let _ = child.signal(Signal::Interrupt, Scope::Process);
                next = Some((Instant::now() + timings.interrupt, Signal::Terminate));
                continue;
            }
            () = until(next.map(|(when, _)| when)), if status.is_none() => {
                if let Some((_, signal)) = next.take() {
                    let _ = child.signal(signal, Scope::Process);
                    next = (signal == Signal::Terminate).then(|| (Instant::now() + timings.terminate, Signal::Kill));
                }
                continue;
            }
            () = until(done) => return Ok((End::Done, child)),
            () = until(drained) => {
                return Ok((End::Exited(status.unwrap_or_default()), child));
            }
        };
        for line in lines {
            if on_line(stream, &line) == Flow::Done {
                done = done.or_else(|| Some(Instant::now() + timings.after_done));
            }
        }
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

struct Reader<R> {
    stream: Option<R>,
    splitter: LineSplitter,
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    fn new(stream: Option<R>) -> Self {
        Self { stream, splitter: LineSplitter::default(), buffer: vec![0; 16 * 1024] }
    }

    fn ended(&self) -> bool {
        self.stream.is_none()
    }

    /// The next complete lines; at the end of the stream, or when it breaks, the rest.
    async fn read(&mut self) -> Vec<String> {
        let Some(stream) = &mut self.stream else { return Vec::new() };
        match stream.read(&mut self.buffer).await {
            Ok(count) if count > 0 => self.splitter.push(&self.buffer[..count]),
            _ => {
                self.stream = None;
                self.splitter.finish().into_iter().collect()
            }
        }
    }
}

/// The agent makes the kernel prefer a job's processes when memory runs out.
fn prefer_for_out_of_memory(process: u32) {
    #[cfg(target_os = "linux")]
    // A kernel or a container that refuses this takes nothing from the run.
    let _ = std::fs::write(format!("/proc/{process}/oom_score_adj"), "500");
    #[cfg(not(target_os = "linux"))]
    let _ = process;
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const QUICK: Timings = Timings { interrupt: SHORT, terminate: SHORT, drain: SHORT, after_done: SHORT };

    fn shell(script: &str) -> Command {
        Command::new("/bin/sh").arg("-c").arg(script).env("PATH", "/usr/bin:/bin")
    }

    /// Runs `script`, cancels when it prints `ready`, and returns its lines and exit code.
    async fn cancelled(script: &str, level: Level) -> (Vec<String>, i32) {
        let stop = Cancellation::new();
        let mut lines = Vec::new();
        let (end, _child) = run(shell(script), &stop, QUICK, |_, line| {
            if line == "ready" {
                stop.raise(level);
            }
            lines.push(line.to_owned());
            Flow::Continue
        })
        .await
        .unwrap();
        (lines, end.code())
    }

    #[tokio::test]
    async fn both_streams_are_read_and_the_exit_code_returned() {
        let mut lines = Vec::new();
        let (end, _child) = run(shell("echo out; echo err >&2; printf last; exit 3"), &Cancellation::new(), QUICK, |stream, line| {
            lines.push((stream == Stream::Error, line.to_owned()));
            Flow::Continue
        })
        .await
        .unwrap();
        lines.sort();
        assert_eq!(lines, [(false, "last".into()), (false, "out".into()), (true, "err".into())]);
        assert_eq!(end.code(), 3);
    }

    #[tokio::test]
    async fn a_cancelled_process_is_interrupted_then_terminated_then_killed() {
        let (lines, code) = cancelled("trap 'echo INT; exit 5' INT; echo ready; while :; do sleep 0.01; done", Level::Cancel).await;
        assert_eq!((lines, code), (vec!["ready".into(), "INT".into()], 5));
        let (lines, code) =
            cancelled("trap 'echo INT' INT; trap 'echo TERM; exit 6' TERM; echo ready; while :; do sleep 0.01; done", Level::Cancel).await;
        assert_eq!((lines, code), (vec!["ready".into(), "INT".into(), "TERM".into()], 6));
        let (lines, code) =
            cancelled("trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.01; done", Level::Cancel).await;
        assert_eq!((lines, code), (vec!["ready".into(), "INT".into(), "TERM".into()], 137));
    }

    #[tokio::test]
    async fn killing_ends_the_tree_at_once() {
        let begun = std::time::Instant::now();
        let (lines, code) = cancelled("trap '' INT TERM; sleep 60 & echo ready; wait", Level::Kill).await;
        assert_eq!((lines, code), (vec!["ready".into()], 137));
        assert!(begun.elapsed() < Duration::from_secs(3), "the sleeping grandchild held the stream");
    }

    #[tokio::test]
    async fn what_a_process_leaves_behind_holds_its_streams_for_a_while_only() {
        let (end, mut child) = run(shell("sleep 60 & exit 0"), &Cancellation::new(), QUICK, |_, _| Flow::Continue).await.unwrap();
        assert_eq!(end.code(), 0);
        child.end_tree().await.unwrap();
    }

    #[tokio::test]
    async fn a_task_that_is_done_is_left_after_a_while() {
        let (end, _child) = run(shell("echo done; sleep 60"), &Cancellation::new(), QUICK, |_, _| Flow::Done).await.unwrap();
        assert!(matches!(end, End::Done));
    }

    #[test]
    fn timings_come_from_the_jobs_variables() {
        let mut variables = Variables::new();
        let defaults = Timings::of(&variables);
        assert_eq!((defaults.interrupt, defaults.terminate), (Duration::from_millis(7500), Duration::from_millis(2500)));
        variables.set_plain("process_sigint_timeout", "10");
        assert_eq!(Timings::of(&variables).interrupt, Duration::from_millis(10));
    }
}
