//! Cargo: rustfmt, clippy, rustc, and the tests of packages.

mod compiler;
mod libtest;
mod metadata;
mod nextest;
mod rustfmt;
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::ecosystem::{Ecosystem, Interpreter};
use crate::{Check, CommandLine, DiscoverError, Options, PlannedCheck, Tools, Workspace};

/// The ecosystem.
pub(crate) struct Cargo;

#[async_trait(?Send)]
impl Ecosystem for Cargo {
    fn name(&self) -> &'static str {
        "Cargo"
    }

    fn marker(&self) -> &'static str {
        "Cargo.toml"
    }

    fn judges(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("rustc", "https://doc.rust-lang.org/rustc/"),
            ("clippy", "https://doc.rust-lang.org/clippy/"),
            ("rustfmt", "https://rust-lang.github.io/rustfmt/"),
        ]
    }

    async fn find(&self, base: &Path, files: &[PathBuf], environment: &[(String, OsString)]) -> Result<Vec<Workspace>, DiscoverError> {
        metadata::find(base, files, environment).await
    }

    async fn tools(&self, folder: &Path, environment: &[(String, OsString)]) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let questions: [(&'static str, &[&str]); 5] = [
            ("cargo", &["--version"]),
            ("rustc", &["rustc", "--quiet", "--", "--version"]),
            ("rustfmt", &["fmt", "--version"]),
            ("clippy", &["clippy", "--version"]),
            ("nextest", &["nextest", "--version"]),
        ];
        for (tool, arguments) in questions {
            // `cargo rustc` would build: the compiler is asked itself.
            let (program, arguments): (&str, &[&str]) = if tool == "rustc" { ("rustc", &["--version"]) } else { ("cargo", arguments) };
            let output = metadata::output(&CommandLine::new(program, arguments, folder), environment).await;
            if let Ok(output) = output
                && output.status.success()
            {
                // `clippy 0.1.95 (59807616e1 2026-04-14)`, `cargo-nextest 0.9.148 (…)`, `rustfmt 1.9.0-stable (…)`
                let version = output.stdout.split_whitespace().nth(1).unwrap_or("unknown");
                found.push((tool, version.to_owned()));
            }
        }
        found
    }

    fn tools_chosen_by(&self, folder: &Path) -> Option<PathBuf> {
        // As rustup looks for them: <https://rust-lang.github.io/rustup/overrides.html>
        let files = folder.ancestors().flat_map(|folder| ["rust-toolchain", "rust-toolchain.toml"].map(|name| folder.join(name)));
        files.into_iter().find(|file| file.is_file())
    }

    fn plan(&self, workspace: &Workspace, check: Check, options: &Options, tools: &Tools) -> PlannedCheck {
        let locked: &[&str] = if options.locked && workspace.locked { &["--locked"] } else { &[] };
        let cargo = |parts: &[&[&str]]| CommandLine::new("cargo", &parts.concat(), &workspace.root);
        let is_nextest =
            matches!(check, Check::UnitTests | Check::IntegrationTests) && tools.version(&workspace.folder, "nextest").is_some();
        const JSON: &[&str] = &["--color", "never", "--message-format", "json"];
        let (commands, then, judges, obstacle): (_, &str, Vec<&'static str>, _) = match check {
            Check::Format => (vec![cargo(&[&["fmt", "--all", "--check"]])], "", vec!["rustfmt"], missing(tools, "rustfmt", workspace)),
            Check::Lint => {
                let deny: &[&str] = if options.deny_warnings { &["--", "-D", "warnings"] } else { &[] };
                let lint = cargo(&[&["clippy", "--workspace", "--all-targets"], JSON, locked, deny]);
                (vec![lint], "", vec!["rustc", "clippy"], missing(tools, "clippy", workspace))
            }
            Check::Build => (vec![cargo(&[&["build", "--workspace", "--all-targets"], JSON, locked])], "", vec!["rustc"], None),
            Check::UnitTests => {
                // Cargo refuses `--lib` where there is none.
                let library: &[&str] = if workspace.packages.iter().any(|package| package.library) { &["--lib"] } else { &[] };
                let build = cargo(&[&["test", "--workspace", "--no-run", "--bins"], library, JSON, locked]);
                (vec![build], "each test program by itself, then the examples in the documentation", vec![], None)
            }
            Check::IntegrationTests if !workspace.packages.iter().any(|package| package.integration_tests) => {
                (Vec::new(), "nothing: no package has a folder `tests`", vec![], None)
            }
            Check::IntegrationTests => {
                let build = cargo(&[&["test", "--workspace", "--no-run", "--test", "*"], JSON, locked]);
                (vec![build], "each test program by itself, with the variables of the integration tests", vec![], None)
            }
        };
        PlannedCheck {
            check,
            workspace: workspace.clone(),
            commands,
            then: if is_nextest { then.replace("each test program by itself", "`cargo nextest run`") } else { then.into() },
            test_runner: is_nextest.then_some("nextest"),
            tools: judges,
            obstacle,
            timeout: options.timeout,
            scratch: options.scratch.clone(),
        }
    }

    fn interpret(&self, planned: &PlannedCheck) -> Box<dyn Interpreter> {
        match planned.check {
            Check::Format => Box::new(rustfmt::Format::new(&planned.workspace)),
            Check::UnitTests | Check::IntegrationTests => Box::new(tests::Tests::new(planned)),
            Check::Lint | Check::Build => Box::new(compiler::Compile::new(planned)),
        }
    }
}

/// A component of the tool chain that is not installed.
fn missing(tools: &Tools, component: &str, workspace: &Workspace) -> Option<(String, String)> {
    tools.version(&workspace.folder, component).is_none().then(|| {
        (
            format!("`{component}` is not installed in the Rust tool chain that `{}` uses", workspace.root.display()),
            format!("run `rustup component add {component}` in a step before, or name it in `rust-toolchain.toml`"),
        )
    })
}
