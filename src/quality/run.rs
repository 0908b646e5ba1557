use std::ffi::OsString;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use slipway_process::{Child, Command, Scope, Signal};
use slipway_secret::Secret;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use crate::ecosystem::{self, End, Interpreter, Stream};
use crate::lines::Splitter;
use crate::{CheckOutcome, CheckReport, CommandLine, Plan, PlannedCheck, Report};

/// After how long without a line [`Event::Silence`] is told, and again.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a program has after being asked to end, after being asked again, and before it is ended. An agent that cancels a task gives it ten
/// seconds in all (facts/azure-pipelines-tasks.md), so this is well below.
const GRACE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(1)];
/// How long output is awaited from processes that left the tree of a program that is gone.
const DRAIN: Duration = Duration::from_secs(2);

/// The environments of the programs: nothing else reaches them.
#[derive(Clone, Debug, Default)]
pub struct Environments {
    /// What every program gets.
    pub base: Vec<(String, OsString)>,
    /// What the programs of integration tests get besides, and cargo-nextest, where it starts them; never a compiler.
    pub integration_tests: Vec<(String, Secret)>,
}

/// What happens, as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A check starts.
    CheckStarted {
        /// The check.
        check: crate::Check,
        /// The folder of the workspace, as [`crate::Workspace::folder`].
        workspace: String,
    },
    /// A command of it starts.
    CommandStarted {
        /// The command, as a person would type it.
        command: String,
    },
    /// A line of output. Untrusted text: may hold anything but line ends, and be as long as a program likes
    /// ([`crate::shortened`]).
    Output {
        /// The line.
        line: String,
    },
    /// Nothing was printed for so long.
    Silence {
        /// Since the last line.
        lasted: Duration,
        /// The command that is silent.
        command: String,
    },
    /// A check ended.
    CheckEnded(CheckReport),
}

/// Runs a plan: every check, whatever became of those before it, until `stop` ends; then what runs is ended and
/// nothing further starts.
///
/// Programs are started in process groups of their own and ended with all that they started. Must run on the main
/// thread of a current-thread runtime (see [`Command::spawn`]).
pub async fn run(plan: &Plan, environment: &Environments, stop: impl Future<Output = ()>, on_event: &mut dyn FnMut(Event)) -> Report {
    let mut session = Session { environment, stop: pin!(stop), stopped: false, silence: SILENCE, on_event };
    let mut report = Report::default();
    for planned in &plan.steps {
        session.check(planned, &mut report).await;
    }
    report
}

struct Session<'a, F> {
    environment: &'a Environments,
    stop: Pin<&'a mut F>,
    stopped: bool,
    silence: Duration,
    on_event: &'a mut dyn FnMut(Event),
}

