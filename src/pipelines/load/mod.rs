//! From the text of a file to a [`Pipeline`]: read, parse, expand, check. All problems are found in one go.
//!
//! The stages of the way are those of the service (facts/pipeline-yaml.md 2.1): [`expand`] is where templates belong, and what
//! follows works on the tree that is left of them, not on text.

mod deployment;
mod download;
mod expand;
mod expressions;
mod graph;
mod inputs;
mod job;
mod loader;
mod manual_validation;
mod names;
mod pipeline_resources;
mod root;
mod section;
mod sources;
mod stage;
mod step;
mod step_kinds;
mod strategy;
mod target;
mod task;
mod trigger;
mod values;
mod variables;
mod visible_rule;
mod writer;

use crate::catalog::{ConnectionCatalog, TaskCatalog, VariableGroupCatalog};
use crate::diagnostic::Diagnostics;
use crate::files::{Files, Repositories, RepositoryResource};
use crate::pipeline::Pipeline;
use crate::yaml::Node;

use loader::Loader;
use sources::Sources;

/// Everything that compile time may see.
#[derive(Clone, Copy)]
pub struct LoadRequest<'a> {
    /// The entry file, from the root of the repository that is `self`.
    pub file: &'a str,
    /// That repository.
    pub files: &'a dyn Files,
    /// The repositories that `resources.repositories` names.
    pub repositories: &'a dyn Repositories,
    /// Parameters of the run, names and values. A value is read as YAML where the parameter's type is no text.
    pub parameters: &'a [(String, String)],
    /// Variables that exist at compile time: predefined ones, then the pipeline's own that are set outside of its YAML.
    pub variables: &'a [(String, String)],
    /// The tasks that it may name. Those that the runner brings ([`crate::builtin_tasks`]) need not be there.
    pub tasks: &'a dyn TaskCatalog,
    /// The service connections.
    pub connections: &'a dyn ConnectionCatalog,
    /// The variable groups.
    pub groups: &'a dyn VariableGroupCatalog,
}

/// What compile time leaves: no templates, no `${{ }}`.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// The whole document.
    pub document: Node,
    /// The repositories under `resources.repositories`.
    pub repositories: Vec<RepositoryResource>,
    /// Problems that do not keep it from running.
    pub warnings: Diagnostics,
}

impl Expanded {
    /// The document as YAML: stable and readable, one that Azure Pipelines reads as the same pipeline.
    pub fn to_yaml(&self) -> String {
        writer::to_yaml(&self.document)
    }
}

/// A pipeline that can run, and what its author should know.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Problems that do not keep it from running.
    pub warnings: Diagnostics,
    /// The document that it was made of.
    pub expanded: Expanded,
}

/// Expands the templates and `${{ }}` of a pipeline. What is left is not checked: [`load`] does.
///
/// # Errors
/// Everything that is wrong with them, at once.
pub fn expand(request: &LoadRequest<'_>) -> Result<Expanded, Diagnostics> {
    let mut sources = Sources::default();
    let mut expanded = expand_with(request, &mut sources)?;
    sources.attach(&mut expanded.warnings);
    Ok(expanded)
}

fn expand_with(request: &LoadRequest<'_>, sources: &mut Sources) -> Result<Expanded, Diagnostics> {
    expand::expand(request, sources).map_err(|mut problems| {
        sources.attach(&mut problems);
        problems
    })
}

/// Loads a pipeline.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(request: &LoadRequest<'_>) -> Result<Loaded, Diagnostics> {
    let mut sources = Sources::default();
    let expanded = expand_with(request, &mut sources)?;
    let mut loader = Loader::new(&sources, request);
    let pipeline = root::pipeline(&expanded.document, &mut loader);
    let mut problems = loader.finish();
    problems.extend(expanded.warnings.clone());
    sources.attach(&mut problems);
    match pipeline {
        Some(pipeline) if !problems.has_errors() => Ok(Loaded { pipeline, warnings: problems, expanded }),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests;
