//! The inputs of a step: aliases, defaults, service connections (facts/pipeline-yaml.md 2.11).

use std::collections::HashMap;

use super::loader::Loader;
use super::task;
use super::visible_rule::{Visibility, visibility};
use crate::builtin::builtin_tasks;
use crate::catalog::{TaskDefinition, TaskInput};
use crate::macros;
use crate::pipeline::TaskUse;
use crate::place::Place;
use crate::suggest::{did_you_mean, nearest};

/// An input as the file gives it.
pub(super) struct Given<'n> {
    pub(super) name: &'n str,
    pub(super) value: &'n str,
    pub(super) place: &'n Place,
}

/// The task that a step uses. `place` is that of the reference, `inputs_place` where a missing input would be.
pub(super) fn task_use(
    reference: &str,
    place: &Place,
    given: &[Given<'_>],
    inputs_place: &Place,
    on_server: bool,
    loader: &mut Loader<'_>,
) -> Option<TaskUse> {
    let definition = task::resolve(reference, place, loader)?;
    if !runs_there(&definition, place, on_server, loader) {
        return None;
    }
    let inputs = resolve(&definition, given, inputs_place, loader)?;
    Some(TaskUse {
        reference: reference.to_owned(),
        id: definition.id.clone(),
        name: definition.name.clone(),
        version: definition.version.to_string(),
        inputs,
    })
}

/// Whether a task runs where its job does; reported where it does not.
fn runs_there(definition: &TaskDefinition, place: &Place, on_server: bool, loader: &mut Loader<'_>) -> bool {
    let runs_on = |target: &str| definition.runs_on.iter().any(|known| known.eq_ignore_ascii_case(target));
    let on_agents = definition.runs_on.is_empty() || runs_on("Agent");
    let name = &definition.name;
    match (on_server, on_agents) {
        (false, true) => return true,
        (false, false) => loader.error(
            place,
            format!("the task `{name}` runs without an agent, and this job has one"),
            "give it a job of its own with `pool: server`, on which the jobs that wait for it depend",
        ),
        (true, _) if !runs_on("Server") => loader.error(
            place,
            format!("the task `{name}` needs an agent, and this job has `pool: server`"),
            "put it into a job with agents; the service itself runs only tasks such as `ManualValidation@1`",
        ),
        (true, _) if builtin_tasks().iter().any(|known| known.id.eq_ignore_ascii_case(&definition.id)) => return true,
        (true, _) => loader.error(
            place,
            format!("the task `{name}` is run by the service itself, and is not supported yet"),
            "of these tasks only `ManualValidation@1` is",
        ),
    }
    false
}

fn resolve(definition: &TaskDefinition, given: &[Given<'_>], place: &Place, loader: &mut Loader<'_>) -> Option<Vec<(String, String)>> {
    let mut values: HashMap<usize, &Given<'_>> = HashMap::new();
    let mut unknown: Vec<(String, String)> = Vec::new();
    let mut whole = true;
    for input in given {
        match position(definition, input.name) {
            Some(position) => match values.get(&position) {
                None => {
                    values.insert(position, input);
                }
                Some(first) => {
                    loader.error(
                        input.place,
                        format!(
                            "the input `{}` is given twice, as `{}` and as `{}`",
                            definition.inputs[position].name, first.name, input.name
                        ),
                        "remove one of the two",
                    );
                    whole = false;
                }
            },
            None => {
                let names: Vec<&str> = definition
                    .inputs
                    .iter()
                    .flat_map(|known| std::iter::once(&known.name).chain(&known.aliases))
                    .map(String::as_str)
                    .collect();
                let hint = nearest(input.name, names).map(|name| format!("did you mean `{name}`?")).unwrap_or_default();
                loader.warning(input.place, format!("the task `{}` has no input `{}`", definition.name, input.name), hint);
                unknown.push((input.name.to_owned(), input.value.to_owned()));
            }
        }
    }
    let mut inputs: Vec<(String, String)> = Vec::new();
    for (position, input) in definition.inputs.iter().enumerate() {
        let value = values.get(&position).map_or_else(|| default(input), |given| Some(given.value.to_owned()));
        if let Some(value) = value {
            inputs.push((input.name.clone(), value));
        }
    }
    for (position, input) in definition.inputs.iter().enumerate() {
        let value = inputs.iter().position(|(name, _)| *name == input.name);
        let is_empty = value.is_none_or(|value| inputs[value].1.trim().is_empty());
        // Of an input that the editor shows only under some conditions, the exact rule is not verified: it is required
        // where it is shown for certain.
        let must = input.required && visibility(input.visible_rule.as_deref(), &inputs) == Visibility::Visible;
        if must && is_empty {
            let (place, name) = values.get(&position).map_or((place, input.name.as_str()), |given| (given.place, given.name));
            let label = if input.label.is_empty() || input.label == input.name { String::new() } else { format!(" ({})", input.label) };
            loader.error(
                place,
                format!("the task `{}` needs the input `{name}`{label}", definition.name),
                format!("add `{name}: ...` below `inputs:`"),
            );
            whole = false;
        } else if let Some(value) = value
            && let Some(kind) = connection_kind(input)
        {
            let place = values.get(&position).map_or(place, |given| given.place);
            match connections(&inputs[value].1, kind, &input.name, place, loader) {
                Some(ids) => inputs[value].1 = ids,
                None => whole = false,
            }
        }
    }
    inputs.extend(unknown);
    whole.then_some(inputs)
}

/// The input that a name or an alias, in any case, stands for. A name goes before an alias.
fn position(definition: &TaskDefinition, name: &str) -> Option<usize> {
    let by_name = definition.inputs.iter().position(|input| input.name.eq_ignore_ascii_case(name));
    by_name.or_else(|| definition.inputs.iter().position(|input| input.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))))
}

fn default(input: &TaskInput) -> Option<String> {
    match input.default_value.as_ref()? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `AzureRM` of `connectedService:AzureRM:...`
fn connection_kind(input: &TaskInput) -> Option<&str> {
    let (prefix, rest) = input.kind.split_once(':')?;
    prefix.eq_ignore_ascii_case("connectedService").then(|| rest.split(':').next().unwrap_or_default().trim())
}

/// The GUIDs of the connections that a value names, with commas. Only the root's variables are known when they are looked up.
fn connections(value: &str, kind: &str, input: &str, place: &Place, loader: &mut Loader<'_>) -> Option<String> {
    let mut ids = Vec::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let expanded = macros::expand(name, |variable| loader.root_variables.get(&variable.to_lowercase()).cloned());
        if expanded.contains("$(") || expanded.starts_with("$[") {
            loader.error(
                place,
                format!("the service connection of `{input}` is not known before the run: `{expanded}`"),
                "write its name, or a variable of the pipeline's root: connections are authorized before any job starts",
            );
            continue;
        }
        match loader.connections.resolve(kind, &expanded) {
            Some(id) => ids.push(id),
            None => {
                let names = loader.connections.names(kind);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let add = "add it under `serviceConnections` in slipway.local.yml";
                let hint = match (nearest(&expanded, names.iter().copied()), names.is_empty()) {
                    (_, true) => format!("there are none of this kind; {add}"),
                    (Some(_), _) => format!("{} or {add}", did_you_mean(&expanded, &names)),
                    (None, _) => format!("{}; or {add}", did_you_mean(&expanded, &names)),
                };
                loader.error(place, format!("there is no service connection `{expanded}` of the kind `{kind}`"), hint);
            }
        }
    }
    let count = value.split(',').filter(|name| !name.trim().is_empty()).count();
    (ids.len() == count).then(|| ids.join(","))
}