impl<F: Future<Output = ()>> Session<'_, F> {
    async fn check(&mut self, planned: &PlannedCheck, report: &mut Report) {
        let workspace = &planned.workspace;
        let mut outcome = CheckReport {
            check: planned.check,
            ecosystem: workspace.ecosystem,
            workspace: workspace.folder.clone(),
            tools: planned.tools.clone(),
            outcome: CheckOutcome::NotRun,
            reason: Some("the run was stopped before".into()),
            hint: None,
            duration: Duration::ZERO,
        };
        let Some(ecosystem) = ecosystem::by_name(workspace.ecosystem).filter(|_| !self.stopped) else {
            report.checks.push(outcome);
            return;
        };
        (self.on_event)(Event::CheckStarted { check: planned.check, workspace: workspace.folder.clone() });
        let started = Instant::now();
        if let Some((reason, hint)) = &planned.obstacle {
            outcome.outcome = CheckOutcome::Failed;
            (outcome.reason, outcome.hint) = (Some(reason.clone()), Some(hint.clone()));
        } else {
            let mut interpreter = ecosystem.interpret(planned);
            let end = self.commands(planned, started, interpreter.as_mut()).await;
            let verdict = interpreter.finish();
            for finding in verdict.findings {
                if !report.findings.iter().any(|known| known.is_same(&finding)) {
                    report.findings.push(finding);
                }
            }
            report.tests.extend(verdict.tests);
            (outcome.outcome, outcome.reason, outcome.hint) = match end {
                Ok(None | Some(End::Exited(_))) => (verdict.outcome, verdict.reason, verdict.hint),
                Ok(Some(End::TimedOut(limit))) => (
                    CheckOutcome::TimedOut,
                    Some(format!("did not end within {}; it was ended, with all that it had started", in_words(limit))),
                    Some("give it more time, or find what hangs: the last lines of its output tell where it was".into()),
                ),
                Ok(Some(End::Stopped)) => (CheckOutcome::Stopped, Some("stopped while it ran".into()), None),
                Err(reason) => (CheckOutcome::Failed, Some(reason), Some("check that the program can be run on this machine".into())),
            };
        }
        outcome.duration = started.elapsed();
        report.checks.push(outcome.clone());
        (self.on_event)(Event::CheckEnded(outcome));
    }

    /// Runs the planned commands and those that follow from them. How the last one ended, if there was one; or why one
    /// did not start.
    async fn commands(
        &mut self,
        planned: &PlannedCheck,
        started: Instant,
        interpreter: &mut dyn Interpreter,
    ) -> Result<Option<End>, String> {
        let mut waiting: std::collections::VecDeque<_> = planned.commands.iter().cloned().collect();
        let mut last = None;
        while let Some(command) = waiting.pop_front() {
            if !command.quiet {
                (self.on_event)(Event::CommandStarted { command: command.to_string() });
            }
            let begun = Instant::now();
            let end = self.command(&command, planned.timeout, started + planned.timeout, interpreter).await?;
            let further = interpreter.ended(end, begun.elapsed());
            last = Some(end);
            if !matches!(end, End::Exited(_)) {
                break;
            }
            for command in further.into_iter().rev() {
                waiting.push_front(command);
            }
        }
        Ok(last)
    }

    /// The variable that names the folders of shared libraries, those of the command first.
    fn library_path(&self, line: &CommandLine) -> Option<(&'static str, OsString)> {
        let name = match () {
            () if cfg!(windows) => "PATH",
            () if cfg!(target_os = "macos") => "DYLD_FALLBACK_LIBRARY_PATH",
            () => "LD_LIBRARY_PATH",
        };
        let set = self.environment.base.iter().rev().find(|(set, _)| set.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        let folders = line.library_folders.iter().cloned().chain(set.iter().flat_map(std::env::split_paths));
        // A folder whose name holds the separator cannot be named.
        std::env::join_paths(folders).ok().filter(|_| !line.library_folders.is_empty()).map(|value| (name, value))
    }

    async fn command(
        &mut self,
        line: &CommandLine,
        limit: Duration,
        deadline: Instant,
        interpreter: &mut dyn Interpreter,
    ) -> Result<End, String> {
        let mut command = Command::new(&line.program).args(&line.arguments).folder(&line.folder);
        command = command.envs(self.environment.base.iter().map(|(name, value)| (name, value)));
        command = command.envs(line.environment.iter().map(|(name, value)| (name, value)));
        command = command.envs(self.library_path(line));
        if line.integration_test {
            command = command.envs(self.environment.integration_tests.iter().map(|(name, value)| (name, value.expose())));
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut reader = Reader { interpreter, on_event: self.on_event, told: Instant::now() };
        let (mut stdout, mut stderr) = (Pipe::new(child.take_stdout()), Pipe::new(child.take_stderr()));

        let mut silences = 0;
        let mut end = None;
        while end.is_none() {
            let silent_at = reader.told + self.silence * (silences + 1);
            tokio::select! {
                status = child.wait() => end = Some(End::Exited(status.map_err(|error| error.to_string())?)),
                () = stdout.read(), if stdout.open() => reader.take(Stream::Stdout, &mut stdout),
                () = stderr.read(), if stderr.open() => reader.take(Stream::Stderr, &mut stderr),
                () = tokio::time::sleep_until(deadline) => end = Some(End::TimedOut(limit)),
                () = self.stop.as_mut(), if !self.stopped => {
                    self.stopped = true;
                    end = Some(End::Stopped);
                }
                () = tokio::time::sleep_until(silent_at) => {
                    silences += 1;
                    (reader.on_event)(Event::Silence { lasted: reader.told.elapsed(), command: line.to_string() });
                }
            }
            if reader.told + self.silence > Instant::now() {
                silences = 0;
            }
        }
        let end = end.unwrap_or(End::Stopped);
        if !matches!(end, End::Exited(_)) {
            // Asked first, so that a test can tidy up; its last words are heard. Asked again, a program that waits for
            // its own children ends them (nextest keeps each test in a group of its own, which nobody else knows).
            for grace in GRACE {
                let _ = child.signal(Signal::Terminate, Scope::Tree);
                let asked = Instant::now();
                while drain(&mut child, &mut stdout, &mut stderr, &mut reader, asked + grace).await {}
            }
        }
        let _ = child.end_tree().await;
        let gone = Instant::now();
        while (stdout.open() || stderr.open()) && gone.elapsed() < DRAIN {
            tokio::select! {
                () = stdout.read(), if stdout.open() => reader.take(Stream::Stdout, &mut stdout),
                () = stderr.read(), if stderr.open() => reader.take(Stream::Stderr, &mut stderr),
                () = tokio::time::sleep_until(gone + DRAIN) => {}
            }
        }
        reader.rest(Stream::Stdout, &mut stdout);
        reader.rest(Stream::Stderr, &mut stderr);
        Ok(end)
    }
}

/// Reads on while the child ends. Whether to go on.
async fn drain(
    child: &mut Child,
    stdout: &mut Pipe<impl AsyncRead + Unpin>,
    stderr: &mut Pipe<impl AsyncRead + Unpin>,
    reader: &mut Reader<'_>,
    until: Instant,
) -> bool {
    tokio::select! {
        _ = child.wait() => false,
        () = stdout.read(), if stdout.open() => { reader.take(Stream::Stdout, stdout); true }
        () = stderr.read(), if stderr.open() => { reader.take(Stream::Stderr, stderr); true }
        () = tokio::time::sleep_until(until) => false,
    }
}

/// One of a child's outputs.
struct Pipe<R> {
    source: Option<R>,
    buffer: Vec<u8>,
    filled: usize,
    splitter: Splitter,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(source: Option<R>) -> Self {
        Self { source, buffer: vec![0; 16 * 1024], filled: 0, splitter: Splitter::default() }
    }

    fn open(&self) -> bool {
        self.source.is_some()
    }

    /// Waits for bytes, or for the end, which closes the pipe. Cancel safe: nothing is lost between the await and its end.
    async fn read(&mut self) {
        let Some(source) = &mut self.source else { return };
        match source.read(&mut self.buffer).await {
            Ok(count) if count > 0 => self.filled = count,
            _ => self.source = None,
        }
    }
}

/// Hands lines to the interpreter, and what it shows to the listener.
struct Reader<'a> {
    interpreter: &'a mut dyn Interpreter,
    on_event: &'a mut dyn FnMut(Event),
    /// When something was shown last.
    told: Instant,
}

