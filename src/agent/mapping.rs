//! The multi-line mapping of tasks that set variables: `VARIABLE = name[@version]`, one on a line, `#` for comments.

use crate::env::environment_name;

/// One line of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingEntry {
    /// Line in the input, from 1.
    pub line: usize,
    /// The variable to set.
    pub variable: String,
    /// What it is set from.
    pub name: String,
    /// The version that is asked for.
    pub version: Option<String>,
}

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// Line in the input, from 1; 0 when it is about the whole.
    pub line: usize,
    /// What is wrong, and with what.
    pub message: String,
    /// The next step.
    pub hint: String,
}

/// What a line looks like.
const SHAPE: &str = "write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line";

/// Variables with these beginnings are reserved (facts/pipeline-yaml.md 2.8).
const RESERVED_PREFIXES: &[&str] = &["endpoint", "input", "secret", "securefile"];
/// Beginnings of variables that belong to the system, as environment variables: setting them would change how the agent
/// or other tasks work.
const SYSTEM_PREFIXES: &[&str] = &["SYSTEM_", "AGENT_", "VSTS_", "AZP_", "PROCESS_SIG"];
/// Beginnings of variables that belong to the system, where the dot says so (`BUILD_KEY` is anybody's).
const SYSTEM_DOTTED: &[&str] = &["system.", "agent.", "build.", "release.", "pipeline.", "environment.", "resources.", "strategy."];
/// Names that belong to the system.
const SYSTEM_NAMES: &[&str] = &["PATH", "TF_BUILD", "DECODE_PERCENTS", "DISABLE_INPUT_TRIMMING"];

