//! YAML as Azure Pipelines reads it: a tree that keeps order, source text, style and place.
//!
//! Not a general YAML reader. Scalars stay text (`1.10`, `yes` and `0x10` are what they look like); what the service does
//! not know (anchors, aliases, merge keys, tags, several documents) is refused by name (facts/pipeline-yaml.md 2.2, 6).
//! Used by [`crate::load`] and, for `slipway.local.yml`, by `cli`.

mod node;
mod parse;

pub use node::{Kind, Node, Style};
pub use parse::parse;
