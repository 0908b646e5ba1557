//! The part of the terminal that is drawn again and again while a run goes on.

use std::time::Duration;

use slipway_runner::TaskResult;

use super::board::{Board, Job, State};
use super::words::{duration, result_sign, result_style, result_word};
use crate::text::{Line, Style};

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The board at the time `now` in at most `height` lines. Jobs that are over are one line each; where there is still too
/// much, first the finished steps of running jobs go, then what waits.
pub(super) fn view(board: &Board, now: Duration, height: usize) -> Vec<Line> {
    for detail in [Detail::Full, Detail::NoFinishedSteps, Detail::OnlyRunning] {
        let lines = lines(board, now, detail);
        if lines.len() <= height || detail == Detail::OnlyRunning {
            let more = lines.len().saturating_sub(height);
            let mut lines = lines;
            if more > 0 {
                lines.truncate(height.saturating_sub(1));
                lines.push(Line::new().with(Style::Faint, format!("… {} more", more + 1)));
            }
            return lines;
        }
    }
    Vec::new()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Full,
    NoFinishedSteps,
    OnlyRunning,
}

fn lines(board: &Board, now: Duration, detail: Detail) -> Vec<Line> {
    let mut lines = vec![Line::new().with(Style::Strong, &board.title)];
    lines.extend(board.asked.iter().map(|(_, text)| Line::new().with(Style::Remark, format!("? waits for {text}"))));
    let stages = board.has_stages();
    let indent = if stages { "  " } else { "" };
    for stage in &board.stages {
        if detail == Detail::OnlyRunning && !matches!(stage.state, State::Running { .. }) {
            continue;
        }
        if stages {
            lines.push(row("", &stage.title, &stage.state, now, ""));
        }
        // A stage that is over says so in one line, unless something in it went wrong.
        let settled = matches!(&stage.state, State::Done { result: TaskResult::Succeeded | TaskResult::Skipped, .. });
        if stages && (settled || stage.state == State::Waiting) {
            continue;
        }
        for job in &stage.jobs {
            job_lines(job, indent, now, detail, &mut lines);
        }
    }
    lines
}

fn job_lines(job: &Job, indent: &str, now: Duration, detail: Detail, lines: &mut Vec<Line>) {
    let running = matches!(job.state, State::Running { .. });
    if detail == Detail::OnlyRunning && !running {
        return;
    }
    lines.push(row(indent, &job.title, &job.state, now, ""));
    if !running {
        return;
    }
    for step in &job.steps {
        let finished_well = matches!(&step.state, State::Done { result, .. } if *result != TaskResult::Failed);
        if detail != Detail::Full && finished_well {
            continue;
        }
        let doing = if matches!(step.state, State::Running { .. }) { step.doing.as_str() } else { "" };
        lines.push(row(&format!("{indent}  "), &step.title, &step.state, now, doing));
    }
}

fn row(indent: &str, title: &str, state: &State, now: Duration, doing: &str) -> Line {
    let line = Line::plain(indent);
    match state {
        State::Waiting => line.with(Style::Faint, format!("· {title}")),
        State::Running { since } => {
            let spinner = SPINNER[usize::try_from(now.as_millis() / 100).unwrap_or_default() % SPINNER.len()];
            let line = line.with(Style::Strong, spinner).with(Style::Plain, format!(" {title}  "));
            let line = line.with(Style::Faint, duration(now.saturating_sub(*since)));
            if doing.is_empty() { line } else { line.with(Style::Faint, format!("  {doing}")) }
        }
        State::Done { result, duration: took, reason } => {
            let line = line.with(result_style(*result), result_sign(*result)).with(Style::Plain, format!(" {title}  "));
            let line = match result {
                TaskResult::Succeeded => line.with(Style::Faint, duration(*took)),
                TaskResult::Skipped => line.with(Style::Faint, "skipped"),
                _ => line.with(result_style(*result), result_word(*result)).with(Style::Faint, format!("  {}", duration(*took))),
            };
            if reason.is_empty() { line } else { line.with(Style::Faint, format!("  {}", reason.lines().next().unwrap_or_default())) }
        }
    }
}
