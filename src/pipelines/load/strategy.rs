//! `strategy:` of a job: `matrix`, `parallel` (facts/pipeline-yaml.md 2.8). That of a deployment job is another: see `deployment`.

use super::expressions::report;
use super::loader::Loader;
use super::names;
use super::section::{Keys, Section};
use crate::matrix::{Matrix, MatrixLeg, MatrixSource, is_reference};
use crate::runtime::RuntimeExpression;
use crate::yaml::{Kind, Node};

const KEYS: Keys = Keys { what: "the strategy of a job", known: &["matrix", "parallel", "maxParallel"], refused: &[] };

/// The strategies of deployment jobs.
pub(super) const OF_DEPLOYMENTS: &[&str] = &["runOnce", "rolling", "canary"];

/// The matrix of a job, if it has one. Problems are reported.
pub(super) fn matrix(job: &Section<'_>, loader: &mut Loader<'_>) -> Option<Matrix> {
    let node = job.get("strategy")?;
    if let Some(found) = OF_DEPLOYMENTS.iter().find(|name| node.get(name).is_some()) {
        loader.error(
            &node.place,
            format!("`{found}` is a strategy of deployment jobs, and this is a `job`"),
            "begin the entry with `deployment:` and give it an `environment`; a job has `matrix` or `parallel`",
        );
        return None;
    }
    let section = Section::of(node, &KEYS, loader)?;
    // 0 is as many as there are agents.
    let max_parallel = section.number("maxParallel", 0, u32::MAX, loader).filter(|number| *number > 0);
    let matrix = section.entry("matrix").map(|(key, value)| (key, legs(value, loader)));
    let parallel = section.number("parallel", 1, MAX_SLICES, loader);
    let source = match (matrix, section.entry("parallel")) {
        (Some((key, _)), Some(_)) => {
            loader.error(
                &key.place,
                "the strategy of a job has `matrix` and `parallel`, of which it can have only one",
                "`matrix` gives each leg its variables, `parallel` runs the same job several times",
            );
            None
        }
        (Some((_, legs)), None) => legs,
        (None, Some(_)) => parallel.map(MatrixSource::Slices),
        (None, None) => {
            loader.error(section.place(), "the strategy of a job has neither `matrix` nor `parallel`", "add one, or remove `strategy`");
            None
        }
    };
    source.map(|source| Matrix { source, max_parallel, place: node.place.clone() })
}

/// How often `parallel` may run a job (the documentation of `jobs.job.strategy`).
const MAX_SLICES: u32 = 99;

fn legs(node: &Node, loader: &mut Loader<'_>) -> Option<MatrixSource> {
    const EXPECTED: &str = "`matrix` must be a mapping of legs, or one `$[ expression ]`";
    match &node.kind {
        Kind::Scalar { text, .. } => match RuntimeExpression::parse(text) {
            Some(Ok(expression)) => Some(MatrixSource::Expression(expression)),
            Some(Err(errors)) => {
                report(node, "$[".len(), errors, loader);
                None
            }
            None => {
                let hint = "for instance `$[ dependencies.JOB.outputs['STEP.VARIABLE'] ]`, whose value is the JSON of a mapping of legs";
                loader.error(&node.place, format!("{EXPECTED}, found {}", node.describe()), hint);
                None
            }
        },
        Kind::Sequence(_) => {
            loader.error(&node.place, format!("{EXPECTED}, found a list"), "write each leg as `NAME:` with its variables below it");
            None
        }
        Kind::Mapping(entries) => {
            let mut whole = true;
            let mut taken = names::Taken::default();
            let mut legs = Vec::new();
            for (position, (key, value)) in entries.iter().enumerate() {
                let name = key.text().unwrap_or_default();
                if !is_reference(name) {
                    loader.warning(
                        &key.place,
                        format!("the leg `{name}` is no reference name: its outputs are `outputs['Job{}.step.variable']`", position + 1),
                        "only letters, digits and `_`, and no digit first, make a reference name",
                    );
                }
                taken.take_or_report(name, "a leg", &key.place, loader);
                match variables(name, value, loader) {
                    Some(variables) => legs.push(MatrixLeg::new(position, name.to_owned(), variables)),
                    None => whole = false,
                }
            }
            whole.then_some(MatrixSource::Legs(legs))
        }
    }
}

/// The variables of a leg; it may have none.
fn variables(leg: &str, node: &Node, loader: &mut Loader<'_>) -> Option<Vec<(String, String)>> {
    if node.is_empty() {
        return Some(Vec::new());
    }
    let Some(entries) = node.entries() else {
        loader.error(
            &node.place,
            format!("the leg `{leg}` must be a mapping of names and values, found {}", node.describe()),
            format!("write `{leg}:`, and below it `  name: value`"),
        );
        return None;
    };
    let mut variables = Vec::new();
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        match value.text() {
            Some(text) => variables.push((name.to_owned(), text.to_owned())),
            None => loader.error(
                &value.place,
                format!("the value of `{name}` of the leg `{leg}` must be a text, found {}", value.describe()),
                "a value of a matrix is a variable; put JSON into it if it must hold more",
            ),
        }
    }
    (variables.len() == entries.len()).then_some(variables)
}
