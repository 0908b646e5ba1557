//! When the editor shows an input (facts/azure-pipelines-tasks.md 2.3).

/// Whether an input is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    Visible,
    Hidden,
    /// It depends on a value that is known only during the run, or on a rule that is not understood.
    Unknown,
}

/// By a rule such as `a = b && c != d || e NotEndsWith f`, with the values that the inputs have.
pub(super) fn visibility(rule: Option<&str>, inputs: &[(String, String)]) -> Visibility {
    let Some(rule) = rule.map(str::trim).filter(|rule| !rule.is_empty()) else { return Visibility::Visible };
    let mut result = Some(false);
    for alternative in rule.split("||") {
        let mut all = Some(true);
        for comparison in alternative.split("&&") {
            all = match (all, compare(comparison, inputs)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        result = match (result, all) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    match result {
        Some(true) => Visibility::Visible,
        Some(false) => Visibility::Hidden,
        None => Visibility::Unknown,
    }
}

fn compare(comparison: &str, inputs: &[(String, String)]) -> Option<bool> {
    let comparison = comparison.trim();
    let end = comparison.find(|c: char| c.is_whitespace() || "=!".contains(c))?;
    let (name, rest) = comparison.split_at(end);
    let rest = rest.trim_start();
    let end = if rest.starts_with(['=', '!']) {
        rest.find(|c| !"=!".contains(c)).unwrap_or(rest.len())
    } else {
        rest.find(char::is_whitespace).unwrap_or(rest.len())
    };
    let (operator, expected) = rest.split_at(end);
    let expected = expected.trim().to_lowercase();
    let value = inputs.iter().find(|(input, _)| input.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str());
    if value.contains("$(") {
        return None;
    }
    let value = value.to_lowercase();
    Some(match operator.to_lowercase().as_str() {
        "=" | "==" => value == expected,
        "!=" => value != expected,
        "startswith" => value.starts_with(&expected),
        "notstartswith" => !value.starts_with(&expected),
        "endswith" => value.ends_with(&expected),
        "notendswith" => !value.ends_with(&expected),
        "contains" => value.contains(&expected),
        "notcontains" => !value.contains(&expected),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Visibility::{Hidden, Unknown, Visible};
    use super::*;

    #[test]
    fn rules_are_judged_by_the_values_of_inputs() {
        // facts/azure-pipelines-tasks.md 2.3, "visibleRule grammar"
        let inputs: Vec<(String, String)> =
            [("type", "Inline"), ("path", "a.sh"), ("late", "$(x)")].map(|(name, value)| (name.into(), value.into())).into();
        for (rule, expected) in [
            (None, Visible),
            (Some(""), Visible),
            (Some("type = inline"), Visible),
            (Some("type=inline"), Visible),
            (Some("type == filePath"), Hidden),
            (Some("type != inline || path NotEndsWith .yml"), Visible),
            (Some("type = inline && path EndsWith .yml"), Hidden),
            (Some("missing = "), Visible),
            (Some("late = 1"), Unknown),
            (Some("late = 1 && type = filePath"), Hidden),
            (Some("late = 1 || type = inline"), Visible),
            (Some("type ~ inline"), Unknown),
            (Some("type"), Unknown),
        ] {
            assert_eq!(visibility(rule, &inputs), expected, "{rule:?}");
        }
    }
}
