//! The expression language of Azure Pipelines, version 1 of its engine (facts/pipeline-yaml.md 2.6).
//!
//! Not GitHub's: no operators, decimal numbers, `and`, `eq`, `in`. [`Expression::parse`] knows, by [`Vocabulary`], which
//! names and functions exist where the expression stands; [`Expression::evaluate`] asks a [`Host`] for their values.
//! Used by [`crate::condition`], [`crate::runtime`] and, with the templates, by [`crate::load`].
//!
//! What is not verified on the service (docs/expressions.md lists it for users): the case rule of `replace` (here: ignored),
//! whether `split` works at run time (here: refused), what `split` takes a separator of several characters for (here: one
//! separator), `substring` out of range (here: an error), which of the newer functions a step's condition knows (here: all
//! but `split`), the time zone of a date-time without one (here: UTC), `succeededOrFailed()` after a skipped dependency
//! (here: false).

mod convert;
mod date_time;
mod error;
mod evaluate;
mod format;
mod functions;
mod index;
mod json;
mod lexer;
mod memory;
mod node;
mod number;
mod parser;
mod text;
mod value;
mod version;
mod vocabulary;

pub use date_time::DateTime;
pub use error::{EvaluationError, ExpressionError};
pub use evaluate::{Evaluation, Host};
pub use value::{Array, Kind, Object, Value};
pub use version::Version;
pub use vocabulary::{Function, Vocabulary};

use std::sync::Arc;

use node::Expr;

/// Longest expression, in UTF-16 units as the service counts them (facts/pipeline-yaml.md 2.5).
pub(crate) const MAX_LENGTH: usize = 21_000;
/// Most functions and indexes that may be open at once (facts/pipeline-yaml.md 2.5).
pub(crate) const MAX_DEPTH: usize = 50;
/// Memory that an evaluation may use, in bytes as the service counts them (facts/pipeline-yaml.md 2.5).
pub(crate) const MAX_MEMORY: usize = 1_048_576;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    root: Expr,
}

impl Expression {
    /// Parses `text`.
    ///
    /// # Errors
    /// All unknown names at once; of syntax errors the first.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<ExpressionError>> {
        Self::parse_with(text, vocabulary, &[])
    }

    /// The same where there are names besides those of the place: the variables of loops, the innermost last.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(text: &str, vocabulary: &Vocabulary, locals: &[Arc<str>]) -> Result<Self, Vec<ExpressionError>> {
        parser::parse(text, vocabulary, locals).map(|root| Self { root })
    }

    /// Computes the value, and a trace of how it came about.
    ///
    /// # Errors
    /// A conversion that is not possible, a limit, or what the host refuses.
    pub fn evaluate(&self, host: &dyn Host) -> Result<Evaluation, EvaluationError> {
        evaluate::evaluate(&self.root, host, false)
    }

    /// The value without a trace, which takes less time.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn value(&self, host: &dyn Host) -> Result<Value, EvaluationError> {
        evaluate::value(&self.root, host)
    }

    /// Computes the value of a condition: converted to a Boolean, and traced as one.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_boolean(&self, host: &dyn Host) -> Result<Evaluation, EvaluationError> {
        evaluate::evaluate(&self.root, host, true)
    }
}

impl std::fmt::Display for Expression {
    /// The expression as the engine writes it: `eq(variables['a'], 'b')`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.root.to_expression())
    }
}

#[cfg(test)]
mod tests;
