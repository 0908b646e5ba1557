//! How a command ends when it does not end well: a message, the next step, an exit status.

use std::fmt;

use slipway_pipelines::Diagnostics;

use crate::terminal::Terminal;
use crate::text::{Line, Style};

/// Exit status of `slipway`: part of what users may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all well.
    Success,
    /// 1: the run failed or was canceled.
    Failed,
    /// 2: the input or the machine must be put right first; nothing ran.
    Refused,
    /// 3: the run waits for an answer; it can be resumed.
    Waiting,
    /// 130: interrupted with Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Waiting => 3,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command could not do its work, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Exit status.
    pub(crate) exit: Exit,
    problems: Vec<Problem>,
}

#[derive(Debug, PartialEq, Eq)]
enum Problem {
    /// Ours.
    Message { message: String, hints: Vec<String> },
    /// Of a file, with places; it says itself that it is an error.
    Rendered(String),
}

impl Failure {
    /// Bad input, or a machine that lacks something.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, problems: vec![Problem::Message { message: message.to_string(), hints: Vec::new() }] }
    }

    /// Ended by the person before anything ran.
    pub(crate) fn interrupted(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Interrupted, ..Self::refused(message) }
    }

    /// Problems of files, with the line of each where `source` has the text of its file.
    pub(crate) fn diagnostics(diagnostics: &Diagnostics, source: &dyn Fn(&str) -> Option<String>) -> Self {
        Self { exit: Exit::Refused, problems: vec![Problem::Rendered(diagnostics.render(source))] }
    }

    /// Several at once. `None` when there are none.
    pub(crate) fn all(failures: impl IntoIterator<Item = Self>) -> Option<Self> {
        failures.into_iter().reduce(|mut all, next| {
            all.problems.extend(next.problems);
            all
        })
    }

    /// With the next step for a person.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        if let Some(Problem::Message { hints, .. }) = self.problems.last_mut() {
            hints.push(hint.to_string());
        }
        self
    }

    /// Prints it on standard error.
    pub(crate) fn print(&self, terminal: &Terminal) {
        terminal.print_error(self.lines());
    }

    /// As lines.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for problem in &self.problems {
            match problem {
                Problem::Rendered(text) => lines.extend(text.lines().map(Line::plain)),
                Problem::Message { message, hints } => {
                    let mut message = message.lines();
                    lines.push(Line::new().with(Style::Bad, "error: ").with(Style::Plain, message.next().unwrap_or_default()));
                    lines.extend(message.map(|line| Line::plain(format!("  {line}"))));
                    for hint in hints {
                        let mut hint = hint.lines();
                        lines.push(Line::new().with(Style::Strong, "  hint: ").with(Style::Plain, hint.next().unwrap_or_default()));
                        lines.extend(hint.map(|line| Line::plain(format!("    {line}"))));
                    }
                }
            }
        }
        lines
    }
}
