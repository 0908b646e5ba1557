use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The environment of a task, read once at its start: the only door to it. Everything that the agent hands over
/// (inputs, connections, secret variables, settings) is taken from here, and child processes get nothing of it but
/// what [`ChildEnvironment`](crate::ChildEnvironment) allows.
///
/// Names are compared as the system does: ignoring case on Windows, exactly elsewhere.
#[derive(Clone)]
pub struct Env {
    variables: BTreeMap<String, Value>,
}

#[derive(Clone)]
struct Value {
    name: String,
    value: OsString,
}

impl Env {
    /// The environment of this process. A variable whose name is not Unicode is left out.
    pub fn from_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the door for the environment")]
        let variables = std::env::vars_os();
        Self::collect(variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// An environment that is given whole, for tests.
    pub fn new(variables: impl IntoIterator<Item = (impl Into<String>, impl Into<OsString>)>) -> Self {
        Self::collect(variables.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn collect(variables: impl Iterator<Item = (String, OsString)>) -> Self {
        Self { variables: variables.map(|(name, value)| (key(&name), Value { name, value })).collect() }
    }

    /// The value of the environment variable `name`, if it is set and Unicode. The value may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name)?.to_str()
    }

    /// The value of the environment variable `name`, whatever its bytes.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(&key(name)).map(|variable| variable.value.as_os_str())
    }

    /// The value of the environment variable `name`, absent when it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The value of the job variable `name` (`Build.BuildId`), absent when it is empty. Secret variables are not among
    /// them: see [`Variables::secret`](crate::Variables::secret).
    pub fn job_variable(&self, name: &str) -> Option<&str> {
        self.filled(&environment_name(name))
    }

    /// Whether the job variable `name` says yes (`true`, ignoring case).
    pub fn is_on(&self, name: &str) -> bool {
        self.job_variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// Names and values in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.variables.values().map(|variable| (variable.name.as_str(), variable.value.as_os_str()))
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("variables", &self.variables.len()).finish_non_exhaustive()
    }
}

fn key(name: &str) -> String {
    if cfg!(windows) { name.to_uppercase() } else { name.to_owned() }
}

/// The environment variable under which the agent passes the variable `name`: `.` and blanks become `_`, the rest is
/// put in upper case, everything else (dashes, slashes, brackets) stays (facts/azure-pipelines-tasks.md 3.1).
pub fn environment_name(name: &str) -> String {
    let upper = |character: char| {
        let mut mapped = character.to_uppercase();
        // As .NET's invariant mapping does: a character for a character, so `ß` stays.
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => character,
        }
    };
    name.chars().map(|character| if matches!(character, '.' | ' ') { '_' } else { upper(character) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mangled_as_the_agent_does() {
        for (name, expected) in [
            ("Build.BuildId", "BUILD_BUILDID"),
            ("my secret", "MY_SECRET"),
            ("my-secret", "MY-SECRET"),
            ("a/b[c]", "A/B[C]"),
            ("straße", "STRAßE"),
            ("größe", "GRÖßE"),
        ] {
            assert_eq!(environment_name(name), expected);
        }
    }

    #[test]
    fn values_are_found_by_the_job_variable_s_name() {
        let env = Env::new([("BUILD_BUILDID", "7"), ("EMPTY", ""), ("SYSTEM_DEBUG", "True")]);
        assert_eq!(env.job_variable("Build.BuildId"), Some("7"));
        assert_eq!(env.get("EMPTY"), Some(""));
        assert_eq!(env.filled("EMPTY"), None);
        assert!(env.is_on("System.Debug"));
        assert!(!env.is_on("Build.BuildId"));
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Env::new([("INPUT_TOKEN", "planted")]));
        assert!(!shown.contains("planted") && shown.contains("Env"), "{shown}");
    }

    #[test]
    #[cfg(windows)]
    fn names_ignore_case_on_windows() {
        assert_eq!(Env::new([("Path", "x")]).get("PATH"), Some("x"));
    }
}
