//! From nodes to values and back. A value knows by its identity where it came from, so that what is passed as a parameter
//! has the place of the file that it was written in.

use std::collections::HashMap;
use std::sync::Arc;

use crate::expression::Value;
use crate::place::Place;
use crate::yaml::{Kind, Node, Style};

/// Where values came from.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<usize, Origin>);

#[derive(Debug)]
struct Origin {
    /// Keeps the address from being used again.
    _value: Value,
    place: Place,
    style: Style,
    keys: Vec<(Place, Style)>,
}

/// The address of a value that has one.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(Arc::as_ptr(text).cast::<u8>().addr()),
        Value::Array(array) => Some(Arc::as_ptr(array).addr()),
        Value::Object(object) => Some(Arc::as_ptr(object).addr()),
        _ => None,
    }
}

impl Origins {
    /// A node as a value. Scalars are texts, as the service has them (docs/templates-language.md).
    pub(super) fn value(&mut self, node: &Node) -> Value {
        let (value, style, keys) = match &node.kind {
            Kind::Scalar { text, style } => (Value::string(text), *style, Vec::new()),
            Kind::Sequence(items) => (Value::array(items.iter().map(|item| self.value(item)).collect()), Style::Plain, Vec::new()),
            Kind::Mapping(entries) => {
                let pairs: Vec<(String, Value)> =
                    entries.iter().map(|(key, value)| (key.text().unwrap_or_default().to_owned(), self.value(value))).collect();
                let keys = entries.iter().map(|(key, _)| (key.place.clone(), style(key))).collect();
                (Value::object(pairs), Style::Plain, keys)
            }
        };
        if let Some(address) = address(&value) {
            self.0.insert(address, Origin { _value: value.clone(), place: node.place.clone(), style, keys });
        }
        value
    }

    /// A value as a node. `place` is for what was computed.
    pub(super) fn node(&self, value: &Value, place: &Place) -> Node {
        let origin = address(value).and_then(|address| self.0.get(&address));
        let own = origin.map_or(place, |origin| &origin.place);
        let kind = match value {
            Value::Array(array) => Kind::Sequence(array.items().iter().map(|item| self.node(item, own)).collect()),
            Value::Object(object) => {
                let key = |position: usize, name: &str| {
                    let (place, style) =
                        origin.and_then(|origin| origin.keys.get(position)).cloned().unwrap_or((own.clone(), Style::Plain));
                    Node { kind: Kind::Scalar { text: name.to_owned(), style }, place }
                };
                let entries = object.entries().iter().enumerate();
                Kind::Mapping(entries.map(|(position, (name, value))| (key(position, name), self.node(value, own))).collect())
            }
            _ => Kind::Scalar {
                text: value.to_text().unwrap_or_default().to_string(),
                style: origin.map_or(Style::Plain, |origin| origin.style),
            },
        };
        Node { kind, place: own.clone() }
    }

    /// Where a value was written, if it was.
    pub(super) fn place(&self, value: &Value) -> Option<&Place> {
        address(value).and_then(|address| self.0.get(&address)).map(|origin| &origin.place)
    }
}

fn style(node: &Node) -> Style {
    match &node.kind {
        Kind::Scalar { style, .. } => *style,
        _ => Style::Plain,
    }
}
