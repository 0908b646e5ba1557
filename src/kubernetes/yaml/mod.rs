//! YAML as Kubernetes' own tools read it: documents as trees that keep the line of each key and value.
//!
//! The types of scalars are those of `sigs.k8s.io/yaml`, which kubectl uses: YAML 1.1's `yes`, `on` and `y` are booleans, `0777`
//! is octal, `1_000` a number, a date stays text ([`scalar`]). Anchors, aliases and merge keys work. What kubectl takes silently and
//! nobody means is refused: a key that is there twice; a key that YAML does not read as the text that it looks like (`on`, `1.10`); a
//! merge key after a key that it has, too; a tag of somebody's own; a second document without a `---` before it.
//!
//! The parser is `saphyr-parser`, maintained, and in the tree already for pipelines: as an event parser it gives each scalar's own
//! text, style and place, which a reader into serde's types loses. Used by [`crate::manifests`].

mod documents;
mod node;
mod parse;
mod scalar;

pub(crate) use node::{Kind, Node, escaped};
pub(crate) use parse::documents;
