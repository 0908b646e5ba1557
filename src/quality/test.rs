use std::time::Duration;

use crate::{Check, Place};

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestOutcome {
    /// As it should.
    Passed,
    /// It failed, or its process died.
    Failed,
    /// It did not run.
    Skipped,
    /// It was running when the check's time was up.
    TimedOut,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// Its name within the suite: `tests::adds`.
    pub name: String,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How long it took, where the test program tells.
    pub duration: Option<Duration>,
    /// Why it failed or did not run.
    pub message: Option<String>,
    /// Where it failed.
    pub place: Option<Place>,
    /// What it printed; kept for failures only, the last 64 KiB.
    pub output: String,
}

/// The tests of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestSuite {
    /// `unit-tests` or `integration-tests`.
    pub check: Check,
    /// The folder of the workspace, as [`crate::Workspace::folder`].
    pub workspace: String,
    /// The package.
    pub package: String,
    /// The program's target: `lib`, `bin/orders`, `test/receipts`, `doc`.
    pub target: String,
    /// The tests.
    pub cases: Vec<TestCase>,
    /// How long the program ran.
    pub duration: Duration,
}

impl TestSuite {
    /// `package::target`, unique in a workspace.
    pub fn name(&self) -> String {
        format!("{}::{}", self.package, self.target)
    }

    /// The number of tests that ended so.
    pub fn count(&self, outcome: TestOutcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}
