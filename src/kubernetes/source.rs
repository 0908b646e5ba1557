use std::sync::Arc;

use crate::Place;

/// The text of a manifest.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as the user knows it.
    pub file: Arc<str>,
    /// What is in it.
    pub text: String,
    /// Whether the text was rendered from a template so that its lines are not those of the file.
    pub is_rendered: bool,
}

impl Source {
    /// The text of a file as it is.
    pub fn new(file: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), is_rendered: false }
    }

    pub(crate) fn place(&self, line: usize) -> Place {
        Place { file: self.file.clone(), line, is_rendered: self.is_rendered }
    }
}

/// Without the text, which may be a secret's manifest.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("file", &self.file).field("is_rendered", &self.is_rendered).finish_non_exhaustive()
    }
}
