//! The same tests through cargo-nextest.

use std::time::{Duration, Instant};

use slipway_quality::Check::{Build, IntegrationTests, UnitTests};

use crate::tests::{SECRET, gone, with_secret};
use crate::world::{World, checks, holds, test, tests};

#[tokio::test]
async fn nextest_runs_the_tests_and_cargo_the_documentation_s() {
    let mut world = World::new().package(include_str!("../fixtures/sums.rs")).with_nextest();
    let report = world.run(&[UnitTests]).await;
    let mut found = tests(&report);
    found.sort();
    assert_eq!(
        found,
        [
            "shop::doc src/lib.rs - add (line 3) Passed",
            "shop::doc src/lib.rs - sub (line 10) Failed",
            "shop::lib tests::adds Passed",
            "shop::lib tests::bytes Passed",
            "shop::lib tests::fails Failed",
            "shop::lib tests::finds_its_package Passed",
            "shop::lib tests::panics Passed",
            "shop::lib tests::result Failed",
        ],
        "{:#?}",
        world.output()
    );
    assert_eq!(checks(&report), ["unit-tests Failed (3 tests failed)"]);
    let fails = test(&report, "tests::fails");
    assert_eq!(fails.message.as_deref(), Some("assertion `left == right` failed: sums\n  left: 2\n right: 3"));
    let place = fails.place.as_ref().unwrap();
    assert_eq!((&*place.path, place.line, place.column), ("src/lib.rs", 29, 9));
    assert!(fails.output.contains("##vso[task.setvariable variable=x]y"), "{}", fails.output);
    assert!(test(&report, "tests::adds").duration.is_some(), "nextest tells how long each took");
    assert!(world.commands()[1].starts_with("cargo nextest run --color never --profile slipway "), "{:?}", world.commands());
}

#[tokio::test]
async fn nextest_hands_the_secret_to_integration_tests_and_to_no_compiler() {
    let mut world = with_secret().with_nextest();
    let report = world.run(&[UnitTests, IntegrationTests]).await;
    assert_eq!(tests(&report), ["shop::lib has_none Passed", "shop::test/whole has_it Passed"], "{:#?}", world.output());
    let seen = world.sources().join("seen");
    assert!(holds(&seen, "CARGO_TARGET_DIR"), "the build script tells what it saw");
    assert!(!holds(&seen, SECRET));
}

#[tokio::test]
async fn nextest_is_ended_with_its_tests_though_they_are_no_part_of_its_group() {
    let mut world = World::new()
        .package(
            "#[test]\nfn ends() {}\n\n#[test]\nfn hangs() {\n    std::fs::write(\"test\", std::process::id().to_string()).unwrap();\n    \
             std::thread::sleep(std::time::Duration::from_secs(1000));\n}\n",
        )
        .with_nextest();
    assert!(world.run(&[Build]).await.passed());
    world.options.timeout = Duration::from_secs(8);
    let start = Instant::now();
    let report = world.run(&[UnitTests]).await;
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(tests(&report), ["shop::lib ends Passed", "shop::lib hangs TimedOut"], "{:#?}", world.output());
    let id = std::fs::read_to_string(world.sources().join("test")).unwrap();
    assert!(gone(&id), "process {id} still runs");
}

#[tokio::test]
async fn a_program_that_cannot_list_its_tests_runs_beside_nextest() {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[[test]]\nname = \"own\"\nharness = false\n";
    let mut world = World::new()
        .package("")
        .file("Cargo.toml", manifest)
        .file("tests/own.rs", "fn main() {\n    assert_eq!(std::env::args().count(), 1);\n}\n")
        .file("tests/usual.rs", "#[test]\nfn usual() {}\n")
        .with_nextest();
    let report = world.run(&[IntegrationTests]).await;
    assert_eq!(tests(&report), ["shop::test/usual usual Passed", "shop::test/own (the whole program) Passed"], "{:#?}", world.output());
    assert_eq!(checks(&report), ["integration-tests Passed"]);
}

#[tokio::test]
async fn a_package_without_tests_passes_with_nextest() {
    let mut world = World::new().package("").with_nextest();
    assert_eq!(checks(&world.run(&[UnitTests]).await), ["unit-tests Passed"], "{:#?}", world.output());
}
