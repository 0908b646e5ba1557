use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{DateTime, Version, text};

/// The value of an expression. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value {
    /// What a missing key is.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A decimal number.
    Number(Decimal),
    /// A text.
    String(Arc<str>),
    /// A version.
    Version(Version),
    /// A point in time.
    DateTime(DateTime),
    /// A list.
    Array(Arc<Array>),
    /// Names and values.
    Object(Arc<Object>),
}

/// The kinds of [`Value`], under the names that messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are the kinds of `Value`")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Version,
    DateTime,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Value {
    /// A text.
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(text.as_ref().into())
    }

    /// A whole number.
    pub fn number(number: impl Into<Decimal>) -> Self {
        Self::Number(number.into())
    }

    /// A list.
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(Array { items, filtered: false }))
    }

    /// What `.*` makes.
    pub(super) fn filtered(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(Array { items, filtered: true }))
    }

    /// Names and values in order. Names have no case; of two equal ones the later wins.
    pub fn object<N: Into<String>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(Arc::new(entries.into_iter().collect()))
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Boolean(_) => Kind::Boolean,
            Self::Number(_) => Kind::Number,
            Self::String(_) => Kind::String,
            Self::Version(_) => Kind::Version,
            Self::DateTime(_) => Kind::DateTime,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }
}

/// A list of values.
#[derive(Debug)]
pub struct Array {
    items: Vec<Value>,
    /// Whether it came from `.*`: an index is then applied to each item.
    filtered: bool,
}

impl Array {
    /// The values.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    pub(super) fn is_filtered(&self) -> bool {
        self.filtered
    }
}

/// Names and values, found by name in constant time.
#[derive(Debug, Default)]
pub struct Object {
    entries: Vec<(String, Value)>,
    positions: HashMap<String, usize>,
}

impl Object {
    /// The value of a name, in any case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.positions.get(&text::key(name)).map(|position| &self.entries[*position].1)
    }

    /// Names and values in order.
    pub fn entries(&self) -> &[(String, Value)] {
        &self.entries
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        let mut object = Self::default();
        for (name, value) in entries {
            let name = name.into();
            match object.positions.get(&text::key(&name)) {
                Some(position) => object.entries[*position].1 = value,
                None => {
                    object.positions.insert(text::key(&name), object.entries.len());
                    object.entries.push((name, value));
                }
            }
        }
        object
    }
}
