//! Expansions over small worlds. No pairs of input and output of the service itself are public (facts/pipeline-yaml.md 6):
//! each test says which documented rule its expectation comes from.

mod directives;
mod includes;
mod limits;
mod mistakes;
mod repositories;
mod speed;
mod typed;
mod variables;

use crate::bench::Bench;

/// The expanded document.
fn yaml(bench: &Bench) -> String {
    match bench.expand() {
        Ok(expanded) => expanded.to_yaml(),
        Err(problems) => panic!("{}", problems.render(&|_| None)),
    }
}

/// What is wrong with it.
fn problems(bench: &Bench) -> String {
    match bench.load() {
        Ok(loaded) => panic!("{}", loaded.expanded.to_yaml()),
        Err(problems) => problems.render(&|_| None),
    }
}
