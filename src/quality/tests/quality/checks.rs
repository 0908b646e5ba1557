//! Formatting, lint and build of real packages by the real tools.
use crate::world::{World, checks, findings};
use slipway_quality::Check::{Build, Format, Lint, UnitTests};
use slipway_quality::DiscoverError;

#[tokio::test]
async fn a_good_package_passes() {
    let mut world = World::new().package("//! Sums.\n\n/// A sum.\npub fn add(a: u8, b: u8) -> u8 {\n    a + b\n}\n");
    let report = world.run(&[Build, Lint, Format, Build]).await;
    assert_eq!(checks(&report), ["format Passed", "lint Passed", "build Passed"], "{:?}", world.output());
    assert!(report.passed() && report.findings.is_empty());
    assert_eq!(
        world.commands(),
        [
            "cargo fmt --all --check",
            "cargo clippy --workspace --all-targets --color never --message-format json -- -D warnings",
            "cargo build --workspace --all-targets --color never --message-format json"
        ]
    );
}

#[tokio::test]
async fn every_check_runs_and_every_finding_has_its_place_once() {
    let mut world = World::new().package("pub fn empty(x:&str) -> bool {\n    x.len() == 0\n}\n\nfn unused() {}\n");
    let report = world.run(&[Format, Lint, Build]).await;
    assert_eq!(
        checks(&report),
        ["format Failed (1 file is not formatted)", "lint Failed (clippy found 2 errors)", "build Passed"],
        "{:?}",
        world.output()
    );
    assert_eq!(
        findings(&report),
        [
            "Error dead_code src/lib.rs:5:4 function `unused` is never used",
            "Error clippy::len_zero src/lib.rs:2:5 length comparison to zero",
            "Error rustfmt src/lib.rs:1:1 not formatted as rustfmt would",
        ]
    );
    let lint = report.findings.iter().find(|finding| finding.rule == "clippy::len_zero").unwrap();
    assert_eq!(lint.help.as_deref(), Some("using `is_empty` is clearer and more explicit"));
    assert!(lint.help_uri.as_ref().unwrap().ends_with("#len_zero"), "{lint:?}");
    assert!(world.output().iter().any(|line| line.contains("--> src/lib.rs:2:5")), "a person sees what the compiler prints");
    assert!(!world.output().iter().any(|line| line.contains("\"reason\"")), "and no JSON");
}

#[tokio::test]
async fn code_that_does_not_compile_is_found_once_and_its_tests_do_not_run() {
    let mut world = World::new().package("pub fn add(a: u8) -> u8 {\n    a + \"one\"\n}\n");
    let report = world.run(&[Lint, Build, UnitTests]).await;
    assert_eq!(
        checks(&report),
        [
            "lint Failed (clippy found 1 error)",
            "build Failed (the compiler found 1 error)",
            "unit-tests NotRun (does not compile (1 error))"
        ],
        "{:?}",
        world.output()
    );
    assert_eq!(findings(&report), ["Error E0277 src/lib.rs:2:7 cannot add `&str` to `u8`"]);
    assert_eq!(report.findings[0].help_uri.as_deref(), Some("https://doc.rust-lang.org/error_codes/E0277.html"));
}

#[tokio::test]
async fn code_that_does_not_parse_has_no_code_and_a_place() {
    let mut world = World::new().package("pub fn add( {\n");
    let report = world.run(&[Format, Build]).await;
    assert_eq!(checks(&report)[0], "format Failed (rustfmt failed; its output says why (code that does not parse cannot be formatted))");
    let found = findings(&report);
    assert!(found[0].starts_with("Error rustc src/lib.rs:1:"), "{found:?}");
}

#[tokio::test]
async fn a_lock_file_that_would_change_is_told_with_the_next_step() {
    let mut world = World::new().package("").file("Cargo.lock", "version = 4\n\n[[package]]\nname = \"shop\"\nversion = \"9.9.9\"\n");
    let report = world.run(&[Build]).await;
    let check = &report.checks[0];
    assert!(world.commands()[0].contains(" --locked"), "{:?}", world.commands());
    assert!(check.reason.as_ref().unwrap().contains("lock file"), "{check:?} {:?}", world.output());
    assert!(check.hint.as_ref().unwrap().contains("commit `Cargo.lock`"), "{check:?}");
}

/// A `cargo` that has no clippy in the folder `old`, which chooses a tool chain of its own.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a shell that writes the program for the test")]
fn cargo_without_clippy_in_old(folder: &std::path::Path) {
    // Another process writes the program: a child that another test forks at that moment would hold this process's open file.
    let script = r#"case "$PWD $*" in */old\ clippy*) exit 1;; *) PATH=${PATH#*:}; exec cargo "$@";; esac"#;
    let write = r#"mkdir "$1" && printf '#!/bin/sh\n%s\n' "$2" > "$1/cargo" && chmod +x "$1/cargo""#;
    let written = std::process::Command::new("sh").args(["-c", write, "sh"]).arg(folder).arg(script).status().unwrap();
    assert!(written.success());
}

#[cfg(unix)]
#[tokio::test]
async fn each_workspace_has_the_tools_that_it_chooses() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let mut world = World::new();
    for name in ["new", "old", "other"] {
        world = world.file(&format!("{name}/Cargo.toml"), &package(name)).file(&format!("{name}/src/lib.rs"), "//! Shop.\n");
    }
    world = world.file("old/rust-toolchain.toml", "");
    let tools = world.folder.path().join("tools");
    cargo_without_clippy_in_old(&tools);
    let (_, path) = world.environment.base.iter_mut().find(|(name, _)| name == "PATH").unwrap();
    *path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(path))).unwrap();
    let report = world.run(&[Lint]).await;
    assert_eq!(checks(&report).len(), 3);
    let reasons: Vec<_> = report.checks.iter().map(|check| check.reason.as_deref().unwrap_or("passed")).collect();
    assert_eq!((reasons[0], reasons[2]), ("passed", "passed"), "{reasons:?} {:?}", world.output());
    assert!(reasons[1].starts_with("`clippy` is not installed in the Rust tool chain that `"), "{reasons:?}");
}

