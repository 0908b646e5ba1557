//! The inputs of a step as its process gets them (facts/azure-pipelines-tasks.md 3.3).

use std::path::{Component, Path, PathBuf};

use crate::macros;
use crate::variables::Variables;

/// `given` and, empty, every declared input that it lacks: the agent hands a task all inputs of its task.json.
pub(crate) fn complete<'d>(given: &[(String, String)], declared: impl Iterator<Item = &'d str>) -> Vec<(String, String)> {
    let missing = declared.filter(|name| !given.iter().any(|(present, _)| present.eq_ignore_ascii_case(name)));
    given.iter().cloned().chain(missing.map(|name| (name.to_owned(), String::new()))).collect()
}

/// Trims, expands `$(variable)` once and then `$(ENVIRONMENT)` of the agent once, and roots the inputs that
/// `is_file_path` names in `root`. An empty file path becomes `root` itself.
pub(crate) fn resolve(
    given: &[(String, String)],
    variables: &Variables,
    agent_environment: &[(String, String)],
    root: &Path,
    is_file_path: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let trim = variables.flag("DISABLE_INPUT_TRIMMING") != Some(true);
    given
        .iter()
        .map(|(name, value)| {
            let value = if trim { value.trim() } else { value };
            let value = macros::expand(value, |name| variables.value(name));
            let value = macros::expand(&value, |name| environment_value(agent_environment, name));
            let value = if is_file_path(name) { rooted(root, &value).display().to_string() } else { value };
            (name.clone(), value)
        })
        .collect()
}

/// The step's `env:`, names and values trimmed, expanded like inputs.
pub(crate) fn resolve_environment(
    given: &[(String, String)],
    variables: &Variables,
    agent_environment: &[(String, String)],
) -> Vec<(String, String)> {
    given
        .iter()
        .filter(|(name, _)| !name.trim().is_empty())
        .map(|(name, value)| {
            let value = macros::expand(value.trim(), |name| variables.value(name));
            (name.trim().to_owned(), macros::expand(&value, |name| environment_value(agent_environment, name)))
        })
        .collect()
}

fn environment_value<'e>(environment: &'e [(String, String)], name: &str) -> Option<&'e str> {
    environment.iter().rev().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
}

/// `path` below `root` unless it is absolute, with `.` and `..` resolved as .NET's `Path.GetFullPath` does: by name.
pub(crate) fn rooted(root: &Path, path: &str) -> PathBuf {
    let mut full = PathBuf::new();
    for component in root.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                full.pop();
            }
            other => full.push(other),
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(value: &str) -> String {
        let mut variables = Variables::new();
        variables.set_plain("a", "1");
        variables.set_plain("b", "$(a)");
        let environment = [("HOME".to_owned(), "/home/me".to_owned()), ("b".to_owned(), "not this".to_owned())];
        resolve(&[("x".into(), value.into())], &variables, &environment, Path::new("/root"), |_| false).remove(0).1
    }

    #[test]
    fn values_are_trimmed_and_expanded_once() {
        assert_eq!(resolved("  $(a) \n"), "1");
        assert_eq!(resolved("$(A)$(missing)"), "1$(missing)");
        assert_eq!(resolved("$(HOME)"), "/home/me");
        assert_eq!(resolved("$($(a)"), "$(1");
    }

    #[test]
    fn what_is_not_given_is_empty() {
        let given = [("B".to_owned(), "1".to_owned()), ("unknown".to_owned(), "2".to_owned())];
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(complete(&given, ["a", "b"].into_iter()), [text("B", "1"), text("unknown", "2"), text("a", "")]);
    }

    #[test]
    fn trimming_can_be_turned_off() {
        let mut variables = Variables::new();
        variables.set_plain("DISABLE_INPUT_TRIMMING", "true");
        assert_eq!(resolve(&[("x".into(), " a ".into())], &variables, &[], Path::new("/root"), |_| false)[0].1, " a ");
    }

    #[test]
    fn file_paths_are_rooted_and_an_empty_one_is_the_root() {
        let inputs = [
            ("p".to_owned(), "a/../b/./c".to_owned()),
            ("q".to_owned(), String::new()),
            ("r".to_owned(), "/abs".to_owned()),
            ("s".to_owned(), String::new()),
        ];
        let resolved = resolve(&inputs, &Variables::new(), &[], Path::new("/root"), |name| name != "s");
        let values: Vec<_> = resolved.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["/root/b/c", "/root", "/abs", ""]);
    }
}
