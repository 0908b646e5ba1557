//! Triggers.

use super::*;

#[test]
fn triggers_are_read_in_all_their_forms() {
    use crate::trigger::{Filter, Trigger, TriggerFilters};
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let read = |text: &str| {
        let pipeline = pipeline(&format!("{text}\nsteps: [{{script: a}}]\n"));
        (pipeline.trigger, pipeline.pr)
    };
    assert_eq!(read("name: x"), (Trigger::Default, Trigger::Default));
    assert_eq!(read("trigger: none\npr: None"), (Trigger::None, Trigger::None));
    let full = "trigger:\n  batch: true\n  branches: {include: [main, releases/*], exclude: releases/old}\n  paths: {exclude: [docs]}\n  tags: {include: [v*]}\npr:\n  drafts: false\n  autoCancel: no\n  branches: {include: [main]}";
    let trigger = TriggerFilters {
        branches: Filter { include: texts(&["main", "releases/*"]), exclude: texts(&["releases/old"]) },
        paths: Filter { include: texts(&[]), exclude: texts(&["docs"]) },
        tags: Filter { include: texts(&["v*"]), exclude: texts(&[]) },
        batch: true,
        ..TriggerFilters::default()
    };
    let pr = TriggerFilters {
        branches: Filter { include: texts(&["main"]), exclude: texts(&[]) },
        drafts: false,
        auto_cancel: false,
        ..TriggerFilters::default()
    };
    assert_eq!(read(full), (Trigger::Filters(trigger), Trigger::Filters(pr)));
}
