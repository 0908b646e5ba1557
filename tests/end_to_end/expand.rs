//! The example's pipelines with everything expanded, and checked with the packaged tasks.
//!
//! When a template changes on purpose: `INSTA_UPDATE=always ./scripts/test -p slipway-tests --test end_to_end expand`, and read the
//! difference of the snapshots.

use slipway_tests::{Finished, World, root};

/// `slipway check` finds no problem; what `slipway expand` prints.
fn expanded(pipeline: &str) -> String {
    let world = World::example("shop");
    let packages = root().join("target/packages");
    let arguments = ["check", pipeline, "--task", &packages.display().to_string()];
    let checked = Finished::of(World::start(world.command(&arguments)));
    assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{}", checked.text(&world));
    assert!(checked.stdout.starts_with(&format!("{pipeline}: no problems (")), "{}", checked.stdout);
    // The control: without the packages nobody knows our tasks.
    let unknown = Finished::of(World::start(world.command(&arguments[..2])));
    assert!(unknown.status == 2 && unknown.stderr.contains("unknown task: `"), "{}", unknown.text(&world));
    let expanded = Finished::of(World::start(world.command(&[&["expand"], &arguments[1..]].concat())));
    assert_eq!((expanded.status, expanded.stderr.as_str()), (0, ""), "{}", expanded.text(&world));
    format!("# {}{}", checked.stdout, expanded.stdout)
}

#[test]
fn the_pull_request_pipeline_of_the_example() {
    insta::assert_snapshot!(expanded("azure-pipelines/pr.yml"));
}

#[test]
fn the_ci_pipeline_of_the_example() {
    insta::assert_snapshot!(expanded("azure-pipelines/ci.yml"));
}

#[test]
fn the_cd_pipeline_of_the_example() {
    insta::assert_snapshot!(expanded("azure-pipelines/cd.yml"));
}
