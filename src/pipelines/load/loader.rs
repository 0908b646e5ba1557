use std::collections::{HashMap, HashSet};

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
    /// The aliases of `resources: pipelines:`.
    pub(super) pipelines: Vec<String>,
    problems: Diagnostics,
    /// What has been reported: a template that is used often has its problems once.
    reported: HashSet<(Place, String)>,
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
            pipelines: Vec::new(),
            problems: Diagnostics::new(),
            reported: HashSet::new(),
        }
    }

    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.report(Diagnostic::error(place.clone(), message).with_hint(hint));
    }

    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.report(Diagnostic::warning(place.clone(), message).with_hint(hint));
    }

    fn report(&mut self, problem: Diagnostic) {
        if self.reported.insert((problem.place.clone(), problem.message.clone())) {
            self.problems.push(problem);
        }
    }

    pub(super) fn finish(self) -> Diagnostics {
        self.problems
    }
}
