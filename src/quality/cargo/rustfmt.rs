//! What `cargo fmt --check` prints.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ecosystem::{End, Interpreter, Stream, Verdict};
use crate::workspace::relative;
use crate::{CheckOutcome, CommandLine, Finding, Level, Place, Workspace};

/// The format check.
pub(super) struct Format {
    base: PathBuf,
    root: PathBuf,
    folder: String,
    findings: Vec<Finding>,
    success: bool,
}

impl Format {
    pub(super) fn new(workspace: &Workspace) -> Self {
        Self {
            base: workspace.base.clone(),
            root: workspace.root.clone(),
            folder: workspace.folder.clone(),
            findings: Vec::new(),
            success: false,
        }
    }
}

/// The file and line of `Diff in FILE:LINE:`, which older versions write `Diff in FILE at line LINE:`.
fn difference(line: &str) -> Option<(&str, u32)> {
    let rest = line.strip_prefix("Diff in ")?.strip_suffix(':')?;
    let (file, number) = rest.rsplit_once(" at line ").or_else(|| rest.rsplit_once(':'))?;
    Some((file, number.parse().ok()?))
}

impl Interpreter for Format {
    fn line(&mut self, stream: Stream, line: &str) -> Vec<String> {
        let place = |file: &str, line, column| {
            let file = self.root.join(Path::new(file));
            Place { path: relative(&self.base, &file), line, column, end_line: line, end_column: column }
        };
        let finding = |rule: &str, message: String, place: Place| Finding {
            tool: "rustfmt",
            workspace: self.folder.clone(),
            rule: rule.to_owned(),
            level: Level::Error,
            message,
            place: Some(place),
            help: Some("run `cargo fmt`".into()),
            help_uri: None,
        };
        if let (Stream::Stdout, Some((file, number))) = (stream, difference(line)) {
            let found = finding("rustfmt", "not formatted as rustfmt would".into(), place(file, number, 1));
            self.findings.push(found);
        }
        vec![line.to_owned()]
    }

    fn ended(&mut self, end: End, _: Duration) -> Vec<CommandLine> {
        self.success = matches!(end, End::Exited(status) if status.success());
        Vec::new()
    }

    fn finish(self: Box<Self>) -> Verdict {
        let files: std::collections::BTreeSet<_> = self.findings.iter().filter_map(|finding| Some(&finding.place.as_ref()?.path)).collect();
        let (outcome, reason) = match (self.success, files.len()) {
            (true, _) => (CheckOutcome::Passed, None),
            (false, 0) => {
                (CheckOutcome::Failed, Some("rustfmt failed; its output says why (code that does not parse cannot be formatted)".into()))
            }
            (false, 1) => (CheckOutcome::Failed, Some("1 file is not formatted".into())),
            (false, count) => (CheckOutcome::Failed, Some(format!("{count} files are not formatted"))),
        };
        let hint = (!self.success && !files.is_empty()).then(|| "run `cargo fmt` and commit what it changes".to_owned());
        Verdict { outcome, reason, hint, findings: self.findings, tests: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_old_and_new_versions_have_a_place() {
        for (line, expected) in [
            ("Diff in /w/src/lib.rs:12:", Some(("/w/src/lib.rs", 12))),
            ("Diff in /w/src/lib.rs at line 12:", Some(("/w/src/lib.rs", 12))),
            (r"Diff in \\?\C:\w\src\lib.rs:3:", Some((r"\\?\C:\w\src\lib.rs", 3))),
            ("+Diff in /w/src/lib.rs:12:", None),
            ("Diff in words", None),
        ] {
            assert_eq!(difference(line), expected, "{line}");
        }
    }
}
