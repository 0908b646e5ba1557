//! Which task a reference names (facts/pipeline-yaml.md 2.11).

use std::collections::HashMap;

use super::loader::Loader;
use crate::builtin::builtin_tasks;
use crate::catalog::{TaskDefinition, TaskVersion};
use crate::place::Place;
use crate::suggest::{list, nearest};

/// All tasks, found by name and by GUID.
pub(super) struct TaskIndex {
    definitions: Vec<TaskDefinition>,
    /// How many of the definitions, from the first, come with Azure Pipelines.
    builtin: usize,
    /// Positions by name, qualified name and GUID, in lower case.
    by_name: HashMap<String, Vec<usize>>,
}

impl TaskIndex {
    pub(super) fn new(packaged: Vec<TaskDefinition>) -> Self {
        let mut definitions = builtin_tasks();
        let builtin = definitions.len();
        definitions.extend(packaged);
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, definition) in definitions.iter().enumerate() {
            let mut keys = vec![definition.name.to_lowercase(), definition.id.to_lowercase()];
            if let Some(contribution) = &definition.contribution_identifier {
                keys.push(format!("{contribution}.{}", definition.name).to_lowercase());
            }
            for key in keys {
                by_name.entry(key).or_default().push(position);
            }
        }
        Self { definitions, builtin, by_name }
    }

    /// The positions of all versions of the task with a name, a qualified name or a GUID.
    fn versions(&self, name: &str) -> Result<&[usize], Vec<&str>> {
        let lower = name.to_lowercase();
        let qualified = || {
            // A task of a local package has no publisher and extension; its own name is the last part.
            let (_, last) = lower.rsplit_once('.').filter(|(before, _)| before.split('.').count() >= 3)?;
            let positions = self.by_name.get(last)?;
            positions
                .iter()
                .all(|position| *position >= self.builtin && self.definitions[*position].contribution_identifier.is_none())
                .then_some(positions)
        };
        let Some(positions) = self.by_name.get(&lower).or_else(qualified) else { return Ok(&[]) };
        let mut ids: Vec<&str> = positions.iter().map(|position| self.definitions[*position].id.as_str()).collect();
        ids.sort_unstable_by_key(|id| id.to_lowercase());
        ids.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        if ids.len() < 2 {
            return Ok(positions);
        }
        // A task that comes with Azure Pipelines wins over those of extensions.
        let own: Vec<usize> = positions.iter().copied().filter(|position| *position < self.builtin).collect();
        match own.as_slice() {
            [only] => self.by_name.get(&self.definitions[*only].id.to_lowercase()).map(Vec::as_slice).ok_or(ids),
            _ => Err(ids),
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().map(|definition| definition.name.as_str())
    }
}

/// The definition that `reference` names; problems are reported.
pub(super) fn resolve(reference: &str, place: &Place, loader: &mut Loader<'_>) -> Option<TaskDefinition> {
    let (name, version) = reference.split_once('@').map_or((reference, None), |(name, version)| (name, Some(version)));
    let positions = match loader.tasks.versions(name) {
        Ok(positions) => positions.to_vec(),
        Err(ids) => {
            let ids = list(ids);
            loader.error(place, format!("several tasks have the name `{name}`"), format!("name one of them by its id: {ids}"));
            return None;
        }
    };
    if positions.is_empty() {
        let hint = match nearest(name, loader.tasks.names()) {
            Some(other) => {
                let latest = loader
                    .tasks
                    .definitions
                    .iter()
                    .filter(|definition| definition.name == other)
                    .map(|definition| definition.version)
                    .max();
                format!("did you mean `{other}@{}`?", latest.map_or(0, |version| version.major))
            }
            None => "add the task's folder or VSIX file under `tasks` in slipway.local.yml, or with `--task`".to_owned(),
        };
        loader.error(place, format!("unknown task: `{name}`"), hint);
        return None;
    }
    let mut versions: Vec<(TaskVersion, usize)> =
        positions.iter().map(|position| (loader.tasks.definitions[*position].version, *position)).collect();
    versions.sort_unstable();
    let Some(spec) = version.filter(|spec| !spec.is_empty()) else {
        let latest = versions.last().map_or(0, |(version, _)| version.major);
        loader.error(place, format!("the task `{name}` is named without a version"), format!("write `{name}@{latest}`"));
        return None;
    };
    let Some(matching) = version_spec(spec) else {
        loader.error(place, format!("`{spec}` is no version of a task"), "a version is `1`, `1.2`, `1.2.3` or `*`");
        return None;
    };
    match versions.iter().rev().find(|(version, _)| matching(*version)) {
        Some((_, position)) => Some(loader.tasks.definitions[*position].clone()),
        None => {
            let mut known: Vec<String> = versions.iter().map(|(version, _)| version.to_string()).collect();
            known.dedup();
            let known = list(known.iter().map(String::as_str));
            loader.error(place, format!("the task `{name}` has no version `{spec}`"), format!("known: {known}"));
            None
        }
    }
}

/// `1`, `1.2`, `1.2.3`, `*`.
fn version_spec(spec: &str) -> Option<impl Fn(TaskVersion) -> bool> {
    let numbers: Vec<u32> = if spec == "*" { Vec::new() } else { spec.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()? };
    (numbers.len() <= 3).then_some(move |version: TaskVersion| [version.major, version.minor, version.patch].starts_with(&numbers))
}
