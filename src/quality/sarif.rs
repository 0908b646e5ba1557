use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::ecosystem::judge;
use crate::{CheckOutcome, Finding, Level, Report, Tools, rank};

/// What a path of a URI may hold unescaped.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The name of the repository's root in a log: where it lay on the agent is nobody's business.
const ROOT: &str = "SRCROOT";

/// What a report does not know about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SarifContext {
    /// The folder that was searched, from the root of the repository, with `/`; empty or `.` for the root.
    pub folder: String,
    /// The repository's URL, without credentials.
    pub repository_uri: Option<String>,
    /// The commit.
    pub revision: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The tools' versions.
    pub tools: Tools,
}

/// The findings as a SARIF 2.1.0 log: a run per workspace and tool, also for a tool that found nothing (so that what was
/// found before counts as mended). URIs are relative to the repository's root.
pub fn sarif(report: &Report, context: &SarifContext) -> Value {
    let mut runs: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for check in report.checks.iter().filter(|check| matches!(check.outcome, CheckOutcome::Passed | CheckOutcome::Failed)) {
        for &tool in &check.tools {
            runs.entry((&check.workspace, tool)).or_default();
        }
    }
    for finding in rank(&report.findings) {
        runs.entry((&finding.workspace, finding.tool)).or_default().push(finding);
    }
    let runs: Vec<_> = runs.into_iter().map(|((workspace, tool), findings)| run(workspace, tool, &findings, context)).collect();
    json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": runs })
}

fn run(workspace: &str, tool: &str, findings: &[&Finding], context: &SarifContext) -> Value {
    let ids: Vec<&str> = findings.iter().map(|finding| &*finding.rule).collect::<BTreeSet<_>>().into_iter().collect();
    let rules: Vec<_> = ids.iter().map(|id| rule(id, tool, findings)).collect();
    let mut driver = json!({ "name": tool, "rules": rules });
    if let Some((_, page)) = judge(tool) {
        driver["informationUri"] = json!(page);
    }
    if let Some(version) = context.tools.version(workspace, tool) {
        driver["version"] = json!(version);
        driver["fullName"] = json!(format!("{tool} {version}"));
    }
    let mut seen = BTreeMap::new();
    let results: Vec<_> = findings.iter().map(|finding| result(finding, &ids, &mut seen, context)).collect();
    let place = path(&context.folder, workspace);
    let mut run = json!({
        "tool": { "driver": driver },
        "automationDetails": { "id": format!("slipway/{}/{tool}/", if place.is_empty() { "." } else { &place }) },
        "originalUriBaseIds": { ROOT: { "description": { "text": "the root of the repository" } } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let Some(uri) = &context.repository_uri {
        let mut provenance =
            Map::from_iter([("repositoryUri".to_owned(), json!(uri)), ("mappedTo".to_owned(), json!({ "uriBaseId": ROOT }))]);
        provenance.extend(context.revision.iter().map(|revision| ("revisionId".to_owned(), json!(revision))));
        provenance.extend(context.branch.iter().map(|branch| ("branch".to_owned(), json!(branch))));
        run["versionControlProvenance"] = json!([provenance]);
    }
    run
}

fn rule(id: &str, tool: &str, findings: &[&Finding]) -> Value {
    let first = findings.iter().find(|finding| finding.rule == id);
    let mut rule =
        json!({ "id": id, "name": name(id, tool), "shortDescription": { "text": first.map_or(id, |finding| &finding.message) } });
    if let Some(uri) = first.and_then(|finding| finding.help_uri.as_deref()) {
        rule["helpUri"] = json!(uri);
    }
    rule
}

/// The rule's name, which must be another than its id: `ClippyLenZero`, `RustcE0277`.
fn name(id: &str, tool: &str) -> String {
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..])).collect::<String>()
    };
    let (id, tool) = (words(id), words(tool));
    if id.starts_with(&tool) { id } else { tool + &id }
}

fn result(finding: &Finding, ids: &[&str], seen: &mut BTreeMap<String, usize>, context: &SarifContext) -> Value {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let uri = finding.place.as_ref().map(|place| utf8_percent_encode(&path(&context.folder, &place.path), PATH).to_string());
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": ids.iter().position(|id| *id == finding.rule),
        "level": level,
        "message": { "text": text },
    });
    if let (Some(place), Some(uri)) = (&finding.place, &uri) {
        result["locations"] = json!([{ "physicalLocation": {
            "artifactLocation": { "uri": uri, "uriBaseId": ROOT },
            "region": {
                "startLine": place.line, "startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column,
            },
        }}]);
    }
    // No line number: a finding stays the same when lines above it come or go. Equal ones are counted.
    let key = [&*finding.rule, &*finding.message, uri.as_deref().unwrap_or_default()].join("\n");
    let nth = seen.entry(key.clone()).and_modify(|nth| *nth += 1).or_insert(1);
    let hash: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    result["partialFingerprints"] = json!({ "ruleMessagePath/v1": format!("{hash}:{nth}") });
    result
}

/// Two parts of a path as one, `.` and empty parts being nothing.
fn path(folder: &str, rest: &str) -> String {
    let parts = folder.split('/').chain(rest.split('/')).filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}
