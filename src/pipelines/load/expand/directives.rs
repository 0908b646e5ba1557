//! `if`, `elseif`, `else`, `each`, `insert` (facts/pipeline-yaml.md 2.4).

use super::Expander;
use super::at::At;
use super::context::Context;
use super::evaluate::Leaf;
use super::lists::children;
use super::template::{Code, Entry, Key, Template, TemplateKind};
use crate::expression::Value;
use crate::place::Place;
use crate::yaml::{Kind, Node, Style};

/// A mapping without directives.
#[derive(Default)]
pub(super) struct Flat<'t> {
    /// Its keys and values.
    pub(super) leaves: Vec<(Node, Leaf<'t>)>,
    /// What lists in the bodies of its directives have.
    pub(super) items: Option<Vec<Node>>,
    /// `variables` as a mapping: each value is evaluated at once, so that the next one sees it.
    in_order: bool,
}

/// Where in a chain of `if`, `elseif` and `else` the next key is.
#[derive(Clone, Copy)]
pub(super) enum Chain {
    None,
    /// After `if` or `elseif`; whether one of them was taken.
    Open(bool),
    /// After `else`.
    Closed,
}

impl Expander<'_> {
    /// A mapping without its directives, at `at`, or in a list at `at`.
    pub(super) fn flat<'t>(&mut self, entries: &'t [Entry], at: At, context: &Context) -> Flat<'t> {
        let mut flat = Flat { in_order: at == At::Variables, ..Flat::default() };
        let mut chain = Chain::None;
        if at.is_scope() {
            self.prepare(entries, context, &mut flat);
        }
        self.flatten(entries, at, context, &mut chain, &mut flat);
        flat
    }

    /// Evaluates the `variables` of a stage or a job before all else, so that everything there sees them.
    pub(super) fn prepare(&mut self, entries: &[Entry], context: &Context, flat: &mut Flat<'_>) {
        for entry in entries {
            if matches!(&entry.key, Key::Text(name, _) if name == "variables") {
                let key = self.key_node(entry, "variables".to_owned(), context);
                if let Some(node) = self.value(&entry.value, At::Variables, context) {
                    flat.leaves.push((key, Leaf::Node(node)));
                }
            }
        }
    }

    pub(super) fn key_node(&mut self, entry: &Entry, text: String, context: &Context) -> Node {
        let style = match &entry.key {
            Key::Text(_, style) | Key::Mixed(_, style) => *style,
            _ => Style::Plain,
        };
        self.scalar(text, style, context.at(&entry.place))
    }

    pub(super) fn flatten<'t>(&mut self, entries: &'t [Entry], at: At, context: &Context, chain: &mut Chain, flat: &mut Flat<'t>) {
        let prepared = flat.leaves.len();
        for entry in entries {
            if self.stopped {
                return;
            }
            let key = match &entry.key {
                Key::Text(name, _) if at.is_scope() && name == "variables" && prepared > 0 => {
                    // The order of the file: what was prepared takes its place.
                    let variables = flat.leaves.remove(0);
                    flat.leaves.push(variables);
                    *chain = Chain::None;
                    continue;
                }
                Key::Text(text, _) => Some(text.clone()),
                Key::Code(code) => self.text_of(code, context),
                Key::Mixed(pieces, _) => self.mixed(pieces, context),
                directive => {
                    self.directive(entry, directive, at, context, chain, flat);
                    continue;
                }
            };
            *chain = Chain::None;
            let Some(key) = key else { continue };
            let key = self.key_node(entry, key, context);
            let leaf = if flat.in_order {
                let Some(node) = self.value(&entry.value, At::Any, context) else { continue };
                if let (Some(name), Some(value)) = (key.text(), node.text()) {
                    context.variables.add(name, value);
                }
                Leaf::Node(node)
            } else {
                Leaf::Template(&entry.value, context.clone())
            };
            flat.leaves.push((key, leaf));
        }
    }

    pub(super) fn directive<'t>(&mut self, entry: &'t Entry, key: &Key, at: At, context: &Context, chain: &mut Chain, flat: &mut Flat<'t>) {
        let place = context.at(&entry.place);
        let taken = match (key, *chain) {
            (Key::If(code), _) => {
                let taken = self.evaluate(code, context).map(|value| value.to_boolean());
                // Where the condition has no value, the other branches are not judged.
                *chain = Chain::Open(taken.unwrap_or(true));
                taken.unwrap_or(false)
            }
            (Key::ElseIf(_) | Key::Else, Chain::None) => {
                let word = if matches!(key, Key::Else) { "else" } else { "elseif" };
                self.error(
                    place,
                    format!("`{word}` without an `if` before it"),
                    "it must follow the `${{ if }}` directly, at the same indentation",
                );
                false
            }
            (Key::ElseIf(_) | Key::Else, Chain::Closed) => {
                let word = if matches!(key, Key::Else) { "a second `else`" } else { "`elseif` after the `else`" };
                self.error(place, word, "an `if` has any number of `elseif` and then at most one `else`");
                false
            }
            (Key::ElseIf(code), Chain::Open(false)) => {
                let taken = self.evaluate(code, context).map(|value| value.to_boolean());
                *chain = Chain::Open(taken.unwrap_or(true));
                taken.unwrap_or(false)
            }
            (Key::ElseIf(_), Chain::Open(true)) => false,
            (Key::Else, Chain::Open(taken)) => {
                *chain = Chain::Closed;
                !taken
            }
            (Key::Each(name, code), _) => {
                *chain = Chain::None;
                for value in self.turns(code, context) {
                    self.body(&entry.value, at, &context.with(name, value), flat);
                }
                false
            }
            _ => {
                *chain = Chain::None;
                true
            }
        };
        if taken {
            self.body(&entry.value, at, context, flat);
        }
    }

    /// The values of a loop's variable.
    pub(super) fn turns(&mut self, code: &Code, context: &Context) -> Vec<Value> {
        match self.evaluate(code, context) {
            Some(Value::Array(array)) => array.items().to_vec(),
            Some(Value::Object(object)) => {
                object.entries().iter().map(|(key, value)| Value::object([("key", Value::string(key)), ("value", value.clone())])).collect()
            }
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) if text.is_empty() => Vec::new(),
            Some(other) => {
                let found = other.to_text().unwrap_or_default();
                let message = format!("`each` needs a list or a mapping, found the {} `{found}`", words(&other));
                let hint = "for a list of texts declare the parameter as `type: object`, and write one entry per line with `- `";
                self.error(context.at(&code.place), message, hint);
                Vec::new()
            }
        }
    }

    /// The body of a directive that is taken.
    pub(super) fn body<'t>(&mut self, body: &'t Template, at: At, context: &Context, flat: &mut Flat<'t>) {
        match &body.kind {
            TemplateKind::Mapping(entries) => {
                self.flatten(entries, if at.is_scope() { At::Any } else { at }, context, &mut Chain::None, flat)
            }
            TemplateKind::Sequence(items) => {
                let mut out = flat.items.take().unwrap_or_default();
                self.sequence(items, at, context, &mut out);
                flat.items = Some(out);
            }
            TemplateKind::Text(text, Style::Plain) if text.is_empty() => {}
            TemplateKind::Code(code) => {
                let Some(value) = self.evaluate(code, context) else { return };
                let place = context.at(&body.place);
                match &value {
                    Value::Array(_) => {
                        let node = self.node(&value, &place);
                        let node = self.settled(node, at, context);
                        flat.items.get_or_insert_default().extend(children(node));
                    }
                    Value::Object(_) => {
                        if let Kind::Mapping(entries) = self.node(&value, &place).kind {
                            for (key, value) in entries {
                                if let (true, Some(name), Some(text)) = (flat.in_order, key.text(), value.text()) {
                                    context.variables.add(name, text);
                                }
                                flat.leaves.push((key, Leaf::Node(value)));
                            }
                        }
                    }
                    Value::Null => {}
                    Value::String(text) if text.is_empty() => {}
                    other => self.no_body(place, words(other)),
                }
            }
            TemplateKind::Text(..) | TemplateKind::Mixed(..) => self.no_body(context.at(&body.place), "text"),
        }
    }

    pub(super) fn no_body(&mut self, place: Place, found: &str) {
        self.error(
            place,
            format!("below a directive there must be a list or a mapping, found a {found}"),
            "indent what belongs to it below the directive",
        );
    }
}

fn words(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Boolean(_) => "boolean",
        _ => "value",
    }
}
