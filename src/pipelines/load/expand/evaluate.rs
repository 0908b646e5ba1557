//! From a compiled file to nodes: directives, expressions, lists and mappings (facts/pipeline-yaml.md 2.4).

use super::Expander;
use super::at::At;
use super::context::Context;
use super::template::{Code, Entry, Piece, Template, TemplateKind};
use crate::expression::{EvaluationError, Value};
use crate::place::Place;
use crate::suggest::did_you_mean;
use crate::yaml::{Kind, Node, Style};

/// The value of a key, when it is known that the key is there.
pub(super) enum Leaf<'t> {
    /// Not evaluated yet.
    Template(&'t Template, Context),
    /// Ready.
    Node(Node),
}

impl Expander<'_> {
    /// The value of an expression; problems are reported.
    pub(super) fn evaluate(&mut self, code: &Code, context: &Context) -> Option<Value> {
        match &code.expression {
            Ok(expression) => match expression.value(context) {
                Ok(value) => {
                    self.computed(&code.place);
                    Some(value)
                }
                Err(error) => {
                    let (message, hint) = self.explained(&error, context);
                    self.error(context.at(&code.place), message, hint);
                    None
                }
            },
            Err(unknown) => {
                for (place, error) in unknown {
                    self.error(context.at(place), error.message.clone(), error.hint.clone());
                }
                None
            }
        }
    }

    pub(super) fn explained(&self, error: &EvaluationError, context: &Context) -> (String, String) {
        match error {
            EvaluationError::Undeclared { name, key } if name == "parameters" => {
                let declared: Vec<&str> = match &context.parameters.object {
                    Value::Object(object) => object.entries().iter().map(|(name, _)| name.as_str()).collect(),
                    _ => Vec::new(),
                };
                let known = did_you_mean(key, &declared);
                let hint = if known.is_empty() { "declare it under `parameters` of this file".to_owned() } else { known };
                (format!("the parameter `{key}` is not declared in this file"), hint)
            }
            EvaluationError::Conversion { value: None, .. } => {
                (error.to_string(), "a list or a mapping can only be a whole value; `convertToJson(...)` makes a text of it".to_owned())
            }
            _ => (error.to_string(), String::new()),
        }
    }

    /// An expression as a text; problems are reported.
    pub(super) fn text_of(&mut self, code: &Code, context: &Context) -> Option<String> {
        let value = self.evaluate(code, context)?;
        match value.to_text() {
            Some(text) => Some(text.to_string()),
            None => {
                let error = EvaluationError::Conversion { from: value.kind(), to: crate::expression::Kind::String, value: None };
                let (message, hint) = self.explained(&error, context);
                self.error(context.at(&code.place), message, hint);
                None
            }
        }
    }

    pub(super) fn mixed(&mut self, pieces: &[Piece], context: &Context) -> Option<String> {
        let mut text = Some(String::new());
        for piece in pieces {
            let part = match piece {
                Piece::Text(part) => Some(part.clone()),
                Piece::Code(code) => self.text_of(code, context),
            };
            // All of them are looked at, for their problems.
            text = match (text, part) {
                (Some(text), Some(part)) => Some(text + &part),
                _ => None,
            };
        }
        text
    }

    pub(super) fn scalar(&mut self, text: String, style: Style, place: Place) -> Node {
        self.made(&text, &place);
        Node { kind: Kind::Scalar { text, style }, place }
    }

    /// The value of a leaf.
    pub(super) fn leaf(&mut self, leaf: Leaf<'_>, at: At) -> Option<Node> {
        match leaf {
            Leaf::Template(template, context) => self.value(template, at, &context),
            Leaf::Node(node) => Some(node),
        }
    }

    /// A value where no entry of a list is.
    pub(super) fn value(&mut self, template: &Template, at: At, context: &Context) -> Option<Node> {
        if self.stopped {
            return None;
        }
        let place = context.at(&template.place);
        match &template.kind {
            TemplateKind::Text(text, style) => Some(self.scalar(text.clone(), *style, place)),
            TemplateKind::Mixed(pieces, style) => self.mixed(pieces, context).map(|text| self.scalar(text, *style, place)),
            TemplateKind::Code(code) => {
                let value = self.evaluate(code, context)?;
                let node = self.node(&value, &place);
                Some(self.settled(node, at, context))
            }
            TemplateKind::Sequence(items) => {
                let mut out = Vec::new();
                self.sequence(items, at, context, &mut out);
                self.made("", &place);
                Some(Node { kind: Kind::Sequence(out), place })
            }
            TemplateKind::Mapping(entries) => self.mapping(entries, at, context, place),
        }
    }

    /// A value of an expression as a node.
    pub(super) fn node(&mut self, value: &Value, place: &Place) -> Node {
        let node = self.origins.node(value, place);
        self.count(&node);
        node
    }

    pub(super) fn count(&mut self, node: &Node) {
        self.made(node.text().unwrap_or_default(), &node.place);
        match &node.kind {
            Kind::Scalar { .. } => {}
            Kind::Sequence(items) => items.iter().for_each(|item| self.count(item)),
            Kind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
                self.count(key);
                self.count(value);
            }),
        }
    }

    /// A mapping that is a value.
    pub(super) fn mapping(&mut self, entries: &[Entry], at: At, context: &Context, place: Place) -> Option<Node> {
        let own = if at.is_scope() { &context.scoped() } else { context };
        let flat = self.flat(entries, at, own);
        if let Some(items) = flat.items {
            self.refuse_mixture(&flat.leaves);
            self.made("", &place);
            return Some(Node { kind: Kind::Sequence(items), place });
        }
        if flat.leaves.is_empty() && !entries.is_empty() && entries.iter().all(|entry| is_list(&entry.value)) {
            // No branch was taken, and each has a list.
            return Some(Node { kind: Kind::Sequence(Vec::new()), place });
        }
        Some(self.assembled(flat.leaves, at, place))
    }

    /// The mapping of leaves.
    pub(super) fn assembled(&mut self, leaves: Vec<(Node, Leaf<'_>)>, at: At, place: Place) -> Node {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for (key, leaf) in leaves {
            let name = key.text().unwrap_or_default().to_owned();
            let value = self.leaf(leaf, at.child(&name));
            if let Some(line) = seen.insert(name.clone(), key.place.line) {
                self.error(
                    key.place.clone(),
                    format!("the key `{name}` is already in line {line}"),
                    "of the branches and loops of a mapping only one may give a key",
                );
                continue;
            }
            if let Some(value) = value {
                entries.push((key, value));
            }
        }
        self.made("", &place);
        Node { kind: Kind::Mapping(entries), place }
    }

    pub(super) fn refuse_mixture(&mut self, leaves: &[(Node, Leaf<'_>)]) {
        if let Some((key, _)) = leaves.first() {
            let message = format!("the key `{}` is beside a directive with a list", key.text().unwrap_or_default());
            self.error(key.place.clone(), message, "bodies of directives are all lists, or all mappings");
        }
    }
}

fn is_list(template: &Template) -> bool {
    matches!(template.kind, TemplateKind::Sequence(_))
}
