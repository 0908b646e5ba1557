use std::collections::HashMap;

use serde_json::{Map, Value};

/// A value with its line.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Where it begins, from 1.
    pub(crate) line: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Null, a boolean, a number or a text.
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The key's line.
    pub(crate) line: usize,
    pub(crate) value: Node,
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(Value::Null) => "nothing",
            Kind::Scalar(Value::Bool(_)) => "a boolean",
            Kind::Scalar(Value::Number(_)) => "a number",
            Kind::Scalar(_) => "a text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }

    /// As JSON, with the line of each value by its JSON pointer. The line of a key's value is the key's.
    pub(crate) fn to_json(&self) -> (Value, HashMap<String, usize>) {
        let mut lines = HashMap::new();
        let value = self.convert(self.line, &mut String::new(), &mut lines);
        (value, lines)
    }

    fn convert(&self, line: usize, pointer: &mut String, lines: &mut HashMap<String, usize>) -> Value {
        lines.insert(pointer.clone(), line);
        let length = pointer.len();
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&at.to_string());
                    list.push(item.convert(item.line, pointer, lines));
                    pointer.truncate(length);
                }
                Value::Array(list)
            }
            Kind::Mapping(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for Entry { key, line, value } in entries {
                    pointer.push('/');
                    pointer.push_str(&escaped(key));
                    map.insert(key.clone(), value.convert(*line, pointer, lines));
                    pointer.truncate(length);
                }
                Value::Object(map)
            }
        }
    }
}

/// A key as part of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
