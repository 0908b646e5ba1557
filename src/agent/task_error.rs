use std::fmt;

/// Why a task failed, in words for a person: a stable code, what failed because of what, and the next step.
///
/// Codes are documented in docs/errors.md and never renumbered. Secrets are never part of any field: messages go to
/// the log, to issues, to the summary and into the delivery record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    /// `SLIP-KV-404-SECRET`.
    pub code: &'static str,
    /// What failed, because of what: one sentence or a few, literal values in backticks.
    pub message: String,
    /// The next step as a sentence, empty where there is none to name.
    pub hint: String,
}

impl TaskError {
    /// An error without a hint.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: String::new() }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if !self.hint.is_empty() {
            // Below a list the next step is a line of its own, or it would seem to be of the list's last line.
            let before = if self.message.contains('\n') { '\n' } else { ' ' };
            write!(f, "{before}Next: {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for TaskError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_stands_after_a_sentence_and_below_a_list() {
        let shown = |message: &str| TaskError::new("SLIP-X", message).hint("Mend it.").to_string();
        assert_eq!(shown("It failed."), "SLIP-X: It failed. Next: Mend it.");
        assert_eq!(shown("It has:\n  one\n  two"), "SLIP-X: It has:\n  one\n  two\nNext: Mend it.");
        assert_eq!(TaskError::new("SLIP-X", "It failed.").to_string(), "SLIP-X: It failed.");
    }
}
