//! Reads back what a run left in the state folder, as the report shows it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_runner::{ArtifactRecord, ConsumedRun, RunRecord, RunState, Store, TaskResult, TestOutcome};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::failure::Failure;
use crate::live::{Report, Row, TestCounts, answered, result_word, run_title, waits_for};
use crate::state::StateFolder;

/// The report of run `id`.
pub(crate) fn report(state: &StateFolder, id: u64) -> Result<Report, Failure> {
    let store = Store::new(state.path());
    let record = store.run(id).map_err(|error| Failure::refused(error.to_string()))?;
    let tests = store.tests(id).map_err(|error| Failure::refused(error.to_string()))?;
    let folder = store.folder_of(id);
    let tests = tests.map(|tests| tests.runs).unwrap_or_default().into_iter().map(|run| TestCounts {
        title: run.title,
        passed: run.totals.passed,
        skipped: run.totals.skipped,
        failed_count: run.totals.failed,
        failed: run
            .cases
            .into_iter()
            .filter(|case| case.outcome == TestOutcome::Failed)
            .map(|case| {
                let name = if case.suite.is_empty() { case.name } else { format!("{} in {}", case.name, case.suite) };
                (name, case.message)
            })
            .collect(),
    });
    // What it triggered is later than it. A run that cannot be read does not keep this one from being told.
    let later = store.ids().unwrap_or_default().into_iter().filter(|other| *other > id).filter_map(|other| store.run(other).ok());
    Ok(Report {
        id,
        uses: record.pipeline_runs.iter().map(uses).collect(),
        triggered: later.filter(|other| triggered_by(other).is_some_and(|run| run.run == id)).map(|other| triggered(&other)).collect(),
        number: record.number.clone(),
        origin: origin(&record),
        pipeline: record.pipeline.clone(),
        result: record.result,
        waits: record.state == RunState::Waiting,
        duration: between(Some(&record.started), record.finished.as_deref()),
        rows: rows(&record, &folder),
        questions: questions(&record, state),
        artifacts: record.artifacts.iter().map(|artifact| (artifact.name.clone(), place_of(artifact, &folder))).collect(),
        tests: tests.collect(),
        test_results: folder.join("tests.json"),
        summaries: record.summaries.iter().map(|summary| folder.join(&summary.file)).collect(),
        logs: folder.join("logs"),
    })
}

/// What people were asked, what they answered, and how to go on where they did not.
fn questions(record: &RunRecord, state: &StateFolder) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for question in &record.questions {
        match question.outcome {
            Some(_) => lines.push(format!("{}: {}", waits_for(question), answered(question))),
            None if record.state == RunState::Completed => lines.push(format!("{}: {}", waits_for(question), answered(question))),
            None => {
                let whom = if question.approvers.is_empty() { String::new() } else { format!(", for {}", question.approvers.join(", ")) };
                lines.push(format!("waits for {}{whom}", waits_for(question)));
                lines.extend(question.instructions.lines().map(|line| format!("  {line}")));
            }
        }
    }
    if record.state == RunState::Waiting {
        lines.push(format!(
            "to go on: `slipway runs resume {}{}` with `--approve` or `--reject`, or at a terminal with neither",
            record.id,
            state.options()
        ));
    }
    lines
}

/// What started a run, where that was an event.
fn origin(record: &RunRecord) -> String {
    let commit = record.commit.get(..8).unwrap_or(&record.commit);
    match (event(record), &record.event.pull_request) {
        (event, Some(pull_request)) => format!(
            "{event}{}: {} into {}, merge {commit}",
            if pull_request.is_draft { " (draft)" } else { "" },
            short(&pull_request.source_branch),
            short(&pull_request.target_branch)
        ),
        (event, None) if record.event.resource.is_some() => {
            format!("completion of {event}; {}, commit {commit}", short(&record.branch))
        }
        (event, None) if record.event.reason != "Manual" => format!("{event} to {}, commit {commit}", short(&record.branch)),
        _ => String::new(),
    }
}

/// What started a run: `by hand`, `push`, `pull request 3`, `run 3 of shop-ci`.
pub(crate) fn event(record: &RunRecord) -> String {
    match (&record.event.pull_request, triggered_by(record), record.event.reason.as_str()) {
        (Some(pull_request), ..) => format!("pull request {}", pull_request.id),
        (None, Some(run), _) => format!("run {} of {}", run.run, run.pipeline),
        (None, None, "Manual") => "by hand".to_owned(),
        (None, None, "ResourceTrigger") => "another run".to_owned(),
        (None, None, _) => "push".to_owned(),
    }
}

/// The run whose completion started it.
fn triggered_by(record: &RunRecord) -> Option<&ConsumedRun> {
    let alias = record.event.resource.as_ref()?;
    record.pipeline_runs.iter().find(|run| run.alias == *alias)
}

/// A run that it uses, in words.
fn uses(run: &ConsumedRun) -> String {
    let built = match run.commit.get(..8).unwrap_or(&run.commit) {
        "" => String::new(),
        commit => format!("; {}, commit {commit}", short(&run.branch)),
    };
    format!("{}  {}{built}", run.alias, run_title(run.run, &run.number, &run.pipeline))
}

/// A run that it triggered, in words.
fn triggered(run: &RunRecord) -> String {
    let result = run.result.map_or("not complete", result_word);
    format!("{}: {result}", run_title(run.id, &run.number, &run.pipeline))
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

/// Where an artifact lies: its folder in the store, or what `artifact.associate` pointed to, which need not be a path.
fn place_of(artifact: &ArtifactRecord, folder: &Path) -> PathBuf {
    let stored = folder.join(&artifact.location);
    if stored.is_dir() { stored } else { PathBuf::from(&artifact.location) }
}

fn rows(record: &RunRecord, folder: &Path) -> Vec<Row> {
    let with_stages = record.stages.len() > 1 || record.stages.iter().any(|stage| stage.name != "__default");
    let mut rows = Vec::new();
    for stage in &record.stages {
        let mut depth = 0;
        if with_stages {
            let took = between(stage.started.as_deref(), stage.finished.as_deref());
            rows.push(Row { started: stage.started.is_some(), ..row(depth, &stage.display_name, stage.result, took, &stage.reason) });
            depth += 1;
        }
        // Of a skipped stage there is no more to say.
        let jobs = if stage.result == Some(TaskResult::Skipped) && with_stages { &[] } else { stage.jobs.as_slice() };
        for job in jobs {
            let took = between(job.started.as_deref(), job.finished.as_deref());
            rows.push(Row { started: job.started.is_some(), ..row(depth, &job.display_name, job.result, took, &job.reason) });
            for step in &job.steps {
                let took = between(step.started.as_deref(), step.finished.as_deref());
                rows.push(Row {
                    started: step.started.is_some(),
                    issues: step.issues.clone(),
                    more_issues: (step.errors + step.warnings).saturating_sub(step.issues.len()),
                    log: folder.join(&step.log),
                    ..row(depth + 1, &step.display_name, step.result, took, "")
                });
            }
        }
    }
    rows
}

fn row(depth: usize, title: &str, result: Option<TaskResult>, duration: Duration, reason: &str) -> Row {
    Row { depth, title: title.to_owned(), result, duration, reason: reason.to_owned(), ..Row::default() }
}

/// The time between two moments; nothing where one is missing.
fn between(started: Option<&str>, finished: Option<&str>) -> Duration {
    let moment = |text: Option<&str>| text.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    match (moment(started), moment(finished)) {
        (Some(started), Some(finished)) => (finished - started).try_into().unwrap_or_default(),
        _ => Duration::ZERO,
    }
}
