//! `LintBuildTest` with bad packages and bad surroundings. Each test compares the whole output and the exit status.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

use regex_lite::Regex;
use slipway_tests::{Finished, World};

use crate::leftovers::{assert_masked, processes_of};
use crate::shop::{GROUP, LOCAL};

const MANIFEST: &str = "\
[package]
name = \"sample\"
version = \"0.1.0\"
edition = \"2024\"

[workspace]
";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"sample\"\nversion = \"0.1.0\"\n";
const LIBRARY: &str = "\
//! A sample.

/// Twice `x`.
#[must_use]
pub const fn twice(x: u8) -> u8 {
    x * 2
}

#[cfg(test)]
mod tests {
    #[test]
    fn doubles() {
        assert_eq!(super::twice(2), 4);
    }
}
";
/// The step that lints, builds and tests.
const CHECK: &str = "- task: LintBuildTest@1\n  displayName: Check\n";

/// A pipeline with these steps, of which every one can see secrets: one of a vault, one of a variable group.
fn pipeline(steps: &str) -> String {
    let fetch = "- task: KeyVaultFetch@1\n  displayName: Fetch\n  inputs: {azureSubscription: shop, keyVaultName: shop, secrets: PLANTED = planted}\n";
    format!("steps:\n- checkout: self\n{fetch}{steps}{GROUP}")
}

/// A world whose repository has a package without dependencies; its library is `library`, its pipeline has these `steps`.
fn package(library: &str, steps: &str) -> World {
    World::new(&[
        ("slipway.local.yml", LOCAL),
        (".gitignore", "target\n"),
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", LOCK),
        ("src/lib.rs", library),
        ("azure-pipelines.yml", &pipeline(steps)),
    ])
}

/// The command that runs the pipeline. Its `PATH` has only what is needed, so that no other tool of the machine changes the output.
fn command(world: &World) -> Command {
    let mut command = world.run_command("azure-pipelines.yml");
    command.env(
        "PATH",
        tools(world, &["node", "bash", "git", "cc", "ld", "cargo", "rustc", "rustfmt", "rustdoc", "cargo-fmt", "cargo-clippy"]),
    );
    // A Cargo of its own: no settings of the user, no waiting for other tests.
    command.env("CARGO_HOME", world.folder().join("cargo"));
    let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".rustup")));
    command.env("RUSTUP_HOME", rustup.expect("a home"));
    command.envs(std::env::var_os("RUSTUP_TOOLCHAIN").map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain)));
    // One after the other, in an order that does not change.
    command.env("CARGO_BUILD_JOBS", "1").env("RUST_TEST_THREADS", "1");
    command
}

/// A folder with links to these programs of the machine.
fn tools(world: &World, names: &[&str]) -> PathBuf {
    let folder = world.folder().join("tools");
    if !folder.exists() {
        std::fs::create_dir(&folder).expect("a new folder");
        let path = std::env::var_os("PATH").expect("a PATH");
        for name in names {
            let program = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
            let program = program.unwrap_or_else(|| panic!("`{name}` is not in PATH"));
            std::os::unix::fs::symlink(program, folder.join(name)).expect("a new link");
        }
    }
    folder
}

fn run(world: &World) -> Finished {
    Finished::of(World::start(command(world)))
}

/// All that a run printed, without what depends on the toolchain and on the run.
fn shown(finished: &Finished, world: &World) -> String {
    static FILTERS: OnceLock<Vec<(Regex, &str)>> = OnceLock::new();
    let filters = FILTERS.get_or_init(|| {
        [
            (r"(deps/[a-z_]+)-[0-9a-f]{16}", "$1-[hash]"),
            (r"' \(\d+\) panicked", "' panicked"),
            (r"\b[0-9a-f]{8}(-\d+)?\.sarif", "[id].sarif"),
            (r"(?:  (?:error: could not compile|warning: build failed, waiting)[^\n]*\n)+", "  [targets that cannot be compiled]\n"),
            (r"rust-clippy/[^/]+/", "rust-clippy/[version]/"),
        ]
        .map(|(pattern, replacement)| (Regex::new(pattern).expect("a valid pattern"), replacement))
        .into()
    });
    filters.iter().fold(finished.text(world), |text, (pattern, replacement)| pattern.replace_all(&text, *replacement).into_owned())
}

