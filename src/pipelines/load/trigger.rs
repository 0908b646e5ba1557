//! `trigger:`, `pr:`, `schedules:`: checked, since a mistake in them is only noticed when a pipeline does not start. A run
//! on this machine needs none of them (facts/pipeline-yaml.md 2.12).

use super::loader::Loader;
use super::section::{Keys, Section};
use crate::yaml::{Kind, Node};

pub(super) fn check(root: &Section<'_>, loader: &mut Loader<'_>) {
    if let Some(node) = root.get("trigger") {
        let keys = Keys { what: "`trigger`", known: &["batch", "branches", "paths", "tags"], refused: &[] };
        branch_trigger(node, &keys, "batch", loader);
    }
    if let Some(node) = root.get("pr") {
        let keys = Keys { what: "`pr`", known: &["autoCancel", "drafts", "branches", "paths"], refused: &[] };
        branch_trigger(node, &keys, "autoCancel", loader);
    }
    if root.has("schedules")
        && let Some(items) = root.list("schedules", loader)
    {
        items.iter().for_each(|item| schedule(item, loader));
    }
}

/// `none`, a list of branches, or a mapping.
fn branch_trigger(node: &Node, keys: &Keys, flag: &str, loader: &mut Loader<'_>) {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if !text.eq_ignore_ascii_case("none") {
                loader.error(
                    &node.place,
                    format!("{} must be `none`, a list of branches, or a mapping, found `{text}`", keys.what),
                    format!("a list: `- {text}`"),
                );
            }
        }
        Kind::Sequence(items) => {
            for item in items {
                if item.text().is_none() {
                    loader.error(&item.place, format!("a branch of {} must be a text, found {}", keys.what, item.describe()), "");
                }
            }
        }
        Kind::Mapping(_) => {
            let Some(section) = Section::of(node, keys, loader) else { return };
            section.boolean(flag, loader);
            if flag != "batch" {
                section.boolean("drafts", loader);
            }
            for filter in ["branches", "paths", "tags"] {
                if let Some(node) = section.get(filter) {
                    include_exclude(node, loader);
                }
            }
        }
    }
}

fn include_exclude(node: &Node, loader: &mut Loader<'_>) {
    let keys = Keys { what: "a filter", known: &["include", "exclude"], refused: &[] };
    if let Some(section) = Section::of(node, &keys, loader) {
        section.texts("include", loader);
        section.texts("exclude", loader);
    }
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
