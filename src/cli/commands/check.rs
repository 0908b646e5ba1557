//! `slipway check FILE`: the pipeline and everything that it names, without running it.

use std::sync::Arc;

use crate::arguments::CheckArguments;
use crate::env::Env;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use crate::world::PipelineWorld;

/// Checks a pipeline.
pub(crate) async fn check(env: &Env, arguments: &CheckArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let here = PipelineWorld::find(env, &arguments.sources, false).await?;
    let pipeline = here.load(terminal)?.pipeline;
    let problems = slipway_runner::problems(&pipeline, here.packages.all(), false);
    if let Some(failure) = Failure::all(problems.into_iter().map(Failure::refused)) {
        return Err(failure);
    }
    let jobs = pipeline.stages.iter().map(|stage| stage.jobs.len()).sum::<usize>();
    let steps = pipeline.stages.iter().flat_map(|stage| &stage.jobs).map(|job| job.all_steps().count()).sum::<usize>();
    let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    terminal.print([format!(
        "{}: no problems ({}, {}, {})",
        here.file,
        count(pipeline.stages.len(), "stage"),
        count(jobs, "job"),
        count(steps, "step")
    )]);
    Ok(Exit::Success)
}