impl Reader<'_> {
    fn take<R>(&mut self, stream: Stream, pipe: &mut Pipe<R>) {
        let filled = std::mem::take(&mut pipe.filled);
        let lines = pipe.splitter.push(&pipe.buffer[..filled]);
        self.lines(stream, lines);
    }

    fn rest<R>(&mut self, stream: Stream, pipe: &mut Pipe<R>) {
        let lines = pipe.splitter.finish();
        self.lines(stream, lines);
    }

    fn lines(&mut self, stream: Stream, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            for shown in self.interpreter.line(stream, &line) {
                self.told = Instant::now();
                (self.on_event)(Event::Output { line: shown });
            }
        }
    }
}

/// `90 s`, `30 min`.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::ecosystem::Verdict;

    /// Shows every line.
    struct Plain;

    impl Interpreter for Plain {
        fn line(&mut self, _: Stream, line: &str) -> Vec<String> {
            vec![line.to_owned()]
        }

        fn ended(&mut self, _: End, _: Duration) -> Vec<CommandLine> {
            Vec::new()
        }

        fn finish(self: Box<Self>) -> Verdict {
            Verdict { findings: Vec::new(), tests: Vec::new(), outcome: CheckOutcome::Passed, reason: None, hint: None }
        }
    }

    /// What is told while a shell runs `script`.
    async fn told(script: &str, silence: Duration, limit: Duration) -> (End, Vec<Event>) {
        let environment = Environments { base: vec![("PATH".into(), "/usr/bin:/bin".into())], ..Environments::default() };
        let mut events = Vec::new();
        let mut listen = |event| events.push(event);
        let stop = pin!(std::future::pending());
        let mut session = Session { environment: &environment, stop, stopped: false, silence, on_event: &mut listen };
        let command = CommandLine::new("/bin/sh", &["-c", script], "/");
        let end = session.command(&command, limit, Instant::now() + limit, &mut Plain).await.unwrap();
        (end, events)
    }

    #[tokio::test]
    async fn silence_is_told_again_and_again_and_a_line_breaks_it() {
        // The shell is silent for longer than three silences; how many there are depends on the machine.
        let (_, events) = told("echo one; sleep 0.5; echo two", Duration::from_millis(100), Duration::from_secs(60)).await;
        let one = events.iter().position(|event| matches!(event, Event::Output { line } if line == "one")).unwrap();
        let two = events.iter().position(|event| matches!(event, Event::Output { line } if line == "two")).unwrap();
        let lasted: Vec<_> = events[one..two]
            .iter()
            .filter_map(|event| if let Event::Silence { lasted, .. } = event { Some(*lasted) } else { None })
            .collect();
        assert!(lasted.len() >= 2 && lasted.is_sorted() && lasted[0] >= Duration::from_millis(100), "{events:?}");
        let (_, events) = told("echo one", Duration::from_secs(60), Duration::from_secs(60)).await;
        assert_eq!(events, [Event::Output { line: "one".into() }]);
    }

    #[tokio::test]
    async fn the_last_words_of_a_program_that_is_asked_to_end_are_heard() {
        let script = "trap 'echo tidied; exit 1' TERM; echo ready; while :; do sleep 0.05; done";
        let (end, events) = told(script, Duration::from_secs(60), Duration::from_millis(500)).await;
        assert_eq!(end, End::TimedOut(Duration::from_millis(500)));
        assert!(events.contains(&Event::Output { line: "tidied".into() }), "{events:?}");
    }

    #[tokio::test]
    async fn output_of_a_process_that_left_the_tree_is_not_awaited_for_long() {
        let begun = Instant::now();
        let (end, _) = told("setsid sleep 30 & echo ready", Duration::from_secs(60), Duration::from_secs(60)).await;
        assert!(matches!(end, End::Exited(_)) && begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn durations_in_words() {
        let words = [500, 1500, 90_000, 1_800_000].map(|millis| in_words(Duration::from_millis(millis)));
        assert_eq!(words, ["500 ms", "1 s", "90 s", "30 min"]);
    }
}
