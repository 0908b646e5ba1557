use std::fmt;
use std::str::FromStr;

/// What can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// The sources are formatted.
    Format,
    /// The linter has nothing to say.
    Lint,
    /// Everything compiles.
    Build,
    /// Tests beside the code, and examples in its documentation.
    UnitTests,
    /// Tests that use a package from outside, the only ones that get secrets.
    IntegrationTests,
}

impl Check {
    /// All checks, in the order in which they run.
    pub const ALL: [Check; 5] = [Check::Format, Check::Lint, Check::Build, Check::UnitTests, Check::IntegrationTests];

    /// The word for it: `format`, `lint`, `build`, `unit-tests`, `integration-tests`.
    pub fn word(self) -> &'static str {
        match self {
            Check::Format => "format",
            Check::Lint => "lint",
            Check::Build => "build",
            Check::UnitTests => "unit-tests",
            Check::IntegrationTests => "integration-tests",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no check; expected `format`, `lint`, `build`, `unit-tests` or `integration-tests`")]
pub struct UnknownCheck(pub String);

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(word: &str) -> Result<Self, UnknownCheck> {
        Check::ALL.into_iter().find(|check| check.word().eq_ignore_ascii_case(word)).ok_or_else(|| UnknownCheck(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_a_word_and_other_words_are_refused() {
        for check in Check::ALL {
            assert_eq!(check.to_string().parse(), Ok(check));
        }
        assert_eq!("Unit-Tests".parse(), Ok(Check::UnitTests));
        assert_eq!("tests".parse::<Check>(), Err(UnknownCheck("tests".into())));
    }
}
