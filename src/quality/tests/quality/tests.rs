//! Test programs: built, run, read.

use std::time::{Duration, Instant};

use slipway_quality::Check::{Build, Format, IntegrationTests, UnitTests};
use slipway_quality::{CheckOutcome, Event, TestOutcome};

use crate::world::{World, checks, holds, test, tests};

#[tokio::test]
async fn tests_of_all_kinds_with_messages_and_places() {
    let mut world =
        World::new().package(include_str!("../fixtures/sums.rs")).file("src/main.rs", "fn main() {}\n\n#[test]\nfn of_the_program() {}\n");
    let report = world.run(&[UnitTests]).await;
    let mut found = tests(&report);
    found.sort();
    assert_eq!(
        found,
        [
            "shop::bin/shop of_the_program Passed",
            "shop::doc src/lib.rs - add (line 3) Passed",
            "shop::doc src/lib.rs - sub (line 10) Failed",
            "shop::lib tests::adds Passed",
            "shop::lib tests::bytes Passed",
            "shop::lib tests::fails Failed",
            "shop::lib tests::finds_its_package Passed",
            "shop::lib tests::panics Passed",
            "shop::lib tests::result Failed",
            "shop::lib tests::slow Skipped",
        ],
        "{:#?}",
        world.output()
    );
    assert_eq!(checks(&report), ["unit-tests Failed (3 tests failed)"]);
    let fails = test(&report, "tests::fails");
    assert_eq!(fails.message.as_deref(), Some("assertion `left == right` failed: sums\n  left: 2\n right: 3"));
    let place = fails.place.as_ref().unwrap();
    assert_eq!((&*place.path, place.line, place.column), ("src/lib.rs", 29, 9));
    assert!(fails.output.starts_with("##vso[task.setvariable variable=x]y\n"), "{}", fails.output);
    assert_eq!(test(&report, "tests::result").message.as_deref(), Some("Error: \"not today\""));
    assert_eq!(test(&report, "tests::slow").message.as_deref(), Some("ignored: takes a minute"));
    let doc = test(&report, "src/lib.rs - sub (line 10)");
    assert_eq!(doc.place.as_ref().map(|place| (&*place.path, place.line)), Some(("src/lib.rs", 10)), "{doc:?}");
    assert!(world.output().iter().any(|line| line.contains("\u{fffd}\u{fffd} raw")), "{:?}", world.output());
    assert!(!world.commands().iter().any(|command| command.contains("--list")), "{:?}", world.commands());
}

pub(crate) const SECRET: &str = "correct-horse-battery";

/// A package whose build script writes down what it sees, whose unit test wants no secret, and whose integration test
/// wants it.
pub(crate) fn with_secret() -> World {
    World::new()
        .package("#[test]\nfn has_none() {\n    assert!(std::env::var(\"API_TOKEN\").is_err());\n}\n")
        .file(
            "build.rs",
            "fn main() {\n    let all: Vec<_> = std::env::vars().map(|pair| format!(\"{pair:?}\\n\")).collect();\n    \
             std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/seen\"), all.concat()).unwrap();\n    \
             println!(\"cargo:rerun-if-env-changed=API_TOKEN\");\n    println!(\"cargo:rustc-env=MARK=built\");\n}\n",
        )
        .file(
            "tests/whole.rs",
            &format!(
                "#[test]\nfn has_it() {{\n    assert_eq!(std::env::var(\"API_TOKEN\").unwrap(), \"{SECRET}\");\n    \
                 assert_eq!(std::env::var(\"MARK\").unwrap(), \"built\");\n    \
                 assert!(std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).is_dir());\n    \
                 assert!(std::path::Path::new(&std::env::var(\"CARGO_BIN_EXE_serve\").unwrap()).is_file());\n}}\n"
            ),
        )
        .file("src/bin/serve.rs", "fn main() {}\n")
        .secret("API_TOKEN", SECRET)
}

#[tokio::test]
async fn only_integration_tests_get_the_secret_and_no_compiler_does() {
    let mut world = with_secret();
    let report = world.run(&[UnitTests, IntegrationTests]).await;
    assert_eq!(tests(&report), ["shop::lib has_none Passed", "shop::test/whole has_it Passed"], "{:#?}", world.output());
    assert!(report.passed(), "{:?}", checks(&report));
    let seen = world.sources().join("seen");
    assert!(holds(&seen, "CARGO_TARGET_DIR"), "the build script tells what it saw");
    assert!(!holds(&seen, SECRET));
    assert!(!format!("{:?} {report:?}", world.events).contains(SECRET));
}

