//! The language's own rules, applied to what a run knows: conditions, `$[ ]` and the run's number. The rules are in
//! `slipway_pipelines`; here is only the data that they need.

use slipway_pipelines::expression::Value;
use slipway_pipelines::{
    Condition, Dependencies, GraphScope, Job, JobOutcome, Matrix, MatrixLeg, RuntimeExpression, Stage, StageOutcome, StepScope, run_name,
};

use crate::event::TaskResult;
use crate::run_context::RunContext;
use crate::store::{self, RunRecord};
use crate::variables::Variables;

/// What becomes of a stage or a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Run,
    /// Its condition is false: why.
    Skip(String),
    /// Its condition has no value: why.
    Error(String),
}

/// A job with what came before it.
pub(crate) struct JobScope<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) job: &'a Job,
    pub(crate) stages: &'a [StageOutcome],
    pub(crate) jobs: &'a [JobOutcome],
}

impl JobScope<'_> {
    fn dependencies(&self) -> Dependencies {
        Dependencies::of_job(self.stage, self.job, self.stages, self.jobs)
    }
}

/// Judges the condition of a step; returns whether it runs and how that came about.
pub(crate) fn step_condition(
    run: &RunContext<'_>,
    condition: &Condition,
    variables: &Variables,
    status: TaskResult,
) -> Result<(bool, String), String> {
    let scope = StepScope { variables: values(variables), job_status: status.into(), mask: &|text| run.masker.mask(text) };
    let judgement = condition.judge_step(&scope).map_err(|error| format!("{}: {error}", condition.place()))?;
    Ok((judgement.runs, judgement.trace))
}

/// Judges a stage whose dependencies are done.
pub(crate) fn stage_condition(run: &RunContext<'_>, stage: &Stage, variables: &Variables, done: &[StageOutcome]) -> Judgement {
    let dependencies = Dependencies::of_stage(&run.request.pipeline, stage, done);
    judge(run, &stage.condition, variables, &dependencies)
}

/// Judges a job whose dependencies are done.
pub(crate) fn job_condition(run: &RunContext<'_>, job: &JobScope<'_>, variables: &Variables) -> Judgement {
    judge(run, &job.job.condition, variables, &job.dependencies())
}

fn judge(run: &RunContext<'_>, condition: &Condition, variables: &Variables, dependencies: &Dependencies) -> Judgement {
    match in_graph(run, variables, dependencies, |scope| condition.judge_node(scope)) {
        Ok(judgement) if judgement.runs => Judgement::Run,
        Ok(judgement) => {
            let expanded = judgement.trace.lines().find(|line| line.starts_with("Expanded: "));
            let expanded = expanded.map(|line| format!(" {line}")).unwrap_or_default();
            Judgement::Skip(format!("Its condition is false: `{}`.{expanded}", condition.source()))
        }
        Err(error) => {
            Judgement::Error(format!("{}: the condition `{}` cannot be evaluated: {error}", condition.place(), condition.source()))
        }
    }
}

/// The value of a variable of the pipeline: its text, or what its `$[ ]` computes from `variables` and what came before.
pub(crate) fn variable_value(
    run: &RunContext<'_>,
    variable: &slipway_pipelines::Variable,
    variables: &Variables,
    job: Option<&JobScope<'_>>,
) -> Result<String, String> {
    let problem = |reason: String| format!("{}: the variable `{}` cannot be evaluated: {reason}", variable.place, variable.name);
    let expression = match RuntimeExpression::parse(&variable.value) {
        None => return Ok(variable.value.clone()),
        Some(Ok(expression)) => expression,
        Some(Err(errors)) => return Err(problem(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
    };
    let dependencies = job.map_or_else(Dependencies::none, JobScope::dependencies);
    in_graph(run, variables, &dependencies, |scope| expression.evaluate(scope, &|prefix, seed| counter(run, prefix, seed)))
        .map_err(|error| problem(error.to_string()))
}

/// The legs of a job's matrix, when it starts.
pub(crate) fn legs(run: &RunContext<'_>, job: &JobScope<'_>, variables: &Variables, matrix: &Matrix) -> Result<Vec<MatrixLeg>, String> {
    in_graph(run, variables, &job.dependencies(), |scope| matrix.legs(scope, &|prefix, seed| counter(run, prefix, seed)))
        .map_err(|error| format!("{}: the job `{}` has no legs: {error}", matrix.place, job.job.name))
}

fn in_graph<T, E>(
    run: &RunContext<'_>,
    variables: &Variables,
    dependencies: &Dependencies,
    judge: impl FnOnce(&GraphScope<'_>) -> Result<T, E>,
) -> Result<T, E> {
    judge(&GraphScope {
        variables: values(variables),
        dependencies,
        canceling: run.cancellation.is_cancelled(),
        started: run.started,
        mask: &|text| run.masker.mask(text),
    })
}

fn values(variables: &Variables) -> Value {
    Value::object(variables.iter().map(|variable| (variable.name.clone(), Value::string(&variable.value))))
}

/// `counter(prefix, seed)`. Variables are evaluated for each job anew: within a run, a prefix has one value.
fn counter(run: &RunContext<'_>, prefix: &str, seed: i32) -> Result<i32, String> {
    if let Some(value) = run.counters.borrow().get(prefix) {
        return Ok(*value);
    }
    let value = store::next_counter(&run.request.state.join("runs"), run.pipeline_id, prefix, seed).map_err(|error| error.to_string())?;
    run.counters.borrow_mut().insert(prefix.to_owned(), value);
    run.keep(run.store.update(|record| record.counters.push((prefix.to_owned(), value))));
    Ok(value)
}

/// The run's number, from `name:` of the pipeline.
pub(crate) fn run_number(run: &RunContext<'_>, variables: &Variables, earlier: &[RunRecord]) -> Result<String, run_name::RunNameError> {
    let format = run.request.pipeline.name.as_deref().unwrap_or(run_name::DEFAULT);
    let earlier: Vec<String> = earlier
        .iter()
        .filter(|record| record.pipeline_id == run.pipeline_id && record.id != run.id)
        .map(|record| record.number.clone())
        .collect();
    run_name::format(format, run.started, |name| variables.value(name).map(str::to_owned), &earlier)
}
