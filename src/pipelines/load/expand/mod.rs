//! Compile time: `${{ }}` and templates. They are not supported yet; every one is refused where it stands.

use super::sources::Sources;
use super::values::place_in;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{Kind, Node};

/// The document without compile-time expressions. As long as there are none, the document itself.
///
/// # Errors
/// Every `${{ }}`. What they stand for is not known, so nothing else is checked then.
pub(super) fn expand(document: Node, sources: &Sources) -> Result<Node, Diagnostics> {
    let mut problems = Diagnostics::new();
    refuse(&document, sources, &mut problems);
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

fn refuse(node: &Node, sources: &Sources, problems: &mut Diagnostics) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if let Some(at) = text.find("${{") {
                let place = place_in(node, text[..at].chars().count(), sources).unwrap_or_else(|| node.place.clone());
                problems.push(
                    Diagnostic::error(place, "`${{ }}` expressions are not supported yet")
                        .with_hint("write the value itself, or use a variable: `$(name)` in values, `variables['name']` in conditions"),
                );
            }
        }
        Kind::Sequence(items) => items.iter().for_each(|item| refuse(item, sources, problems)),
        Kind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
            refuse(key, sources, problems);
            refuse(value, sources, problems);
        }),
    }
}
