use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the user knows it, relative to the repository's root; `path@alias` in another repository.
    pub file: SourceFile,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

impl Place {
    /// Where the file was included from, and that one from, the innermost first; empty for a file that nothing includes.
    pub fn chain(&self) -> Vec<Place> {
        let mut chain = Vec::new();
        let mut next = self.file.included_from();
        while let Some(place) = next {
            chain.push(place.clone());
            next = place.file.included_from();
        }
        chain
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The name of a file, and where it was included from. Two are equal when their names are. Cheap to clone.
#[derive(Clone)]
pub struct SourceFile(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    included_from: Option<Place>,
}

impl SourceFile {
    /// A file that is included from a place of another one.
    pub fn included(name: impl Into<Arc<str>>, from: Place) -> Self {
        Self(Arc::new(Inner { name: name.into(), included_from: Some(from) }))
    }

    /// The place that included it.
    pub fn included_from(&self) -> Option<&Place> {
        self.0.included_from.as_ref()
    }
}

impl From<&str> for SourceFile {
    fn from(name: &str) -> Self {
        Self(Arc::new(Inner { name: name.into(), included_from: None }))
    }
}

impl Deref for SourceFile {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Display for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SourceFile {}

impl PartialOrd for SourceFile {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SourceFile {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl std::hash::Hash for SourceFile {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
