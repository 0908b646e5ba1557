//! From the text of a file to a [`Pipeline`]: read, parse, expand, check. All problems are found in one go.
//!
//! The stages of the way are those of the service (facts/pipeline-yaml.md 2.1): [`expand`] is where templates belong, and what
//! follows works on the tree that is left of them, not on text.

mod expand;
mod expressions;
mod graph;
mod inputs;
mod job;
mod loader;
mod names;
mod root;
mod section;
mod stage;
mod step;
mod target;
mod task;
mod trigger;
mod values;
mod variables;
mod visible_rule;

use crate::catalog::{ConnectionCatalog, TaskCatalog};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::{FileError, Files};
use crate::pipeline::Pipeline;
use crate::place::Place;
use crate::yaml;

use loader::Loader;

/// A pipeline that can run, and what its author should know.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Problems that do not keep it from running.
    pub warnings: Diagnostics,
}

/// Loads the pipeline in `file` (relative to the repository's root), with the tasks and service connections that it may name.
/// The tasks that the runner brings ([`crate::builtin_tasks`]) need not be in `tasks`.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(files: &dyn Files, file: &str, tasks: &dyn TaskCatalog, connections: &dyn ConnectionCatalog) -> Result<Loaded, Diagnostics> {
    let start = Place { file: file.into(), line: 1, column: 1 };
    let text = files.read(file).map_err(|error| match error {
        FileError::Missing => {
            Diagnostic::error(start.clone(), "there is no such file").with_hint("name a file of the repository, from its root")
        }
        FileError::Unreadable(reason) => Diagnostic::error(start.clone(), format!("the file cannot be read: {reason}"))
            .with_hint("a pipeline is a text file in UTF-8 that you may read"),
    })?;
    let Some(document) = yaml::parse(file, &text)? else {
        return Err(Diagnostic::error(start, "the file is empty").with_hint("a pipeline has `steps`, `jobs` or `stages`").into());
    };
    let document = expand::expand(document, &text)?;
    let mut loader = Loader::new(&text, tasks, connections);
    let pipeline = root::pipeline(&document, &mut loader);
    let problems = loader.finish();
    match pipeline {
        Some(pipeline) if !problems.has_errors() => Ok(Loaded { pipeline, warnings: problems }),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests;
