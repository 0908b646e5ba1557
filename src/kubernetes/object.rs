use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use crate::Place;

/// A Kubernetes object of a manifest.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// Which object it is.
    pub name: ObjectName,
    /// `apps/v1`
    pub api_version: String,
    /// Where it begins.
    pub place: Place,
    /// Which document of its file it is, from 1; empty ones do not count.
    pub document: usize,
    /// All of it, with every field that was written.
    pub value: Value,
    /// The line of each value, by its JSON pointer.
    pub(crate) lines: HashMap<String, usize>,
}

impl Object {
    /// The place of the value at a JSON pointer (RFC 6901): `/spec/replicas`. Where nothing is, that of what is nearest around it.
    pub fn place_of(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.lines.get(pointer) {
                return Place { line: *line, ..self.place.clone() };
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return self.place.clone(),
            }
        }
    }
}

/// Without the value, which may be a secret's.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}

/// What tells an object from every other one of a cluster; shown as `Deployment/orders`. The version of its API does not
/// count: `apps/v1` and `apps/v1beta1` show the same object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Group of its API; empty for the core group.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// The namespace, where the manifest names one.
    pub namespace: Option<String>,
    /// `orders`
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)?;
        match &self.namespace {
            Some(namespace) => write!(f, " in the namespace {namespace}"),
            None => Ok(()),
        }
    }
}
