//! The pipeline templates and the pipelines of the examples: kept to the rules of [`rules`].

mod library;
mod planted;
mod rules;

use library::Library;
use rules::RULES;
use slipway_tests::root;

#[test]
fn the_templates_and_examples_keep_the_rules() {
    let library = Library::of_checkout(root());
    for name in ["templates/pipelines/cd.yml", "templates/steps/check.yml", "examples/shop/azure-pipelines/ci.yml"] {
        assert!(library.0.iter().any(|source| source.name == name), "{name} is not looked at");
    }
    let breaches = RULES.iter().flat_map(|(_, rule)| library.0.iter().flat_map(|source| rule(source, &library)));
    let breaches: Vec<_> = breaches.map(|breach| breach.to_string()).collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}
