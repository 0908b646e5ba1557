//! Problems of a file, as a person reads them: place, what was found, what was expected, the next step.
//!
//! Made by everything here that reads a file, and by `cli` for `slipway.local.yml`; printed by `cli`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::place::Place;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The pipeline cannot run.
    Error,
    /// The pipeline runs, but probably not as its author thinks.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A problem at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where the file of the place was included from, the innermost first.
    pub chain: Vec<Place>,
}

/// How many places of a chain are shown at its beginning and at its end, when it is long.
const SHOWN_CHAIN: usize = 4;

impl Diagnostic {
    fn new(severity: Severity, place: Place, message: String) -> Self {
        Self { severity, chain: place.chain(), place, message, hint: None }
    }

    /// An error without a hint.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, place, message.into())
    }

    /// A warning without a hint.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place, message.into())
    }

    /// The same with a hint; an empty one is none.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = (!hint.is_empty()).then_some(hint);
        self
    }

    fn write_chain(&self, out: &mut String) {
        let hidden = self.chain.len().saturating_sub(2 * SHOWN_CHAIN);
        for (position, place) in self.chain.iter().enumerate() {
            if hidden < 2 || position < SHOWN_CHAIN || position >= self.chain.len() - SHOWN_CHAIN {
                let _ = writeln!(out, "  included from {place}");
            } else if position == SHOWN_CHAIN {
                let _ = writeln!(out, "  ... {hidden} more");
            }
        }
    }

    /// The problem, the line of the file with a mark below the place, and the hint.
    fn write(&self, out: &mut String, line: Option<&str>) {
        let mut message = self.message.lines();
        let _ = writeln!(out, "{}: {}: {}", self.place, self.severity, message.next().unwrap_or_default());
        for line in message {
            let _ = writeln!(out, "  {line}");
        }
        if let Some(line) = line {
            let number = self.place.line.to_string();
            let before: String = line.chars().take(self.place.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let _ = writeln!(out, "  {number} | {line}\n  {} | {before}^", " ".repeat(number.len()));
        }
        self.write_chain(out);
        if let Some(hint) = &self.hint {
            let mut hint = hint.lines();
            let _ = writeln!(out, "  hint: {}", hint.next().unwrap_or_default());
            for line in hint {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out, None);
        f.write_str(out.trim_end_matches('\n'))
    }
}

/// All problems of a file, or of the files of a pipeline. As text they are in the order of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Texts of files, where they are known, by the name in the places.
    sources: BTreeMap<String, Arc<str>>,
}

impl Diagnostics {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds several.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(diagnostics);
    }

    /// How many there are, warnings included.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// In the order of their places.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.list.iter().collect();
        sorted.sort_by(|a, b| (&a.place, a.severity).cmp(&(&b.place, b.severity)));
        sorted
    }

    /// Remembers the text of a file, so that [`Self::render`] can show its lines.
    pub fn add_source(&mut self, file: &str, text: impl Into<Arc<str>>) {
        self.sources.insert(file.to_owned(), text.into());
    }

    /// As text for a person, with the line of each problem where the text of its file is known, or `source` has it.
    pub fn render(&self, source: &dyn Fn(&str) -> Option<String>) -> String {
        let sorted = self.sorted();
        let text = |file: &str| self.sources.get(file).cloned().or_else(|| source(file).map(Arc::from));
        let texts: HashMap<&str, Option<Arc<str>>> =
            sorted.iter().map(|diagnostic| &*diagnostic.place.file).map(|file| (file, text(file))).collect();
        let lines: HashMap<&str, Vec<&str>> =
            texts.iter().filter_map(|(file, text)| text.as_deref().map(|text| (*file, text.lines().collect()))).collect();
        let mut out = String::new();
        for diagnostic in sorted {
            let line = lines.get(&*diagnostic.place.file).and_then(|lines| lines.get(diagnostic.place.line.checked_sub(1)?)).copied();
            diagnostic.write(&mut out, line);
        }
        out
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(&|_| None).trim_end_matches('\n'))
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic], ..Self::default() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: usize, column: usize) -> Place {
        Place { file: file.into(), line, column }
    }

    #[test]
    fn problems_are_in_the_order_of_their_places_with_hints() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::warning(place("a.yml", 10, 1), "second"));
        diagnostics.push(Diagnostic::error(place("a.yml", 9, 3), "first\nof two lines").with_hint("do this\nand that"));
        diagnostics.push(Diagnostic::error(place("a.yml", 10, 2), "third").with_hint(""));
        assert_eq!(
            diagnostics.to_string(),
            "a.yml:9:3: error: first\n  of two lines\n  hint: do this\n    and that\na.yml:10:1: warning: second\na.yml:10:2: error: third"
        );
    }

    #[test]
    fn the_chain_of_includes_is_shown_and_cut_where_it_is_long() {
        let nested = |depth: usize| {
            (1..=depth).fold(place("ci.yml", 1, 1), |from, line| Place {
                file: crate::place::SourceFile::included("a.yml@shared", from),
                line,
                column: 3,
            })
        };
        let short = Diagnostic::error(nested(2), "no").with_hint("yes").to_string();
        assert_eq!(short, "a.yml@shared:2:3: error: no\n  included from a.yml@shared:1:3\n  included from ci.yml:1:1\n  hint: yes");
        let long = Diagnostic::error(nested(20), "no").to_string();
        assert_eq!(long.lines().count(), 10);
        assert!(long.contains("  included from a.yml@shared:16:3\n  ... 12 more\n  included from a.yml@shared:3:3\n"), "{long}");
    }

    #[test]
    fn the_line_is_shown_with_a_mark_where_its_file_is_known() {
        let mut diagnostics = Diagnostics::from(Diagnostic::error(place("a.yml", 2, 4), "no").with_hint("yes"));
        diagnostics.push(Diagnostic::error(place("b.yml", 1, 1), "other"));
        diagnostics.push(Diagnostic::error(place("a.yml", 99, 1), "beyond the end"));
        let shown = diagnostics.render(&|file| (file == "a.yml").then(|| "steps:\n\t- ß script\n".to_owned()));
        assert_eq!(
            shown,
            "a.yml:2:4: error: no\n  2 | \t- ß script\n    | \t  ^\n  hint: yes\na.yml:99:1: error: beyond the end\nb.yml:1:1: error: other\n"
        );
    }
}
