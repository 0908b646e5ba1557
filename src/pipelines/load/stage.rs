//! Stages.

use super::expressions::condition;
use super::graph::{self, GraphNode};
use super::job;
use super::loader::Loader;
use super::names::{self, Taken};
use super::section::{Keys, Section};
use super::variables::variables;
use crate::condition::{Condition, ConditionKind};
use crate::pipeline::{Job, Stage};
use crate::suggest::nearest;
use crate::yaml::Node;

const KEYS: Keys = Keys {
    what: "a stage",
    known: &[
        "stage",
        "displayName",
        "pool",
        "dependsOn",
        "condition",
        "variables",
        "jobs",
        "lockBehavior",
        "trigger",
        "isSkippable",
        "templateContext",
    ],
    refused: &[],
};

/// The name of the stage of a pipeline without stages (facts/pipeline-yaml.md 2.7).
const DEFAULT_NAME: &str = "__default";

/// The stage of a pipeline that has none.
pub(super) fn implicit(root: &Node, jobs: Vec<Job>, loader: &mut Loader<'_>) -> Option<Stage> {
    let condition = match Condition::parse("", ConditionKind::Stage, root.place.clone()) {
        Ok(condition) => condition,
        Err(_) => {
            loader.error(&root.place, "the pipeline's stage has no condition", "");
            return None;
        }
    };
    Some(Stage {
        name: DEFAULT_NAME.to_owned(),
        display_name: DEFAULT_NAME.to_owned(),
        depends_on: Vec::new(),
        condition,
        variables: Vec::new(),
        jobs,
        place: root.place.clone(),
    })
}

/// `stages:` of the root.
pub(super) fn stages(root: &Section<'_>, defaults: &job::Defaults, loader: &mut Loader<'_>) -> Option<Vec<Stage>> {
    let items = root.list("stages", loader)?;
    let mut taken = Taken::default();
    let mut stages: Vec<Stage> = Vec::new();
    let mut nodes: Vec<GraphNode> = Vec::new();
    let mut unknown = false;
    for item in items {
        let Some(section) = first_key(item, loader) else {
            unknown = true;
            continue;
        };
        let (name, place) = match section.entry("stage") {
            Some((_, value)) if value.text().is_some_and(|text| !text.is_empty()) => (value.text().unwrap_or_default(), &value.place),
            _ => {
                loader.error(section.place(), "a stage needs a name", "write it after `stage:`");
                ("", section.place())
            }
        };
        if !name.is_empty() {
            names::check(name, "a stage", place, loader);
            taken.take_or_report(name, "a stage", place, loader);
        }
        let depends_on = match section.entry("dependsOn") {
            // The stage before, by the order of the file.
            None => nodes.last().map(|before| vec![(before.name.clone(), place.clone())]).unwrap_or_default(),
            Some(_) => depends_on(&section, loader),
        };
        section.word("lockBehavior", &[("sequential", ()), ("runLatest", ())], loader);
        section.boolean("isSkippable", loader);
        if section.word("trigger", &[("automatic", false), ("manual", true)], loader) == Some(true)
            && let Some((_, value)) = section.entry("trigger")
        {
            loader.error(
                &value.place,
                "stages that a person starts (`trigger: manual`) are not supported yet",
                "remove it, and start the stages in order",
            );
        }
        let display_name = section.text("displayName", loader).map_or(name, |(text, _)| text).to_owned();
        let condition = condition(&section, ConditionKind::Stage, loader);
        let variables = variables(&section, loader);
        let defaults = defaults.with_pool_of(&section, loader);
        if !section.has("jobs") {
            loader.error(section.place(), format!("the stage `{name}` has no `jobs`"), "");
        }
        let jobs = job::jobs(&section, &defaults, loader);
        nodes.push(GraphNode { name: name.to_owned(), depends_on });
        // Whatever is broken here has been reported; the others are checked all the same.
        if let (Some(condition), Some(jobs)) = (condition, jobs) {
            stages.push(Stage {
                name: name.to_owned(),
                display_name,
                depends_on: Vec::new(),
                condition,
                variables,
                jobs,
                place: item.place.clone(),
            });
        }
    }
    if unknown {
        // Its name is not known, so neither is what depends on it.
        return None;
    }
    let resolved = graph::resolve(&nodes, "stage", loader);
    if stages.len() != nodes.len() {
        return None;
    }
    for (stage, depends_on) in stages.iter_mut().zip(resolved) {
        stage.depends_on = depends_on;
    }
    Some(stages)
}

/// The first key of an entry of `stages` decides what it is.
fn first_key<'n>(item: &'n Node, loader: &mut Loader<'_>) -> Option<Section<'n>> {
    let first = item.entries().and_then(|entries| entries.first()).map(|(key, _)| key);
    match first.and_then(Node::text) {
        Some("stage") | None => Section::of(item, &KEYS, loader),
        Some(other) => {
            let hint = if item.get("stage").is_some() {
                "write `stage` before the other keys".to_owned()
            } else {
                nearest(other, ["stage", "template"]).map(|name| format!("did you mean `{name}`?")).unwrap_or_default()
            };
            loader.error(&item.place, format!("an entry of `stages` begins with `stage`, found `{other}`"), hint);
            None
        }
    }
}

/// `dependsOn:`; nothing is nothing.
pub(super) fn depends_on(section: &Section<'_>, loader: &mut Loader<'_>) -> Vec<(String, crate::place::Place)> {
    let names = section.texts("dependsOn", loader);
    names.into_iter().filter(|(name, _)| !name.is_empty()).map(|(name, node)| (name.to_owned(), node.place.clone())).collect()
}
