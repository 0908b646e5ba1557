//! The mapping `NAME = VARIABLE` of environment variables.

/// One line of the mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Line in the input, from 1.
    pub(crate) line: usize,
    /// The environment variable.
    pub(crate) name: String,
    /// The variable of the job.
    pub(crate) variable: String,
}

/// Reads the mapping. What cannot be used is said with its line.
pub(crate) fn parse(text: &str) -> (Vec<Name>, Vec<String>) {
    let mut names: Vec<Name> = Vec::new();
    let mut problems = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (number, line) = (at + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, variable)) = line.split_once('=').map(|(name, variable)| (name.trim(), variable.trim())) else {
            // A line may be a secret that was pasted into the wrong place.
            problems.push(format!("line {number} has no `=`"));
            continue;
        };
        if !is_name(name) {
            problems.push(format!("line {number}: the name before `=` is no name of an environment variable"));
        } else if variable.is_empty() || variable.contains(char::is_whitespace) || variable.contains('$') {
            problems.push(format!("line {number}: what stands after `=` is no name of a variable"));
        } else if let Some(first) = names.iter().find(|known| known.name == name) {
            problems.push(format!("line {number} sets `{name}` again, after line {}", first.line));
        } else {
            names.push(Name { line: number, name: name.to_owned(), variable: variable.to_owned() });
        }
    }
    (names, problems)
}

/// Whether the variable decides which programs run, or what is loaded into them: the system, the loader, an interpreter or Rust's
/// tools read it. (Windows knows no case in such names.)
pub(crate) fn decides_what_runs(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "AR",
        "BASH_ENV",
        "CARGO",
        "CC",
        "COMSPEC",
        "CXX",
        "GCONV_PATH",
        "GLIBC_TUNABLES",
        "HOME",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PATH",
        "PATHEXT",
        "PERL5LIB",
        "PERL5OPT",
        "PSMODULEPATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "RUBYLIB",
        "RUBYOPT",
        "RUSTC",
        "RUSTDOC",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
        "SHELL",
        "SYSTEMROOT",
        "USERPROFILE",
        "WINDIR",
        "_JAVA_OPTIONS",
    ];
    const BEGINNINGS: &[&str] = &["BASH_FUNC_", "CARGO_", "DYLD_", "GIT_", "LD_", "NEXTEST_", "RUSTC_", "RUSTUP_"];
    let name = name.to_ascii_uppercase();
    NAMES.contains(&&*name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_names_and_variables_and_comments() {
        let (names, problems) = parse("# keys\nKEY = Signing.Key\n\n_B2=b");
        assert_eq!(problems, Vec::<String>::new());
        let pairs: Vec<_> = names.iter().map(|name| (name.line, &*name.name, &*name.variable)).collect();
        assert_eq!(pairs, [(2, "KEY", "Signing.Key"), (4, "_B2", "b")]);
    }

    #[test]
    fn names_that_decide_what_runs_are_known_however_they_are_written() {
        for name in ["PATH", "Path", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "CARGO", "CARGO_HOME", "RUSTC_WRAPPER"] {
            assert!(decides_what_runs(name), "{name}");
        }
        for name in ["DATABASE_PATH", "PATH_TO_DATA", "OLD_KEY", "CARGOES", "RUST_LOG", "MY_CARGO_HOME", "GITHUB_URL", "ENV"] {
            assert!(!decides_what_runs(name), "{name}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once_and_no_value_with_them() {
        let (names, problems) = parse("planted-secret\n2KEY = a\nKEY = $(PLANTED)\nKEY = a b\nKEY =\nA = a\nA = b");
        assert_eq!(names.len(), 1);
        insta::assert_snapshot!(problems.join("\n"), @r"
        line 1 has no `=`
        line 2: the name before `=` is no name of an environment variable
        line 3: what stands after `=` is no name of a variable
        line 4: what stands after `=` is no name of a variable
        line 5: what stands after `=` is no name of a variable
        line 7 sets `A` again, after line 6
        ");
    }
}
