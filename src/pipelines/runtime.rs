//! `$[ ]`: the value of a variable that is computed when the job starts (facts/pipeline-yaml.md 2.8).

use rust_decimal::prelude::ToPrimitive;

use crate::condition::GraphScope;
use crate::expression::{EvaluationError, Expression, ExpressionError, Host, Kind, Value, Vocabulary};

/// A value that is a whole `$[ expression ]`.
#[derive(Clone, Debug)]
pub struct RuntimeExpression(Expression);

/// The counter of a pipeline: the next value for a prefix, the seed the first time; why there is none as a sentence.
pub type Counter<'a> = &'a dyn Fn(&str, i32) -> Result<i32, String>;

impl RuntimeExpression {
    /// The expression of a value; `None` when the value is only text. (`$[ ]` within a longer text has no meaning.)
    pub fn parse(value: &str) -> Option<Result<Self, Vec<ExpressionError>>> {
        let inner = value.strip_prefix("$[")?.strip_suffix(']')?;
        if inner.is_empty() {
            return None;
        }
        Some(Expression::parse(inner, &Vocabulary::VARIABLE).map(Self))
    }

    /// Its value as text. What is not found is empty.
    ///
    /// # Errors
    /// As [`Expression::evaluate`]; an array or an object is no text.
    pub fn evaluate(&self, scope: &GraphScope<'_>, counter: Counter<'_>) -> Result<String, EvaluationError> {
        let host = VariableHost { scope, counter };
        let value = self.0.evaluate(&host)?.value;
        value.to_text().map(|text| text.to_string()).ok_or(EvaluationError::Conversion {
            from: value.kind(),
            to: Kind::String,
            value: None,
        })
    }
}

struct VariableHost<'a> {
    scope: &'a GraphScope<'a>,
    counter: Counter<'a>,
}

impl Host for VariableHost<'_> {
    fn named_value(&self, name: &str) -> Value {
        self.scope.named_value(name)
    }

    fn call(&self, _: &str, arguments: &[Value]) -> Result<Value, String> {
        let prefix = match arguments.first() {
            Some(prefix) => prefix.to_text().ok_or("the prefix must be a text")?,
            None => "".into(),
        };
        let seed = match arguments.get(1) {
            Some(seed) => seed.to_number().and_then(|seed| seed.round().to_i32()).ok_or("the seed must be a whole number")?,
            None => 0,
        };
        (self.counter)(&prefix, seed).map(Value::number)
    }

    fn mask(&self, text: &str) -> String {
        (self.scope.mask)(text)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use time::OffsetDateTime;

    use super::*;
    use crate::dependencies::Dependencies;

    fn evaluate(value: &str) -> Result<String, String> {
        let dependencies = Dependencies::none();
        let scope = GraphScope {
            variables: Value::object([("major", Value::string("1"))]),
            dependencies: &dependencies,
            canceling: false,
            started: OffsetDateTime::UNIX_EPOCH,
            mask: &str::to_owned,
        };
        let asked = RefCell::new(Vec::new());
        let counter = |prefix: &str, seed: i32| {
            asked.borrow_mut().push(format!("{prefix}:{seed}"));
            Ok(seed + 1)
        };
        let value = RuntimeExpression::parse(value).unwrap().map_err(|errors| errors[0].to_string())?;
        let value = value.evaluate(&scope, &counter).map_err(|error| error.to_string())?;
        Ok(asked.borrow().iter().fold(value, |value, asked| format!("{value} asked {asked}")))
    }

    #[test]
    fn only_a_whole_value_is_an_expression() {
        // facts/pipeline-yaml.md 2.8
        for text in ["", "$[]", "a $[ 1 ]", "$[ 1 ] a", "$( x )", "[1]"] {
            assert!(RuntimeExpression::parse(text).is_none(), "{text}");
        }
        assert!(RuntimeExpression::parse("$[1]").is_some());
        assert!(RuntimeExpression::parse("$[ ]").unwrap().is_err(), "an empty expression is an error");
    }

    #[test]
    fn values_become_texts_and_counters_are_asked_of_the_host() {
        assert_eq!(evaluate("$[ variables.major ]").as_deref(), Ok("1"));
        assert_eq!(evaluate("$[ variables.missing ]").as_deref(), Ok(""), "facts/pipeline-yaml.md 2.8: not found is ''");
        assert_eq!(evaluate("$[ eq(variables['major'], 1) ]").as_deref(), Ok("True"));
        assert_eq!(evaluate("$[counter(variables['major'], 100)]").as_deref(), Ok("101 asked 1:100"));
        assert_eq!(evaluate("$[counter(format('{0:yyyyMMdd}', pipeline.startTime))]").as_deref(), Ok("1 asked 19700101:0"));
        assert_eq!(evaluate("$[variables]"), Err("Unable to convert from Object to String.".into()));
        assert_eq!(evaluate("$[counter('a', 'x')]"), Err("counter: the seed must be a whole number".into()));
        assert!(evaluate("$[succeeded()]").unwrap_err().contains("the function `succeeded` does not exist in a variable's `$[ ]`"));
    }
}
