//! `$(name)` in values (facts/pipeline-yaml.md 2.8, "Two-level macro"). Used by the runner.

/// How deep variables may name variables.
const MAX_DEPTH: usize = 50;
/// How many replacements one variable may need: some that name each other twice would never come to an end.
const MAX_REPLACEMENTS: usize = 100_000;

/// Replaces each `$(name)` that `lookup` knows, in one pass: what is put in is not looked at again. An unknown one stays as it
/// is, and the search goes on one character after its `$`, so `$($(a))` becomes `$(` and the value of `a` and `)`.
pub fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        match (!name.is_empty()).then(|| lookup(name)).flatten() {
            Some(value) => {
                out.push_str(&rest[..before]);
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push_str(&rest[..=before]);
                rest = &rest[before + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A variable with all variables in its value replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The value. May be a secret.
    pub value: String,
    /// Whether a secret is in it.
    pub secret: bool,
}

/// Why a variable's value stays as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionProblem {
    /// It names itself, perhaps by way of others.
    #[error("its value contains a reference to itself")]
    Cycle,
    /// Too deep.
    #[error("its references are nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// Too many.
    #[error("its value needs more than {MAX_REPLACEMENTS} replacements")]
    TooMany,
}

/// The value of variable `name`, all variables in it replaced, and all in theirs. `lookup` has a variable's value as it is
/// set, and whether it is secret; names have no case, which is up to `lookup`. A value that contains a secret is secret.
///
/// # Errors
/// The variable then keeps its value; the agent warns.
pub fn expand_variable<'v>(name: &str, lookup: &dyn Fn(&str) -> Option<(&'v str, bool)>) -> Result<Expanded, ExpansionProblem> {
    let Some((value, secret)) = lookup(name) else { return Ok(Expanded { value: String::new(), secret: false }) };
    let mut expansion = Expansion { lookup, stack: vec![name.to_owned()], secret, replacements: 0 };
    let value = expansion.value(value)?;
    Ok(Expanded { value, secret: expansion.secret })
}

struct Expansion<'l, 'v> {
    lookup: &'l dyn Fn(&str) -> Option<(&'v str, bool)>,
    stack: Vec<String>,
    secret: bool,
    replacements: usize,
}

impl Expansion<'_, '_> {
    fn value(&mut self, text: &str) -> Result<String, ExpansionProblem> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next(rest) {
            match (!name.is_empty()).then(|| (self.lookup)(name)).flatten() {
                Some((value, secret)) => {
                    if self.stack.len() == MAX_DEPTH {
                        return Err(ExpansionProblem::TooDeep);
                    }
                    if self.stack.iter().any(|open| open.eq_ignore_ascii_case(name)) {
                        return Err(ExpansionProblem::Cycle);
                    }
                    self.replacements += 1;
                    if self.replacements > MAX_REPLACEMENTS {
                        return Err(ExpansionProblem::TooMany);
                    }
                    self.secret |= secret;
                    self.stack.push(name.to_owned());
                    out.push_str(&rest[..before]);
                    out.push_str(&self.value(value)?);
                    self.stack.pop();
                    rest = after;
                }
                None => {
                    out.push_str(&rest[..=before]);
                    rest = &rest[before + 1..];
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The next `$(name)`: where it begins, the name, what follows.
fn next(text: &str) -> Option<(usize, &str, &str)> {
    let before = text.find("$(")?;
    let (name, after) = text[before + 2..].split_once(')')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lookup of some variables; values that begin with `!` are secret.
    fn of<'v>(variables: &'v [(String, String)]) -> impl Fn(&str) -> Option<(&'v str, bool)> {
        |name| {
            let (_, value) = variables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            Some(value.strip_prefix('!').map_or((value.as_str(), false), |secret| (secret, true)))
        }
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn inputs_are_expanded_in_one_pass() {
        // facts/pipeline-yaml.md 2.8: unknown is left verbatim, replaced text is not re-scanned, the search restarts one
        // character after an unmatched `$(`.
        let lookup = |name: &str| match name {
            "a" => Some("1".to_owned()),
            "b" => Some("$(a)".to_owned()),
            "" => Some("empty".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("x$(a)y$(a)", "x1y1"),
            ("$(b)", "$(a)"),
            ("$(c)$(a)", "$(c)1"),
            ("$($(a))", "$(1)"),
            ("$(x $(a)", "$(x 1"),
            ("$()", "$()"),
            ("$(a", "$(a"),
            ("$$(a)", "$1"),
            ("ß$(a)ß", "ß1ß"),
            ("", ""),
        ] {
            assert_eq!(expand(text, lookup), expected, "{text}");
        }
    }

    #[test]
    fn variables_are_expanded_through_variables_and_secrets_taint() {
        let variables = variables(&[("a", "1$(B)"), ("b", "2$(c)$(unknown)"), ("c", "!3"), ("d", "$(c)"), ("e", "plain")]);
        let expand = |name| expand_variable(name, &of(&variables)).map(|expanded| (expanded.value, expanded.secret));
        assert_eq!(expand("A"), Ok(("123$(unknown)".into(), true)));
        assert_eq!(expand("d"), Ok(("3".into(), true)));
        assert_eq!(expand("e"), Ok(("plain".into(), false)));
    }

    #[test]
    fn cycles_depth_and_size_are_limited() {
        let cycle = variables(&[("a", "$(b)"), ("b", "x$(A)"), ("c", "$(c)"), ("d", "$(a)")]);
        for name in ["a", "b", "c", "d"] {
            assert_eq!(expand_variable(name, &of(&cycle)), Err(ExpansionProblem::Cycle), "{name}");
        }
        // facts/pipeline-yaml.md 2.8: depth 50
        let chain: Vec<(String, String)> = (0..60).map(|i| (format!("v{i}"), format!("$(v{})", i + 1))).collect();
        let (short, long) = (&chain[60 - 50..], &chain[60 - 51..]);
        assert_eq!(expand_variable("v10", &of(short)).map(|expanded| expanded.value).as_deref(), Ok("$(v60)"));
        assert_eq!(expand_variable("v9", &of(long)), Err(ExpansionProblem::TooDeep));
        let double: Vec<(String, String)> =
            (0..40).map(|i| (format!("v{i}"), format!("$(v{0})$(v{0})", i + 1))).chain([("v40".into(), String::new())]).collect();
        assert_eq!(expand_variable("v0", &of(&double)), Err(ExpansionProblem::TooMany));
    }
}
