//! Asks a question of a run: finds out whether it was answered already, whether it is too late, and who answers.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::approval::{Answer, Approvals, Question, QuestionOutcome};
use crate::cancellation::Level;
use crate::clock;
use crate::event::Event;
use crate::run_context::RunContext;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It has an outcome.
    Settled(Box<Question>),
    /// Nobody is there to answer: what needs it stays where it is, and the run stops when nothing else can go on.
    Waits,
    /// The run was cancelled.
    Canceled,
}

/// Asks `question`, whose times are not set yet. `limit` is how long it may wait.
pub(crate) async fn ask(run: &RunContext<'_>, question: Question, limit: Option<Duration>) -> Reply {
    let known = run.store.read(|record| record.questions.iter().find(|known| known.id == question.id).cloned());
    let asked_before = known.is_some();
    let question = known.unwrap_or_else(|| first(run, question, limit));
    if question.outcome.is_some() {
        return Reply::Settled(Box::new(question));
    }
    run.emit(Event::Asked { question: question.clone() });
    let left = time_left(&question);
    if left.is_some_and(|left| left.is_zero()) {
        return settle(run, question, None);
    }
    match (&run.request.approvals, &run.resume_answer) {
        (_, Some(answer)) if asked_before => settle(run, question, Some(answer.clone())),
        (Approvals::Answer(answer), _) => settle(run, question, Some(answer.clone())),
        (Approvals::Stop, _) => Reply::Waits,
        (Approvals::Ask(ask), _) => {
            // What is left is counted from here on, also while another question is being answered.
            let limit = async {
                match left {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            let asked = async {
                let _turn = run.asking.lock().await;
                ask(question.clone()).await
            };
            tokio::select! {
                biased;
                () = run.cancellation.reached(Level::Cancel) => Reply::Canceled,
                answer = asked => match answer {
                    Some(answer) => settle(run, question, Some(answer)),
                    None => Reply::Waits,
                },
                () = limit => settle(run, question, None),
            }
        }
    }
}

/// Asks for the first time: the time that it has begins.
fn first(run: &RunContext<'_>, question: Question, limit: Option<Duration>) -> Question {
    let now = clock::now();
    let question = Question {
        subject: run.masker.mask(&question.subject),
        instructions: run.masker.mask(&question.instructions),
        approvers: question.approvers.iter().map(|name| run.masker.mask(name)).collect(),
        asked: clock::rfc3339(now),
        expires: limit.map(|limit| clock::rfc3339(now + limit)),
        ..question
    };
    run.keep(run.store.update(|record| record.questions.push(question.clone())));
    question
}

/// Keeps the answer; none is that it came too late.
fn settle(run: &RunContext<'_>, question: Question, answer: Option<Answer>) -> Reply {
    let now = clock::rfc3339(clock::now());
    let settled = match answer {
        Some(answer) => Question {
            outcome: Some(answer.decision.into()),
            by: run.masker.mask(&answer.by),
            comment: run.masker.mask(&answer.comment),
            answered: Some(now),
            ..question
        },
        None => Question { outcome: Some(QuestionOutcome::TimedOut), answered: Some(now), ..question },
    };
    run.keep(run.store.update(|record| {
        if let Some(known) = record.questions.iter_mut().find(|known| known.id == settled.id) {
            known.clone_from(&settled);
        }
    }));
    run.emit(Event::Answered { question: settled.clone() });
    Reply::Settled(Box::new(settled))
}

/// How long the question may still wait; `None` is for ever.
fn time_left(question: &Question) -> Option<Duration> {
    let expires = OffsetDateTime::parse(question.expires.as_deref()?, &Rfc3339).ok()?;
    Some((expires - clock::now()).try_into().unwrap_or(Duration::ZERO))
}
