//! `resources.repositories`: which other repositories there are, and their files.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::{Files, RepositoryError, RepositoryResource};
use crate::suggest::{did_you_mean, list};
use crate::yaml::Node;

/// Another repository; opened when a template of it is needed.
pub(super) struct Other {
    pub(super) resource: RepositoryResource,
    pub(super) files: Option<Result<Arc<dyn Files>, RepositoryError>>,
}

const KEYS: &[&str] = &["repository", "type", "name", "ref", "endpoint", "trigger", "connection"];
const KINDS: &[&str] = &["git", "github", "githubenterprise", "bitbucket"];

/// Reads the declarations of a `resources:`.
pub(super) fn read(resources: &Node, problems: &mut Diagnostics) -> Vec<RepositoryResource> {
    let mut error =
        |node: &Node, message: String, hint: String| problems.push(Diagnostic::error(node.place.clone(), message).with_hint(hint));
    let Some(node) = resources.get("repositories").filter(|node| !node.is_empty()) else { return Vec::new() };
    let Some(items) = node.items() else {
        error(
            node,
            format!("`repositories` must be a list, found {}", node.describe()),
            "each entry begins with `- repository: alias`".to_owned(),
        );
        return Vec::new();
    };
    let mut found: Vec<RepositoryResource> = Vec::new();
    for item in items {
        let text = |key: &str| item.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
        let Some(alias) = text("repository") else {
            error(
                item,
                "a repository needs an alias".to_owned(),
                "write `- repository: alias`; templates are then named `path@alias`".to_owned(),
            );
            continue;
        };
        for (key, _) in item.entries().unwrap_or_default() {
            let name = key.text().unwrap_or_default();
            if !KEYS.contains(&name) {
                error(key, format!("unknown key of a repository: `{name}`"), did_you_mean(name, KEYS));
            }
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !alias.chars().all(allowed) {
            error(item, format!("the alias of a repository may have only letters, digits, `_` and `-`: `{alias}`"), String::new());
        }
        if alias.eq_ignore_ascii_case("self") || found.iter().any(|other| other.alias.eq_ignore_ascii_case(&alias)) {
            error(
                item,
                format!("the alias `{alias}` is taken"),
                "give the repository another one; `self` is that of the pipeline".to_owned(),
            );
            continue;
        }
        let kind = text("type").unwrap_or_else(|| "git".to_owned());
        if !KINDS.iter().any(|known| known.eq_ignore_ascii_case(&kind)) {
            error(
                item.get("type").unwrap_or(item),
                format!("unknown type of a repository: `{kind}`"),
                format!("known: {}", list(KINDS.iter().copied())),
            );
        }
        let Some(name) = text("name") else {
            error(
                item,
                format!("the repository `{alias}` has no `name`"),
                "write `name: project/repository`, or `owner/repository`".to_owned(),
            );
            continue;
        };
        found.push(RepositoryResource { alias, kind, name, reference: text("ref"), endpoint: text("endpoint"), place: item.place.clone() });
    }
    found
}
