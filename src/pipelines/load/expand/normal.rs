//! Steps, jobs and stages that are passed as parameters: templates see them in one form, in which every step is a task
//! (facts/pipeline-yaml.md 2.3). Checks of security templates rely on it.

use super::parameters::Type;
use crate::load::step;
use crate::yaml::{Kind, Node};

/// The value of a parameter of a type in the form that templates see; why it is no such value.
pub(super) fn normal(node: Node, kind: Type) -> Result<Node, Node> {
    let list = |node: Node, one: fn(Node) -> Result<Node, Node>| match node.kind {
        Kind::Sequence(items) => {
            let items = items.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
            Ok(Node { kind: Kind::Sequence(items), place: node.place })
        }
        _ if node.is_empty() => Ok(Node { kind: Kind::Sequence(Vec::new()), place: node.place }),
        _ => Err(node),
    };
    match kind {
        Type::Step => normal_step(node),
        Type::StepList => list(node, normal_step),
        Type::Job => normal_job(node),
        Type::JobList => list(node, normal_job),
        Type::Deployment => normal_deployment(node),
        Type::DeploymentList => list(node, normal_deployment),
        Type::Stage => normal_stage(node),
        Type::StageList => list(node, normal_stage),
        _ => Ok(node),
    }
}

fn normal_step(node: Node) -> Result<Node, Node> {
    if node.entries().is_none_or(<[_]>::is_empty) { Err(node) } else { Ok(step::normal_form(node)) }
}

fn normal_job(node: Node) -> Result<Node, Node> {
    begins_with(node, &["job", "deployment"]).map(steps_below)
}

fn normal_deployment(node: Node) -> Result<Node, Node> {
    begins_with(node, &["deployment"]).map(steps_below)
}

fn normal_stage(node: Node) -> Result<Node, Node> {
    begins_with(node, &["stage"]).map(steps_below)
}

fn begins_with(node: Node, keys: &[&str]) -> Result<Node, Node> {
    let first = node.entries().and_then(<[_]>::first).and_then(|(key, _)| key.text());
    if first.is_some_and(|first| keys.contains(&first)) { Ok(node) } else { Err(node) }
}

/// Normal forms of all steps below: those of jobs, of the jobs of a stage, of the parts of a deployment.
fn steps_below(node: Node) -> Node {
    let Node { kind, place } = node;
    let kind = match kind {
        Kind::Mapping(entries) => Kind::Mapping(entries.into_iter().map(|(key, value)| below(key, value)).collect()),
        other => other,
    };
    Node { kind, place }
}

fn below(key: Node, value: Node) -> (Node, Node) {
    let name = key.text().unwrap_or_default();
    let each = |value: Node, one: &dyn Fn(Node) -> Node| match value.kind {
        Kind::Sequence(items) => Node { kind: Kind::Sequence(items.into_iter().map(one).collect()), place: value.place },
        _ => value,
    };
    let value = match name {
        "steps" => each(value, &|item| normal_step(item).unwrap_or_else(|item| item)),
        "jobs" => each(value, &steps_below),
        // Its parts have steps: `runOnce`, `deploy`, `on`, `success`, ...
        "strategy" | "runOnce" | "rolling" | "canary" | "preDeploy" | "deploy" | "routeTraffic" | "postRouteTraffic" | "on" | "success"
        | "failure" => steps_below(value),
        _ => value,
    };
    (key, value)
}
