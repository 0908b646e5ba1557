//! What a run was, when it is over: made from its record on disk, so that `slipway run` and `slipway runs show` say the
//! same.

use std::path::PathBuf;
use std::time::Duration;

use slipway_runner::{Issue, IssueKind, TaskResult};

use super::board::run_title;
use super::words::{duration, result_style, result_word};
use crate::text::{Line, Style};

/// How many lines of a failed test's message are shown; all are in tests.json.
const MESSAGE_LINES: usize = 5;

/// What there is to say about a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Number in its state folder.
    pub(crate) id: u64,
    /// `Build.BuildNumber`.
    pub(crate) number: String,
    /// What started it and what it built, where that was an event.
    pub(crate) origin: String,
    /// Name of the pipeline.
    pub(crate) pipeline: String,
    /// Result; absent while it runs, or when its process was killed.
    pub(crate) result: Option<TaskResult>,
    /// Whether it waits for an answer.
    pub(crate) waits: bool,
    /// How long it took.
    pub(crate) duration: Duration,
    /// What people were asked, with what they answered.
    pub(crate) questions: Vec<String>,
    /// Stages, jobs and steps in order.
    pub(crate) rows: Vec<Row>,
    /// The runs of other pipelines that it uses, in words.
    pub(crate) uses: Vec<String>,
    /// The runs that its completion triggered, in words.
    pub(crate) triggered: Vec<String>,
    /// Published artifacts: name and place.
    pub(crate) artifacts: Vec<(String, PathBuf)>,
    /// Published test results.
    pub(crate) tests: Vec<TestCounts>,
    /// File with all that was published of tests.
    pub(crate) test_results: PathBuf,
    /// Uploaded summaries (Markdown).
    pub(crate) summaries: Vec<PathBuf>,
    /// Folder with the logs.
    pub(crate) logs: PathBuf,
}

/// A stage, a job or a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// 0 for a stage, or for a job of a pipeline without stages.
    pub(crate) depth: usize,
    /// Title.
    pub(crate) title: String,
    /// Result; absent while it runs or waits.
    pub(crate) result: Option<TaskResult>,
    /// Whether it began.
    pub(crate) started: bool,
    /// How long it took.
    pub(crate) duration: Duration,
    /// Why it was skipped or canceled, else empty.
    pub(crate) reason: String,
    /// Its errors and warnings, as many as the agent keeps.
    pub(crate) issues: Vec<Issue>,
    /// How many more there were.
    pub(crate) more_issues: usize,
    /// Its log, where it has one.
    pub(crate) log: PathBuf,
}

/// The counts of a published test run.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestCounts {
    /// Title of the test run.
    pub(crate) title: String,
    /// Number that passed.
    pub(crate) passed: usize,
    /// Number that failed.
    pub(crate) failed_count: usize,
    /// Those that failed: name and message.
    pub(crate) failed: Vec<(String, String)>,
    /// Number that were not run.
    pub(crate) skipped: usize,
}

impl Report {
    /// The report as lines, with the stages, and of jobs and steps those that failed.
    pub(crate) fn brief(&self) -> Vec<Line> {
        let told = |row: &&Row| row.depth == 0 || matches!(row.result, Some(TaskResult::Failed | TaskResult::Canceled));
        Self { origin: String::new(), rows: self.rows.iter().filter(told).cloned().collect(), ..self.clone() }.lines()
    }

    /// The report as lines.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = vec![self.title()];
        if !self.origin.is_empty() {
            lines.push(Line::plain(format!("  {}", self.origin)));
        }
        lines.push(Line::new());
        let width = self.rows.iter().filter_map(|row| row.result).map(|result| result_word(result).len()).max().unwrap_or_default().max(8);
        for row in &self.rows {
            lines.push(row_line(row, width, self.waits));
        }
        self.issue_lines(&mut lines);
        if !self.tests.is_empty() {
            lines.extend([Line::new(), Line::new().with(Style::Strong, "tests")]);
            for run in &self.tests {
                let style = if run.failed_count == 0 { Style::Good } else { Style::Bad };
                let counts = format!("{} passed, {} failed, {} skipped", run.passed, run.failed_count, run.skipped);
                lines.push(Line::plain("  ").with(style, counts).with(Style::Plain, format!("  {}", run.title)));
                for (name, message) in &run.failed {
                    lines.push(Line::plain(format!("    failed: {name}")));
                    lines.extend(message.lines().take(MESSAGE_LINES).map(|line| Line::plain(format!("      {line}"))));
                }
            }
            lines.push(Line::plain(format!("  {}", self.test_results.display())));
        }
        let mut list = |title: &str, entries: &mut dyn Iterator<Item = String>| {
            let entries: Vec<Line> = entries.map(|entry| Line::plain(format!("  {entry}"))).collect();
            if !entries.is_empty() {
                lines.extend([Line::new(), Line::new().with(Style::Strong, title)]);
                lines.extend(entries);
            }
        };
        list("questions", &mut self.questions.iter().cloned());
        list("uses", &mut self.uses.iter().cloned());
        list("triggered", &mut self.triggered.iter().cloned());
        list("artifacts", &mut self.artifacts.iter().map(|(name, path)| format!("{name}  {}", path.display())));
        list("summaries", &mut self.summaries.iter().map(|path| path.display().to_string()));
        list("logs", &mut std::iter::once(self.logs.display().to_string()));
        lines
    }

    fn title(&self) -> Line {
        let line = Line::new().with(Style::Strong, run_title(self.id, &self.number, &self.pipeline)).with(Style::Plain, ": ");
        match self.result {
            Some(result) => {
                line.with(result_style(result), result_word(result)).with(Style::Plain, format!(" in {}", duration(self.duration)))
            }
            None if self.waits => line.with(Style::Remark, "waits for an answer"),
            None => line.with(Style::Remark, "not complete"),
        }
    }

    fn issue_lines(&self, lines: &mut Vec<Line>) {
        if self.rows.iter().all(|row| row.issues.is_empty()) {
            return;
        }
        lines.extend([Line::new(), Line::new().with(Style::Strong, "issues")]);
        for row in &self.rows {
            for issue in &row.issues {
                let (word, style) = match issue.kind {
                    IssueKind::Error => ("error", Style::Bad),
                    IssueKind::Warning => ("warning", Style::Remark),
                };
                let mut message = issue.message.lines();
                lines.push(
                    Line::plain("  ")
                        .with(style, word)
                        .with(Style::Plain, format!(": {}: {}", row.title, message.next().unwrap_or_default())),
                );
                lines.extend(message.map(|line| Line::plain(format!("    {line}"))));
            }
            if row.more_issues > 0 {
                lines.push(Line::plain(format!("  and {} more of {}: {}", row.more_issues, row.title, row.log.display())));
            }
        }
    }
}

fn row_line(row: &Row, width: usize, waits: bool) -> Line {
    let begun = if waits { "waits" } else { "not complete" };
    let unfinished = if row.started { (begun, Style::Remark) } else { ("not run", Style::Faint) };
    let (word, style) = row.result.map_or(unfinished, |result| (result_word(result), result_style(result)));
    let took = match row.result {
        None | Some(TaskResult::Skipped) => "–".to_owned(),
        Some(_) => duration(row.duration),
    };
    let line = Line::plain("  ").with(style, format!("{word:width$}"));
    let line = line.with(Style::Plain, format!("  {took:>12}  {}{}", "  ".repeat(row.depth), row.title));
    if row.reason.is_empty() { line } else { line.with(Style::Faint, format!("  ({})", row.reason.lines().next().unwrap_or_default())) }
}
