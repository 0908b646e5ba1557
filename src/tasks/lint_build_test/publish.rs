//! What the task leaves: findings in the artifact `CodeAnalysisLogs`, test results.

use slipway_agent::commands::artifact;
use slipway_agent::commands::results::{PublishResults, ResultsFormat};
use slipway_agent::{HostType, Masker, TaskContext, TaskError};
use slipway_quality::{Check, Report, SarifContext, Tools, junit, sarif};

use crate::provenance::without_user;

/// The artifact in which Microsoft's consumers look for findings (facts/quality-and-acceptance.md 2.3).
const ARTIFACT: &str = "CodeAnalysisLogs";

/// The report with the secrets in its texts masked, before any format escapes them.
pub(crate) fn masked(mut report: Report, masker: &Masker) -> Report {
    let mask = |text: &mut String| *text = masker.mask(text).into_owned();
    for finding in &mut report.findings {
        mask(&mut finding.message);
        finding.help.iter_mut().for_each(mask);
        finding.place.iter_mut().for_each(|place| mask(&mut place.path));
    }
    for suite in &mut report.tests {
        for case in &mut suite.cases {
            mask(&mut case.name);
            mask(&mut case.output);
            case.message.iter_mut().for_each(mask);
        }
    }
    for check in &mut report.checks {
        check.reason.iter_mut().for_each(mask);
    }
    report
}

/// Writes the SARIF file and uploads it.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn findings(context: &TaskContext, report: &Report, folder: &str, tools: Tools) -> Result<(), TaskError> {
    let variables = context.variables();
    if variables.host_type() != HostType::Build {
        context.reporter().info("Findings are not uploaded: only a pipeline run has artifacts, a classic release has none.");
        return Ok(());
    }
    let log = sarif(
        report,
        &SarifContext {
            folder: folder.to_owned(),
            repository_uri: variables.repository().and_then(|repository| without_user(&repository.uri)),
            revision: variables.source_version().map(str::to_owned),
            branch: variables.source_branch().map(str::to_owned),
            tools,
        },
    );
    // Jobs and steps put their files into one folder of the artifact, so each needs a name of its own.
    let job: String = variables.job_id().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let stem = ["slipway", variables.stage(), folder, &job].into_iter().filter(|part| !part.is_empty() && *part != ".");
    let stem = stem.collect::<Vec<_>>().join(".");
    let path = context.files().write_text(&stem, "sarif", &format!("{log:#}\n"))?;
    context.reporter().send(&artifact::upload(ARTIFACT, ARTIFACT, &path));
    Ok(())
}

/// The title of the test run of a check; two runs of one step are told apart.
fn run_title(given: &str, check: Check, folder: &str, is_alone: bool) -> String {
    match (given, is_alone) {
        ("", _) => format!("{check} of {folder}"),
        (given, true) => given.to_owned(),
        (given, false) => format!("{given} ({check})"),
    }
}

/// Writes the test results of each check and hands them to the agent.
///
/// # Errors
/// When a file cannot be written, or its path cannot be handed over.
pub(crate) fn tests(context: &TaskContext, report: &Report, title: &str, folder: &str) -> Result<(), TaskError> {
    let suites_of = |check| report.tests.iter().filter(|suite| suite.check == check).cloned().collect::<Vec<_>>();
    let runs = [Check::UnitTests, Check::IntegrationTests].map(|check| (check, suites_of(check)));
    let is_alone = runs.iter().filter(|(_, suites)| !suites.is_empty()).count() == 1;
    for (check, suites) in runs.into_iter().filter(|(_, suites)| !suites.is_empty()) {
        let title = run_title(title, check, folder, is_alone);
        let path = context.files().write_text(&format!("{check}"), "xml", &junit(&title, &suites))?;
        context.reporter().publish_results(&PublishResults {
            format: ResultsFormat::JUnit,
            files: vec![path],
            run_title: title,
            merge: true,
            platform: String::new(),
            configuration: String::new(),
            attach_files: false,
            fail_on_failed_tests: false,
            system: "Slipway".to_owned(),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_test_runs_of_a_step_have_two_titles() {
        let title = |given, is_alone| run_title(given, Check::UnitTests, "orders", is_alone);
        assert_eq!([title("", true), title("", false)], ["unit-tests of orders", "unit-tests of orders"]);
        assert_eq!([title("Nightly", true), title("Nightly", false)], ["Nightly", "Nightly (unit-tests)"]);
    }
}
