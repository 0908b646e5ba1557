use quick_junit::{NonSuccessKind, Report, TestCase as Case, TestCaseStatus, TestSuite as Suite};

use crate::{TestCase, TestOutcome, TestSuite};

/// The suites as JUnit XML in the dialect that Azure Pipelines reads: one `failure` with its message as an attribute and
/// the rest as text, the place in that text, `system-out` for failures only, no characters that XML cannot hold.
pub fn junit(title: &str, suites: &[TestSuite]) -> String {
    let mut report = Report::new(title);
    for suite in suites {
        let mut written = Suite::new(suite.name());
        written.set_time(suite.duration);
        written.add_test_cases(suite.cases.iter().map(|case| test_case(suite, case)));
        report.add_test_suite(written);
    }
    // Writing into memory cannot fail.
    report.to_string().unwrap_or_default()
}

fn test_case(suite: &TestSuite, case: &TestCase) -> Case {
    let message = case.message.as_deref().unwrap_or("no message");
    let failure = |kind: &str| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let place = case.place.as_ref().map(|place| format!("\nat {}:{}:{}", place.path, place.line, place.column));
        status.set_type(kind).set_message(first_line(message)).set_description(format!("{message}{}", place.unwrap_or_default()));
        status
    };
    let status = match case.outcome {
        TestOutcome::Passed => TestCaseStatus::success(),
        TestOutcome::Failed => failure("failed"),
        TestOutcome::TimedOut => failure("timed out"),
        TestOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message);
            status
        }
    };
    // The name is dropped silently when it is empty, and is limited to 512 characters (facts 4.2).
    let name: String = case.name.chars().take(512).collect();
    let mut written = Case::new(name, status);
    written.set_classname(suite.name());
    if let Some(duration) = case.duration {
        written.set_time(duration);
    }
    if matches!(case.outcome, TestOutcome::Failed | TestOutcome::TimedOut) && !case.output.is_empty() {
        written.set_system_out(&case.output);
    }
    written
}

/// Shown in lists, so it is one line.
fn first_line(message: &str) -> &str {
    message.lines().find(|line| !line.trim().is_empty()).unwrap_or(message)
}
