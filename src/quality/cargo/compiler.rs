//! What the compiler and clippy say as JSON, a message a line: <https://doc.rust-lang.org/rustc/json.html>

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::ecosystem::{End, Interpreter, Stream, Verdict};
use crate::workspace::relative;
use crate::{Check, CheckOutcome, CommandLine, Finding, Level, Place, PlannedCheck, Workspace};

/// A line of `cargo --message-format json`.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub(super) enum Said {
    CompilerMessage {
        message: Diagnostic,
    },
    CompilerArtifact(Artifact),
    BuildScriptExecuted(BuildScript),
    #[serde(other)]
    Other,
}

/// Something that was built.
#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) package_id: String,
    pub(super) manifest_path: PathBuf,
    pub(super) target: ArtifactTarget,
    pub(super) profile: Profile,
    pub(super) executable: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(super) struct ArtifactTarget {
    pub(super) kind: Vec<String>,
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Profile {
    pub(super) test: bool,
}

/// What a build script gave.
#[derive(Deserialize)]
pub(super) struct BuildScript {
    pub(super) package_id: String,
    #[serde(default)]
    pub(super) linked_paths: Vec<String>,
    #[serde(default)]
    pub(super) env: Vec<(String, String)>,
    pub(super) out_dir: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(super) struct Diagnostic {
    message: String,
    level: String,
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Diagnostic>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Clone, Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Clone, Deserialize)]
struct Expansion {
    span: Span,
}

/// The finding in a diagnostic; nothing for the compiler's sums (`aborting due to 2 previous errors`).
pub(super) fn finding(diagnostic: &Diagnostic, workspace: &Workspace) -> Option<Finding> {
    let level = match &*diagnostic.level {
        level if level.starts_with("error") => Level::Error,
        "warning" => Level::Warning,
        "note" | "help" => Level::Note,
        _ => return None,
    };
    let code = diagnostic.code.as_ref().map(|code| &*code.code);
    let sum = ["aborting due to", "could not compile"].iter().any(|start| diagnostic.message.starts_with(start))
        || diagnostic.message.ends_with("emitted") && diagnostic.message.contains(" warning");
    if code.is_none() && diagnostic.spans.is_empty() && sum {
        return None;
    }
    let tool = if code.is_some_and(|code| code.starts_with("clippy::")) { "clippy" } else { "rustc" };
    let helps: Vec<_> = diagnostic.children.iter().filter(|child| child.level == "help").map(|child| &*child.message).collect();
    let page = helps.iter().find_map(|help| help.strip_prefix("for further information visit "));
    let no_advice = ["for further information visit ", "to override `-D warnings`"];
    let advice: Vec<_> = helps.iter().copied().filter(|help| !no_advice.iter().any(|start| help.starts_with(start))).collect();
    let error_page = code.filter(|code| code.len() == 5 && code.starts_with('E') && code[1..].bytes().all(|byte| byte.is_ascii_digit()));
    Some(Finding {
        tool,
        workspace: workspace.folder.clone(),
        rule: code.unwrap_or(tool).to_owned(),
        level,
        message: diagnostic.message.lines().next().unwrap_or_default().to_owned(),
        place: diagnostic.spans.iter().find(|span| span.is_primary).and_then(|span| place(span, workspace)),
        help: (!advice.is_empty()).then(|| advice.join("\n")),
        help_uri: page.map(str::to_owned).or_else(|| error_page.map(|code| format!("https://doc.rust-lang.org/error_codes/{code}.html"))),
    })
}

/// The innermost place below the searched folder: an error within a foreign macro is where the macro is called.
fn place(span: &Span, workspace: &Workspace) -> Option<Place> {
    let mut span = span;
    loop {
        let path = relative(&workspace.base, &workspace.root.join(&span.file_name));
        let is_ours = !span.file_name.starts_with('<') && !std::path::Path::new(&path).is_absolute();
        if is_ours {
            return Some(Place {
                path,
                line: span.line_start,
                column: span.column_start,
                end_line: span.line_end,
                end_column: span.column_end,
            });
        }
        span = &span.expansion.as_ref()?.span;
    }
}

/// The lines of a diagnostic as the compiler would print it.
pub(super) fn rendered(diagnostic: &Diagnostic) -> Vec<String> {
    let text = diagnostic.rendered.as_deref().unwrap_or(&diagnostic.message);
    text.lines().map(str::to_owned).collect()
}

/// Collects what a compiler says: each thing once, though a library is compiled for itself and for its tests.
pub(super) struct Findings {
    workspace: Workspace,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(workspace: &Workspace) -> Self {
        Self { workspace: workspace.clone(), found: Vec::new() }
    }

    /// What a person should see of the diagnostic.
    pub(super) fn take(&mut self, diagnostic: &Diagnostic) -> Vec<String> {
        let Some(finding) = finding(diagnostic, &self.workspace) else { return Vec::new() };
        if self.found.iter().any(|known| known.is_same(&finding)) {
            return Vec::new();
        }
        self.found.push(finding);
        rendered(diagnostic)
    }

    fn count(&self, level: Level) -> usize {
        self.found.iter().filter(|finding| finding.level == level).count()
    }

    /// `2 errors and 1 warning`.
    pub(super) fn in_words(&self) -> Option<String> {
        let plural = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            count => Some(format!("{count} {word}s")),
        };
        let parts: Vec<_> =
            [plural(self.count(Level::Error), "error"), plural(self.count(Level::Warning), "warning")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

/// The lint and build checks.
pub(super) struct Compile {
    check: Check,
    findings: Findings,
    success: bool,
    /// Cargo's own errors: a missing lock file, a dependency that cannot be had.
    cargo_says: Vec<String>,
}

impl Compile {
    pub(super) fn new(planned: &PlannedCheck) -> Self {
        Self { check: planned.check, findings: Findings::new(&planned.workspace), success: false, cargo_says: Vec::new() }
    }
}

impl Interpreter for Compile {
    fn line(&mut self, stream: Stream, line: &str) -> Vec<String> {
        if stream == Stream::Stdout
            && let Ok(message) = serde_json::from_str(line)
        {
            return if let Said::CompilerMessage { message } = message { self.findings.take(&message) } else { Vec::new() };
        }
        self.cargo_says.extend(cargo_error(line));
        vec![line.to_owned()]
    }

    fn ended(&mut self, end: End, _: Duration) -> Vec<CommandLine> {
        self.success = matches!(end, End::Exited(status) if status.success());
        Vec::new()
    }

    fn finish(self: Box<Self>) -> Verdict {
        let verb = if self.check == Check::Lint { "clippy" } else { "the compiler" };
        let reason = match self.findings.in_words() {
            Some(count) => format!("{verb} found {count}"),
            None => {
                self.cargo_says.first().map_or_else(|| "cargo failed; its output says why".into(), |line| format!("cargo failed: {line}"))
            }
        };
        let hint = cargo_hint(&self.cargo_says);
        let outcome = if self.success { CheckOutcome::Passed } else { CheckOutcome::Failed };
        let failed = !self.success;
        Verdict {
            outcome,
            reason: failed.then_some(reason),
            hint: hint.filter(|_| failed),
            findings: self.findings.found,
            tests: Vec::new(),
        }
    }
}

/// The text of an error of cargo itself.
pub(super) fn cargo_error(line: &str) -> Option<String> {
    line.strip_prefix("error: ").filter(|text| !text.starts_with("could not compile")).map(str::to_owned)
}

/// What to do about an error of cargo itself.
pub(super) fn cargo_hint(cargo_says: &[String]) -> Option<String> {
    let locked = cargo_says.iter().any(|line| line.contains("--locked was passed") || line.contains("lock file"));
    locked.then(|| "run `cargo update --workspace`, commit `Cargo.lock`, or do not demand locked dependencies".to_owned())
}
