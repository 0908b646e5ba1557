/// When an input is shown: `a = b && c != d || e NotEndsWith f` (facts/azure-pipelines-tasks.md 2.3). Only the editors
/// know the rule; an agent hands over hidden inputs like all others, so [`Inputs`](crate::Inputs) evaluates it again.
///
/// `&&` binds tighter than `||`. Values are compared ignoring case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibleRule {
    any_of: Vec<Vec<Condition>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    input: String,
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Contains,
    NotContains,
}

/// Operators, longer ones before those that they contain.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    (" NotStartsWith ", Operator::NotStartsWith),
    (" StartsWith ", Operator::StartsWith),
    (" NotEndsWith ", Operator::NotEndsWith),
    (" EndsWith ", Operator::EndsWith),
    (" NotContains ", Operator::NotContains),
    (" Contains ", Operator::Contains),
];

impl VisibleRule {
    /// Reads a rule. The error says which part is no condition.
    pub fn parse(rule: &str) -> Result<Self, String> {
        let any_of = rule
            .split("||")
            .map(|part| part.split("&&").map(Condition::parse).collect::<Result<Vec<_>, _>>())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { any_of })
    }

    /// Names of the inputs that it looks at.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.any_of.iter().flatten().map(|condition| condition.input.as_str())
    }

    /// Whether it holds, given the values of inputs.
    pub fn holds<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        self.any_of.iter().any(|all| all.iter().all(|condition| condition.holds(value(&condition.input))))
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("`{}` is no condition: expected an input, an operator (`=`, `!=`, `NotEndsWith`, ...) and a value", text.trim());
        let (at, length, operator) = OPERATORS
            .iter()
            .filter_map(|&(token, operator)| text.find(token).map(|at| (at, token.len(), operator)))
            .min_by_key(|&(at, ..)| at)
            .ok_or_else(refuse)?;
        let (input, value) = (text[..at].trim(), text[at + length..].trim());
        if input.is_empty() || input.contains(' ') {
            return Err(refuse());
        }
        Ok(Self { input: input.to_owned(), operator, value: value.to_owned() })
    }

    fn holds(&self, value: &str) -> bool {
        let (value, expected) = (value.to_lowercase(), self.value.to_lowercase());
        match self.operator {
            Operator::Equal => value == expected,
            Operator::NotEqual => value != expected,
            Operator::StartsWith => value.starts_with(&expected),
            Operator::NotStartsWith => !value.starts_with(&expected),
            Operator::EndsWith => value.ends_with(&expected),
            Operator::NotEndsWith => !value.ends_with(&expected),
            Operator::Contains => value.contains(&expected),
            Operator::NotContains => !value.contains(&expected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: &str) -> bool {
        VisibleRule::parse(rule).unwrap().holds(|input| match input {
            "a" => "One",
            "flag" => "true",
            _ => "",
        })
    }

    #[test]
    fn rules_are_evaluated_as_the_editors_do() {
        for (rule, expected) in [
            ("a = one", true),
            ("a=one", true),
            ("a == one", true),
            ("a != one", false),
            ("a != two", true),
            ("flag = True", true),
            ("missing = ", true),
            ("a = two && flag = true || flag = true", true),
            ("flag = true || a = two && flag = false", true),
            ("a = two && flag = true", false),
            ("a EndsWith ne", true),
            ("a NotEndsWith ne", false),
            ("a StartsWith on", true),
            ("a NotStartsWith x", true),
            ("a Contains x", false),
            ("a NotContains x", true),
        ] {
            assert_eq!(holds(rule), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_read_names_its_part() {
        for rule in ["a", "a = b && c", "= b", "a b = c"] {
            assert!(VisibleRule::parse(rule).unwrap_err().contains("is no condition"), "{rule}");
        }
    }

    #[test]
    fn inputs_of_a_rule_are_named() {
        assert_eq!(VisibleRule::parse("a = b && c != d").unwrap().inputs().collect::<Vec<_>>(), ["a", "c"]);
    }
}
