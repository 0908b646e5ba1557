//! `variables:` in both of its forms (facts/pipeline-yaml.md 2.8).

use super::expressions::check_runtime;
use super::loader::Loader;
use super::section::{Keys, Section};
use crate::pipeline::{Variable, VariableItem};
use crate::suggest::did_you_mean;
use crate::yaml::{Kind, Node};

/// Prefixes that are reserved.
const RESERVED: &[&str] = &["endpoint", "input", "secret", "securefile"];

const KEYS: Keys = Keys { what: "a variable", known: &["name", "value", "readonly", "group"], refused: &[] };

/// The variables of a pipeline, a stage or a job, in order.
pub(super) fn variables(section: &Section<'_>, loader: &mut Loader<'_>) -> Vec<VariableItem> {
    let Some(node) = section.get("variables") else { return Vec::new() };
    let mut variables = Vec::new();
    match &node.kind {
        Kind::Mapping(entries) => {
            for (key, value) in entries {
                let name = key.text().unwrap_or_default();
                variables.extend(variable(name, key, Some(value), false, loader).map(VariableItem::Variable));
            }
        }
        Kind::Sequence(items) => {
            for item in items {
                let Some(section) = Section::of(item, &KEYS, loader) else { continue };
                if section.has("group") {
                    variables.extend(group(&section, loader));
                    continue;
                }
                let Some((name, key)) = section.text("name", loader) else {
                    loader.error(section.place(), "a variable needs a `name`", "");
                    continue;
                };
                let read_only = section.boolean("readonly", loader).unwrap_or(false);
                let value = section.entry("value").map(|(_, value)| value);
                variables.extend(variable(name, key, value, read_only, loader).map(VariableItem::Variable));
            }
        }
        Kind::Scalar { .. } => {
            loader.error(
                &node.place,
                "`variables` must be a mapping of names and values, or a list",
                "write `variables:`, and below it `  name: value`",
            );
        }
    }
    variables
}

/// `- group: name`.
fn group(section: &Section<'_>, loader: &mut Loader<'_>) -> Option<VariableItem> {
    for key in ["name", "value", "readonly"] {
        if let Some((node, _)) = section.entry(key) {
            loader.error(&node.place, format!("`{key}` has no meaning beside `group`"), "write the variable as an entry of its own");
        }
    }
    let Some((name, node)) = section.text("group", loader) else {
        loader.error(section.place(), "`group` has no name", "write the name of a variable group after it");
        return None;
    };
    let names = loader.groups.names();
    if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let add = "add it under `variableGroups` in slipway.local.yml";
        let hint = if known.is_empty() { add.to_owned() } else { format!("{}; or {add}", did_you_mean(name, &known)) };
        loader.error(&node.place, format!("there is no variable group `{name}`"), hint);
        return None;
    }
    Some(VariableItem::Group { name: name.to_owned(), place: node.place.clone() })
}

fn variable(name: &str, key: &Node, value: Option<&Node>, read_only: bool, loader: &mut Loader<'_>) -> Option<Variable> {
    if name.trim().is_empty() {
        loader.error(&key.place, "the name of a variable is empty", "");
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if let Some(prefix) = RESERVED.iter().find(|prefix| lower.starts_with(**prefix)) {
        loader.warning(&key.place, format!("names of variables that begin with `{prefix}` are reserved: `{name}`"), "give it another name");
    }
    let Some(value) = value else {
        return Some(Variable { name: name.to_owned(), value: String::new(), read_only, place: key.place.clone() });
    };
    let Some(text) = value.text() else {
        loader.error(&value.place, format!("the value of the variable `{name}` must be a text, found {}", value.describe()), "");
        return None;
    };
    check_runtime(value, loader);
    Some(Variable { name: name.to_owned(), value: text.to_owned(), read_only, place: key.place.clone() })
}
