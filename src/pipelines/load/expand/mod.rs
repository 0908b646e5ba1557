//! Compile time: templates and `${{ }}` (facts/pipeline-yaml.md 2.3 to 2.5).
//!
//! Each file is read once and compiled to a [`template::Template`], in which every expression is parsed. That tree is
//! evaluated, in the [`context::Context`] of each use, to nodes without expressions: the document that the rest of the
//! loader checks. Nodes keep the places of the files that they were written in, and the chain of includes that led there.

mod at;
mod context;
mod directives;
mod entry;
mod evaluate;
mod include;
mod limits;
mod lists;
mod normal;
mod origins;
mod parameters;
mod passed;
mod paths;
mod repositories;
mod scan;
mod scope;
mod template;
mod units;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::sources::Sources;
use super::{Expanded, LoadRequest};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::place::Place;

use limits::Usage;
use origins::Origins;
use repositories::Other;
use template::Parsed;
use units::Unit;

/// Expands the pipeline of a request.
///
/// # Errors
/// Everything that is wrong with its templates and expressions.
pub(super) fn expand(request: &LoadRequest<'_>, sources: &mut Sources) -> Result<Expanded, Diagnostics> {
    let mut expander = Expander {
        request,
        sources,
        problems: Diagnostics::new(),
        reported: HashSet::new(),
        units: HashMap::new(),
        parsed: Parsed::default(),
        others: Vec::new(),
        origins: Origins::default(),
        usage: Usage::default(),
        stopped: false,
        stack: Vec::new(),
    };
    let document = expander.entry();
    let repositories = expander.others.into_iter().map(|other| other.resource).collect();
    match document {
        Some(document) if !expander.problems.has_errors() => Ok(Expanded { document, repositories, warnings: expander.problems }),
        _ => Err(expander.problems),
    }
}

/// An expansion under way.
struct Expander<'a> {
    request: &'a LoadRequest<'a>,
    sources: &'a mut Sources,
    problems: Diagnostics,
    /// What has been reported: a template that is used often has its problems once.
    reported: HashSet<(Place, String)>,
    /// Files by repository (0 = the pipeline's own) and path; `None` for one that is broken.
    units: HashMap<(usize, String), Option<Rc<Unit>>>,
    parsed: Parsed,
    others: Vec<Other>,
    origins: Origins,
    usage: Usage,
    /// A limit was passed: nothing makes sense any more.
    stopped: bool,
    /// The files that are being expanded, the outermost first.
    stack: Vec<Rc<Unit>>,
}

impl Expander<'_> {
    fn error(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        let message = message.into();
        if self.reported.insert((place.clone(), message.clone())) {
            self.problems.push(Diagnostic::error(place, message).with_hint(hint));
        }
    }

    /// Notes that a node was made. Past a limit the expansion stops.
    fn made(&mut self, text: &str, place: &Place) {
        let problem = self.usage.node(text);
        self.limit(problem, place);
    }

    /// Notes that a value was computed.
    fn computed(&mut self, place: &Place) {
        let problem = self.usage.value();
        self.limit(problem, place);
    }

    fn limit(&mut self, problem: Option<String>, place: &Place) {
        if let Some(problem) = problem.filter(|_| !self.stopped) {
            self.stopped = true;
            self.error(place.clone(), problem, "make less of it: look for loops in loops and for lists that are passed on and on");
        }
    }
}

#[cfg(test)]
mod tests;
