use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::ecosystem;
use crate::{Check, Workspace};

/// How to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The linter's warnings are errors.
    pub deny_warnings: bool,
    /// Dependencies must be those of the committed lock file, where there is one.
    pub locked: bool,
    /// How long one check of one workspace may take.
    pub timeout: Duration,
    /// A folder for files that tools hand to each other. Exists and is removed by the caller.
    pub scratch: PathBuf,
}

/// The tools of this machine, as they answer in each workspace: a workspace may choose tools of its own (`rust-toolchain.toml`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    /// By the folder of the workspace, as [`Workspace::folder`]: versions by name (`cargo`, `rustc`, `rustfmt`, `clippy`, `nextest`). What
    /// is not installed is absent.
    pub versions: BTreeMap<String, BTreeMap<&'static str, String>>,
}

impl Tools {
    /// Asks the tools of the workspaces' ecosystems for their versions; workspaces that choose the same tools once.
    pub async fn detect(workspaces: &[Workspace], environment: &[(String, OsString)]) -> Self {
        let mut asked = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for workspace in workspaces {
            let Some(ecosystem) = ecosystem::by_name(workspace.ecosystem) else { continue };
            let chosen_by = (workspace.ecosystem, ecosystem.tools_chosen_by(&workspace.root));
            if !asked.contains_key(&chosen_by) {
                let answers: BTreeMap<_, _> = ecosystem.tools(&workspace.root, environment).await.into_iter().collect();
                asked.insert(chosen_by.clone(), answers);
            }
            versions.insert(workspace.folder.clone(), asked[&chosen_by].clone());
        }
        Self { versions }
    }

    /// The version of a tool in the workspace of that folder; absent if it is not installed.
    pub fn version(&self, workspace: &str, tool: &str) -> Option<&str> {
        self.versions.get(workspace)?.get(tool).map(String::as_str)
    }
}

/// A program with its arguments. Its environment is [`crate::Environments::base`] and what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working folder.
    pub folder: PathBuf,
    /// Further environment variables.
    pub environment: Vec<(String, OsString)>,
    /// Folders of shared libraries, to be found before those that the environment names.
    pub library_folders: Vec<PathBuf>,
    /// It gets the variables of the integration tests.
    pub integration_test: bool,
    /// It only asks something: nobody needs to see it.
    pub quiet: bool,
}

impl CommandLine {
    /// A command in a folder.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str], folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            folder: folder.into(),
            ..Self::default()
        }
    }
}

impl fmt::Display for CommandLine {
    /// As a person would type it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        for argument in &self.arguments {
            let plain = !argument.is_empty() && argument.chars().all(|c| c.is_alphanumeric() || "-_=./:,@+%\\".contains(c));
            if plain { write!(f, " {argument}")? } else { write!(f, " '{}'", argument.replace('\'', r"'\''"))? }
        }
        Ok(())
    }
}

/// A check of a workspace.
#[derive(Clone, Debug)]
pub struct PlannedCheck {
    /// The check.
    pub check: Check,
    /// What is checked.
    pub workspace: Workspace,
    /// The commands known beforehand. Test programs follow that are known once they are built.
    pub commands: Vec<CommandLine>,
    /// What will follow these commands, in words; empty if nothing.
    pub then: String,
    /// The tools that judge: `rustfmt`, `clippy`, `rustc`.
    pub tools: Vec<&'static str>,
    /// The program that runs the tests, if it is not each test program by itself: `nextest`.
    pub test_runner: Option<&'static str>,
    /// Why it cannot run on this machine, and what to do about it.
    pub obstacle: Option<(String, String)>,
    /// How long it may take.
    pub timeout: Duration,
    /// A folder for files that tools hand to each other.
    pub scratch: PathBuf,
}

/// What will be run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The checks in the order in which they run: each check of a workspace, then the next workspace.
    pub steps: Vec<PlannedCheck>,
}

/// Plans `checks` of `workspaces`: pure. The order of `checks` does not matter; doubles are one.
pub fn plan(workspaces: &[Workspace], checks: &[Check], options: &Options, tools: &Tools) -> Plan {
    let mut steps = Vec::new();
    for workspace in workspaces {
        let Some(ecosystem) = ecosystem::by_name(workspace.ecosystem) else { continue };
        let wanted = Check::ALL.into_iter().filter(|check| checks.contains(check));
        steps.extend(wanted.map(|check| ecosystem.plan(workspace, check, options, tools)));
    }
    Plan { steps }
}
