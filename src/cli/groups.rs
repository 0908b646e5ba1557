//! The variable groups of a run: those of `slipway.local.yml` that the pipeline names, with their secrets from the store.

use slipway_pipelines::{Pipeline, VariableItem};
use slipway_runner::{Masker, PipelineVariable, VariableGroup};
use slipway_standin::{GroupError, GroupSecrets, GroupVariable, Store};

use crate::azure;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::world::World;

/// The groups that `pipeline` names. Asks for the secrets that have no value yet. The state folder must be locked.
pub(crate) fn for_run(world: &World, pipeline: &Pipeline, terminal: &Terminal) -> Result<Vec<VariableGroup>, Failure> {
    let named = named(pipeline);
    let groups: Vec<_> =
        world.config.variable_groups.iter().filter(|group| named.iter().any(|name| name.eq_ignore_ascii_case(&group.name))).collect();
    let secrets: Vec<GroupSecrets> = groups
        .iter()
        .map(|group| GroupSecrets {
            group: group.name.clone(),
            secrets: group.secrets.iter().map(|secret| (secret.name.clone(), secret.source.clone())).collect(),
        })
        .collect();
    let store = Store::open(world.state.path()).map_err(Failure::refused)?;
    let ask =
        |group: &str, name: &str| azure::ask(terminal, &format!("value of the secret variable `{name}` of the variable group `{group}`: "));
    // The run masks what it is given; here the values are only handed on.
    let values = store.group_variables(&secrets, ask, &Masker::new()).map_err(|error| {
        let missing = matches!(error, GroupError::Missing(_));
        let failure = Failure::refused(error);
        if missing { failure.hint("run it at a terminal, where the values can be asked for; they are kept") } else { failure }
    })?;
    let all = groups.into_iter().zip(values).map(|(group, values)| {
        let plain = group.variables.iter().map(|(name, value)| PipelineVariable::Plain { name: name.clone(), value: value.clone() });
        let kept = values.into_iter().map(|variable| match variable {
            GroupVariable::Secret { name, value } => PipelineVariable::Secret { name, value },
            GroupVariable::Public { name, value } => PipelineVariable::Plain { name, value },
        });
        VariableGroup { name: group.name.clone(), variables: plain.chain(kept).collect() }
    });
    Ok(all.collect())
}

/// The names of the groups of a pipeline, at all of its scopes.
fn named(pipeline: &Pipeline) -> Vec<&str> {
    let stages = pipeline.stages.iter();
    let jobs = stages.clone().flat_map(|stage| &stage.jobs);
    let items = pipeline.variables.iter().chain(stages.flat_map(|stage| &stage.variables)).chain(jobs.flat_map(|job| &job.variables));
    let names = items.filter_map(|item| match item {
        VariableItem::Group { name, .. } => Some(name.as_str()),
        VariableItem::Variable(_) => None,
    });
    names.collect()
}
