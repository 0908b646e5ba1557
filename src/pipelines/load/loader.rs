use std::collections::HashMap;

use super::task::TaskIndex;
use crate::catalog::{ConnectionCatalog, TaskCatalog, TaskDefinition};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::place::Place;

/// What is needed everywhere while a pipeline is checked.
pub(super) struct Loader<'a> {
    /// The lines of the file.
    pub(super) lines: Vec<&'a str>,
    pub(super) tasks: TaskIndex,
    pub(super) connections: &'a dyn ConnectionCatalog,
    /// The root's variables that are known before the run, under their names in lower case.
    pub(super) root_variables: HashMap<String, String>,
    problems: Diagnostics,
}

impl<'a> Loader<'a> {
    pub(super) fn new(text: &'a str, tasks: &dyn TaskCatalog, connections: &'a dyn ConnectionCatalog) -> Self {
        let definitions: Vec<TaskDefinition> = tasks.definitions().to_vec();
        Self {
            lines: text.lines().collect(),
            tasks: TaskIndex::new(definitions),
            connections,
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