/// Runs the pipeline, which must fail with status 1 and show no secret.
fn fails(world: &World) -> Finished {
    ended(world, run(world), 1)
}

/// What ended, which must have this status and have left no process and no secret.
fn ended(world: &World, finished: Finished, status: i32) -> Finished {
    assert_eq!(finished.status, status, "{}", finished.text(world));
    assert_masked(world, &[&finished.stdout, &finished.stderr]);
    assert_eq!(processes_of(world), Vec::<String>::new());
    finished
}

#[test]
fn a_failing_unit_test() {
    let world = package(&LIBRARY.replace("2), 4", "2), 5"), CHECK);
    let finished = fails(&world);
    insta::assert_snapshot!(shown(&finished, &world));
    world.write("src/lib.rs", LIBRARY);
    ended(&world, run(&world), 0);
}

#[test]
fn an_error_of_clippy() {
    let world = package(&LIBRARY.replace("    x * 2", "    return x * 2;"), CHECK);
    insta::assert_snapshot!(shown(&fails(&world), &world));
}

#[test]
fn code_that_does_not_compile() {
    let world = package(&LIBRARY.replace("x * 2", "y * 2"), CHECK);
    insta::assert_snapshot!(shown(&fails(&world), &world));
}

/// The package is built before, so that the time limit ends the test and not the compiler.
#[test]
fn a_test_that_hangs() {
    let steps = "\
- task: LintBuildTest@1
  displayName: Build
  inputs:
    checks: build
- task: LintBuildTest@1
  displayName: Check
  inputs:
    checks: unit-tests
    checkTimeoutInMinutes: 0.05
";
    let hangs = "println!(\"it began\");\n        std::thread::sleep(std::time::Duration::from_secs(600));";
    let world = package(&LIBRARY.replace("assert_eq!(super::twice(2), 4);", hangs), steps);
    let finished = fails(&world);
    insta::assert_snapshot!(shown(&finished, &world));
}

#[test]
fn what_a_test_prints_is_no_command() {
    let steps = "\
- task: LintBuildTest@1
  displayName: Check
  inputs:
    checks: unit-tests
- script: echo \"EVIL is ${EVIL-unset}\"
  displayName: Look
  condition: always()
";
    let hostile = "println!(\"##vso[task.setvariable variable=evil]1\");\n        \
        eprintln!(\"##vso[task.complete result=Succeeded]\");\n        assert_eq!(super::twice(2), 5);";
    let world = package(&LIBRARY.replace("assert_eq!(super::twice(2), 4);", hostile), steps);
    let finished = fails(&world);
    let log = world.log(1, "-Check.");
    for printed in ["task.setvariable variable=evil]1", "task.complete result=Succeeded]"] {
        assert!(log.contains(printed), "the test does not even print `{printed}`:\n{log}");
    }
    let look = world.log(1, "-Look.");
    assert!(look.contains("EVIL is unset\n"), "{look}");
    insta::assert_snapshot!(shown(&finished, &world));

    // The control: what a script prints is a command.
    world.write(
        "azure-pipelines.yml",
        &pipeline(&steps.replace(
            "- script: echo \"EVIL",
            "- script: echo '##vso[task.setvariable variable=evil]1'\n  condition: always()\n- script: echo \"EVIL",
        )),
    );
    fails(&world);
    assert!(world.log(2, "-Look.").contains("EVIL is 1\n"));
}

#[test]
fn no_package() {
    let world =
        World::new(&[("README.md", "Nothing to check.\n"), ("azure-pipelines.yml", &pipeline(CHECK)), ("slipway.local.yml", LOCAL)]);
    insta::assert_snapshot!(shown(&fails(&world), &world));
}

