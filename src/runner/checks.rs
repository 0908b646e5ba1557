//! The checks of a stage: the approvals of the environments that its deployment jobs use. They hold up the whole stage, before
//! any of its jobs (facts/pipeline-yaml.md 2.10).

use slipway_pipelines::{JobKind, Stage};

use crate::approval::{Question, QuestionKind, QuestionOutcome, span};
use crate::event::TaskResult;
use crate::questions::{self, Reply};
use crate::run_context::RunContext;

/// What came of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// The stage may run.
    Passed,
    /// It waits for an answer.
    Waits,
    /// It may not: its result, and why.
    Refused(TaskResult, String),
}

/// Asks for the approvals that the stage needs, one after the other.
pub(crate) async fn of_stage(run: &RunContext<'_>, stage: &Stage, display_name: &str) -> Checked {
    let mut used: Vec<&str> = Vec::new();
    for job in &stage.jobs {
        if let JobKind::Deployment(deployment) = &job.kind
            && !used.iter().any(|name| name.eq_ignore_ascii_case(&deployment.environment.name))
        {
            used.push(&deployment.environment.name);
        }
    }
    for name in used {
        let environment = run.request.environments.iter().find(|environment| environment.name.eq_ignore_ascii_case(name));
        let Some(approval) = environment.and_then(|environment| environment.approval.as_ref()) else { continue };
        let question = Question {
            approvers: approval.approvers.clone(),
            instructions: approval.instructions.clone(),
            ..Question::new(QuestionKind::Approval, format!("{}:{name}", stage.name), display_name, name)
        };
        let limit = (approval.timeout_in_minutes > 0).then(|| run.pace.minute * approval.timeout_in_minutes);
        match questions::ask(run, question, limit).await {
            Reply::Waits => return Checked::Waits,
            Reply::Canceled => return Checked::Refused(TaskResult::Canceled, "The run was cancelled.".to_owned()),
            Reply::Settled(question) => match question.outcome {
                Some(QuestionOutcome::Approved) => {}
                Some(QuestionOutcome::Rejected) => {
                    let comment = if question.comment.is_empty() { String::new() } else { format!(": {}", question.comment) };
                    return Checked::Refused(
                        TaskResult::Failed,
                        format!(
                            "`{}` rejected the use of the environment `{name}`{comment}. Nothing of the stage ran; what speaks against it must be put right, and the pipeline run again.",
                            question.by
                        ),
                    );
                }
                // The documentation of approvals: "the stage is marked as skipped". That the run fails is not verified.
                Some(QuestionOutcome::TimedOut) | None => {
                    return Checked::Refused(
                        TaskResult::Skipped,
                        format!(
                            "Nobody approved the use of the environment `{name}` within {}. Nothing of the stage ran; run the pipeline again.",
                            span(approval.timeout_in_minutes)
                        ),
                    );
                }
            },
        }
    }
    Checked::Passed
}