#[tokio::test]
async fn a_missing_component_fails_its_check_alone() {
    let mut world = World::new().package("//! Shop.\n");
    world.tools = Some(slipway_quality::Tools { versions: [(".".to_owned(), [("rustfmt", "1".to_owned())].into())].into() });
    let report = world.run(&[Format, Lint]).await;
    assert_eq!(report.checks[0].outcome, slipway_quality::CheckOutcome::Passed);
    let lint = &report.checks[1];
    assert!(lint.reason.as_ref().unwrap().starts_with("`clippy` is not installed in the Rust tool chain that `"), "{lint:?}");
    assert!(lint.hint.as_ref().unwrap().contains("rustup component add clippy"));
}

#[tokio::test]
async fn workspaces_are_found_once_each_and_built_code_is_not_searched() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let mut world = World::new()
        .file("services/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"orders\", \"shipping\"]\nexclude = [\"alone\"]\n")
        .file("services/orders/Cargo.toml", &package("orders"))
        .file("services/orders/src/main.rs", "fn main() {}\n")
        .file("services/shipping/Cargo.toml", &package("shipping"))
        .file("services/shipping/src/lib.rs", "")
        .file("services/shipping/tests/whole.rs", "")
        .file("services/alone/Cargo.toml", &package("alone"))
        .file("services/alone/src/lib.rs", "pub fn x( ")
        .file("services/orders/data/Cargo.toml", &package("data"))
        .file("services/orders/data/src/lib.rs", "")
        .file("target/package/Cargo.toml", "broken")
        .file(".hidden/Cargo.toml", "broken");
    let found = world.discover().await.unwrap();
    let show = |package: &slipway_quality::Package| format!("{} {} {}", package.name, package.library, package.integration_tests);
    let shown: Vec<_> =
        found.iter().map(|workspace| (&*workspace.folder, workspace.packages.iter().map(show).collect::<Vec<_>>())).collect();
    assert_eq!(
        shown,
        [
            ("services", vec!["orders false false".to_owned(), "shipping true true".to_owned()]),
            ("services/alone", vec!["alone true false".to_owned()])
        ]
    );
    let report = world.run(&[Build]).await;
    assert_eq!(checks(&report), ["build Passed", "build Failed (the compiler found 1 error)"]);
    assert!(findings(&report)[0].contains(" services/alone/src/lib.rs:1:"), "{:?}", findings(&report));
}

#[tokio::test]
async fn nothing_to_check_is_an_error_that_says_where_it_was_looked_for() {
    let world = World::new().file("docs/readme.md", "nothing");
    let error = world.discover().await.unwrap_err();
    let folder = world.sources();
    assert_eq!(
        error.to_string(),
        format!("nothing to check was found below `{}`: looked for `Cargo.toml` (Cargo); 2 folders were searched", folder.display())
    );
    let error = slipway_quality::discover(&folder.join("docs"), &[]).await.unwrap_err().to_string();
    assert!(error.ends_with("looked for `Cargo.toml` (Cargo); 1 folder was searched"), "{error}");
    let error = slipway_quality::discover(&folder.join("missing"), &[]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` is no folder", folder.join("missing").display()));
}

#[tokio::test]
async fn cargo_that_is_not_installed_is_an_error_of_its_own() {
    let world = World::new().package("");
    assert!(world.discover().await.is_ok(), "with a PATH it is found");
    let error = slipway_quality::discover(&world.sources(), &[("PATH".into(), "/nowhere".into())]).await.unwrap_err();
    assert!(matches!(error, DiscoverError::ToolMissing { tool: "cargo", .. }));
    assert_eq!(error.to_string(), "`Cargo.toml` needs `cargo`, which is not on `PATH`");
    assert!(error.hint().contains("rustup.rs"), "{}", error.hint());
}

#[tokio::test]
async fn all_broken_manifests_are_told_at_once_and_what_lies_below_one_is_part_of_it() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let world = World::new()
        .file("a/Cargo.toml", "[workspace]\nmembers = [\"b\"]\nplanted\n")
        .file("a/b/Cargo.toml", &package("b"))
        .file("a/b/src/lib.rs", "")
        .file("c/Cargo.toml", &package("c"))
        .file("c/src/lib.rs", "")
        .file("d/Cargo.toml", "[package]\nversion = 1\n");
    let error = world.discover().await.unwrap_err().to_string();
    let told: Vec<_> = error.lines().filter(|line| line.starts_with("`cargo` cannot read")).collect();
    assert_eq!(told, ["`cargo` cannot read `a/Cargo.toml`:", "`cargo` cannot read `d/Cargo.toml`:"], "{error}");
    assert!(error.contains("3 | planted") && error.contains("2 | version = 1"), "{error}");
}

#[tokio::test]
async fn a_broken_manifest_is_told_as_cargo_tells_it() {
    let world = World::new().file("a/Cargo.toml", "[package]\nname = \"a\"\nversion = 1\n");
    let error = world.discover().await.unwrap_err().to_string();
    assert!(error.starts_with("`cargo` cannot read `a/Cargo.toml`:\n") && error.contains("3 | version = 1"), "{error}");
}
