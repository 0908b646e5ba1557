//! The root of a file (facts/pipeline-yaml.md 2.2): `stages`, `jobs` or `steps`, and what belongs to the whole.

use super::loader::Loader;
use super::section::{Keys, Section};
use super::{job, pipeline_resources, stage, trigger, variables};
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
        "strategy",
    ],
    refused: &[
        ("container", "jobs run on this machine itself; remove it, and have the tools installed here"),
        ("services", "start what the job needs in a step"),
        ("phases", "use `jobs`"),
        ("queue", "use `pool`"),
        ("server", "use `pool: server`"),
    ],
};

const RESOURCES: Keys = Keys {
    what: "`resources`",
    known: &["repositories", "pipelines"],
    refused: &[
        ("containers", "jobs run on this machine itself; have the tools installed here"),
        ("builds", "only repositories and pipelines are known"),
        ("packages", "only repositories and pipelines are known"),
        ("webhooks", "only repositories and pipelines are known"),
    ],
};

/// The pipeline, or nothing where it is too broken to be one; then problems are reported.
pub(super) fn pipeline(root: &Node, loader: &mut Loader<'_>) -> Option<Pipeline> {
    let section = Section::of(root, &KEYS, loader)?;
    let forms: Vec<(&Node, &str)> =
        ["stages", "jobs", "steps"].into_iter().filter_map(|form| section.entry(form).map(|(key, _)| (key, form))).collect();
    let (trigger, pr) = trigger::triggers(&section, loader);
    // The repositories have been read when the templates were.
    let resources = section.get("resources").and_then(|resources| Section::of(resources, &RESOURCES, loader));
    let pipeline_resources = resources.map(|resources| pipeline_resources::read(&resources, loader)).unwrap_or_default();
    loader.pipelines = pipeline_resources.iter().map(|resource| resource.alias.clone()).collect();
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
        for key in ["continueOnError", "workspace", "strategy"] {
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
    Some(Pipeline { name, trigger, pr, pipeline_resources, variables, stages })
}
