//! The root of a file (facts/pipeline-yaml.md 2.2): `stages`, `jobs` or `steps`, and what belongs to the whole.

use super::loader::Loader;
use super::section::{Keys, Section};
use super::{job, stage, trigger, variables};
use crate::pipeline::{Pipeline, VariableItem};
use crate::suggest::list;
use crate::yaml::Node;

const KEYS: Keys = Keys {
    what: "the pipeline",
    known: &[
        "name",
        "appendCommitMessageToRunName",
        "trigger",
        "pr",
        "schedules",
        "variables",
        "lockBehavior",
        "stages",
        "jobs",
        "steps",
        "pool",
        "resources",
        "continueOnError",
        "workspace",
    ],
    refused: &[
        ("strategy", "write the jobs of the matrix out"),
        ("container", "jobs run on this machine itself; remove it, and have the tools installed here"),
        ("services", "start what the job needs in a step"),
        ("phases", "use `jobs`"),
        ("queue", "use `pool`"),
        ("server", "jobs without an agent come later"),
    ],
};

const RESOURCES: Keys = Keys {
    what: "`resources`",
    known: &["repositories"],
    refused: &[
        ("pipelines", "other pipelines as resources come later; take it out for runs on this machine"),
        ("containers", "jobs run on this machine itself; have the tools installed here"),
        ("builds", "only repositories are known"),
        ("packages", "only repositories are known"),
        ("webhooks", "only repositories are known"),
    ],
};

/// The pipeline, or nothing where it is too broken to be one; then problems are reported.
pub(super) fn pipeline(root: &Node, loader: &mut Loader<'_>) -> Option<Pipeline> {
    let section = Section::of(root, &KEYS, loader)?;
    let forms: Vec<(&Node, &str)> =
        ["stages", "jobs", "steps"].into_iter().filter_map(|form| section.entry(form).map(|(key, _)| (key, form))).collect();
    let (trigger, pr) = trigger::triggers(&section, loader);
    if let Some(resources) = section.get("resources") {
        // The repositories have been read when the templates were.
        Section::of(resources, &RESOURCES, loader);
    }
    section.boolean("appendCommitMessageToRunName", loader);
    section.word("lockBehavior", &[("sequential", ()), ("runLatest", ())], loader);
    let name = section.text("name", loader).map(|(name, _)| name.to_owned());
    let variables = variables::variables(&section, loader);
    loader.root_variables = variables
        .iter()
        .filter_map(|item| match item {
            VariableItem::Variable(variable) => Some((variable.name.to_lowercase(), variable.value.clone())),
            VariableItem::Group { .. } => None,
        })
        .collect();
    let form = match forms.as_slice() {
        [(_, form)] => *form,
        [] => {
            if !section.has("phases") {
                loader.error(
                    &root.place,
                    "the pipeline has nothing to run",
                    "it needs `steps`, `jobs` or `stages`, its own or those of a template that it extends",
                );
            }
            return None;
        }
        [_, (second, _), ..] => {
            let found = list(forms.iter().map(|(_, form)| *form));
            loader.error(
                &second.place,
                format!("the pipeline has {found}, of which it can have only one"),
                "put the steps into a job, the jobs into a stage",
            );
            return None;
        }
    };
    if form != "steps" {
        for key in ["continueOnError", "workspace"] {
            if let Some((node, _)) = section.entry(key) {
                loader.error(
                    &node.place,
                    format!("`{key}` of the pipeline has a meaning only together with `steps`"),
                    "write it into the jobs",
                );
            }
        }
    }
    let defaults = job::Defaults::of(&section, loader);
    let stages = match form {
        "stages" => stage::stages(&section, &defaults, loader)?,
        "jobs" => vec![stage::implicit(root, job::jobs(&section, &defaults, loader)?, loader)?],
        _ => vec![stage::implicit(root, vec![job::implicit(&section, &defaults, loader)?], loader)?],
    };
    Some(Pipeline { name, trigger, pr, variables, stages })
}
