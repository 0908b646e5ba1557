//! The tests of a workspace: built by Cargo, then each program run by itself, so that what the integration tests get
//! reaches no compiler.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::compiler::{Artifact, BuildScript, Findings, Said, cargo_error, cargo_hint};
use super::libtest::{self, Broken, Libtest};
use super::nextest::{self, Files};
use crate::ecosystem::{End, Interpreter, Stream, Verdict};
use crate::{Check, CheckOutcome, CommandLine, Package, PlannedCheck, TestCase, TestOutcome, TestSuite};

/// The check `unit-tests` or `integration-tests`.
pub(super) struct Tests {
    planned: PlannedCheck,
    findings: Findings,
    artifacts: Vec<Artifact>,
    scripts: BTreeMap<String, BuildScript>,
    cargo_says: Vec<String>,
    /// Where the compiler's own libraries are.
    libraries: Option<PathBuf>,
    waiting: VecDeque<Job>,
    current: Job,
    /// What the current command printed, of a short one.
    stdout: Vec<String>,
    /// The end of what it printed to standard error.
    stderr: String,
    suites: Vec<TestSuite>,
    /// What failed besides tests.
    failures: Vec<String>,
    not_built: bool,
    nextest: Files,
    threads: usize,
}

/// What the running command is for.
enum Job {
    Build,
    Libraries,
    List(Program),
    ListIgnored(Program, Vec<String>),
    Run(Program, Option<Libtest>),
    Doc(Package, Libtest),
    NextestList,
    NextestPackages(String),
    NextestRun,
}

/// A test program.
#[derive(Clone)]
struct Program {
    package: Package,
    target: String,
    command: CommandLine,
}

impl Tests {
    pub(super) fn new(planned: &PlannedCheck) -> Self {
        Self {
            findings: Findings::new(&planned.workspace),
            planned: planned.clone(),
            artifacts: Vec::new(),
            scripts: BTreeMap::new(),
            cargo_says: Vec::new(),
            libraries: None,
            waiting: VecDeque::new(),
            current: Job::Build,
            stdout: Vec::new(),
            stderr: String::new(),
            suites: Vec::new(),
            failures: Vec::new(),
            not_built: false,
            nextest: Files::new(planned),
            threads: std::thread::available_parallelism().map_or(1, Into::into),
        }
    }

    /// Makes `job` the next one and returns its command.
    fn next(&mut self, job: Job) -> CommandLine {
        let root = &self.planned.workspace.root;
        let command = match &job {
            Job::NextestList => {
                // What was built: the same selection of targets.
                let build = self.planned.commands.first().map(|build| &build.arguments[..]).unwrap_or_default();
                let is_selection = |index: usize, word: &str| {
                    ["--workspace", "--bins", "--lib", "--test", "--locked"].contains(&word) || index > 0 && build[index - 1] == "--test"
                };
                let selection = build.iter().enumerate().filter(|(index, word)| is_selection(*index, word));
                quiet(self.nextest.list(root, &selection.map(|(_, word)| &**word).collect::<Vec<_>>()))
            }
            Job::NextestPackages(_) => quiet(self.nextest.packages(root, self.locked())),
            Job::NextestRun => self.nextest.run(root, self.planned.check == Check::IntegrationTests),
            Job::Build => CommandLine::default(),
            Job::Libraries => quiet(CommandLine::new("rustc", &["--print", "target-libdir"], &self.planned.workspace.root)),
            Job::List(program) => quiet(with(&program.command, &["--list"])),
            Job::ListIgnored(program, _) => quiet(with(&program.command, &["--list", "--ignored"])),
            Job::Run(program, Some(_)) => with(&program.command, &["--color", "never"]),
            Job::Run(program, None) => program.command.clone(),
            Job::Doc(package, _) => {
                let id = format!("{}@{}", package.name, package.version);
                let mut arguments = vec!["test", "--doc", "--package", &id, "--color", "never", "--no-fail-fast"];
                arguments.extend(self.locked());
                CommandLine::new("cargo", &arguments, &self.planned.workspace.root)
            }
        };
        self.waiting.push_back(job);
        command
    }

