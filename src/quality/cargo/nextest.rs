//! cargo-nextest, where it is installed: it is given test programs that Cargo has built before, so that what the
//! integration tests get reaches no compiler, and leaves a JUnit file.
//!
//! <https://nexte.st/docs/ci-features/archiving/> (reusing builds), <https://nexte.st/docs/machine-readable/junit/>

use std::path::{Path, PathBuf};
use std::time::Duration;

use roxmltree::{Document, Node};
use serde_json::Value;

use super::libtest;
use crate::{CommandLine, Package, PlannedCheck, TestCase, TestOutcome, Workspace};

/// The exit status of a run that had no tests: <https://docs.rs/nextest-metadata/latest/nextest_metadata/enum.NextestExitCode.html>
pub(super) const NO_TESTS: i32 = 4;

/// The files through which Cargo, nextest and we talk.
pub(super) struct Files {
    configuration: PathBuf,
    binaries: PathBuf,
    metadata: PathBuf,
    junit: PathBuf,
}

impl Files {
    pub(super) fn new(planned: &PlannedCheck) -> Self {
        let stem = format!("nextest-{}-{}", planned.check, planned.workspace.folder.replace('/', "-"));
        let file = |end: &str| planned.scratch.join(format!("{stem}-{end}"));
        Self {
            configuration: file("configuration.toml"),
            binaries: file("binaries.json"),
            metadata: file("metadata.json"),
            junit: file("junit.xml"),
        }
    }

    /// What is asked first: the built programs. `selection` is that of the build.
    pub(super) fn list(&self, root: &Path, selection: &[&str]) -> CommandLine {
        let list = ["nextest", "list", "--color", "never", "--list-type", "binaries-only", "--message-format", "json"];
        CommandLine::new("cargo", &[&list, selection].concat(), root)
    }

    /// What is asked next: the packages, of which nextest would ask Cargo itself.
    pub(super) fn packages(&self, root: &Path, locked: &[&str]) -> CommandLine {
        CommandLine::new("cargo", &[&["metadata", "--format-version", "1", "--all-features"], locked].concat(), root)
    }

    /// Writes what was answered, without the programs that cannot list their tests, and the configuration.
    pub(super) fn write(&self, binaries: &str, metadata: &str, workspace: &Workspace) -> Result<(), String> {
        let mut binaries: Value = serde_json::from_str(binaries).map_err(|error| format!("nextest listed no programs: {error}"))?;
        if let Some(programs) = binaries.get_mut("rust-binaries").and_then(Value::as_object_mut) {
            programs.retain(|id, _| {
                let (package, target) = parts(id);
                let is_foreign = |known: &Package| known.name == package && known.foreign_harness.contains(&target);
                !workspace.packages.iter().any(is_foreign)
            });
        }
        // (A string of JSON is one of TOML.) A profile of its own, upon the repository's default one: a repository may configure timeouts and retries.
        let path = Value::from(self.junit.display().to_string());
        let configuration = format!("[profile.slipway]\nfail-fast = false\n\n[profile.slipway.junit]\npath = {path}\n");
        let files = [(&self.binaries, binaries.to_string()), (&self.metadata, metadata.to_owned()), (&self.configuration, configuration)];
        for (file, text) in files {
            std::fs::write(file, text).map_err(|error| format!("failed to write `{}`: {error}", file.display()))?;
        }
        // What an earlier check left is not what this one finds.
        let _ = std::fs::remove_file(&self.junit);
        Ok(())
    }

    /// The tests.
    pub(super) fn run(&self, root: &Path, integration_test: bool) -> CommandLine {
        let path = |path: &Path| path.display().to_string();
        let (binaries, metadata, configuration) = (path(&self.binaries), path(&self.metadata), path(&self.configuration));
        let configuration = format!("slipway:{configuration}");
        let arguments = ["nextest", "run", "--color", "never", "--profile", "slipway", "--tool-config-file", &configuration];
        let reuse = ["--binaries-metadata", &*binaries, "--cargo-metadata", &*metadata];
        let mut command = CommandLine::new("cargo", &[&arguments[..], &reuse].concat(), root);
        command.integration_test = integration_test;
        command
    }

