//! `condition:` of steps, jobs and stages (facts/pipeline-yaml.md 2.7).
//!
//! Parsed when the file is loaded, evaluated by the runner, which supplies only data: variables, outcomes, whether the run is
//! being canceled.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::dependencies::{Dependencies, Status};
use crate::expression::{DateTime, EvaluationError, Expression, ExpressionError, Host, Value, Vocabulary};
use crate::outcome::Outcome;
use crate::place::Place;

/// What an empty condition means.
const DEFAULT: &str = "succeeded()";

/// What a condition belongs to: it decides which names and functions exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionKind {
    /// A step.
    Step,
    /// A job.
    Job,
    /// A stage.
    Stage,
}

/// A condition.
#[derive(Clone)]
pub struct Condition {
    source: Arc<str>,
    expression: Arc<Expression>,
    kind: ConditionKind,
    place: Place,
}

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it runs.
    pub runs: bool,
    /// How that came about, masked; for "Skipping step due to condition evaluation.".
    pub trace: String,
}

/// What the condition of a step sees.
pub struct StepScope<'a> {
    /// Variables as the step sees them: an object.
    pub variables: Value,
    /// `Agent.JobStatus`.
    pub job_status: Outcome,
    /// Replaces secrets in a text.
    pub mask: &'a dyn Fn(&str) -> String,
}

/// What the condition of a stage or a job, and the `$[ ]` of a variable, see.
pub struct GraphScope<'a> {
    /// Variables: an object.
    pub variables: Value,
    /// What came before.
    pub dependencies: &'a Dependencies,
    /// Whether the run is being canceled.
    pub canceling: bool,
    /// `pipeline.startTime`.
    pub started: OffsetDateTime,
    /// Replaces secrets in a text.
    pub mask: &'a dyn Fn(&str) -> String,
}

impl Condition {
    /// Parses a condition. An empty one is `succeeded()`; any other replaces it.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse(source: &str, kind: ConditionKind, place: Place) -> Result<Self, Vec<ExpressionError>> {
        let source = if source.trim().is_empty() { DEFAULT } else { source.trim() };
        let vocabulary = match kind {
            ConditionKind::Step => Vocabulary::STEP_CONDITION,
            ConditionKind::Job => Vocabulary::JOB_CONDITION,
            ConditionKind::Stage => Vocabulary::STAGE_CONDITION,
        };
        Ok(Self { source: source.into(), expression: Arc::new(Expression::parse(source, &vocabulary)?), kind, place })
    }

    /// The text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it belongs to.
    pub fn kind(&self) -> ConditionKind {
        self.kind
    }

    /// Where it is written; where there is none, where it would be.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Judges a step.
    ///
    /// # Errors
    /// The step then fails; it is not skipped.
    pub fn judge_step(&self, scope: &StepScope<'_>) -> Result<Judgement, EvaluationError> {
        self.judge(scope)
    }

    /// Judges a job or a stage.
    ///
    /// # Errors
    /// It has then failed.
    pub fn judge_node(&self, scope: &GraphScope<'_>) -> Result<Judgement, EvaluationError> {
        self.judge(scope)
    }

    fn judge(&self, host: &dyn Host) -> Result<Judgement, EvaluationError> {
        let evaluation = self.expression.evaluate_boolean(host)?;
        Ok(Judgement { runs: evaluation.value.to_boolean(), trace: evaluation.trace })
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?}, {:?})", self.kind, self.source)
    }
}

impl Host for StepScope<'_> {
    fn named_value(&self, _: &str) -> Value {
        self.variables.clone()
    }

    fn call(&self, function: &str, _: &[Value]) -> Result<Value, String> {
        let status = self.job_status;
        let holds = match function {
            "always" => true,
            "canceled" => status == Outcome::Canceled,
            "failed" => status == Outcome::Failed,
            "succeeded" => status.is_success(),
            "succeededOrFailed" => status.is_success() || status == Outcome::Failed,
            _ => return Err("it does not exist in a step's condition".to_owned()),
        };
        Ok(Value::Boolean(holds))
    }

    fn mask(&self, text: &str) -> String {
        (self.mask)(text)
    }
}

impl Host for GraphScope<'_> {
    fn named_value(&self, name: &str) -> Value {
        match name {
            "variables" => self.variables.clone(),
            "dependencies" => self.dependencies.value(),
            "stageDependencies" => self.dependencies.stages(),
            "pipeline" => Value::object([("startTime", Value::DateTime(DateTime(self.started)))]),
            // `resources`: those of the pipeline, of which there are none yet.
            _ => Value::object::<String>([]),
        }
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        let status = match function {
            "always" => return Ok(Value::Boolean(true)),
            "canceled" => return Ok(Value::Boolean(self.canceling)),
            "failed" => Status::Failed,
            "succeeded" => Status::Succeeded,
            "succeededOrFailed" => Status::SucceededOrFailed,
            _ => return Err("it does not exist here".to_owned()),
        };
        // What cannot be a text names no dependency.
        let names: Vec<String> =
            arguments.iter().map(|argument| argument.to_text().map(|text| text.to_string()).unwrap_or_default()).collect();
        Ok(Value::Boolean(!self.canceling && self.dependencies.status(status, &names)))
    }

    fn mask(&self, text: &str) -> String {
        (self.mask)(text)
    }
}

#[cfg(test)]
mod tests;
