//! Bad input as a new user would give it. Each test compares the whole output, the exit status, what a rerun does, and that no
//! secret leaked; a good run on the same state comes first, so that there are secrets to leak.

use std::io::{BufRead, BufReader};

use slipway_tests::{Finished, World};

use crate::leftovers::{assert_masked, processes_of};
use crate::shop::{fetch, world};

/// Runs a good pipeline, then `pipeline`, then the good one again; the snapshot `name` is the output of the middle one.
fn refused(name: &str, pipeline: &str) {
    let (world, finished) = run_between_good_runs(pipeline);
    assert_ne!(finished.status, 0);
    insta::assert_snapshot!(name, finished.text(&world));
}

fn run_between_good_runs(pipeline: &str) -> (World, Finished) {
    let world = world(&fetch("shop", "shop", "PLANTED = planted\nSECOND = second"));
    let good = world.run("azure-pipelines.yml");
    assert_eq!(good.status, 0, "{}", good.text(&world));
    world.write("bad.yml", pipeline);
    let finished = world.run("bad.yml");
    assert_masked(&world, &[&finished.stdout, &finished.stderr]);
    let again = world.run("azure-pipelines.yml");
    assert_eq!(again.status, 0, "a rerun stumbles:\n{}", again.text(&world));
    (world, finished)
}

#[test]
fn a_vault_that_does_not_exist() {
    refused("no_such_vault", &fetch("shop", "shop-nowhere", "PLANTED = planted"));
}

#[test]
fn two_secrets_that_do_not_exist() {
    refused("no_such_secrets", &fetch("shop", "shop", "PLANTED = plantde\nOTHER = nothing-like-it\nSECOND = second"));
}

#[test]
fn a_wrong_client_secret() {
    refused("wrong_client_secret", &fetch("by-wrong-secret", "shop", "PLANTED = planted"));
}

#[test]
fn an_expired_client_secret() {
    refused("expired_client_secret", &fetch("by-expired-secret", "shop", "PLANTED = planted"));
}

#[test]
fn a_vault_that_refuses_by_role_assignments() {
    refused("refused_by_rbac", &fetch("stranger", "shop", "PLANTED = planted"));
}

#[test]
fn a_vault_that_refuses_by_access_policies() {
    refused("refused_by_policy", &fetch("stranger", "shop-policies", "PLANTED = planted"));
}

#[test]
fn a_vault_whose_firewall_refuses() {
    refused("refused_by_firewall", &fetch("shop", "shop-walled", "PLANTED = planted"));
}

#[test]
fn a_secret_of_several_lines() {
    refused("several_lines", &fetch("shop", "shop", "PLANTED = several-lines"));
}

#[test]
fn a_mapping_with_many_mistakes() {
    refused("bad_mapping", &fetch("shop", "shop", "PLANTED planted\nPATH = planted\nSECOND = second\nsecond = planted\nTHIRD = no spaces"));
}

#[test]
fn a_cycle_in_depends_on() {
    refused(
        "cycle",
        "\
jobs:
- job: Start
  steps:
  - script: echo start
- job: Build
  dependsOn: [Start, Test]
  steps:
  - script: echo build
- job: Test
  dependsOn: Build
  steps:
  - script: echo test
",
    );
}

#[test]
fn an_unknown_task() {
    refused("unknown_task", "steps:\n- task: KeyVaultFecth@1\n  inputs:\n    azureSubscription: shop\n");
}

#[test]
fn an_unknown_function() {
    refused(
        "unknown_function",
        "steps:\n- script: echo hello\n  condition: and(succeeded(), equals(variables['Build.Reason'], 'Manual'))\n",
    );
}

#[test]
fn a_syntax_error() {
    refused("syntax_error", "steps:\n- script: echo hello\n  displayName: \"Say hello\n- script: echo bye\n");
}

#[test]
fn a_service_connection_that_does_not_exist() {
    refused("unknown_connection", &fetch("shop-prod", "shop", "PLANTED = planted"));
}

#[test]
fn something_that_is_not_supported_yet() {
    refused("not_supported", "jobs:\n- job: build\n  container: ubuntu:24.04\n  steps:\n  - pwsh: Get-Date\n");
}

#[test]
fn a_script_in_a_job_without_an_agent() {
    refused("no_agent", "jobs:\n- job: wait\n  pool: server\n  steps:\n  - script: echo\n");
}

#[test]
fn a_template_that_does_not_exist() {
    refused(
        "no_template",
        "parameters:\n- name: who\n  default: world\n\nsteps:\n- template: steps.yml\n- script: echo ${{ parameters.who }}\n",
    );
}

#[test]
fn node_is_missing() {
    let world = world(&fetch("shop", "shop", "PLANTED = planted"));
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
    let mut command = world.run_command("azure-pipelines.yml");
    command.env("PATH", "/nowhere");
    let finished = Finished::of(World::start(command));
    assert_ne!(finished.status, 0);
    assert_masked(&world, &[&finished.stdout, &finished.stderr]);
    assert_eq!(world.run("azure-pipelines.yml").status, 0, "a rerun stumbles");
    insta::assert_snapshot!("node_is_missing", finished.text(&world));
}

#[test]
fn ctrl_c_in_the_middle_of_a_step() {
    let world = world(&fetch("shop", "shop", "PLANTED = planted\nSECOND = second"));
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
    world.write(
        "long.yml",
        &fetch("shop", "shop", "PLANTED = planted").replace("echo \"it has ${#PLANTED} characters\"", "sleep 600 & wait"),
    );
    let mut child = World::start(world.run_command("long.yml"));
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut stdout = String::new();
    while !stdout.contains("the secret is ***") {
        assert_ne!(lines.read_line(&mut stdout).unwrap(), 0, "{stdout}");
    }
    assert!(!processes_of(&world).is_empty(), "the search does not even find the running step");
    let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    std::io::Read::read_to_string(&mut lines, &mut stdout).unwrap();
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    let finished = Finished { status: child.wait().unwrap().code().unwrap_or(-1), stdout, stderr };
    assert_eq!(finished.status, 130, "{}", finished.text(&world));
    assert_eq!(processes_of(&world), Vec::<String>::new());
    assert_masked(&world, &[&finished.stdout, &finished.stderr]);
    insta::assert_snapshot!("ctrl_c", finished.text(&world));
    assert_eq!(world.run("azure-pipelines.yml").status, 0);
}
