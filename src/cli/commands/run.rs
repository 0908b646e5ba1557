//! `slipway run FILE`.

use std::sync::Arc;

use crate::arguments::RunArguments;
use crate::azure::Azure;
use crate::env::Env;
use crate::execution::{execute, node_for};
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::terminal::Terminal;
use crate::text::Line;
use crate::world::PipelineWorld;
use crate::{groups, record, resources};

/// Runs a pipeline.
pub(crate) async fn run(env: &Env, arguments: &RunArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let options = &arguments.options;
    let mut here = PipelineWorld::find(env, &arguments.sources, options.strict).await?;
    let loaded = here.load(terminal)?;
    let node = node_for(env, options, &here, &loaded.pipeline).await?;
    let state = here.world.state.clone();
    let _lock = state.lock(&format!("slipway run {}", here.file))?;
    here.pipeline_runs = resources::resolve(&here, &loaded.pipeline, &arguments.pipeline_runs)?;
    let azure = Azure::for_run(&here.world, options.strict, terminal).await?;
    let groups = groups::for_run(&here.world, &loaded.pipeline, terminal)?;
    let mut interrupts = Interrupts::receive()?;
    let executed = execute((env, options, terminal), (here, loaded), (&azure, groups, node), &mut interrupts).await;
    azure.stop().await;
    let executed = executed?;
    terminal.print([Line::new()]);
    terminal.print(record::report(&state, executed.summary.id)?.lines());
    Ok(executed.exit())
}
