//! A run as plain lines, in the order in which things happen: for files, pipes and dumb terminals.

use slipway_runner::{Event, IssueKind, JobKey, Question, QuestionOutcome, TaskResult};

use super::board::{Board, run_title};
use super::words::{answered, duration, log_line, result_style, result_word, waits_for};
use crate::text::{Line, Style};

/// The lines that say `event`. `board` has taken note of it already.
pub(super) fn plain(board: &mut Board, event: &Event) -> Vec<Line> {
    match event {
        Event::RunStarted { id, number, pipeline, .. } => vec![Line::new().with(Style::Strong, run_title(*id, number, pipeline))],
        Event::Notice(text) => notice(text),
        Event::StageStarted { display_name, .. } if board.has_stages() => {
            vec![Line::new().with(Style::Strong, format!("stage {display_name}: started"))]
        }
        Event::StageCompleted { display_name, result, duration, reason, .. } if board.has_stages() => {
            vec![ended(format!("stage {display_name}: "), *result, *duration, reason)]
        }
        Event::JobStarted { job, agent, .. } => {
            let title = board.job_title(job);
            let on = if agent.is_empty() { "without an agent".to_owned() } else { format!("on {agent}") };
            vec![Line::new().with(Style::Strong, format!("job {title}: started {on}"))]
        }
        Event::JobCompleted { job, result, duration, reason, .. } => {
            let title = board.job_title(job);
            vec![ended(format!("job {title}: "), *result, *duration, reason)]
        }
        Event::StepStarted { job, display_name, .. } => vec![Line::plain(format!("{}step {display_name}: started", prefix(board, job)))],
        Event::StepOutput { job, line, .. } => vec![log_line(&format!("{}  ", prefix(board, job)), line)],
        Event::StepCompleted { job, display_name, result, duration, .. } => {
            vec![ended(format!("{}step {display_name}: ", prefix(board, job)), *result, *duration, "")]
        }
        Event::Kept { stage, job: None, result } if board.has_stages() => {
            vec![kept(format!("stage {}: ", board.stage_title(stage)), *result)]
        }
        Event::Kept { stage, job: Some(job), result } => {
            let title = board.job_title(&JobKey { stage: stage.clone(), job: job.clone() });
            vec![kept(format!("job {title}: "), *result)]
        }
        Event::Asked { question } => vec![Line::new().with(Style::Strong, "waiting: ").with(Style::Plain, waits_for(question))],
        Event::Answered { question } => answer(question),
        Event::Kept { .. }
        | Event::JobDivided { .. }
        | Event::RunWaiting { .. }
        | Event::StageStarted { .. }
        | Event::StageCompleted { .. }
        | Event::StepProgress { .. }
        | Event::RunCompleted { .. } => Vec::new(),
    }
}

/// The lines that stay above the live part: remarks on the run, and the end of the log of a step that failed.
pub(super) fn above(board: &mut Board, event: &Event) -> Vec<Line> {
    match event {
        Event::Notice(text) => notice(text),
        Event::Answered { question } => answer(question),
        Event::StepCompleted { job, step, display_name, result: result @ TaskResult::Failed, duration, issues, log } => {
            let mut lines = vec![ended(format!("{}step {display_name}: ", prefix(board, job)), *result, *duration, "")];
            let step = board.step_of(job, *step);
            if step.earlier > 0 {
                lines.push(Line::new().with(Style::Faint, format!("  … {} earlier lines in {}", step.earlier, log.display())));
            }
            lines.extend(step.tail.iter().map(|line| log_line("  ", line)));
            for issue in issues.iter().filter(|issue| issue.kind == IssueKind::Error) {
                // A task writes its errors into its log as well; those that the tail shows are not repeated.
                let first = issue.message.lines().next().unwrap_or_default();
                if !step.tail.iter().any(|line| line.contains(first)) {
                    lines.extend(issue.message.lines().map(|line| Line::plain("  ").with(Style::Bad, line)));
                }
            }
            lines
        }
        _ => Vec::new(),
    }
}

fn kept(subject: String, result: TaskResult) -> Line {
    Line::plain(subject).with(result_style(result), result_word(result)).with(Style::Faint, " (before the run stopped)")
}

fn answer(question: &Question) -> Vec<Line> {
    let style = if question.outcome == Some(QuestionOutcome::Approved) { Style::Good } else { Style::Bad };
    vec![Line::plain(format!("{}: ", waits_for(question))).with(style, answered(question))]
}

fn notice(text: &str) -> Vec<Line> {
    text.lines()
        .enumerate()
        .map(
            |(index, line)| {
                if index == 0 {
                    Line::new().with(Style::Strong, "note: ").with(Style::Plain, line)
                } else {
                    Line::plain(format!("  {line}"))
                }
            },
        )
        .collect()
}

fn ended(subject: String, result: TaskResult, took: std::time::Duration, reason: &str) -> Line {
    let line = Line::plain(subject).with(result_style(result), result_word(result));
    let line = if result == TaskResult::Skipped { line } else { line.with(Style::Plain, format!(" in {}", duration(took))) };
    if reason.is_empty() { line } else { line.with(Style::Faint, format!(" ({})", reason.lines().next().unwrap_or_default())) }
}

fn prefix(board: &mut Board, job: &JobKey) -> String {
    if board.has_several_jobs() { format!("[{}] ", board.job_title(job)) } else { String::new() }
}
