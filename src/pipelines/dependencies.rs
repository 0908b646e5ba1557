//! What the stages and jobs that are done leave to those that depend on them (facts/pipeline-yaml.md 2.7 and 2.9).

use std::collections::HashSet;

use crate::expression::Value;
use crate::outcome::Outcome;
use crate::pipeline::{Job, Pipeline, Stage};

/// What a job left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOutcome {
    /// Reference name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Output variables: `step.variable` and value.
    pub outputs: Vec<(String, String)>,
}

/// What a stage left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageOutcome {
    /// Reference name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its jobs.
    pub jobs: Vec<JobOutcome>,
}

/// What the condition and the variables of a stage or of a job see of what came before.
#[derive(Clone, Debug)]
pub struct Dependencies {
    /// Direct and indirect dependencies, for the status functions.
    outcomes: Vec<(String, Outcome)>,
    dependencies: Value,
    stage_dependencies: Value,
}

impl Dependencies {
    /// Of something that depends on nothing.
    pub fn none() -> Self {
        let nothing = || Value::object::<String>([]);
        Self { outcomes: Vec::new(), dependencies: nothing(), stage_dependencies: nothing() }
    }

    /// Of a stage, once all stages that it depends on are done. `dependencies` has those that it names itself, with the
    /// outputs of their jobs as `job.step.variable`. A dependency without an outcome counts as skipped.
    pub fn of_stage(pipeline: &Pipeline, stage: &Stage, done: &[StageOutcome]) -> Self {
        let depends_on = |name: &str| pipeline.stages.iter().find(|stage| stage.name == name).map_or(&[][..], |stage| &stage.depends_on);
        let outcome = |name: &str| done.iter().find(|done| done.name == name);
        let dependencies = stage.depends_on.iter().filter_map(|name| outcome(name)).map(|stage| {
            let outputs = stage
                .jobs
                .iter()
                .flat_map(|job| job.outputs.iter().map(|(name, value)| (format!("{}.{name}", job.name), Value::string(value))));
            (stage.name.clone(), node(stage.outcome, Value::object(outputs)))
        });
        Self {
            outcomes: outcomes(&stage.depends_on, depends_on, |name| outcome(name).map(|done| done.outcome)),
            dependencies: Value::object(dependencies),
            stage_dependencies: stage_dependencies(stage, done),
        }
    }

    /// Of a job, once all jobs that it depends on are done. `dependencies` has the jobs of its stage that it names itself,
    /// `stageDependencies` the jobs of the stages that its stage names itself.
    pub fn of_job(stage: &Stage, job: &Job, stages: &[StageOutcome], jobs: &[JobOutcome]) -> Self {
        let depends_on = |name: &str| stage.jobs.iter().find(|job| job.name == name).map_or(&[][..], |job| &job.depends_on);
        let outcome = |name: &str| jobs.iter().find(|done| done.name == name);
        let dependencies = job.depends_on.iter().filter_map(|name| outcome(name)).map(|job| (job.name.clone(), job_node(job)));
        Self {
            outcomes: outcomes(&job.depends_on, depends_on, |name| outcome(name).map(|done| done.outcome)),
            dependencies: Value::object(dependencies),
            stage_dependencies: stage_dependencies(stage, stages),
        }
    }

    /// `dependencies`
    pub(crate) fn value(&self) -> Value {
        self.dependencies.clone()
    }

    /// `stageDependencies`
    pub(crate) fn stages(&self) -> Value {
        self.stage_dependencies.clone()
    }

    /// `succeeded()`, `failed()` and `succeededOrFailed()` while the run is not being canceled. With names: of those, which
    /// must be dependencies; the first that is none makes it false (the engine's GraphCondition).
    pub(crate) fn status(&self, function: Status, names: &[String]) -> bool {
        let named: Option<Vec<Outcome>> = if names.is_empty() {
            Some(self.outcomes.iter().map(|(_, outcome)| *outcome).collect())
        } else if function == Status::Failed {
            // One that failed decides before one that is unknown is reached.
            let known: Vec<Option<Outcome>> = names.iter().map(|name| self.outcome(name)).collect();
            return known.into_iter().map_while(|outcome| outcome).any(|outcome| outcome == Outcome::Failed);
        } else {
            names.iter().map(|name| self.outcome(name)).collect()
        };
        let Some(outcomes) = named else { return false };
        match function {
            Status::Succeeded => outcomes.iter().all(|outcome| outcome.is_success()),
            Status::Failed => outcomes.contains(&Outcome::Failed),
            Status::SucceededOrFailed => outcomes.iter().all(|outcome| outcome.is_success() || *outcome == Outcome::Failed),
        }
    }

    fn outcome(&self, name: &str) -> Option<Outcome> {
        self.outcomes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, outcome)| *outcome)
    }
}

/// A function over the outcomes of dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Succeeded,
    Failed,
    SucceededOrFailed,
}

/// Direct and indirect dependencies with their outcomes.
fn outcomes<'p>(
    direct: &'p [String],
    depends_on: impl Fn(&str) -> &'p [String],
    outcome: impl Fn(&str) -> Option<Outcome>,
) -> Vec<(String, Outcome)> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = direct.iter().map(String::as_str).collect();
    let mut outcomes = Vec::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            outcomes.push((name.to_owned(), outcome(name).unwrap_or(Outcome::Skipped)));
            open.extend(depends_on(name).iter().map(String::as_str));
        }
    }
    outcomes
}

fn stage_dependencies(stage: &Stage, done: &[StageOutcome]) -> Value {
    let direct = stage.depends_on.iter().filter_map(|name| done.iter().find(|done| done.name == *name));
    Value::object(direct.map(|stage| (stage.name.clone(), Value::object(stage.jobs.iter().map(|job| (job.name.clone(), job_node(job)))))))
}

fn job_node(job: &JobOutcome) -> Value {
    node(job.outcome, Value::object(job.outputs.iter().map(|(name, value)| (name.clone(), Value::string(value)))))
}

fn node(outcome: Outcome, outputs: Value) -> Value {
    Value::object([("result", Value::string(outcome.to_string())), ("outputs", outputs)])
}
