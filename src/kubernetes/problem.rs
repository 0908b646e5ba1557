use std::fmt;

use crate::Place;

/// What is wrong with a manifest. No message has a value of the manifest's data, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; absent for what concerns no line.
    pub place: Option<Place>,
    /// What was got, and what was expected.
    pub message: String,
    /// The next step; may be empty.
    pub hint: String,
}

impl Problem {
    pub(crate) fn new(place: impl Into<Option<Place>>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  {}", self.hint)?;
        }
        Ok(())
    }
}

/// Everything that is wrong, in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// `value` if nothing is wrong.
pub(crate) fn unless<T>(problems: Vec<Problem>, value: T) -> Result<T, Problems> {
    if problems.is_empty() { Ok(value) } else { Err(Problems(problems)) }
}
