use std::time::Duration;

use crate::{Check, Finding, TestOutcome, TestSuite};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// Nothing to say against it.
    Passed,
    /// Something was found, a test failed, or a command could not be run.
    Failed,
    /// Its time was up; everything that it had started was ended.
    TimedOut,
    /// The whole run was stopped while it ran.
    Stopped,
    /// It did not start: the run was stopped before, or it cannot run on this machine.
    NotRun,
}

/// What became of one check of one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check.
    pub check: Check,
    /// The ecosystem of the workspace.
    pub ecosystem: &'static str,
    /// The folder of the workspace, as [`crate::Workspace::folder`].
    pub workspace: String,
    /// The tools that judged, by name: `rustfmt`, `clippy`, `rustc`.
    pub tools: Vec<&'static str>,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Why it did not pass, in words; always there when it did not.
    pub reason: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// What a run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Each planned check, in order.
    pub checks: Vec<CheckReport>,
    /// What was found, each thing once.
    pub findings: Vec<Finding>,
    /// The tests that ran.
    pub tests: Vec<TestSuite>,
}

impl Report {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == CheckOutcome::Passed)
    }

    /// The number of all tests.
    pub fn test_count(&self) -> usize {
        self.tests.iter().map(|suite| suite.cases.len()).sum()
    }

    /// The number of tests that failed or did not end.
    pub fn failed_test_count(&self) -> usize {
        self.tests.iter().map(|suite| suite.count(TestOutcome::Failed) + suite.count(TestOutcome::TimedOut)).sum()
    }
}
