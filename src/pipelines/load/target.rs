//! `pool:`, `workspace:` and a step's `target:`.

use super::loader::Loader;
use super::section::{Keys, Section};
use crate::pipeline::{Pool, StepTarget, WorkspaceClean};
use crate::yaml::Node;

/// Who runs a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PoolUse {
    /// An agent of a pool.
    Agent(Pool),
    /// The service: `pool: server`.
    Server,
}

impl Default for PoolUse {
    fn default() -> Self {
        Self::Agent(Pool::default())
    }
}

/// `pool:`; absent where it is not there.
pub(super) fn pool(section: &Section<'_>, loader: &mut Loader<'_>) -> Option<PoolUse> {
    let node = section.get("pool")?;
    if let Some(name) = node.text() {
        return Some(if name.eq_ignore_ascii_case("server") {
            PoolUse::Server
        } else {
            PoolUse::Agent(Pool { name: Some(name.to_owned()), ..Pool::default() })
        });
    }
    let keys = Keys { what: "a pool", known: &["name", "vmImage", "demands"], refused: &[("server", "write `pool: server`")] };
    let section = Section::of(node, &keys, loader)?;
    let text = |key, loader: &mut Loader<'_>| section.text(key, loader).map(|(text, _)| text.to_owned());
    Some(PoolUse::Agent(Pool {
        name: text("name", loader),
        vm_image: text("vmImage", loader),
        demands: section.texts("demands", loader).into_iter().map(|(demand, _)| demand.to_owned()).collect(),
    }))
}

/// `workspace: { clean: }`
pub(super) fn workspace(section: &Section<'_>, loader: &mut Loader<'_>) -> WorkspaceClean {
    let Some(node) = section.get("workspace") else { return WorkspaceClean::None };
    let keys = Keys { what: "a workspace", known: &["clean"], refused: &[] };
    let words = [("outputs", WorkspaceClean::Outputs), ("resources", WorkspaceClean::Resources), ("all", WorkspaceClean::All)];
    Section::of(node, &keys, loader).and_then(|section| section.word("clean", &words, loader)).unwrap_or_default()
}

/// `target:` of a step.
pub(super) fn step_target(section: &Section<'_>, loader: &mut Loader<'_>) -> StepTarget {
    const CONTAINERS: &str = "containers are not supported yet: the step would run on the machine itself, with `target: host`";
    let Some(node) = section.get("target") else { return StepTarget::default() };
    if let Some(name) = node.text() {
        if !name.eq_ignore_ascii_case("host") {
            loader.error(&node.place, format!("the step's target is the container `{name}`, which is not supported yet"), CONTAINERS);
        }
        return StepTarget::default();
    }
    let keys = Keys { what: "a step's target", known: &["container", "commands", "settableVariables"], refused: &[] };
    let Some(section) = Section::of(node, &keys, loader) else { return StepTarget::default() };
    if let Some((name, node)) = section.text("container", loader)
        && !name.eq_ignore_ascii_case("host")
    {
        loader.error(&node.place, format!("the step's target is the container `{name}`, which is not supported yet"), CONTAINERS);
    }
    StepTarget {
        restricted_commands: section.word("commands", &[("any", false), ("restricted", true)], loader).unwrap_or(false),
        settable_variables: section.has("settableVariables").then(|| settable(&section, loader)).flatten(),
    }
}

fn settable(section: &Section<'_>, loader: &mut Loader<'_>) -> Option<Vec<String>> {
    let node: &Node = section.entry("settableVariables")?.1;
    match node.text() {
        Some(word) if word.eq_ignore_ascii_case("none") => Some(Vec::new()),
        Some(_) => {
            loader.error(&node.place, "`settableVariables` of a step's target must be `none` or a list of names", "");
            None
        }
        None => Some(section.texts("settableVariables", loader).into_iter().map(|(name, _)| name.to_owned()).collect()),
    }
}
