//! `slipway runs` and `slipway runs show N`.

use std::sync::Arc;

use slipway_runner::{RunRecord, RunState, Store};

use crate::arguments::StateArguments;
use crate::env::Env;
use crate::failure::{Exit, Failure};
use crate::live::result_word;
use crate::record;
use crate::state::StateFolder;
use crate::terminal::Terminal;
use crate::world::state_here;

/// Lists the runs of a state folder, newest last.
pub(crate) async fn list(env: &Env, state: &StateArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let state = state_here(env, state).await?;
    let runs = Store::new(state.path()).runs().map_err(|error| Failure::refused(error.to_string()))?;
    if runs.is_empty() {
        terminal.print([format!("no runs in `{}`", state.path().display())]);
        return Ok(Exit::Success);
    }
    let rows: Vec<[String; 7]> = runs.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3), width(4), width(5)];
    terminal.print(rows.iter().map(|[id, result, started, pipeline, number, event, what]| {
        let [a, b, c, d, e, f] = widths;
        format!("{id:>a$}  {result:b$}  {started:c$}  {pipeline:d$}  {number:e$}  {event:f$}  {what}").trim_end().to_owned()
    }));
    Ok(Exit::Success)
}

/// Shows a run.
pub(crate) async fn show(env: &Env, run: u64, state: &StateArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let state = state_here(env, state).await?;
    exists(&state, run)?;
    terminal.print(record::report(&state, run)?.lines());
    Ok(Exit::Success)
}

/// Refuses a run that is not there.
pub(super) fn exists(state: &StateFolder, run: u64) -> Result<(), Failure> {
    let store = Store::new(state.path());
    let ids = store.ids().map_err(|error| Failure::refused(error.to_string()))?;
    if !ids.contains(&run) {
        let known = match (ids.first(), ids.last()) {
            (Some(first), Some(last)) => format!("there are runs {first} to {last}"),
            _ => "there are none yet".to_owned(),
        };
        return Err(
            Failure::refused(format!("no run {run} in `{}`: {known}", state.path().display())).hint("list them with `slipway runs`")
        );
    }
    Ok(())
}

fn row(record: &RunRecord) -> [String; 7] {
    let result = match (record.result, record.state) {
        (Some(result), _) => result_word(result),
        (None, RunState::Waiting) => "waits",
        (None, RunState::InProgress) => "not complete",
        (None, RunState::Completed) => "unknown",
    };
    // To the second: 2026-11-24 14:03:05.
    let started: String = record.started.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect();
    let branch = record.branch.strip_prefix("refs/heads/").unwrap_or(&record.branch);
    let commit: String = record.commit.chars().take(8).collect();
    [
        record.id.to_string(),
        result.to_owned(),
        started,
        record.pipeline.clone(),
        record.number.clone(),
        record::event(record),
        format!("{branch} {commit}"),
    ]
}
