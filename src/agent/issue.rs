use crate::TaskError;
pub use crate::commands::task::{Place, Severity};

/// An error or a warning of the step.
///
/// The agent keeps ten of each and drops the rest in silence, so [`Reporter`](crate::Reporter) ranks them: see
/// [`Issue::rank`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Error or warning.
    pub severity: Severity,
    /// How much it matters, higher is more. Of equal rank, the earlier one goes first.
    pub rank: u32,
    /// Text, untrusted.
    pub message: String,
    /// Code, empty for none.
    pub code: String,
    /// Where, if it is about a file.
    pub place: Option<Place>,
}

impl Issue {
    /// Rank of what ended the task.
    pub const RANK_CAUSE: u32 = 1000;
    /// Rank of an ordinary issue.
    pub const RANK_NORMAL: u32 = 100;
    /// Rank of a remark.
    pub const RANK_REMARK: u32 = 10;

    /// An ordinary error.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// An ordinary warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self { severity, rank: Self::RANK_NORMAL, message: message.into(), code: String::new(), place: None }
    }

    /// Changes the rank.
    #[must_use]
    pub fn rank(mut self, rank: u32) -> Self {
        self.rank = rank;
        self
    }

    /// Adds a code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// Adds a place in a file; line and column from 1, 0 if unknown.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: u32, column: u32) -> Self {
        self.place = Some(Place { path: path.into(), line, column });
        self
    }
}

impl From<&TaskError> for Issue {
    /// The error that ended the task.
    fn from(error: &TaskError) -> Self {
        Self::error(error.to_string()).rank(Self::RANK_CAUSE).code(error.code)
    }
}

/// How many errors, and how many warnings, the agent keeps for a step (facts/azure-pipelines-tasks.md 6.3).
pub(crate) const KEPT: usize = 10;

/// The issues to send to the agent, in order: of each severity the [`KEPT`] that matter most. The last one of a severity
/// that has more says how many more there are.
pub(crate) fn ranked(issues: &[Issue]) -> Vec<Issue> {
    let mut chosen = Vec::new();
    for (severity, noun) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        let mut of_severity: Vec<&Issue> = issues.iter().filter(|issue| issue.severity == severity).collect();
        of_severity.sort_by_key(|issue| std::cmp::Reverse(issue.rank));
        let more = of_severity.len().saturating_sub(KEPT);
        chosen.extend(of_severity.into_iter().take(KEPT).cloned());
        if let (1.., Some(last)) = (more, chosen.last_mut()) {
            let plural = if more == 1 { "" } else { "s" };
            last.message.push_str(&format!(" ({more} more {noun}{plural} in the log.)"));
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_that_matter_are_kept_and_the_rest_is_counted() {
        let mut issues: Vec<Issue> = (0..11).map(|index| Issue::warning(format!("w{index}"))).collect();
        issues.extend((0..12).map(|index| Issue::error(format!("e{index}")).rank(index)));
        let messages: Vec<String> = ranked(&issues).into_iter().map(|issue| issue.message).collect();
        let expected_errors = ["e11", "e10", "e9", "e8", "e7", "e6", "e5", "e4", "e3", "e2 (2 more errors in the log.)"];
        let expected_warnings = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9 (1 more warning in the log.)"];
        assert_eq!(messages, [expected_errors, expected_warnings].concat());
    }

    #[test]
    fn ten_are_not_counted() {
        let issues: Vec<Issue> = (0..10).map(|index| Issue::error(index.to_string())).collect();
        assert_eq!(ranked(&issues), issues);
    }
}
