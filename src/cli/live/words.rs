//! Words and signs for results and durations.

use std::time::Duration;

use slipway_runner::{Question, QuestionKind, QuestionOutcome, TaskResult};

use crate::text::{Line, Style};

/// `0.4 s`, `12.3 s`, `2 min 03 s`, `1 h 02 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = (duration.as_millis() + 500) / 1000;
    if tenths < 600 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
    }
}

/// A result in a sentence.
pub(crate) fn result_word(result: TaskResult) -> &'static str {
    match result {
        TaskResult::Succeeded => "succeeded",
        TaskResult::SucceededWithIssues => "succeeded with issues",
        TaskResult::Failed => "failed",
        TaskResult::Canceled => "canceled",
        TaskResult::Skipped => "skipped",
    }
}

/// What a question waits for: `the approval of the environment `production` (stage Deploy)`.
pub(crate) fn waits_for(question: &Question) -> String {
    let what = match question.kind {
        QuestionKind::Approval => format!("the approval of the environment `{}`", question.subject),
        QuestionKind::Validation => format!("the validation `{}`", question.subject),
    };
    if question.stage == "__default" { what } else { format!("{what} (stage {})", question.stage) }
}

/// What became of a question.
pub(crate) fn answered(question: &Question) -> String {
    let outcome = match question.outcome {
        Some(QuestionOutcome::Approved) => format!("approved by {}", question.by),
        Some(QuestionOutcome::Rejected) => format!("rejected by {}", question.by),
        Some(QuestionOutcome::TimedOut) => "nobody answered in time".to_owned(),
        None => "not answered".to_owned(),
    };
    if question.comment.is_empty() { outcome } else { format!("{outcome}: {}", question.comment) }
}

/// The style of a result.
pub(super) fn result_style(result: TaskResult) -> Style {
    match result {
        TaskResult::Succeeded => Style::Good,
        TaskResult::SucceededWithIssues => Style::Remark,
        TaskResult::Failed | TaskResult::Canceled => Style::Bad,
        TaskResult::Skipped => Style::Faint,
    }
}

/// The sign of a result.
pub(super) fn result_sign(result: TaskResult) -> &'static str {
    match result {
        TaskResult::Succeeded => "✓",
        TaskResult::SucceededWithIssues => "!",
        TaskResult::Failed => "✗",
        TaskResult::Canceled => "■",
        TaskResult::Skipped => "–",
    }
}

/// A line of a step's log as Azure DevOps shows it: `##[error]` and its like become words and styles.
pub(super) fn log_line(indent: &str, text: &str) -> Line {
    let line = Line::plain(indent);
    for (mark, word, style) in [
        ("##[error]", "error: ", Style::Bad),
        ("##[warning]", "warning: ", Style::Remark),
        ("##[debug]", "debug: ", Style::Faint),
        ("##[command]", "", Style::Strong),
        ("##[section]", "", Style::Strong),
        ("##[group]", "", Style::Strong),
    ] {
        if let Some(rest) = text.strip_prefix(mark) {
            return line.with(style, word).with(style, rest);
        }
    }
    line.with(Style::Plain, text.strip_prefix("##[endgroup]").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (449, "0.4 s"),
            (450, "0.5 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (123_000, "2 min 03 s"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn marks_of_the_log_become_words() {
        assert_eq!(log_line("  ", "##[error]it broke").to_string(), "  error: it broke");
        assert_eq!(log_line("", "##[command]cargo test").to_string(), "cargo test");
        assert_eq!(log_line("", "not ##[error] at the start").to_string(), "not ##[error] at the start");
    }
}
