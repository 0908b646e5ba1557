//! Writing the delivery record and the summary, the same for every task.

use slipway_agent::{Issue, TaskContext, TaskError};
use slipway_model::{Facts, Fragment, Outcome, Problem};

/// Writes both. They tell of what was done, so failing to write them undoes nothing.
pub(crate) fn write(context: &TaskContext, outcome: Outcome, dry_run: bool, facts: Facts, problems: &[TaskError]) {
    let problem = |error: &TaskError| Problem { code: error.code.to_owned(), message: error.message.clone(), hint: error.hint.clone() };
    let fragment = Fragment { dry_run, problems: problems.iter().map(problem).collect(), ..context.fragment(outcome, facts) };
    let files = context.files();
    let written = files.write_fragment(&fragment).map(|_| ());
    let summary = slipway_view::summary(&fragment).map_err(|error| TaskError::new(slipway_agent::codes::FILE, error.to_string()));
    let summarised = summary.and_then(|markdown| files.write_summary(&markdown).map(|_| ()));
    for error in [written, summarised].into_iter().filter_map(Result::err) {
        context.reporter().issue(Issue::warning(error.to_string()).code(error.code));
    }
}