    /// `--locked`, if the build was.
    fn locked(&self) -> &'static [&'static str] {
        let locked = self.planned.commands.iter().any(|command| command.arguments.iter().any(|argument| argument == "--locked"));
        if locked { &["--locked"] } else { &[] }
    }

    /// The programs that were built, in order of package and target.
    fn programs(&self) -> Vec<Program> {
        let mut programs: Vec<_> = self.artifacts.iter().filter_map(|artifact| self.program(artifact)).collect();
        programs.sort_by(|a, b| (&a.package.name, &a.target).cmp(&(&b.package.name, &b.target)));
        programs.dedup_by(|a, b| a.command.program == b.command.program);
        programs
    }

    fn program(&self, artifact: &Artifact) -> Option<Program> {
        let executable = artifact.executable.as_ref().filter(|_| artifact.profile.test)?;
        let root = artifact.manifest_path.parent()?;
        let package = self.planned.workspace.packages.iter().find(|package| package.root == root)?;
        let kind = artifact.target.kind.first().map_or("lib", String::as_str);
        let target = match kind {
            "bin" | "example" | "test" | "bench" => format!("{kind}/{}", artifact.target.name),
            _ => "lib".to_owned(),
        };
        let mut command = CommandLine::new(executable, &[], root);
        command.integration_test = self.planned.check == Check::IntegrationTests;
        command.environment = package.environment.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        command.library_folders = self.library_folders(executable);
        if let Some(script) = self.scripts.get(&artifact.package_id) {
            command.environment.extend(script.env.iter().map(|(name, value)| (name.clone(), value.into())));
            command.environment.extend(script.out_dir.iter().map(|folder| ("OUT_DIR".to_owned(), folder.into())));
        }
        let programs = self.artifacts.iter().filter(|other| other.package_id == artifact.package_id && !other.profile.test);
        let binaries = programs.filter(|other| other.target.kind.iter().any(|kind| kind == "bin"));
        command.environment.extend(
            binaries.filter_map(|other| Some((format!("CARGO_BIN_EXE_{}", other.target.name), OsString::from(other.executable.as_ref()?)))),
        );
        Some(Program { package: package.clone(), target, command })
    }

    /// As Cargo orders them: what build scripts name within the target folder, the folders of what was built, the
    /// compiler's own.
    fn library_folders(&self, executable: &std::path::Path) -> Vec<PathBuf> {
        let built: Vec<_> = executable.ancestors().skip(1).take(2).map(PathBuf::from).collect();
        let linked = self.scripts.values().flat_map(|script| &script.linked_paths);
        let linked = linked.map(|path| PathBuf::from(path.split_once('=').map_or(&**path, |(_, path)| path)));
        let target = built.last().cloned().unwrap_or_default();
        linked.filter(|path| path.starts_with(&target)).chain(built.iter().cloned()).chain(self.libraries.clone()).collect()
    }

    fn suite(&mut self, package: &Package, target: &str, cases: Vec<TestCase>, duration: Duration) {
        if !cases.is_empty() {
            let (check, workspace) = (self.planned.check, self.planned.workspace.folder.clone());
            let (package, target) = (package.name.clone(), target.to_owned());
            self.suites.push(TestSuite { check, workspace, package, target, cases, duration });
        }
    }

    /// Why a program did not run its tests to the end; nothing if it did. `complete`: it said so itself.
    fn broken(&self, end: End, complete: bool) -> Option<Broken> {
        let (outcome, reason) = match end {
            End::Exited(_) if complete => return None,
            End::Exited(status) => {
                let last = self.stderr.lines().rev().find(|line| !line.trim().is_empty()).map(|line| format!("; its last words: {line}"));
                (
                    TestOutcome::Failed,
                    format!("the test program ended with {} before its tests did{}", in_words(status), last.unwrap_or_default()),
                )
            }
            End::TimedOut(_) => (TestOutcome::TimedOut, libtest::STILL_RAN.to_owned()),
            End::Stopped => (TestOutcome::Skipped, "the run was stopped".to_owned()),
        };
        Some(Broken { outcome, reason })
    }

    /// The tests of a program that ran. One that failed without naming a test has a test of its own that says so.
    fn cases(&self, parser: Libtest, end: End) -> Vec<TestCase> {
        let broken = self.broken(end, parser.complete());
        let mut cases = parser.finish(broken.as_ref(), self.threads, &self.planned.workspace);
        let is_failure = |case: &TestCase| matches!(case.outcome, TestOutcome::Failed | TestOutcome::TimedOut);
        for case in cases.iter_mut().filter(|case| is_failure(case) && case.output.is_empty()) {
            case.output = libtest::tail(&self.stderr).trim_end().to_owned();
        }
        if let End::Exited(status) = end
            && !status.success()
            && !cases.iter().any(is_failure)
        {
            cases.push(self.whole(Some(format!("the test program ended with {} though none of its tests failed", in_words(status)))));
        }
        cases
    }

    /// A test that stands for a whole program; it failed if there is a message.
    fn whole(&self, message: Option<String>) -> TestCase {
        let outcome = if message.is_some() { TestOutcome::Failed } else { TestOutcome::Passed };
        let place = libtest::panic(&self.stderr, &self.planned.workspace).1.filter(|_| message.is_some());
        let output = if message.is_some() { libtest::tail(&self.stderr).trim_end().to_owned() } else { String::new() };
        TestCase { name: "(the whole program)".into(), outcome, duration: None, message, place, output }
    }

    fn built(&mut self, status: ExitStatus) -> Vec<CommandLine> {
        self.not_built = !status.success();
        if self.not_built { Vec::new() } else { vec![self.next(Job::Libraries)] }
    }

    /// The commands of the built programs, then the documentation's tests.
    fn start(&mut self) -> Vec<CommandLine> {
        let mut commands = Vec::new();
        let with_nextest = self.planned.test_runner.is_some();
        if with_nextest {
            commands.push(self.next(Job::NextestList));
        }
        for program in self.programs() {
            let foreign = program.package.foreign_harness.contains(&program.target);
            if with_nextest && !foreign {
                continue;
            }
            commands.push(self.next(if foreign { Job::Run(program, None) } else { Job::List(program) }));
        }
        if self.planned.check == Check::UnitTests {
            let packages: Vec<_> = self.planned.workspace.packages.iter().filter(|package| package.doc_tests).cloned().collect();
            for package in packages {
                commands.push(self.next(Job::Doc(package, Libtest::unlisted())));
            }
        }
        commands
    }

    /// What nextest left.
    fn nextest_ended(&mut self, end: End) {
        let timed_out = matches!(end, End::TimedOut(_));
        let suites = self.nextest.results(timed_out, &self.planned.workspace);
        let left_nothing = suites.is_none();
        let mut failed = false;
        for suite in suites.into_iter().flatten() {
            failed |= suite.cases.iter().any(|case| case.outcome == TestOutcome::Failed);
            let (check, workspace) = (self.planned.check, self.planned.workspace.folder.clone());
            let nextest::Suite { package, target, cases, duration } = suite;
            self.suites.push(TestSuite { check, workspace, package, target, cases, duration });
        }
        if let End::Exited(status) = end
            && status.code() != Some(nextest::NO_TESTS)
            && (!status.success() && !failed || status.success() && left_nothing)
        {
            self.failures.push(format!("`cargo nextest run` ended with {}; its output says why", in_words(status)));
        }
    }

    /// The next command of a program, before those that wait.
    fn first(&mut self, job: Job) -> Vec<CommandLine> {
        let command = self.next(job);
        self.waiting.rotate_right(1);
        vec![command]
    }
}

