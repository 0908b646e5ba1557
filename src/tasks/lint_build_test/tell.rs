//! What the task says while it runs, and the issues at its end.

use std::path::Path;
use std::time::Duration;

use slipway_agent::{Issue, Reporter};
use slipway_quality::{CheckOutcome, CheckReport, DiscoverError, Event, Level, Place, Plan, Report, TestOutcome, rank, shortened};

use crate::codes;
use slipway_agent::TaskError;

/// Longer than any job may run (facts/pipeline-yaml.md 2.11): no limit.
pub(crate) const NO_LIMIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The plan, as it is printed before anything runs.
pub(crate) fn plan(plan: &Plan, dry_run: bool) -> String {
    let mut text = String::from("Plan:");
    for step in &plan.steps {
        text.push_str(&format!("\n  {} of `{}` ({})", step.check, step.workspace.folder, limit(step.timeout)));
        if let Some((reason, _)) = &step.obstacle {
            text.push_str(&format!("\n    cannot run: {reason}"));
        }
        for command in &step.commands {
            text.push_str(&format!("\n    {command}"));
        }
        if !step.then.is_empty() {
            text.push_str(&format!("\n    {}", step.then));
        }
    }
    text.push_str(if dry_run { "\nDry run: nothing of this is run." } else { "\nEvery check runs, whatever becomes of those before it." });
    text
}

fn limit(timeout: Duration) -> String {
    if timeout >= NO_LIMIT { "no time limit".to_owned() } else { format!("at most {}", duration(timeout)) }
}

/// Prints what happens: a group of lines for each check.
pub(crate) fn event(reporter: &Reporter, event: &Event) {
    match event {
        Event::CheckStarted { check, workspace } => reporter.group(&format!("{check} of {workspace}")),
        Event::CommandStarted { command } => reporter.command_line(command),
        // Masked before it is cut: half of a secret is not found any more.
        Event::Output { line } => reporter.info(&shortened(reporter.masker().mask(line).into_owned())),
        Event::Silence { lasted, command } => {
            reporter.info(&format!("(still running, no output for {}: {command})", duration(*lasted)));
        }
        Event::CheckEnded(report) => {
            reporter.end_group();
            reporter.info(&ended(report));
        }
    }
}

fn ended(report: &CheckReport) -> String {
    let reason = report.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let took = if report.outcome == CheckOutcome::NotRun { String::new() } else { format!(" in {}", duration(report.duration)) };
    format!("{} of {}: {}{took}{reason}", report.check, report.workspace, word(report.outcome))
}

/// The word for an outcome.
pub(crate) fn word(outcome: CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::TimedOut => "timed out",
        CheckOutcome::Stopped => "stopped",
        CheckOutcome::NotRun => "not run",
    }
}

/// `1.5 s`, `30 min`.
fn duration(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The issues: findings and failed tests with their places, and checks that failed without either. The reporter ranks
/// them and shows as many as the agent keeps.
pub(crate) fn issues(report: &Report, folder: &Path) -> Vec<Issue> {
    let mut issues = Vec::new();
    let place = |issue: Issue, place: &Option<Place>| match place {
        Some(place) => issue.at(folder.join(&place.path).display().to_string(), place.line, place.column),
        None => issue,
    };
    for suite in &report.tests {
        for case in &suite.cases {
            if matches!(case.outcome, TestOutcome::Failed | TestOutcome::TimedOut) {
                let message = case.message.as_deref().unwrap_or("failed");
                let issue = Issue::error(format!("{} {}: {message}", suite.name(), case.name)).code(suite.check.word());
                issues.push(place(issue.rank(Issue::RANK_NORMAL + 10), &case.place));
            }
        }
    }
    for finding in rank(&report.findings) {
        let issue = match finding.level {
            Level::Error => Issue::error(finding.message.clone()),
            Level::Warning => Issue::warning(finding.message.clone()),
            Level::Note => continue,
        };
        issues.push(place(issue.code(&finding.rule), &finding.place));
    }
    for check in report.checks.iter().filter(|check| !explained(check, report)) {
        let next = check.hint.as_deref().map(|hint| format!(". Next: {hint}")).unwrap_or_default();
        issues.push(Issue::error(format!("{}{next}", ended(check))).code(check.check.word()).rank(Issue::RANK_NORMAL + 20));
    }
    issues
}

/// Whether the check passed, or findings or tests say why it did not.
fn explained(check: &CheckReport, report: &Report) -> bool {
    let found = || report.findings.iter().any(|finding| finding.workspace == check.workspace && check.tools.contains(&finding.tool));
    let tested = || {
        let mut own = report.tests.iter().filter(|suite| suite.workspace == check.workspace && suite.check == check.check);
        own.any(|suite| suite.count(TestOutcome::Failed) > 0)
    };
    match check.outcome {
        CheckOutcome::Passed => true,
        CheckOutcome::Failed => found() || tested(),
        CheckOutcome::TimedOut | CheckOutcome::Stopped | CheckOutcome::NotRun => false,
    }
}

/// Why there is nothing to check.
pub(crate) fn nothing(error: &DiscoverError) -> TaskError {
    let code = match error {
        DiscoverError::NoFolder { .. } => codes::CHECK_FOLDER,
        DiscoverError::NotFound { .. } => codes::CHECK_NOTHING,
        DiscoverError::ToolMissing { .. } => codes::CHECK_TOOL,
        DiscoverError::Broken { .. } => codes::CHECK_MANIFEST,
        DiscoverError::Io { .. } => codes::CHECK_READ,
    };
    TaskError::new(code, sentence(&error.to_string())).hint(sentence(&error.hint()))
}

/// The error that ends the task after all checks ran.
pub(crate) fn failure(report: &Report, stopped: bool) -> TaskError {
    if stopped {
        return TaskError::new(
            codes::CHECK_STOPPED,
            "The step was stopped before every check had ended. What is known so far was published.",
        )
        .hint("Run the step again.");
    }
    let failed: Vec<String> = report
        .checks
        .iter()
        .filter(|check| check.outcome != CheckOutcome::Passed)
        .map(|check| format!("{} of `{}` ({})", check.check, check.workspace, word(check.outcome)))
        .collect();
    let message = format!("{} of {} checks did not pass: {}.", failed.len(), report.checks.len(), failed.join(", "));
    TaskError::new(codes::CHECK_FAILED, message)
        .hint("Each reason stands above, with its place; the same command in the same folder shows the same.")
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let text = format!("{first}{}", characters.as_str());
    if text.ends_with('.') { text } else { format!("{text}.") }
}
