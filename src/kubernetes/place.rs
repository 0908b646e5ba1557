use std::fmt;
use std::sync::Arc;

/// Where something stands in a manifest; shown as `k8s/orders.yaml:12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as the user knows it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// Whether the line is one of the rendered text, since the template's lines are others
    /// ([`crate::Source::is_rendered`]).
    pub is_rendered: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, is_rendered } = self;
        if *is_rendered { write!(f, "{file} (line {line} of the rendered text)") } else { write!(f, "{file}:{line}") }
    }
}