impl Interpreter for Tests {
    fn line(&mut self, stream: Stream, line: &str) -> Vec<String> {
        if stream == Stream::Stderr {
            self.stderr.push_str(line);
            self.stderr.push('\n');
            if self.stderr.len() > 256 * 1024 {
                self.stderr = libtest::tail(&self.stderr).to_owned();
            }
        }
        match (&mut self.current, stream) {
            (Job::Build, Stream::Stdout) => match serde_json::from_str(line) {
                Ok(Said::CompilerMessage { message }) => return self.findings.take(&message),
                Ok(Said::CompilerArtifact(artifact)) => self.artifacts.push(artifact),
                Ok(Said::BuildScriptExecuted(script)) => _ = self.scripts.insert(script.package_id.clone(), script),
                Ok(Said::Other) => {}
                Err(_) => return vec![line.to_owned()],
            },
            (Job::Build, Stream::Stderr) => {
                self.cargo_says.extend(cargo_error(line));
                return vec![line.to_owned()];
            }
            (Job::NextestList | Job::NextestPackages(_), Stream::Stderr) => {}
            (Job::Libraries | Job::List(_) | Job::ListIgnored(..) | Job::NextestList | Job::NextestPackages(_), Stream::Stdout) => {
                self.stdout.push(line.to_owned())
            }
            (Job::Libraries | Job::List(_) | Job::ListIgnored(..), Stream::Stderr) => {}
            (Job::Run(_, Some(parser)) | Job::Doc(_, parser), Stream::Stdout) => {
                parser.line(line);
                return vec![line.to_owned()];
            }
            (Job::Run(..) | Job::Doc(..) | Job::NextestRun, _) => return vec![line.to_owned()],
        }
        Vec::new()
    }

