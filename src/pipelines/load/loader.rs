use std::collections::HashMap;

use super::LoadRequest;
use super::sources::Sources;
use super::task::TaskIndex;
use crate::catalog::{ConnectionCatalog, TaskDefinition, VariableGroupCatalog};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::place::Place;

/// What is needed everywhere while a pipeline is checked.
pub(super) struct Loader<'a> {
    /// The texts of the files.
    pub(super) sources: &'a Sources,
    pub(super) tasks: TaskIndex,
    pub(super) connections: &'a dyn ConnectionCatalog,
    pub(super) groups: &'a dyn VariableGroupCatalog,
    /// The root's variables that are known before the run, under their names in lower case.
    pub(super) root_variables: HashMap<String, String>,
    problems: Diagnostics,
}

impl<'a> Loader<'a> {
    pub(super) fn new(sources: &'a Sources, request: &LoadRequest<'a>) -> Self {
        let definitions: Vec<TaskDefinition> = request.tasks.definitions().to_vec();
        Self {
            sources,
            tasks: TaskIndex::new(definitions),
            connections: request.connections,
            groups: request.groups,
            root_variables: HashMap::new(),
            problems: Diagnostics::new(),
        }
    }

    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Diagnostic::error(place.clone(), message).with_hint(hint));
    }

    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Diagnostic::warning(place.clone(), message).with_hint(hint));
    }

    pub(super) fn finish(self) -> Diagnostics {
        self.problems
    }
}