#[tokio::test]
async fn a_test_that_hangs_is_ended_with_all_that_it_started() {
    let mut world = World::new()
        .package(
            "#[test]\nfn ends() {}\n\n#[test]\nfn hangs() {\n    \
             let child = std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap();\n    \
             std::fs::write(\"child\", child.id().to_string()).unwrap();\n    std::thread::sleep(std::time::Duration::from_secs(1000));\n}\n",
        )
        .set("RUST_TEST_THREADS", "1");
    // Built before, so that the time is the tests'.
    assert!(world.run(&[Build]).await.passed());
    world.options.timeout = Duration::from_secs(5);
    let start = Instant::now();
    let report = world.run(&[UnitTests, Format]).await;
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(tests(&report), ["shop::lib ends Passed", "shop::lib hangs TimedOut"], "{:#?}", world.output());
    assert_eq!(checks(&report)[1], "unit-tests TimedOut (did not end within 5 s; it was ended, with all that it had started)",);
    assert_eq!(test(&report, "hangs").message.as_deref(), Some("still ran when the time of the check was up"));
    let child = std::fs::read_to_string(world.sources().join("child")).unwrap();
    assert!(gone(&child), "process {child} still runs");
}

/// Whether the process is no more, or waits to be reaped.
pub(crate) fn gone(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !matches!(stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()), Some("R" | "S" | "D"))
}

#[tokio::test]
async fn stopping_ends_what_runs_and_nothing_further_starts() {
    let mut world =
        World::new().package("#[test]\nfn hangs() {\n    println!();\n    std::thread::sleep(std::time::Duration::from_secs(1000));\n}\n");
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let mut tell = Some(tell);
    let stop = async move { _ = told.await };
    let hear = move |event: &Event| {
        if let Event::Output { line } = event
            && line.starts_with("running 1 test")
        {
            tell.take().map(|tell| tell.send(()));
        }
    };
    let report = world.run_until(&[UnitTests, IntegrationTests], stop, hear).await;
    assert_eq!(
        checks(&report),
        ["unit-tests Stopped (stopped while it ran)", "integration-tests NotRun (the run was stopped before)"],
        "{:#?}",
        world.output()
    );
}

#[tokio::test]
async fn a_program_that_dies_fails_the_test_that_ran() {
    let mut world = World::new().package("#[test]\nfn aborts() {\n    eprintln!(\"last words\");\n    std::process::abort();\n}\n");
    let report = world.run(&[UnitTests]).await;
    assert_eq!(tests(&report), ["shop::lib aborts Failed"], "{:#?}", world.output());
    let message = test(&report, "aborts").message.clone().unwrap();
    assert!(message.starts_with("the test program ended with signal 6 before its tests did"), "{message}");
}

#[tokio::test]
async fn a_program_that_exits_before_its_tests_are_over_fails_though_its_status_is_0() {
    let mut world = World::new().package("#[test]\nfn leaves() {\n    std::process::exit(0);\n}\n");
    let report = world.run(&[UnitTests]).await;
    assert_eq!(tests(&report), ["shop::lib leaves Failed"], "{:#?}", world.output());
}

#[tokio::test]
async fn a_program_without_the_harness_is_judged_by_its_status() {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[[test]]\nname = \"bad\"\nharness = false\n\n\
                    [[test]]\nname = \"good\"\nharness = false\n";
    let mut world = World::new()
        .package("")
        .file("Cargo.toml", manifest)
        .file("tests/good.rs", "fn main() {\n    assert_eq!(std::env::args().count(), 1);\n}\n")
        .file("tests/bad.rs", "fn main() {\n    panic!(\"bad luck\");\n}\n");
    let report = world.run(&[IntegrationTests]).await;
    assert_eq!(
        tests(&report),
        ["shop::test/bad (the whole program) Failed", "shop::test/good (the whole program) Passed"],
        "{:#?}",
        world.output()
    );
    let bad = &report.tests[0].cases[0];
    assert_eq!(bad.message.as_deref(), Some("the test program ended with exit status 101"));
    assert_eq!(bad.place.as_ref().map(|place| (&*place.path, place.line)), Some(("tests/bad.rs", 2)));
    assert!(bad.output.contains("bad luck"));
}

#[tokio::test]
async fn no_integration_tests_is_no_failure() {
    let mut world = World::new().package("");
    let report = world.run(&[IntegrationTests]).await;
    assert_eq!((checks(&report), report.test_count()), (vec!["integration-tests Passed".to_owned()], 0));
    assert_eq!(report.checks[0].outcome, CheckOutcome::Passed);
}

#[tokio::test]
async fn a_test_that_loads_the_compiler_s_libraries_runs() {
    let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nproc-macro = true\n";
    let mut world = World::new().package("#[test]\nfn of_a_macro() {}\n").file("Cargo.toml", manifest);
    let report = world.run(&[UnitTests]).await;
    assert_eq!(tests(&report), ["shop::lib of_a_macro Passed"], "{:#?}", world.output());
    assert_eq!(report.tests[0].count(TestOutcome::Passed), 1);
}
