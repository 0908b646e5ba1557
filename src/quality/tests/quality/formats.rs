//! SARIF and JUnit, judged by other people's software.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use slipway_process::Command;
use slipway_quality::{
    Check, CheckOutcome, CheckReport, Finding, Level, Place, Report, SarifContext, TestCase, TestOutcome, TestSuite, Tools, junit, sarif,
};
use tokio::io::AsyncReadExt;

fn check(check: Check, workspace: &str, tools: &[&'static str]) -> CheckReport {
    CheckReport {
        check,
        ecosystem: "Cargo",
        workspace: workspace.into(),
        tools: tools.into(),
        outcome: CheckOutcome::Passed,
        reason: None,
        hint: None,
        duration: Duration::from_secs(1),
    }
}

fn report() -> Report {
    let place = |path: &str, line| Place { path: path.into(), line, column: 5, end_line: line, end_column: 17 };
    let finding = |tool, rule: &str, level, message: &str, place| Finding {
        tool,
        workspace: "orders".into(),
        rule: rule.into(),
        level,
        message: message.into(),
        place,
        help: None,
        help_uri: None,
    };
    let mut lint =
        finding("clippy", "clippy::len_zero", Level::Warning, "length comparison to zero", Some(place("orders/src/a b#ü.rs", 2)));
    lint.help = Some("use `is_empty`".into());
    lint.help_uri = Some("https://example.org/#len_zero".into());
    let again = Finding { place: Some(place("orders/src/a b#ü.rs", 9)), ..lint.clone() };
    let linker = finding("rustc", "rustc", Level::Error, "linking failed", None);
    let checks = vec![check(Check::Format, "orders", &["rustfmt"]), check(Check::Lint, "orders", &["rustc", "clippy"])];
    Report { checks, findings: vec![again, lint, linker], tests: Vec::new() }
}

fn context() -> SarifContext {
    SarifContext {
        folder: "services".into(),
        repository_uri: Some("https://dev.azure.com/contoso/shop/_git/shop".into()),
        revision: Some("0123456789abcdef0123456789abcdef01234567".into()),
        branch: Some("refs/heads/main".into()),
        tools: Tools { versions: [("orders".to_owned(), [("clippy", "0.1.95".to_owned())].into())].into() },
    }
}

#[test]
fn a_run_per_tool_with_relative_escaped_places() {
    let log = sarif(&report(), &context());
    let runs = log["runs"].as_array().unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run["automationDetails"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["slipway/services/orders/clippy/", "slipway/services/orders/rustc/", "slipway/services/orders/rustfmt/"]);
    assert_eq!(runs[2]["results"], json!([]), "a tool that found nothing says so");
    let name = |run: &Value| run["tool"]["driver"]["rules"][0]["name"].clone();
    assert_eq!((name(&runs[0]), name(&runs[1])), (json!("ClippyLenZero"), json!("Rustc")), "{runs:?}");
    assert_eq!(runs[0]["tool"]["driver"]["version"], "0.1.95");
    let results = runs[0]["results"].as_array().unwrap();
    let place = |result: &Value| result["locations"][0]["physicalLocation"].clone();
    assert_eq!(
        place(&results[0]),
        json!({
            "artifactLocation": { "uri": "services/orders/src/a%20b%23%C3%BC.rs", "uriBaseId": "SRCROOT" },
            "region": { "startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 17 },
        })
    );
    assert_eq!(runs[1]["results"][0].get("locations"), None);
    let fingerprint = |result: &Value| result["partialFingerprints"]["ruleMessagePath/v1"].as_str().unwrap().to_owned();
    assert!(fingerprint(&results[0]).ends_with(":1") && fingerprint(&results[1]).ends_with(":2"), "{results:?}");
    assert_eq!(fingerprint(&results[0]).split(':').next(), fingerprint(&results[1]).split(':').next(), "lines above do not matter");
}

/// What a JSON schema validator says against a SARIF log by the official schema; nothing if it is valid.
async fn judged(log: &Value) -> String {
    #[expect(clippy::disallowed_methods, reason = "the tests' tools, as scripts/test sets them")]
    let modules = PathBuf::from(
        std::env::var_os("SLIPWAY_TEST_NODE_MODULES")
            .expect("SLIPWAY_TEST_NODE_MODULES must name a folder with @microsoft/jest-sarif: run ./scripts/test"),
    );
    #[expect(clippy::disallowed_methods, reason = "the machine's Node")]
    let path = std::env::var_os("PATH").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.sarif");
    std::fs::write(&file, log.to_string()).unwrap();
    let script = "const [modules, file] = process.argv.slice(1), fs = require('fs'), load = name => require(require.resolve(name, { paths: [modules + '/@microsoft/jest-sarif'] }));
        const schema = JSON.parse(fs.readFileSync(modules + '/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json', 'utf8'));
        const Ajv = load('ajv'), ajv = new Ajv({ schemaId: 'auto', allErrors: true });
        ajv.addMetaSchema(load('ajv/lib/refs/json-schema-draft-04.json'));
        if (!ajv.validate(schema, JSON.parse(fs.readFileSync(file, 'utf8')))) console.log(ajv.errorsText());";
    let mut child = Command::new("node").args(["-e", script]).arg(&modules).arg(&file).env("PATH", path).spawn().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    child.take_stdout().unwrap().read_to_string(&mut out).await.unwrap();
    child.take_stderr().unwrap().read_to_string(&mut err).await.unwrap();
    assert!(child.wait().await.unwrap().success(), "{err}");
    out
}

#[tokio::test]
async fn the_official_schema_accepts_the_log_and_rejects_a_planted_error() {
    let log = sarif(&report(), &context());
    assert_eq!(judged(&log).await, "");
    assert_eq!(judged(&sarif(&Report::default(), &SarifContext::default())).await, "");
    let mut planted = log.clone();
    planted["runs"][0]["results"][0]["level"] = json!("fatal");
    assert!(judged(&planted).await.contains(".level should be equal to one of the allowed values"));
    let mut planted = log;
    planted["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0);
    assert!(judged(&planted).await.contains(".startLine should be >= 1"));
}

#[test]
fn junit_holds_what_azure_reads() {
    let case =
        |name: &str, outcome| TestCase { name: name.into(), outcome, duration: None, message: None, place: None, output: String::new() };
    let mut failed = case("tests::fails", TestOutcome::Failed);
    failed.message = Some("left < right\n  left: \u{1b}[1m1\u{0}".into());
    failed.place = Some(Place { path: "orders/src/lib.rs".into(), line: 12, column: 9, end_line: 12, end_column: 9 });
    failed.output = "##vso[task.setvariable]\u{7} & more ]]>".into();
    let mut hung = case("tests::hangs", TestOutcome::TimedOut);
    hung.message = Some("still ran".into());
    let mut ignored = case("tests::slow", TestOutcome::Skipped);
    ignored.message = Some("ignored".into());
    let mut passed = case("tests::adds", TestOutcome::Passed);
    passed.output = "not kept".into();
    let cases = vec![passed, failed, hung, ignored, case(&"x".repeat(600), TestOutcome::Passed)];
    let suite = TestSuite {
        check: Check::UnitTests,
        workspace: "orders".into(),
        package: "orders".into(),
        target: "lib".into(),
        cases,
        duration: Duration::from_millis(1500),
    };
    let written = junit("orders", &[suite]);
    let document = roxmltree::Document::parse(&written).unwrap();
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let attributes = ["name", "tests", "failures", "errors", "time"].map(|name| suite.attribute(name).unwrap());
    assert_eq!(attributes, ["orders::lib", "5", "2", "0", "1.500"]);
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases[0].attribute("classname"), Some("orders::lib"));
    assert_eq!(cases[0].children().filter(|node| node.is_element()).count(), 0);
    let failure = cases[1].children().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("message"), Some("left < right"));
    assert_eq!(failure.text(), Some("left < right\n  left: 1\nat orders/src/lib.rs:12:9"));
    let output = cases[1].children().find(|node| node.has_tag_name("system-out")).unwrap();
    assert_eq!(output.text().map(|text| text.replace('\u{fffd}', "")), Some("##vso[task.setvariable] & more ]]>".into()));
    assert_eq!(cases[2].children().find(|node| node.has_tag_name("failure")).unwrap().attribute("type"), Some("timed out"));
    assert_eq!(cases[3].children().find(|node| node.has_tag_name("skipped")).unwrap().attribute("message"), Some("ignored"));
    assert_eq!(cases[4].attribute("name").unwrap().len(), 512);
}
