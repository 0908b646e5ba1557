//! `resources: pipelines:` (facts/pipeline-yaml.md 2.12).

use super::loader::Loader;
use super::names::Taken;
use super::section::{Keys, Section};
use super::trigger::include_exclude;
use super::values::boolean;
use crate::pipeline_resource::{CompletionTrigger, PipelineResource};
use crate::trigger::Filter;
use crate::yaml::{Kind, Node};

const KEYS: Keys =
    Keys { what: "a pipeline resource", known: &["pipeline", "project", "source", "version", "branch", "tags", "trigger"], refused: &[] };

const TRIGGER: Keys = Keys { what: "the trigger of a pipeline resource", known: &["enabled", "branches", "stages", "tags"], refused: &[] };

/// Words that `download:` gives another meaning.
const RESERVED: &[&str] = &["current", "none", "specific"];

/// The pipelines of `resources:`; problems are reported.
pub(super) fn read(resources: &Section<'_>, loader: &mut Loader<'_>) -> Vec<PipelineResource> {
    if resources.get("pipelines").is_none() {
        return Vec::new();
    }
    let Some(items) = resources.list("pipelines", loader) else { return Vec::new() };
    let mut taken = Taken::default();
    items.iter().filter_map(|item| resource(item, &mut taken, loader)).collect()
}

fn resource(item: &Node, taken: &mut Taken, loader: &mut Loader<'_>) -> Option<PipelineResource> {
    let section = Section::of(item, &KEYS, loader)?;
    let text = |key: &str, loader: &mut Loader<'_>| section.text(key, loader).map(|(text, _)| text.to_owned());
    // Everything is looked at before anything is given up.
    let alias = alias(&section, taken, loader);
    let source = text("source", loader);
    if source.is_none() && section.get("source").is_none() {
        let alias = alias.as_deref().unwrap_or_default();
        loader.error(
            section.place(),
            format!("the pipeline resource `{alias}` has no `source`"),
            "write `source: NAME`, the name of the pipeline whose runs it stands for",
        );
    }
    let tags = texts("tags", &section, loader);
    let (project, version, branch) = (text("project", loader), text("version", loader), text("branch", loader));
    let trigger = section.get("trigger").and_then(|node| trigger(node, loader));
    Some(PipelineResource { alias: alias?, project, source: source?, version, branch, tags, trigger, place: item.place.clone() })
}

fn alias(section: &Section<'_>, taken: &mut Taken, loader: &mut Loader<'_>) -> Option<String> {
    let Some((alias, node)) = section.text("pipeline", loader) else {
        if section.get("pipeline").is_none() {
            loader.error(
                section.place(),
                "a pipeline resource needs an alias",
                "write `- pipeline: ALIAS`; its artifacts are then fetched with `download: ALIAS`",
            );
        }
        return None;
    };
    if !alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        loader.error(
            &node.place,
            format!("the alias of a pipeline resource may have only letters, digits, `_` and `-`: `{alias}`"),
            "the pipeline's own name goes to `source`",
        );
        return None;
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(alias)) {
        loader.error(&node.place, format!("`{alias}` cannot be an alias: `download: {alias}` means something else"), "name it otherwise");
        return None;
    }
    if !taken.take(alias) {
        loader.error(
            &node.place,
            format!("there is already a pipeline resource with the alias `{alias}`"),
            "aliases are unique; upper and lower case are the same",
        );
        return None;
    }
    Some(alias.to_owned())
}

/// `none`, `true`, or filters.
fn trigger(node: &Node, loader: &mut Loader<'_>) -> Option<CompletionTrigger> {
    let all = CompletionTrigger { enabled: true, branches: Filter::default(), stages: Vec::new(), tags: Vec::new() };
    match &node.kind {
        Kind::Scalar { text, .. } if text.eq_ignore_ascii_case("none") => None,
        Kind::Scalar { text, .. } => match boolean(text) {
            Some(enabled) => enabled.then_some(all),
            None => {
                loader.error(
                    &node.place,
                    format!("the trigger of a pipeline resource must be `none`, `true` or a mapping, found `{text}`"),
                    "a mapping has `branches`, `stages` and `tags`",
                );
                None
            }
        },
        _ => {
            let section = Section::of(node, &TRIGGER, loader)?;
            let branches = section.get("branches").map(|node| match &node.kind {
                Kind::Mapping(_) => include_exclude(node, loader),
                _ => Filter { include: texts("branches", &section, loader), exclude: Vec::new() },
            });
            Some(CompletionTrigger {
                enabled: section.boolean("enabled", loader).unwrap_or(true),
                branches: branches.unwrap_or_default(),
                stages: texts("stages", &section, loader),
                tags: texts("tags", &section, loader),
            })
        }
    }
}

fn texts(key: &str, section: &Section<'_>, loader: &mut Loader<'_>) -> Vec<String> {
    section.texts(key, loader).into_iter().map(|(text, _)| text.to_owned()).collect()
}
