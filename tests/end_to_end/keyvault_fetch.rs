//! The main path: a secret is fetched through every kind of service connection, and the next step uses it.

use std::fs;

use serde_json::Value;

use crate::leftovers::assert_masked;
use crate::shop::{fetch, world};

fn fetches_through(connection: &str) {
    let world = world(&fetch(connection, "shop", "PLANTED = planted\nSECOND = second"));
    let finished = world.run("azure-pipelines.yml");
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    let log = world.log(1, "-Use.");
    assert!(log.contains("the secret is ***"), "{log}");
    assert!(log.contains("it has 40 characters"), "{log}");
    assert_masked(&world, &[&finished.stdout, &finished.stderr]);
}

#[test]
fn a_federated_connection_fetches_secrets() {
    fetches_through("shop");
}

#[test]
fn a_connection_with_a_client_secret_fetches_secrets() {
    fetches_through("by-secret");
}

#[test]
fn a_connection_with_a_certificate_fetches_secrets() {
    fetches_through("by-certificate");
}

#[test]
fn a_managed_identity_fetches_secrets() {
    fetches_through("by-machine");
}

#[test]
fn the_whole_output_of_a_successful_run() {
    let world = world(&fetch("shop", "shop", "PLANTED = planted"));
    let finished = world.run("azure-pipelines.yml");
    insta::assert_snapshot!(finished.text(&world));
    insta::assert_snapshot!("the_log_of_the_task", world.steady(&world.log(1, "-Fetch.")));
}

#[test]
fn a_second_run_on_the_same_state_reads_the_same_secret() {
    let pipeline =
        fetch("shop", "shop", "PLANTED = planted").replace("echo \"the secret is $PLANTED\"", "printf %s \"$PLANTED\" | sha256sum");
    let world = world(&pipeline);
    let hash = |run| world.log(run, "-Use.").lines().find(|line| line.ends_with(" -")).map(|line| line[line.len() - 67..].to_owned());
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
    assert!(hash(1).is_some());
    assert_eq!(hash(1), hash(2));
}

#[test]
fn the_task_leaves_its_fragment_and_its_summary() {
    let world = world(&fetch("shop", "shop", "PLANTED = planted"));
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
    let run = world.state().join("runs/1");
    let fragments =
        slipway_tests::files_with(&run, "\"kind\": \"secrets\"").into_iter().chain(slipway_tests::files_with(&run, "\"kind\":\"secrets\""));
    let fragments: Vec<_> = fragments.collect();
    assert_eq!(fragments.len(), 1, "{fragments:?}");
    let fragment: Value = serde_json::from_slice(&fs::read(run.join(&fragments[0])).unwrap()).unwrap();
    assert_eq!(fragment["schema"], 1);
    assert_eq!(fragment["facts"]["vault"], "shop");
    assert_eq!(fragment["facts"]["secrets"][0]["name"], "planted");
    assert_eq!(slipway_tests::files_with(&run.join("summaries"), "planted").len(), 1);
}
