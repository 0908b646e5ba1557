//! `trigger:`, `pr:`, `schedules:` (facts/pipeline-yaml.md 2.12): a mistake in them is otherwise only noticed when a pipeline
//! does not start. Schedules are checked only: nothing here starts a pipeline by the clock.

use super::loader::Loader;
use super::section::{Keys, Section};
use crate::trigger::{Filter, Trigger, TriggerFilters};
use crate::yaml::{Kind, Node};

/// `trigger:` and `pr:`.
pub(super) fn triggers(root: &Section<'_>, loader: &mut Loader<'_>) -> (Trigger, Trigger) {
    let trigger = root.get("trigger").map(|node| {
        let keys = Keys { what: "`trigger`", known: &["batch", "branches", "paths", "tags"], refused: &[] };
        branch_trigger(node, &keys, loader)
    });
    let pr = root.get("pr").map(|node| {
        let keys = Keys { what: "`pr`", known: &["autoCancel", "drafts", "branches", "paths"], refused: &[] };
        branch_trigger(node, &keys, loader)
    });
    if root.has("schedules")
        && let Some(items) = root.list("schedules", loader)
    {
        items.iter().for_each(|item| schedule(item, loader));
    }
    (trigger.unwrap_or_default(), pr.unwrap_or_default())
}

/// `none`, a list of branches, or a mapping. What is reported as wrong counts as absent.
fn branch_trigger(node: &Node, keys: &Keys, loader: &mut Loader<'_>) -> Trigger {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if text.eq_ignore_ascii_case("none") {
                return Trigger::None;
            }
            loader.error(
                &node.place,
                format!("{} must be `none`, a list of branches, or a mapping, found `{text}`", keys.what),
                format!("a list: `- {text}`"),
            );
            Trigger::Default
        }
        Kind::Sequence(items) => {
            let mut include = Vec::new();
            for item in items {
                match item.text() {
                    Some(branch) => include.push(branch.to_owned()),
                    None => {
                        loader.error(&item.place, format!("a branch of {} must be a text, found {}", keys.what, item.describe()), "");
                    }
                }
            }
            Trigger::Filters(TriggerFilters { branches: Filter { include, exclude: Vec::new() }, ..TriggerFilters::default() })
        }
        Kind::Mapping(_) => {
            let Some(section) = Section::of(node, keys, loader) else { return Trigger::Default };
            let absent = TriggerFilters::default();
            let flag = |key: &str, default: bool, loader: &mut Loader<'_>| {
                if keys.known.contains(&key) { section.boolean(key, loader).unwrap_or(default) } else { default }
            };
            let filter = |key: &str, loader: &mut Loader<'_>| {
                section.get(key).filter(|_| keys.known.contains(&key)).map(|node| include_exclude(node, loader)).unwrap_or_default()
            };
            Trigger::Filters(TriggerFilters {
                batch: flag("batch", absent.batch, loader),
                auto_cancel: flag("autoCancel", absent.auto_cancel, loader),
                drafts: flag("drafts", absent.drafts, loader),
                branches: filter("branches", loader),
                paths: filter("paths", loader),
                tags: filter("tags", loader),
            })
        }
    }
}

/// `include` and `exclude`.
pub(super) fn include_exclude(node: &Node, loader: &mut Loader<'_>) -> Filter {
    let keys = Keys { what: "a filter", known: &["include", "exclude"], refused: &[] };
    let Some(section) = Section::of(node, &keys, loader) else { return Filter::default() };
    let mut texts = |key: &str| section.texts(key, loader).into_iter().map(|(text, _)| text.to_owned()).collect();
    Filter { include: texts("include"), exclude: texts("exclude") }
}

fn schedule(node: &Node, loader: &mut Loader<'_>) {
    let keys = Keys { what: "a schedule", known: &["cron", "displayName", "branches", "batch", "always"], refused: &[] };
    let Some(section) = Section::of(node, &keys, loader) else { return };
    match section.text("cron", loader) {
        Some((cron, node)) if cron.split_whitespace().count() != 5 => {
            loader.error(
                &node.place,
                format!("`cron` of a schedule has five fields: minute, hour, day of month, month, day of week; found `{cron}`"),
                "",
            );
        }
        Some(_) => {}
        None => loader.error(section.place(), "a schedule needs `cron`", "for instance `cron: '0 3 * * Mon-Fri'`"),
    }
    section.text("displayName", loader);
    section.boolean("batch", loader);
    section.boolean("always", loader);
    if let Some(node) = section.get("branches") {
        include_exclude(node, loader);
    }
}
