//! From the text of a file to a [`Pipeline`].

use crate::diagnostic::Diagnostics;
use crate::pipeline::Pipeline;

/// A pipeline that can run, and what its author should know.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Problems that do not keep it from running.
    pub warnings: Diagnostics,
}
