//! YAML as Kubernetes' own tools read it: documents as trees that keep the line of each key and value.
//!
//! The types of scalars are those of `sigs.k8s.io/yaml`, which kubectl uses: YAML 1.1's `yes`, `on` and `y` are booleans, `0777`
//! is octal, `1_000` a number, a date stays text ([`scalar`]). Keys become texts. Anchors, aliases and merge keys work. Three
//! things are refused that kubectl takes silently: a key that is there twice, a tag of somebody's own, and a second document
//! without a `---` before it.
//!
//! The parser is `saphyr-parser`, maintained, and in the tree already for pipelines: as an event parser it gives each scalar's own
//! text, style and place, which a reader into serde's types loses. Used by [`crate::manifests`].

mod documents;
mod node;
mod parse;
mod scalar;

pub(crate) use node::{Kind, Node, escaped};
pub(crate) use parse::documents;
