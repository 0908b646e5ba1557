//! Which variables a stage's condition, a job's condition and a job see (facts/pipeline-yaml.md 2.8).
//!
//! Most local wins: job, stage, root of the file, then what is set outside of the file; within a scope, variables and
//! variable groups in their order, a later one wins. A variable of the user never overrides one of the system. `$[ ]` is evaluated scope by scope, so an inner one sees the values of the outer ones.

use std::collections::HashSet;

use slipway_pipelines::VariableItem;

use crate::part::Part;
use crate::predefined;
use crate::request::PipelineVariable;
use crate::run_context::RunContext;
use crate::semantics::{self, JobScope};
use crate::variables::{Variable, Variables};

/// Variables of the system, of the run's request and of the root of the file.
pub(crate) fn of_stage_condition(run: &RunContext<'_>) -> Variables {
    let mut scope = Scope::of_run(run);
    // What cannot be evaluated here depends on a job; such a job fails with the reason.
    let _ = scope.add(&run.request.pipeline.variables, None);
    scope.finish()
}

/// Those, and the stage's.
pub(crate) fn of_job_condition(run: &RunContext<'_>, job: &JobScope<'_>) -> Result<Variables, String> {
    let mut scope = Scope::of_run(run);
    scope.add(&run.request.pipeline.variables, Some(job))?;
    scope.add(&job.stage.variables, Some(job))?;
    Ok(scope.finish())
}

/// Those, the job's, and those of a part of it.
pub(crate) fn of_job(run: &RunContext<'_>, job: &JobScope<'_>, part: &Part<'_>) -> Result<Variables, String> {
    let mut scope = Scope::of_run(run);
    scope.add(&run.request.pipeline.variables, Some(job))?;
    scope.add(&job.stage.variables, Some(job))?;
    for (name, value) in &part.system {
        scope.system.insert(name.to_lowercase());
        scope.variables.set_plain(name, value);
    }
    scope.add(&job.job.variables, Some(job))?;
    for (name, value) in &part.variables {
        scope.set(name, value, false, false);
    }
    Ok(scope.finish())
}

struct Scope<'s, 'r> {
    run: &'s RunContext<'r>,
    variables: Variables,
    /// Names of the system, lower case.
    system: HashSet<String>,
}

impl<'s, 'r> Scope<'s, 'r> {
    fn of_run(run: &'s RunContext<'r>) -> Self {
        let mut scope = Self { run, variables: Variables::new(), system: HashSet::new() };
        for (name, value) in predefined::of_run(run) {
            scope.system.insert(name.to_lowercase());
            scope.variables.set_plain(&name, value);
        }
        scope.set_all(&run.request.variables);
        scope
    }

    fn add(&mut self, variables: &[VariableItem], job: Option<&JobScope<'_>>) -> Result<(), String> {
        for item in variables {
            match item {
                VariableItem::Variable(variable) => {
                    self.variables.recalculate(&self.run.masker);
                    let value = semantics::variable_value(self.run, variable, &self.variables, job)?;
                    self.set(&variable.name, &value, false, variable.read_only);
                }
                VariableItem::Group { name, place } => {
                    let group = self.run.request.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name));
                    let group = group.ok_or_else(|| format!("{place}: there is no variable group `{name}`."))?;
                    self.set_all(&group.variables);
                }
            }
        }
        Ok(())
    }

    /// Variables that are set outside of YAML: their values are taken as they are.
    fn set_all(&mut self, variables: &[PipelineVariable]) {
        for variable in variables {
            let (name, value, secret) = match variable {
                PipelineVariable::Plain { name, value } => (name, value.as_str(), false),
                PipelineVariable::Secret { name, value } => (name, value.expose(), true),
            };
            self.set(name, value, secret, false);
        }
    }

    fn set(&mut self, name: &str, value: &str, secret: bool, read_only: bool) {
        let lower = name.to_lowercase();
        // The one variable of the system that a pipeline may set (unless the run already does).
        let debug = lower == "system.debug" && !self.system.contains(&lower);
        if self.system.contains(&lower) || (lower.starts_with("system.") && !debug) {
            return;
        }
        self.variables
            .set(Variable { name: name.to_owned(), value: value.to_owned(), secret, read_only, preserve_case: false }, &self.run.masker);
    }

    fn finish(mut self) -> Variables {
        // Warnings of cycles come again before each step.
        self.variables.recalculate(&self.run.masker);
        self.variables
    }
}