/// Reads a mapping; all that is wrong at once.
///
/// # Errors
/// When a line has another shape, a variable cannot be set, or two lines set the same one (names are compared ignoring
/// case, and `.` equals `_`, as in the environment).
pub fn parse(text: &str) -> Result<Vec<MappingEntry>, Vec<MappingProblem>> {
    let mut entries: Vec<MappingEntry> = Vec::new();
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line);
        if line.is_empty() {
            continue;
        }
        match entry(index + 1, line) {
            Err(problem) => problems.push(problem),
            Ok(entry) => {
                let same = |other: &&MappingEntry| environment_name(&other.variable) == environment_name(&entry.variable);
                match entries.iter().find(same) {
                    None => entries.push(entry),
                    Some(first) => problems.push(MappingProblem {
                        line: entry.line,
                        message: format!("`{}` is set by line {} already (`{}`)", entry.variable, first.line, first.variable),
                        hint: "give each variable a name of its own; case does not count".to_owned(),
                    }),
                }
            }
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

/// The line without its comment: `#` at the start or after a blank.
fn without_comment(line: &str) -> &str {
    let comment =
        line.char_indices().find(|&(at, character)| character == '#' && line[..at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at]).trim()
}

fn entry(number: usize, line: &str) -> Result<MappingEntry, MappingProblem> {
    let refuse = |message: String, hint: &str| Err(MappingProblem { line: number, message, hint: hint.to_owned() });
    let Some((variable, source)) = line.split_once('=') else {
        return refuse(format!("`{line}` has no `=`"), SHAPE);
    };
    let (variable, source) = (variable.trim(), source.trim());
    if let Err((message, hint)) = check_variable(variable) {
        return refuse(message, &hint);
    }
    if source.is_empty() {
        return refuse(format!("`{line}` names nothing after the `=`"), SHAPE);
    }
    if source.contains('=') && source.contains(char::is_whitespace) {
        return refuse(
            format!("`{line}` holds more than one assignment"),
            "put each on a line of its own; in YAML start the block with `|`, not with `>`",
        );
    }
    let (name, version) = match source.split_once('@') {
        None => (source, None),
        Some((name, version)) => (name.trim_end(), Some(version.trim_start())),
    };
    if name.is_empty() {
        return refuse(format!("`{line}` names nothing before the `@`"), SHAPE);
    }
    if name.contains(char::is_whitespace) {
        return refuse(format!("`{name}` is no name: it must not have blanks"), SHAPE);
    }
    match version {
        Some("") => refuse(format!("`{line}` names no version after the `@`"), "leave the `@` out to take the current version"),
        Some(version) if version.contains(|character: char| character.is_whitespace() || character == '@') => refuse(
            format!("`{version}` is no version: it must not have blanks nor a further `@`"),
            "leave the `@` out to take the current version",
        ),
        _ => Ok(MappingEntry { line: number, variable: variable.to_owned(), name: name.to_owned(), version: version.map(str::to_owned) }),
    }
}

/// Whether a task may set a variable of this name: what is wrong, and the next step.
pub fn check_variable(name: &str) -> Result<(), (String, String)> {
    let refuse = |message: String, hint: &str| Err((message, hint.to_owned()));
    if name.is_empty() {
        return refuse("the variable has no name".to_owned(), SHAPE);
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') || !name.chars().all(allowed) {
        return refuse(
            format!("`{name}` is no name of a variable"),
            "use letters, digits, `_`, `.` and `-`, and start with a letter or `_`",
        );
    }
    let lower = name.to_ascii_lowercase();
    if let Some(prefix) = RESERVED_PREFIXES.iter().find(|prefix| lower.starts_with(*prefix)) {
        return refuse(
            format!("`{name}` cannot be set: names that begin with `{prefix}` are reserved by Azure Pipelines"),
            "choose another name",
        );
    }
    let environment = environment_name(name);
    let belongs_to_system = SYSTEM_NAMES.contains(&environment.as_str())
        || SYSTEM_PREFIXES.iter().any(|prefix| environment.starts_with(prefix))
        || SYSTEM_DOTTED.iter().any(|prefix| lower.starts_with(prefix));
    if belongs_to_system {
        return refuse(format!("`{name}` cannot be set: it belongs to Azure Pipelines itself"), "choose another name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        let lines = parse(text).unwrap_err().into_iter().map(|problem| format!("{}: {}. {}.", problem.line, problem.message, problem.hint));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_comments_and_versions() {
        let text = "# all\n\nDB_PASSWORD = db-password\n  Api.Key=api-key@0123  # pinned\r\nx-y = a#b\n";
        let entry = |line, variable: &str, name: &str, version: Option<&str>| MappingEntry {
            line,
            variable: variable.to_owned(),
            name: name.to_owned(),
            version: version.map(str::to_owned),
        };
        assert_eq!(
            parse(text),
            Ok(vec![
                entry(3, "DB_PASSWORD", "db-password", None),
                entry(4, "Api.Key", "api-key", Some("0123")),
                entry(5, "x-y", "a#b", None),
            ])
        );
        assert_eq!(parse("  \n# nothing\n"), Ok(Vec::new()));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text =
            "no assignment\nA =\n= b\nB = b c\nC = c@\nD = d@1@2\n1E = e\nF G = f\nH = h\nh = other\nI.J = x\nI_J = y\nK = k L = l\nM = @1";
        insta::assert_snapshot!(problems(text), @"
        1: `no assignment` has no `=`. write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line.
        2: `A =` names nothing after the `=`. write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line.
        3: the variable has no name. write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line.
        4: `b c` is no name: it must not have blanks. write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line.
        5: `C = c@` names no version after the `@`. leave the `@` out to take the current version.
        6: `1@2` is no version: it must not have blanks nor a further `@`. leave the `@` out to take the current version.
        7: `1E` is no name of a variable. use letters, digits, `_`, `.` and `-`, and start with a letter or `_`.
        8: `F G` is no name of a variable. use letters, digits, `_`, `.` and `-`, and start with a letter or `_`.
        10: `h` is set by line 9 already (`H`). give each variable a name of its own; case does not count.
        12: `I_J` is set by line 11 already (`I.J`). give each variable a name of its own; case does not count.
        13: `K = k L = l` holds more than one assignment. put each on a line of its own; in YAML start the block with `|`, not with `>`.
        14: `M = @1` names nothing before the `@`. write `VARIABLE = secret-name` or `VARIABLE = secret-name@version`, one on a line.
        ");
    }

    #[test]
    fn names_of_the_system_are_refused() {
        let refused =
            ["endpointUrl", "INPUT_X", "secretKey", "SecureFile1", "Path", "System.Debug", "agent_proxyurl", "Build.BuildId", "TF_BUILD"];
        for name in refused {
            assert!(check_variable(name).is_err(), "{name}");
        }
        for name in ["BUILD_KEY", "DB_PASSWORD", "mySecret", "pathToKey", "_x", "a-b"] {
            assert_eq!(check_variable(name), Ok(()), "{name}");
        }
    }
}
