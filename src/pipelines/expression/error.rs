use super::Kind;

/// Why a text is not an expression, or not one that may stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at column {position} of the expression)")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Where, in characters from 1.
    pub position: usize,
    /// What to do about it; may be empty.
    pub hint: String,
    /// Whether the text is no expression at all. Else it uses a name or a function that does not exist in its place, which
    /// at compile time is an error only where the expression is evaluated.
    pub is_syntax: bool,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A value cannot become what is needed.
    #[error("Unable to convert from {from} to {to}.{}", value.as_ref().map(|value| format!(" Value: {value}")).unwrap_or_default())]
    Conversion {
        /// Kind of the value.
        from: Kind,
        /// Kind that is needed.
        to: Kind,
        /// The value, masked; absent for arrays and objects.
        value: Option<String>,
    },
    /// The first argument of `format` is not what it should be.
    #[error("The following format string is invalid: {0}")]
    FormatString(String),
    /// `format` has too few arguments.
    #[error("The following format string references more arguments than were supplied: {0}")]
    FormatArguments(String),
    /// A format specifier that the argument does not know.
    #[error("The format specifiers '{specifiers}' are not valid for objects of type '{kind}'")]
    FormatSpecifiers {
        /// The specifiers.
        specifiers: String,
        /// Kind of the argument.
        kind: Kind,
    },
    /// The memory limit.
    #[error("The maximum allowed memory size was exceeded while evaluating the following expression: {0}")]
    Memory(String),
    /// A value that must be declared is not.
    #[error("`{name}.{key}` is not declared")]
    Undeclared {
        /// `parameters`
        name: String,
        /// What it does not have.
        key: String,
    },
    /// A function refuses its arguments.
    #[error("{function}: {problem}")]
    Function {
        /// The function.
        function: String,
        /// Why.
        problem: String,
    },
}
