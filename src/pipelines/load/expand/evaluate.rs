//! From a compiled file to nodes: directives, expressions, lists and mappings (facts/pipeline-yaml.md 2.4).

use super::Expander;
use super::at::At;
use super::context::Context;
use super::template::{Code, Entry, Key, Piece, Template, TemplateKind};
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

/// A mapping without directives.
#[derive(Default)]
pub(super) struct Flat<'t> {
    /// Its keys and values.
    pub(super) leaves: Vec<(Node, Leaf<'t>)>,
    /// What lists in the bodies of its directives have.
    items: Option<Vec<Node>>,
    /// `variables` as a mapping: each value is evaluated at once, so that the next one sees it.
    in_order: bool,
}

/// Where in a chain of `if`, `elseif` and `else` the next key is.
#[derive(Clone, Copy)]
enum Chain {
    None,
    /// After `if` or `elseif`; whether one of them was taken.
    Open(bool),
    /// After `else`.
    Closed,
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

    fn explained(&self, error: &EvaluationError, context: &Context) -> (String, String) {
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
    fn text_of(&mut self, code: &Code, context: &Context) -> Option<String> {
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

    fn mixed(&mut self, pieces: &[Piece], context: &Context) -> Option<String> {
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

    fn scalar(&mut self, text: String, style: Style, place: Place) -> Node {
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
    fn node(&mut self, value: &Value, place: &Place) -> Node {
        let node = self.origins.node(value, place);
        self.count(&node);
        node
    }

    fn count(&mut self, node: &Node) {
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
    fn mapping(&mut self, entries: &[Entry], at: At, context: &Context, place: Place) -> Option<Node> {
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
    fn assembled(&mut self, leaves: Vec<(Node, Leaf<'_>)>, at: At, place: Place) -> Node {
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

    fn refuse_mixture(&mut self, leaves: &[(Node, Leaf<'_>)]) {
        if let Some((key, _)) = leaves.first() {
            let message = format!("the key `{}` is beside a directive with a list", key.text().unwrap_or_default());
            self.error(key.place.clone(), message, "bodies of directives are all lists, or all mappings");
        }
    }

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

    fn key_node(&mut self, entry: &Entry, text: String, context: &Context) -> Node {
        let style = match &entry.key {
            Key::Text(_, style) | Key::Mixed(_, style) => *style,
            _ => Style::Plain,
        };
        self.scalar(text, style, context.at(&entry.place))
    }

    fn flatten<'t>(&mut self, entries: &'t [Entry], at: At, context: &Context, chain: &mut Chain, flat: &mut Flat<'t>) {
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

    fn directive<'t>(&mut self, entry: &'t Entry, key: &Key, at: At, context: &Context, chain: &mut Chain, flat: &mut Flat<'t>) {
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
    fn turns(&mut self, code: &Code, context: &Context) -> Vec<Value> {
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
    fn body<'t>(&mut self, body: &'t Template, at: At, context: &Context, flat: &mut Flat<'t>) {
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

    fn no_body(&mut self, place: Place, found: &str) {
        self.error(
            place,
            format!("below a directive there must be a list or a mapping, found a {found}"),
            "indent what belongs to it below the directive",
        );
    }

    /// The entries of a list.
    pub(super) fn sequence(&mut self, items: &[Template], at: At, context: &Context, out: &mut Vec<Node>) {
        let mut chain = Chain::None;
        for item in items {
            if self.stopped {
                return;
            }
            match &item.kind {
                TemplateKind::Mapping(entries) => self.entry_of_list(item, entries, at, context, &mut chain, out),
                TemplateKind::Code(code) => {
                    chain = Chain::None;
                    let Some(value) = self.evaluate(code, context) else { continue };
                    let node = self.node(&value, &context.at(&item.place));
                    if matches!(value, Value::Array(_)) {
                        // A list in a list is flattened by one level.
                        let node = self.settled(node, at, context);
                        out.extend(children(node));
                    } else {
                        self.settle(node, at, context, out);
                    }
                }
                _ => {
                    chain = Chain::None;
                    out.extend(self.value(item, at.item(), context));
                }
            }
        }
    }

    fn entry_of_list(&mut self, item: &Template, entries: &[Entry], at: At, context: &Context, chain: &mut Chain, out: &mut Vec<Node>) {
        let own = if at.item().is_scope() { &context.scoped() } else { context };
        let mut flat = Flat::default();
        if at.item().is_scope() {
            self.prepare(entries, own, &mut flat);
        }
        // A chain of `if` and `else` goes on from entry to entry of a list where they begin with them.
        let mut own_chain = Chain::None;
        let chain = if entries.first().is_some_and(|entry| entry.key.is_directive()) {
            chain
        } else {
            *chain = Chain::None;
            &mut own_chain
        };
        let scope = if at.item().is_scope() && !flat.leaves.is_empty() { at.item() } else { at };
        self.flatten(entries, scope, own, chain, &mut flat);
        if let Some(items) = flat.items {
            self.refuse_mixture(&flat.leaves);
            out.extend(items);
            return;
        }
        if flat.leaves.is_empty() && entries.iter().any(|entry| entry.key.is_directive()) {
            return;
        }
        if at.template_key().is_some() && flat.leaves.first().is_some_and(|(key, _)| key.text() == Some("template")) {
            self.include(flat.leaves, at, context, out);
            return;
        }
        let node = self.assembled(flat.leaves, at.item(), context.at(&item.place));
        self.declare(&node, at, context);
        out.push(node);
    }

    /// Notes a variable of a list.
    fn declare(&mut self, node: &Node, at: At, context: &Context) {
        if at == At::Variables
            && let Some(name) = node.get("name").and_then(Node::text)
        {
            context.variables.add(name, node.get("value").and_then(Node::text).unwrap_or_default());
        }
    }

    /// What was passed as a value may have templates in it, too.
    pub(super) fn settled(&mut self, node: Node, at: At, context: &Context) -> Node {
        if at == At::Any || !has_template(&node) && at != At::Variables {
            return node;
        }
        let own = if at.is_scope() { &context.scoped() } else { context };
        let Node { kind, place } = node;
        let kind = match kind {
            Kind::Sequence(items) => {
                let mut out = Vec::new();
                for item in items {
                    self.settle(item, at, context, &mut out);
                }
                Kind::Sequence(out)
            }
            Kind::Mapping(entries) => {
                let mut out = Vec::new();
                for (key, value) in entries {
                    let name = key.text().unwrap_or_default();
                    if let (At::Variables, Some(text)) = (at, value.text()) {
                        context.variables.add(name, text);
                    }
                    let value = self.settled(value, at.child(name), own);
                    out.push((key, value));
                }
                Kind::Mapping(out)
            }
            scalar @ Kind::Scalar { .. } => scalar,
        };
        Node { kind, place }
    }

    fn settle(&mut self, node: Node, at: At, context: &Context, out: &mut Vec<Node>) {
        let first = node.entries().and_then(<[_]>::first).and_then(|(key, _)| key.text());
        if at.template_key().is_some() && first == Some("template") {
            if let Kind::Mapping(entries) = node.kind {
                let leaves = entries.into_iter().map(|(key, value)| (key, Leaf::Node(value))).collect();
                self.include(leaves, at, context, out);
            }
            return;
        }
        let node = self.settled(node, at.item(), context);
        self.declare(&node, at, context);
        out.push(node);
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

fn is_list(template: &Template) -> bool {
    matches!(template.kind, TemplateKind::Sequence(_))
}

fn has_template(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => false,
        Kind::Sequence(items) => items.iter().any(has_template),
        Kind::Mapping(entries) => entries.iter().any(|(key, value)| key.text() == Some("template") || has_template(value)),
    }
}

fn children(node: Node) -> Vec<Node> {
    match node.kind {
        Kind::Sequence(items) => items,
        _ => Vec::new(),
    }
}