#[test]
fn a_secret_that_an_integration_test_prints() {
    let steps = "\
- task: LintBuildTest@1
  displayName: Check
  inputs:
    checks: unit-tests, integration-tests
    integrationTestEnvironment: KEY = PLANTED
";
    // Who must not see the secret writes all that it sees into a file, in which the search would find it.
    let sees = |name: &str| {
        format!(
            "let all: Vec<_> = std::env::vars_os().map(|pair| format!(\"{{pair:?}}\")).collect();\n    \
             std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{name}\"), all.join(\"\\n\")).unwrap();"
        )
    };
    let world = package(&LIBRARY.replace("assert_eq!(super::twice(2), 4);", &sees("seen-by-unit-test")), steps);
    world.write("build.rs", &format!("fn main() {{\n    {}\n}}\n", sees("seen-by-build-script")));
    world.write(
        "tests/prints.rs",
        "#[test]\nfn prints() {\n    let key = std::env::var(\"KEY\").unwrap();\n    println!(\"it has {} characters: {key}\", key.len());\n    \
         assert_eq!(key, \"wrong\");\n}\n",
    );
    let finished = fails(&world);
    let log = world.log(1, "-Check.");
    assert!(log.contains("it has 40 characters: ***"), "{log}");
    for name in ["seen-by-unit-test", "seen-by-build-script"] {
        let seen = std::fs::read_to_string(world.state().join("agents/1/_work/1/s").join(name)).unwrap();
        assert!(
            seen.contains("CARGO_MANIFEST_DIR") && !seen.contains("\"KEY\"") && !seen.contains("\"PLANTED\"") && !seen.contains("SECRET"),
            "{name}: {seen}"
        );
    }
    insta::assert_snapshot!(shown(&finished, &world));
}

#[test]
fn ctrl_c_in_the_middle_of_a_build() {
    let steps = "\
- task: LintBuildTest@1
  displayName: Check
  inputs:
    checks: build, unit-tests
- script: echo never
  displayName: Never
";
    let world = package(LIBRARY, steps);
    // The build script tells that it runs, and then waits for this test.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let waits = format!(
        "use std::io::{{Read, Write}};\n\nfn main() {{\n    let mut test = std::net::TcpStream::connect(\"{address}\").unwrap();\n    \
         test.write_all(b\"it runs\\n\").unwrap();\n    test.read_exact(&mut [0]).unwrap();\n}}\n"
    );
    world.write("build.rs", &waits);
    let child = World::start(command(&world));
    let slipway = rustix::process::Pid::from_child(&child);
    let output = thread::spawn(move || {
        let finished = Finished::of(child);
        // If it ended before the build script ran, this test must not wait for that one.
        drop(TcpStream::connect(address));
        finished
    });
    let mut build_script = BufReader::new(listener.accept().unwrap().0);
    let mut said = String::new();
    build_script.read_line(&mut said).unwrap();
    if said != "it runs\n" {
        panic!("the build script said `{said}`: {}", output.join().unwrap().text(&world));
    }
    let running = processes_of(&world);
    for program in ["lint-build-test", "cargo build", "build-script-build"] {
        assert!(running.iter().any(|process| process.contains(program)), "the search does not even find {program}: {running:#?}");
    }
    rustix::process::kill_process(slipway, rustix::process::Signal::INT).unwrap();
    // Ends when the build script does: nothing was sent to it.
    assert_eq!(build_script.read_line(&mut said).unwrap_or(0), 0);
    let finished = ended(&world, output.join().unwrap(), 130);
    insta::assert_snapshot!(shown(&finished, &world));
    world.write("build.rs", "fn main() {}\n");
    ended(&world, run(&world), 0);
}

#[test]
fn cargo_is_missing() {
    let world = package(LIBRARY, CHECK);
    let mut command = command(&world);
    for program in ["cargo", "rustc"] {
        std::fs::remove_file(world.folder().join("tools").join(program)).unwrap();
    }
    // Not the user's own home, in which rustup would have put them.
    command.env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
    let finished = ended(&world, Finished::of(World::start(command)), 1);
    insta::assert_snapshot!(shown(&finished, &world));
}
