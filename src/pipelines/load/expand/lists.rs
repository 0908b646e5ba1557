//! Entries of lists: what directives splice in, templates, values that are lists themselves.

use super::Expander;
use super::at::At;
use super::context::Context;
use super::directives::{Chain, Flat};
use super::evaluate::Leaf;
use super::template::{Entry, Template, TemplateKind};
use crate::expression::Value;
use crate::yaml::{Kind, Node};

/// Where less than this is left of the stack, it is continued in a new piece of that size.
const RED_ZONE: usize = 128 * 1024;
const STACK: usize = 1024 * 1024;

impl Expander<'_> {
    /// The entries of a list.
    pub(super) fn sequence(&mut self, items: &[Template], at: At, context: &Context, out: &mut Vec<Node>) {
        // A hundred templates, each with many directives within each other, need more than a thread's stack.
        stacker::maybe_grow(RED_ZONE, STACK, || self.entries(items, at, context, out));
    }

    fn entries(&mut self, items: &[Template], at: At, context: &Context, out: &mut Vec<Node>) {
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

    pub(super) fn entry_of_list(
        &mut self,
        item: &Template,
        entries: &[Entry],
        at: At,
        context: &Context,
        chain: &mut Chain,
        out: &mut Vec<Node>,
    ) {
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
    pub(super) fn declare(&mut self, node: &Node, at: At, context: &Context) {
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

    pub(super) fn settle(&mut self, node: Node, at: At, context: &Context, out: &mut Vec<Node>) {
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

fn has_template(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => false,
        Kind::Sequence(items) => items.iter().any(has_template),
        Kind::Mapping(entries) => entries.iter().any(|(key, value)| key.text() == Some("template") || has_template(value)),
    }
}

pub(super) fn children(node: Node) -> Vec<Node> {
    match node.kind {
        Kind::Sequence(items) => items,
        _ => Vec::new(),
    }
}