    /// What the run left: package, target, tests and duration of each program; nothing if it left no file.
    pub(super) fn results(&self, timed_out: bool, workspace: &Workspace) -> Option<Vec<Suite>> {
        let text = std::fs::read_to_string(&self.junit).ok()?;
        read(&text, timed_out, workspace)
    }
}

/// The tests of a program.
#[derive(Debug, PartialEq)]
pub(super) struct Suite {
    pub(super) package: String,
    pub(super) target: String,
    pub(super) cases: Vec<TestCase>,
    pub(super) duration: Duration,
}

/// Package and target of a binary's id: `orders`, `orders::bin/orders`, `orders::receipts`.
fn parts(id: &str) -> (&str, String) {
    match id.split_once("::") {
        None => (id, "lib".into()),
        Some((package, target)) if target.contains('/') => (package, target.into()),
        Some((package, target)) => (package, format!("test/{target}")),
    }
}

fn read(text: &str, timed_out: bool, workspace: &Workspace) -> Option<Vec<Suite>> {
    let document = Document::parse(text).ok()?;
    let suites = document.root_element().children().filter(|node| node.has_tag_name("testsuite"));
    let suite = |node: Node<'_, '_>| {
        let (package, target) = parts(node.attribute("name")?);
        let cases = node.children().filter(|node| node.has_tag_name("testcase"));
        let cases: Vec<_> = cases.filter_map(|node| case(node, timed_out, workspace)).collect();
        // A suite has no time of its own: its tests may have run beside those of others.
        let duration = cases.iter().filter_map(|case| case.duration).sum();
        Some(Suite { package: package.to_owned(), target, cases, duration })
    };
    Some(suites.filter_map(suite).collect())
}

fn case(node: Node<'_, '_>, timed_out: bool, workspace: &Workspace) -> Option<TestCase> {
    let child = |name: &str| node.children().find(|child| child.has_tag_name(name));
    let text = |name: &str| child(name).and_then(|child| child.text()).unwrap_or_default().trim().to_owned();
    let duration = node.attribute("time").and_then(|time| Duration::try_from_secs_f64(time.parse().ok()?).ok());
    let mut case = TestCase {
        name: node.attribute("name")?.to_owned(),
        outcome: TestOutcome::Passed,
        duration,
        message: None,
        place: None,
        output: String::new(),
    };
    if let Some(failure) = child("failure").or_else(|| child("error")) {
        let aborted = failure.attribute("type").is_some_and(|kind| kind.contains("abort"));
        case.outcome = if timed_out && aborted { TestOutcome::TimedOut } else { TestOutcome::Failed };
        let said = failure.text().unwrap_or_default();
        let (message, place) = libtest::panic(said, workspace);
        let own = || failure.attribute("message").map(str::to_owned).filter(|message| !message.is_empty());
        case.message = if case.outcome == TestOutcome::TimedOut { Some(libtest::STILL_RAN.into()) } else { message.or_else(own) };
        case.place = place;
        let output = [text("system-out"), text("system-err")].into_iter().filter(|text| !text.is_empty());
        case.output = libtest::tail(&output.collect::<Vec<_>>().join("\n")).to_owned();
    } else if let Some(skipped) = child("skipped") {
        case.outcome = TestOutcome::Skipped;
        case.message = Some(skipped.attribute("message").unwrap_or("ignored").to_owned());
    }
    Some(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_programs() {
        for (id, expected) in [("orders", "lib"), ("orders::bin/serve", "bin/serve"), ("orders::receipts", "test/receipts")] {
            assert_eq!(parts(id), ("orders", expected.to_owned()));
        }
    }

    #[test]
    fn a_file_that_is_cut_off_is_none() {
        let workspace =
            Workspace { ecosystem: "Cargo", base: "/w".into(), root: "/w".into(), folder: ".".into(), packages: Vec::new(), locked: false };
        let whole = "<testsuites><testsuite name=\"a\"><testcase name=\"t\" time=\"1.5\"/></testsuite></testsuites>";
        let read = |text| read(text, false, &workspace).map(|suites| suites[0].duration);
        assert_eq!(read(whole), Some(Duration::from_millis(1500)));
        assert_eq!(read(&whole[..40]), None);
    }
}