    fn ended(&mut self, end: End, took: Duration) -> Vec<CommandLine> {
        let stdout = std::mem::take(&mut self.stdout);
        let exited = match end {
            End::Exited(status) => Some(status),
            _ => None,
        };
        let commands = match (std::mem::replace(&mut self.current, Job::Build), exited) {
            (Job::Build, Some(status)) => self.built(status),
            (Job::Libraries, Some(_)) => {
                self.libraries = stdout.first().map(PathBuf::from);
                self.start()
            }
            (Job::NextestList, Some(status)) if status.success() => self.first(Job::NextestPackages(stdout.join("\n"))),
            (Job::NextestPackages(binaries), Some(status)) if status.success() => {
                match self.nextest.write(&binaries, &stdout.join("\n"), &self.planned.workspace) {
                    Ok(()) => self.first(Job::NextestRun),
                    Err(error) => {
                        self.failures.push(error);
                        Vec::new()
                    }
                }
            }
            (Job::NextestList | Job::NextestPackages(_), Some(status)) => {
                let last = self.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                self.failures.push(format!("the tests could not be listed ({}): {last}", in_words(status)));
                Vec::new()
            }
            (Job::NextestRun, _) => {
                self.nextest_ended(end);
                Vec::new()
            }
            (Job::List(program), Some(status)) => match libtest::names(&stdout).filter(|_| status.success()) {
                Some(names) if names.is_empty() => Vec::new(),
                Some(names) => self.first(Job::ListIgnored(program, names)),
                None => self.first(Job::Run(program, Some(Libtest::unlisted()))),
            },
            (Job::ListIgnored(program, names), Some(_)) => {
                let parser = Libtest::listed(&names, &libtest::names(&stdout).unwrap_or_default());
                self.first(Job::Run(program, Some(parser)))
            }
            (Job::Run(program, Some(parser)), _) => {
                let cases = self.cases(parser, end);
                self.suite(&program.package, &program.target, cases, took);
                Vec::new()
            }
            (Job::Run(program, None), _) => {
                let broken = self.broken(end, exited.is_some());
                let failed =
                    exited.filter(|status| !status.success()).map(|status| format!("the test program ended with {}", in_words(status)));
                let mut case = self.whole(failed);
                if let Some(broken) = broken {
                    (case.outcome, case.message) = (broken.outcome, Some(broken.reason));
                }
                self.suite(&program.package, &program.target, vec![case], took);
                Vec::new()
            }
            (Job::Doc(package, parser), _) => {
                let nothing_ran = exited.is_some_and(|status| !status.success()) && !parser.complete();
                let cases = self.cases(parser, end);
                if nothing_ran && cases.iter().all(|case| case.name == "(the whole program)") {
                    self.failures.push(format!("the documentation's tests of `{}` could not be run", package.name));
                } else {
                    self.suite(&package, "doc", cases, took);
                }
                Vec::new()
            }
            (_, None) => Vec::new(),
        };
        self.stderr.clear();
        if let Some(job) = self.waiting.pop_front() {
            self.current = job;
        }
        commands
    }

    fn finish(self: Box<Self>) -> Verdict {
        let failed: usize = self.suites.iter().map(|suite| suite.count(TestOutcome::Failed) + suite.count(TestOutcome::TimedOut)).sum();
        let (outcome, reason) = if self.not_built {
            match self.findings.in_words() {
                Some(count) => (CheckOutcome::NotRun, Some(format!("does not compile ({count})"))),
                None => {
                    let says = self.cargo_says.first().map_or("its output says why", String::as_str);
                    (CheckOutcome::NotRun, Some(format!("cargo could not build the tests: {says}")))
                }
            }
        } else if failed > 0 || !self.failures.is_empty() {
            let tests = match failed {
                0 => None,
                1 => Some("1 test failed".to_owned()),
                count => Some(format!("{count} tests failed")),
            };
            (CheckOutcome::Failed, Some(tests.into_iter().chain(self.failures).collect::<Vec<_>>().join("; ")))
        } else {
            (CheckOutcome::Passed, None)
        };
        let hint = self.not_built.then(|| cargo_hint(&self.cargo_says)).flatten();
        Verdict { findings: self.findings.found, tests: self.suites, outcome, reason, hint }
    }
}

fn quiet(mut command: CommandLine) -> CommandLine {
    command.quiet = true;
    command
}

fn with(command: &CommandLine, arguments: &[&str]) -> CommandLine {
    let mut command = command.clone();
    command.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
    command
}

/// `exit status 101`, `signal 6`.
fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit status".into(), |code| format!("exit status {code}"))
}
