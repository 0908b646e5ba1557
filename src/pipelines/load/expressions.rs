//! Conditions and `$[ ]`, parsed where they stand.

use super::loader::Loader;
use super::section::Section;
use super::values::place_in;
use crate::condition::{Condition, ConditionKind};
use crate::expression::ExpressionError;
use crate::runtime::RuntimeExpression;
use crate::yaml::Node;

/// `condition:` of a step, job or stage; the default where it is absent or not valid.
pub(super) fn condition(section: &Section<'_>, kind: ConditionKind, loader: &mut Loader<'_>) -> Option<Condition> {
    let default = |loader: &mut Loader<'_>| match Condition::parse("", kind, section.place().clone()) {
        Ok(condition) => Some(condition),
        Err(errors) => {
            report(section.node, 0, errors, loader);
            None
        }
    };
    let Some((text, node)) = section.text("condition", loader) else { return default(loader) };
    match Condition::parse(text, kind, node.place.clone()) {
        Ok(condition) => Some(condition),
        Err(errors) => {
            report(node, 0, errors, loader);
            None
        }
    }
}

/// Checks the value of a variable that is a `$[ ]`.
pub(super) fn check_runtime(node: &Node, loader: &mut Loader<'_>) {
    if let Some(Err(errors)) = node.text().and_then(RuntimeExpression::parse) {
        report(node, "$[".len(), errors, loader);
    }
}

/// Reports errors of an expression at their columns, where the text is on one line; `shift` characters come before the expression.
pub(super) fn report(node: &Node, shift: usize, errors: Vec<ExpressionError>, loader: &mut Loader<'_>) {
    for error in errors {
        match place_in(node, shift + error.position - 1, loader.sources) {
            Some(place) => loader.error(&place, error.message, error.hint),
            None => {
                let text = node.text().unwrap_or_default();
                // The line and the column within a text of several lines.
                let before: String = text.chars().take(shift + error.position - 1).collect();
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
                loader.error(&node.place, format!("{} (line {line}, column {column} of the expression)", error.message), error.hint);
            }
        }
    }
}
