//! `slipway expand FILE`: the pipeline without templates and `${{ }}`, as YAML.

use std::sync::Arc;

use crate::arguments::ExpandArguments;
use crate::env::Env;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use crate::world::PipelineWorld;

/// Prints what the templates make of a pipeline. Where that is no pipeline, it is printed all the same, and then what is
/// wrong with it.
pub(crate) async fn expand(env: &Env, arguments: &ExpandArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let here = PipelineWorld::find(env, &arguments.sources, false).await?;
    match here.load_all(terminal) {
        Ok(loaded) => {
            terminal.print_document(&loaded.expanded.to_yaml());
            Ok(Exit::Success)
        }
        Err(problems) => {
            if let Ok(expanded) = here.expand() {
                terminal.print_document(&expanded.to_yaml());
            }
            Err(here.failure(&problems))
        }
    }
}
