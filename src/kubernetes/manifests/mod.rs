//! Manifests: from files and folders to objects.
//!
//! [`files`] reads the texts, [`crate::template::render`] may put values into them, [`parse`] makes objects of them. Lists
//! (`kind: List`) are taken apart into their items. What no cluster could take is told here already, with its line: no kind, no
//! API version, no name, the same object twice, a number where Kubernetes takes a text.

mod files;
mod parse;
mod texts;

pub use files::files;
pub use parse::parse;
