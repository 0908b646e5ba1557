//! JUnit XML as `results.publish` reads it.

use crate::store::{TestCase, TestOutcome, TestTotals};

/// What one JUnit file says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Results {
    pub(crate) totals: TestTotals,
    /// The cases that did not pass.
    pub(crate) cases: Vec<TestCase>,
}

/// Reads the cases of a file: `testsuites` or `testsuite` at the root, suites at any depth. Counts come from the cases; the
/// attributes `tests` and `failures` of suites are ignored, since tools disagree on what they count.
pub(crate) fn parse(xml: &str) -> Result<Results, String> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(xml, options).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("expected `testsuites` or `testsuite` at the root, found `{}`", root.tag_name().name()));
    }
    let mut results = Results::default();
    for case in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        let suite = || {
            let class = case.attribute("classname").filter(|name| !name.is_empty());
            class.or_else(|| case.parent().and_then(|suite| suite.attribute("name"))).unwrap_or_default().to_owned()
        };
        results.totals.total += 1;
        results.totals.seconds += case.attribute("time").and_then(|time| time.replace(',', "").parse::<f64>().ok()).unwrap_or_default();
        let child = |names: &[&str]| case.children().find(|node| names.contains(&node.tag_name().name()));
        let (node, outcome) = if let Some(failure) = child(&["failure", "error"]) {
            results.totals.failed += 1;
            (failure, TestOutcome::Failed)
        } else if let Some(skipped) = child(&["skipped"]) {
            results.totals.skipped += 1;
            (skipped, TestOutcome::Skipped)
        } else {
            results.totals.passed += 1;
            continue;
        };
        results.cases.push(TestCase {
            suite: suite(),
            name: case.attribute("name").unwrap_or_default().to_owned(),
            outcome,
            message: node.attribute("message").unwrap_or_default().to_owned(),
            details: node.text().unwrap_or_default().trim().to_owned(),
        });
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_failures_kept() {
        let results = parse(
            r#"<?xml version="1.0"?><testsuites><testsuite name="s" tests="99"><testcase name="a" time="0.5"/>
            <testcase name="b" classname="c" time="1,000.25"><failure message="m">text</failure></testcase>
            <testsuite name="inner"><testcase name="d"><error/></testcase><testcase name="e"><skipped/></testcase></testsuite></testsuite></testsuites>"#,
        )
        .unwrap();
        assert_eq!(results.totals, TestTotals { total: 4, passed: 1, failed: 2, skipped: 1, seconds: 1000.75 });
        let names: Vec<_> = results.cases.iter().map(|case| (case.suite.as_str(), case.name.as_str(), case.outcome)).collect();
        assert_eq!(names, [("c", "b", TestOutcome::Failed), ("inner", "d", TestOutcome::Failed), ("inner", "e", TestOutcome::Skipped)]);
        assert_eq!((results.cases[0].message.as_str(), results.cases[0].details.as_str()), ("m", "text"));
    }

    #[test]
    fn what_is_not_junit_is_refused() {
        assert!(parse("<html/>").unwrap_err().contains("`html`"));
        assert!(parse("<testsuite>").is_err());
        assert_eq!(parse("<testsuite/>").unwrap(), Results::default());
    }
}
