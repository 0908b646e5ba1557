//! Small Cargo packages in temporary folders, and a run over them.

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_quality::{
    Check, CheckReport, DiscoverError, Environments, Event, Options, Report, TestCase, Tools, Workspace, discover, plan, run,
};
use slipway_secret::{Secret, SecretSink};

/// A masker that masks nothing: the tests look for what leaks.
pub(crate) struct Unmasked;

impl SecretSink for Unmasked {
    fn register(&self, _: &str) {}
}

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) environment: Environments,
    pub(crate) options: Options,
    pub(crate) tools: Option<Tools>,
    pub(crate) nextest: bool,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scratch = folder.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        std::fs::create_dir_all(folder.path().join("sources")).unwrap();
        let mut base = vec![("CARGO_TARGET_DIR".to_owned(), OsString::from(folder.path().join("built")))];
        #[expect(clippy::disallowed_methods, reason = "the tool chain of the machine, by name")]
        for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TMPDIR", "SystemRoot"] {
            base.extend(std::env::var_os(name).map(|value| (name.to_owned(), value)));
        }
        let options = Options { deny_warnings: true, locked: true, timeout: Duration::from_secs(300), scratch };
        Self {
            folder,
            environment: Environments { base, ..Environments::default() },
            options,
            tools: None,
            nextest: false,
            events: Vec::new(),
        }
    }

    pub(crate) fn sources(&self) -> PathBuf {
        self.folder.path().join("sources").canonicalize().unwrap()
    }

    /// Writes a file of the sources.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.sources().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A package at the top of the sources.
    pub(crate) fn package(self, library: &str) -> Self {
        self.file("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.2.3\"\nedition = \"2024\"\n").file("src/lib.rs", library)
    }

    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.environment.integration_tests.push((name.to_owned(), Secret::new(value, &Unmasked)));
        self
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.base.push((name.to_owned(), value.into()));
        self
    }

    /// Has cargo-nextest run the tests.
    pub(crate) fn with_nextest(mut self) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' tools, as scripts/test sets them")]
        let program = std::env::var_os("SLIPWAY_TEST_NEXTEST").expect("SLIPWAY_TEST_NEXTEST must name cargo-nextest: run ./scripts/test");
        let folder = Path::new(&program).parent().unwrap().to_owned();
        let path = self.environment.base.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()).unwrap();
        let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
        self.nextest = true;
        self.set("PATH", std::env::join_paths(folders).unwrap())
    }

    pub(crate) async fn discover(&self) -> Result<Vec<Workspace>, DiscoverError> {
        discover(&self.sources(), &self.environment.base).await
    }

    pub(crate) async fn run(&mut self, checks: &[Check]) -> Report {
        self.run_until(checks, std::future::pending(), |_| {}).await
    }

    pub(crate) async fn run_until(&mut self, checks: &[Check], stop: impl Future<Output = ()>, mut hear: impl FnMut(&Event)) -> Report {
        let workspaces = self.discover().await.unwrap();
        let tools = match &self.tools {
            Some(tools) => tools.clone(),
            None => {
                // Runs the same with and without nextest on the machine that tests this; nextest has tests of its own.
                let mut tools = Tools::detect(&workspaces, &self.environment.base).await;
                if !self.nextest {
                    tools.versions.values_mut().for_each(|versions| _ = versions.remove("nextest"));
                }
                tools
            }
        };
        let plan = plan(&workspaces, checks, &self.options, &tools);
        let events = &mut self.events;
        let mut listen = |event: Event| {
            hear(&event);
            events.push(event);
        };
        run(&plan, &self.environment, stop, &mut listen).await
    }

    /// The lines of output.
    pub(crate) fn output(&self) -> Vec<&str> {
        self.events.iter().filter_map(|event| if let Event::Output { line } = event { Some(&**line) } else { None }).collect()
    }

    /// The commands that were told.
    pub(crate) fn commands(&self) -> Vec<&str> {
        self.events.iter().filter_map(|event| if let Event::CommandStarted { command } = event { Some(&**command) } else { None }).collect()
    }
}

/// `check outcome (reason)` of each check.
pub(crate) fn checks(report: &Report) -> Vec<String> {
    let show = |check: &CheckReport| {
        let reason = check.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{} {:?}{reason}", check.check, check.outcome)
    };
    report.checks.iter().map(show).collect()
}

/// `level rule path:line:column message` of each finding.
pub(crate) fn findings(report: &Report) -> Vec<String> {
    slipway_quality::rank(&report.findings)
        .into_iter()
        .map(|finding| {
            let place = finding.place.as_ref().map(|place| format!("{}:{}:{}", place.path, place.line, place.column));
            format!("{:?} {} {} {}", finding.level, finding.rule, place.unwrap_or_default(), finding.message)
        })
        .collect()
}

/// `suite name outcome` of each test.
pub(crate) fn tests(report: &Report) -> Vec<String> {
    let suites = report.tests.iter();
    suites.flat_map(|suite| suite.cases.iter().map(move |case| format!("{} {} {:?}", suite.name(), case.name, case.outcome))).collect()
}

/// The test of that name.
pub(crate) fn test<'a>(report: &'a Report, name: &str) -> &'a TestCase {
    report.tests.iter().flat_map(|suite| &suite.cases).find(|case| case.name == name).expect("the test ran")
}

/// Whether a file below the folder holds the text.
pub(crate) fn holds(folder: &Path, text: &str) -> bool {
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            return true;
        }
    }
    false
}
