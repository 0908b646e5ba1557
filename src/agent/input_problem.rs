use std::fmt;

use crate::{TaskError, codes};

/// An input that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputProblem {
    /// Canonical name.
    pub name: String,
    /// Label in the form.
    pub label: String,
    /// What was got, with literal values in backticks.
    pub got: String,
    /// What is expected.
    pub expected: String,
    /// The next step, empty where there is none.
    pub hint: String,
}

impl fmt::Display for InputProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`): got {}; expected {}.", self.label, self.name, self.got, self.expected)?;
        if !self.hint.is_empty() {
            let mut hint = self.hint.chars();
            let first = hint.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            let rest = hint.as_str().trim_end_matches('.');
            write!(f, " {first}{rest}{}", if rest.ends_with('?') { "" } else { "." })?;
        }
        Ok(())
    }
}

/// All problems in one error.
pub(crate) fn error_of(problems: &[InputProblem]) -> TaskError {
    let message = match problems {
        [one] => format!("An input cannot be used. {one}"),
        many => {
            let lines: Vec<String> = many.iter().map(|problem| format!("- {problem}")).collect();
            format!("The inputs of this step have {} problems.\n{}", many.len(), lines.join("\n"))
        }
    };
    TaskError::new(codes::INPUT, message)
}
