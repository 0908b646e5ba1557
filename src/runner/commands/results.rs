//! `results.publish` (facts/azure-pipelines-tasks.md 6.5).

use super::{Command, CommandError};
use crate::junit::{self, Results};
use crate::step_context::StepContext;
use crate::store::{TestRun, TestTotals};

pub(super) fn publish(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    let format = command.property("type").ok_or("Test runner type is required: `type` of ##vso[results.publish].")?;
    let files: Vec<&str> =
        command.property("resultFiles").unwrap_or(&command.data).split(',').map(str::trim).filter(|file| !file.is_empty()).collect();
    if files.is_empty() {
        return Err("No test result files: `resultFiles` of ##vso[results.publish] is empty.".to_owned());
    }
    if !format.eq_ignore_ascii_case("junit") {
        return step.not_simulated(&format!("`results.publish` of `{format}` files (JUnit is)"));
    }
    let flag = |name: &str, default: bool| command.property(name).map_or(default, |value| value.eq_ignore_ascii_case("true"));
    let mut merged = Results::default();
    let mut read = 0;
    let title = command.property("runTitle").map(str::to_owned);
    for file in &files {
        let path = step.job.paths.default_working.join(file);
        let results = match std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| junit::parse(&text)) {
            Ok(results) => results,
            Err(reason) => {
                step.warning(&format!("Failed to read test results from `{}`: {reason}", path.display()));
                continue;
            }
        };
        read += 1;
        if flag("mergeResults", true) {
            merged.totals.add(&results.totals);
            merged.cases.extend(results.cases);
        } else {
            let title = title.as_ref().map_or_else(|| format!("JUnit_TestResults_{read}"), |title| format!("{title}_{read}"));
            publish_run(step, &title, results, flag("failTaskOnFailedTests", false))?;
        }
    }
    if read > 0 && flag("mergeResults", true) {
        let title = title.unwrap_or_else(|| format!("JUnit_TestResults_{}", step.job.run.id));
        publish_run(step, &title, merged, flag("failTaskOnFailedTests", false))?;
    }
    Ok(())
}

fn publish_run(step: &StepContext<'_>, title: &str, results: Results, fail: bool) -> Result<(), CommandError> {
    let masker = &step.job.run.masker;
    let totals = results.totals;
    let cases = results.cases.into_iter().map(|mut case| {
        for text in [&mut case.suite, &mut case.name, &mut case.message, &mut case.details] {
            *text = masker.mask(text);
        }
        case
    });
    let key = &step.job.key;
    let run = TestRun { title: masker.mask(title), job: format!("{}.{}", key.stage, key.job), totals, cases: cases.collect() };
    step.job.run.store.add_tests(run).map_err(|error| error.to_string())?;
    step.output(&format!("Published test run `{title}`: {}.", in_words(&totals)));
    if fail && totals.failed > 0 {
        return Err(format!(
            "There are one or more test failures detected in result files: {} of {} tests failed.",
            totals.failed, totals.total
        ));
    }
    Ok(())
}

/// `1 test, 0 passed, 1 failed, 0 skipped`.
fn in_words(totals: &TestTotals) -> String {
    let tests = if totals.total == 1 { "test" } else { "tests" };
    format!("{} {tests}, {} passed, {} failed, {} skipped", totals.total, totals.passed, totals.failed, totals.skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_test_is_no_plural() {
        let totals = |total, passed| TestTotals { total, passed, ..TestTotals::default() };
        assert_eq!(in_words(&totals(1, 1)), "1 test, 1 passed, 0 failed, 0 skipped");
        assert_eq!(in_words(&totals(0, 0)), "0 tests, 0 passed, 0 failed, 0 skipped");
        assert_eq!(in_words(&totals(2, 1)), "2 tests, 1 passed, 0 failed, 0 skipped");
    }
}
