//! What the delivery record says of the checks.

use slipway_model::{CheckFact, ChecksFacts, FindingFact};
use slipway_quality::{Level, Place, Plan, Report, TestOutcome, rank};

use super::tell;

/// How many findings, and how many failed tests, the record tells of one by one.
const TOLD: usize = 20;

/// Facts of a folder in which nothing was checked.
pub(crate) fn nothing(folder: &str) -> ChecksFacts {
    ChecksFacts {
        folder: folder.to_owned(),
        checks: Vec::new(),
        errors: 0,
        warnings: 0,
        findings: Vec::new(),
        tests: 0,
        failed: 0,
        skipped: 0,
        failures: Vec::new(),
    }
}

/// Facts of a plan that is not run.
pub(crate) fn planned(plan: &Plan, folder: &str) -> ChecksFacts {
    let check = |step: &slipway_quality::PlannedCheck| CheckFact {
        check: step.check.to_string(),
        workspace: step.workspace.folder.clone(),
        outcome: "planned".to_owned(),
        milliseconds: 0,
        reason: String::new(),
    };
    ChecksFacts { checks: plan.steps.iter().map(check).collect(), ..nothing(folder) }
}

/// Facts of a report.
pub(crate) fn facts(report: &Report, folder: &str) -> ChecksFacts {
    let place = |place: &Option<Place>| {
        let path = |path: &str| if folder == "." { path.to_owned() } else { format!("{folder}/{path}") };
        place.as_ref().map(|place| format!("{}:{}:{}", path(&place.path), place.line, place.column)).unwrap_or_default()
    };
    let check = |check: &slipway_quality::CheckReport| CheckFact {
        check: check.check.to_string(),
        workspace: check.workspace.clone(),
        outcome: tell::word(check.outcome).to_owned(),
        milliseconds: check.duration.as_millis().try_into().unwrap_or(u64::MAX),
        reason: check.reason.clone().unwrap_or_default(),
    };
    let cases = || report.tests.iter().flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)));
    let failed = |outcome| matches!(outcome, TestOutcome::Failed | TestOutcome::TimedOut);
    ChecksFacts {
        folder: folder.to_owned(),
        checks: report.checks.iter().map(check).collect(),
        errors: report.findings.iter().filter(|finding| finding.level == Level::Error).count(),
        warnings: report.findings.iter().filter(|finding| finding.level == Level::Warning).count(),
        findings: rank(&report.findings)
            .into_iter()
            .take(TOLD)
            .map(|finding| FindingFact { name: finding.rule.clone(), message: finding.message.clone(), place: place(&finding.place) })
            .collect(),
        tests: report.test_count(),
        failed: report.failed_test_count(),
        skipped: cases().filter(|(_, case)| case.outcome == TestOutcome::Skipped).count(),
        failures: cases()
            .filter(|(_, case)| failed(case.outcome))
            .take(TOLD)
            .map(|(suite, case)| FindingFact {
                name: format!("{} {}", suite.name(), case.name),
                message: case.message.clone().unwrap_or_default(),
                place: place(&case.place),
            })
            .collect(),
    }
}
