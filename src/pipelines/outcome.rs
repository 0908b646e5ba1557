//! How steps, jobs and stages end, and what that means for what holds them (facts/pipeline-yaml.md 2.7, "Result merge").

use std::fmt;

/// How a step, a job or a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All well.
    Succeeded,
    /// All well but for something that is reported.
    SucceededWithIssues,
    /// It failed.
    Failed,
    /// It was canceled.
    Canceled,
    /// It did not run.
    Skipped,
    /// Its agent was lost.
    Abandoned,
}

impl Outcome {
    /// The outcome of a whole so far, after one more of its parts. It never gets better.
    #[must_use]
    pub fn merge(self, part: Self) -> Self {
        match (self, part) {
            (Self::Failed | Self::Canceled, _) => self,
            (_, Self::Canceled) => Self::Canceled,
            (_, Self::Failed | Self::Abandoned) => Self::Failed,
            (Self::Succeeded, Self::SucceededWithIssues) => Self::SucceededWithIssues,
            _ => self,
        }
    }

    /// The outcome of a step as its job sees it.
    #[must_use]
    pub fn continued_on_error(self, continue_on_error: bool) -> Self {
        if self == Self::Failed && continue_on_error { Self::SucceededWithIssues } else { self }
    }

    /// Whether `succeeded()` counts it.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::SucceededWithIssues)
    }
}

impl fmt::Display for Outcome {
    /// As `dependencies.a.result` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{self, *};

    #[test]
    fn results_merge_and_never_improve() {
        // facts/pipeline-yaml.md 2.7, MergeResult
        let all = [Succeeded, SucceededWithIssues, Failed, Canceled, Skipped, Abandoned];
        let table: [(Outcome, [Outcome; 6]); 4] = [
            (Succeeded, [Succeeded, SucceededWithIssues, Failed, Canceled, Succeeded, Failed]),
            (SucceededWithIssues, [SucceededWithIssues, SucceededWithIssues, Failed, Canceled, SucceededWithIssues, Failed]),
            (Failed, [Failed; 6]),
            (Canceled, [Canceled; 6]),
        ];
        for (whole, expected) in table {
            assert_eq!(all.map(|part| whole.merge(part)), expected, "{whole}");
        }
        assert_eq!(
            all.map(|step| step.continued_on_error(true)),
            [Succeeded, SucceededWithIssues, SucceededWithIssues, Canceled, Skipped, Abandoned]
        );
        assert_eq!(all.map(|step| step.continued_on_error(false)), all);
    }
}
