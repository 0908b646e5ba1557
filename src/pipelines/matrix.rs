//! `strategy:` of a job: one job that runs several times (facts/pipeline-yaml.md 2.8, "Matrix"). Its legs are known when the
//! job starts; [`Matrix::legs`] is asked then by the runner.

use serde_json::Value;

use crate::condition::GraphScope;
use crate::expression::EvaluationError;
use crate::place::Place;
use crate::runtime::{Counter, RuntimeExpression};

/// `strategy: matrix:` or `strategy: parallel:`
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What the job is multiplied by.
    pub source: MatrixSource,
    /// `maxParallel:`: how many legs run at once; `None` is as many as there are agents.
    pub max_parallel: Option<u32>,
    /// Where it is declared.
    pub place: Place,
}

/// Where the legs of a matrix come from.
#[derive(Clone, Debug)]
pub enum MatrixSource {
    /// They are written in the file, in this order.
    Legs(Vec<MatrixLeg>),
    /// `matrix: $[ ... ]`: the text of a JSON object, as [`MatrixSource::Legs`] would be written.
    Expression(RuntimeExpression),
    /// `parallel: N`: that many times the same job.
    Slices(u32),
}

/// One of the jobs that a matrix makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixLeg {
    /// Reference name: `outputs['NAME.step.variable']`. The key where it may be one, else `Job` and its number, from 1.
    pub name: String,
    /// The key as written: what people read after the job's display name. Of `parallel` it is the reference name.
    pub key: String,
    /// Its variables, in order.
    pub variables: Vec<(String, String)>,
}

/// Why a job has no legs. No message holds a value: it may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// The expression has no value.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// Its value is no JSON.
    #[error(
        "the value of `matrix: $[ ... ]` is no JSON (line {line}, column {column} of its {length} characters). It must be an object of objects of texts, for instance `{{\"one\":{{\"name\":\"value\"}}}}`."
    )]
    NoJson {
        /// Line of the first mistake.
        line: usize,
        /// Its column.
        column: usize,
        /// How long the text is.
        length: usize,
    },
    /// Its value has another form.
    #[error("{what} of the value of `matrix: $[ ... ]` is {found}; expected {expected}.")]
    Form {
        /// The part: the whole, a leg, a variable.
        what: String,
        /// What it is.
        found: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Matrix {
    /// The legs, when the job starts. None: the job runs once, as if it had no matrix (facts/pipeline-yaml.md 2.8).
    ///
    /// # Errors
    /// The expression cannot be evaluated, or its value is no object of objects of texts.
    pub fn legs(&self, scope: &GraphScope<'_>, counter: Counter<'_>) -> Result<Vec<MatrixLeg>, MatrixError> {
        match &self.source {
            MatrixSource::Legs(legs) => Ok(legs.clone()),
            MatrixSource::Slices(count) => Ok((1..=*count)
                .map(|number| {
                    let name = format!("Job{number}");
                    MatrixLeg { key: name.clone(), name, variables: Vec::new() }
                })
                .collect()),
            MatrixSource::Expression(expression) => {
                let text = expression.evaluate(scope, counter)?;
                // An output that is not there is an empty text: as an empty matrix.
                if text.trim().is_empty() { Ok(Vec::new()) } else { read(&text) }
            }
        }
    }

    /// `System.ParallelExecutionType`
    pub fn execution_type(&self) -> &'static str {
        match self.source {
            MatrixSource::Slices(_) => "MultiMachine",
            MatrixSource::Legs(_) | MatrixSource::Expression(_) => "MultiConfiguration",
        }
    }
}

/// Whether a key can be the reference name of its leg.
pub(crate) fn is_reference(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl MatrixLeg {
    /// The leg at a position, from 0, under its key.
    pub(crate) fn new(position: usize, key: String, variables: Vec<(String, String)>) -> Self {
        Self { name: if is_reference(&key) { key.clone() } else { format!("Job{}", position + 1) }, key, variables }
    }
}

fn read(text: &str) -> Result<Vec<MatrixLeg>, MatrixError> {
    let value: Value = serde_json::from_str(text).map_err(|error| MatrixError::NoJson {
        line: error.line(),
        column: error.column(),
        length: text.chars().count(),
    })?;
    let form = |what: String, value: &Value, expected: &'static str| MatrixError::Form { what, found: describe(value), expected };
    let Value::Object(legs) = value else {
        return Err(form("the whole".to_owned(), &value, "an object with a leg for each name"));
    };
    legs.into_iter()
        .enumerate()
        .map(|(position, (key, leg))| {
            let Value::Object(variables) = leg else {
                return Err(form(format!("the leg `{key}`"), &leg, "an object of variables"));
            };
            let variables = variables.into_iter().map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
                _ => Err(form(format!("the variable `{name}` of the leg `{key}`"), &value, "a text")),
            });
            let variables = variables.collect::<Result<_, _>>()?;
            Ok(MatrixLeg::new(position, key, variables))
        })
        .collect()
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::dependencies::Dependencies;
    use crate::expression::Value as Text;

    /// The legs of `matrix: $[ variables.legs ]`, a line each, or why there are none.
    fn legs(value: &str) -> Result<Vec<String>, String> {
        let expression = RuntimeExpression::parse("$[ variables.legs ]").unwrap().unwrap();
        let place = Place { file: "ci.yml".into(), line: 1, column: 1 };
        let matrix = Matrix { source: MatrixSource::Expression(expression), max_parallel: None, place };
        let dependencies = Dependencies::none();
        let scope = GraphScope {
            variables: Text::object([("legs", Text::string(value))]),
            dependencies: &dependencies,
            canceling: false,
            started: OffsetDateTime::UNIX_EPOCH,
            mask: &str::to_owned,
        };
        let legs = matrix.legs(&scope, &|_, seed| Ok(seed)).map_err(|error| error.to_string())?;
        Ok(legs.into_iter().map(|leg| format!("{} {} {:?}", leg.name, leg.key, leg.variables)).collect())
    }

    #[test]
    fn legs_come_from_the_text_of_an_output() {
        let text = r#"{"b": {"x": "1", "n": 7, "t": true}, "a": {}, "2 c": {"x": ""}}"#;
        let expected = [r#"b b [("x", "1"), ("n", "7"), ("t", "true")]"#, "a a []", r#"Job3 2 c [("x", "")]"#];
        assert_eq!(legs(text).unwrap(), expected, "in the order of the text");
        assert_eq!(legs("{}").unwrap(), [""; 0]);
        assert_eq!(legs("").unwrap(), [""; 0], "an output that is not there");
    }

    #[test]
    fn what_is_no_matrix_is_said_without_its_value() {
        for (value, expected) in [
            ("hunter2", "the value of `matrix: $[ ... ]` is no JSON (line 1, column 1 of its 7 characters)."),
            (r#"["hunter2"]"#, "the whole of the value of `matrix: $[ ... ]` is a list; expected an object with a leg for each name."),
            (r#"{"a": "hunter2"}"#, "the leg `a` of the value of `matrix: $[ ... ]` is a text; expected an object of variables."),
            (
                r#"{"a": {"v": ["hunter2"]}}"#,
                "the variable `v` of the leg `a` of the value of `matrix: $[ ... ]` is a list; expected a text.",
            ),
        ] {
            let message = legs(value).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
