//! What a run asks people: the approval of an environment before a stage, and `ManualValidation@1` within a job without an
//! agent. Who answers is the caller's ([`Approvals`]); what was asked and answered is kept in the run's record, so that a run
//! which stopped at a question goes on from there.

use std::fmt;

use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

/// A question, and, once it has one, its answer. Its texts have passed the masker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// Which question of the run it is: the same one when the run goes on.
    pub id: String,
    /// What is asked.
    pub kind: QuestionKind,
    /// Display name of the stage that waits.
    pub stage: String,
    /// The environment's name, or the display name of the step.
    pub subject: String,
    /// Who should answer, as configured; empty where anybody may. (Here the person at the terminal answers for them.)
    #[serde(default)]
    pub approvers: Vec<String>,
    /// What they are told.
    #[serde(default)]
    pub instructions: String,
    /// RFC 3339.
    pub asked: String,
    /// When it is too late, RFC 3339; absent where there is no limit.
    #[serde(default)]
    pub expires: Option<String>,
    /// What became of it; absent while it waits.
    #[serde(default)]
    pub outcome: Option<QuestionOutcome>,
    /// Who answered.
    #[serde(default)]
    pub by: String,
    /// What they said.
    #[serde(default)]
    pub comment: String,
    /// When it was answered, RFC 3339.
    #[serde(default)]
    pub answered: Option<String>,
}

impl Question {
    /// A question that has not been asked yet.
    pub(crate) fn new(kind: QuestionKind, id: String, stage: &str, subject: &str) -> Self {
        Self {
            id,
            kind,
            stage: stage.to_owned(),
            subject: subject.to_owned(),
            approvers: Vec::new(),
            instructions: String::new(),
            asked: String::new(),
            expires: None,
            outcome: None,
            by: String::new(),
            comment: String::new(),
            answered: None,
        }
    }
}

/// A span of minutes in words.
pub(crate) fn span(minutes: u32) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        60 => "1 hour".to_owned(),
        1440 => "1 day".to_owned(),
        _ if minutes.is_multiple_of(1440) => format!("{} days", minutes / 1440),
        _ if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        _ => format!("{minutes} minutes"),
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuestionKind {
    /// Whether a stage may use an environment.
    Approval,
    /// `ManualValidation@1`.
    Validation,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuestionOutcome {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Nobody answered in time.
    TimedOut,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub decision: Decision,
    /// Who says so.
    pub by: String,
    /// Why; may be empty.
    pub comment: String,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
}

impl From<Decision> for QuestionOutcome {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Approve => Self::Approved,
            Decision::Reject => Self::Rejected,
        }
    }
}

/// Asks a person; `None` is "not now": the run stops there, and can be resumed. Dropped when the question is too late or the
/// run is cancelled.
pub type Ask = Box<dyn Fn(Question) -> LocalBoxFuture<'static, Option<Answer>>>;

/// Who answers the questions of a run.
pub enum Approvals {
    /// A person, one question at a time.
    Ask(Ask),
    /// All questions have this answer.
    Answer(Answer),
    /// Nobody: the run stops at a question, and can be resumed.
    Stop,
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(_) => f.write_str("Ask"),
            Self::Answer(answer) => f.debug_tuple("Answer").field(answer).finish(),
            Self::Stop => f.write_str("Stop"),
        }
    }
}

/// An environment, as far as runs are concerned. One that nobody configured has no approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Name; upper and lower case are the same.
    pub name: String,
    /// Absent: none is needed.
    pub approval: Option<EnvironmentApproval>,
}

/// The approval that stages need which use an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentApproval {
    /// Who approves.
    pub approvers: Vec<String>,
    /// What they are told.
    pub instructions: String,
    /// How long it is waited for.
    pub timeout_in_minutes: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_the_largest_whole_unit() {
        let said = [1, 2, 60, 90, 120, 1440, 43200].map(span);
        assert_eq!(said, ["1 minute", "2 minutes", "1 hour", "90 minutes", "2 hours", "1 day", "30 days"]);
    }
}
