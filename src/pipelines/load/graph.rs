//! `dependsOn` (facts/pipeline-yaml.md 2.7): every name exists, and there is no cycle.

use std::collections::HashMap;

use super::loader::Loader;
use crate::place::Place;
use crate::suggest::did_you_mean;

/// A stage or a job, and what it names in `dependsOn`.
pub(super) struct GraphNode {
    pub(super) name: String,
    pub(super) depends_on: Vec<(String, Place)>,
}

/// The dependencies of each node under the names as the nodes have them, each once. Problems are reported.
pub(super) fn resolve(nodes: &[GraphNode], what: &str, loader: &mut Loader<'_>) -> Vec<Vec<String>> {
    let by_name: HashMap<String, usize> = nodes.iter().enumerate().map(|(index, node)| (node.name.to_ascii_lowercase(), index)).collect();
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut targets = Vec::new();
        for (name, place) in &node.depends_on {
            match by_name.get(&name.to_ascii_lowercase()) {
                Some(target) if targets.contains(target) => {}
                Some(target) => targets.push(*target),
                None => {
                    let names: Vec<&str> = nodes.iter().map(|other| other.name.as_str()).filter(|other| *other != node.name).collect();
                    let scope = if what == "job" { " of its stage" } else { "" };
                    loader.error(
                        place,
                        format!("the {what} `{}` depends on `{name}`, which is no {what}{scope}", node.name),
                        did_you_mean(name, &names),
                    );
                }
            }
        }
        edges.push(targets);
    }
    for cycle in cycles(&edges) {
        let names: Vec<String> = cycle.iter().chain(cycle.first()).map(|index| format!("`{}`", nodes[*index].name)).collect();
        let place = nodes[cycle[0]]
            .depends_on
            .iter()
            .find(|(name, _)| cycle.get(1).or(cycle.first()).is_some_and(|next| nodes[*next].name.eq_ignore_ascii_case(name)));
        let place = place.map(|(_, place)| place.clone());
        let nothing_starts = if edges.iter().all(|targets| !targets.is_empty()) { format!("; no {what} can start") } else { String::new() };
        if let Some(place) = place {
            loader.error(
                &place,
                format!("the {what}s depend on each other in a circle: {}{nothing_starts}", names.join(" → ")),
                "remove one of these dependencies",
            );
        }
    }
    edges.into_iter().map(|targets| targets.into_iter().map(|target| nodes[target].name.clone()).collect()).collect()
}

/// One cycle for each group of nodes that depend on each other, each beginning with its first node in file order.
fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    // 0 = not seen, 1 = on the path, 2 = done
    let mut state = vec![0_u8; edges.len()];
    let mut cycles = Vec::new();
    for start in 0..edges.len() {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            match edges[node].get(*next) {
                None => {
                    state[node] = 2;
                    path.pop();
                }
                Some(target) => {
                    *next += 1;
                    match state[*target] {
                        0 => {
                            state[*target] = 1;
                            path.push((*target, 0));
                        }
                        1 => {
                            let from = path.iter().position(|(node, _)| node == target).unwrap_or(0);
                            let mut cycle: Vec<usize> = path[from..].iter().map(|(node, _)| *node).collect();
                            let first = cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(position, _)| position);
                            cycle.rotate_left(first);
                            cycles.push(cycle);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    cycles
}
