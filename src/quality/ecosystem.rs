//! What an ecosystem is, and the table of all. The next one is a new folder and a line in the table.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Check, CheckOutcome, CommandLine, DiscoverError, Finding, Options, PlannedCheck, TestSuite, Tools, Workspace};

/// The ecosystems, in the order in which they are looked for.
pub(crate) const ECOSYSTEMS: &[&dyn Ecosystem] = &[&crate::cargo::Cargo];

/// The ecosystem of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static dyn Ecosystem> {
    ECOSYSTEMS.iter().find(|ecosystem| ecosystem.name() == name).copied()
}

/// Whose finding is to be mended first, and a page about the tool.
pub(crate) fn judge(tool: &str) -> Option<(usize, &'static str)> {
    let judges = ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.judges());
    judges.enumerate().find(|(_, (name, _))| *name == tool).map(|(place, (_, page))| (place, *page))
}

/// A family of projects that are built by the same tools.
#[async_trait(?Send)]
pub(crate) trait Ecosystem: Sync {
    /// Its name: `Cargo`.
    fn name(&self) -> &'static str;

    /// The name of the file that makes a folder one of its projects.
    fn marker(&self) -> &'static str;

    /// The names of the tools whose findings it reads, those whose findings are to be mended first in front, each with
    /// its page.
    fn judges(&self) -> &'static [(&'static str, &'static str)];

    /// The workspaces of the projects whose files were found (the upper ones first), each once.
    async fn find(&self, base: &Path, files: &[PathBuf], environment: &[(String, OsString)]) -> Result<Vec<Workspace>, DiscoverError>;

    /// The versions of its tools as they answer in `folder`.
    async fn tools(&self, folder: &Path, environment: &[(String, OsString)]) -> Vec<(&'static str, String)>;

    /// The file that chooses among the tools for what lies in `folder`; none where the machine's own answer.
    fn tools_chosen_by(&self, folder: &Path) -> Option<PathBuf>;

    /// The commands of a check: pure.
    fn plan(&self, workspace: &Workspace, check: Check, options: &Options, tools: &Tools) -> PlannedCheck;

    /// What reads the output of a planned check.
    fn interpret(&self, planned: &PlannedCheck) -> Box<dyn Interpreter>;
}

/// Which of a command's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Why a command is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Its check's time, which was this long, was up.
    TimedOut(Duration),
    /// The whole run was stopped.
    Stopped,
}

/// Reads the output of a check's commands, one command after the other. Pure but for files in the scratch folder.
pub(crate) trait Interpreter {
    /// Takes a line of the running command and returns what of it a person should see.
    fn line(&mut self, stream: Stream, line: &str) -> Vec<String>;

    /// The running command is over after `took`. Returns the commands that follow from it; they run before those
    /// that are still waiting.
    fn ended(&mut self, end: End, took: Duration) -> Vec<CommandLine>;

    /// All commands are over.
    fn finish(self: Box<Self>) -> Verdict;
}

/// What a check came to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<Finding>,
    pub(crate) tests: Vec<TestSuite>,
    /// `Passed`, `Failed` or `NotRun`.
    pub(crate) outcome: CheckOutcome,
    /// Why it did not pass.
    pub(crate) reason: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}
