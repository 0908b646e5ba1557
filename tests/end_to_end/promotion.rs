//! From a push to production: CI publishes, its completion starts CD, which promotes; what was tampered with is refused; a promotion
//! that is interrupted is taken up again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;
use std::{env, fs, thread};

use serde_json::Value;
use slipway_tests::{Finished, World};

use crate::leftovers::processes_of;
use crate::local_azure::LocalAzure;
use crate::registries::{cd, ci, content, digest, good, tags, text, world};

const TRIGGER: &str = "    source: shop-ci\n    trigger: true\n";

/// A world whose pushes to `main` start CI, and CI's completion CD with `tamper` in it; all is committed.
fn delivery(tamper: &str) -> World {
    let ci = ci("1", &[]).replacen("trigger: none\n", "trigger: [main]\n", 1);
    let cd = cd(tamper, &[]).replacen("    source: shop-ci\n", TRIGGER, 1);
    let world = world(&ci, &cd);
    commit(&world, "Pipelines", "2026-11-24T00:01:00Z");
    world
}

fn commit(world: &World, message: &str, date: &str) {
    for arguments in [&["add", "."][..], &["commit", "--quiet", "-m", message]] {
        slipway_tests::git(&world.repository(), arguments, Some(date));
    }
}

fn push(world: &World) -> Finished {
    let packages = slipway_tests::root().join("target/packages").display().to_string();
    Finished::of(World::start(world.command(&["simulate", "push", "--task", &packages])))
}

/// The tag that CD gives in production to the image of a run of CI, as [`tags`] has it.
fn of_production(world: &World, run: u64) -> String {
    format!("run-{run}={}", digest(world, run))
}

#[test]
fn a_push_publishes_and_promotes() {
    let world = delivery("");
    let finished = push(&world);
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    insta::assert_snapshot!("push", text(&world, &finished));
    // Each hop, read back from the registries.
    let digest = digest(&world, 1);
    for registry in ["shopnonprod", "shopprod"] {
        assert!(content(&world, registry, &digest).exists(), "{registry} has no {digest}");
    }
    assert_eq!(tags(&world, "shopprod"), [of_production(&world, 1)]);
    let azure = LocalAzure::up(&world);
    let statement = provenance_in_production(&world, &azure, &digest);
    drop(azure);
    assert_eq!(statement["subject"][0]["digest"]["sha256"].as_str(), digest.strip_prefix("sha256:"));
    let built = &statement["predicate"]["buildDefinition"];
    assert_eq!(built["resolvedDependencies"][0]["digest"]["gitCommit"].as_str(), Some(head(&world).as_str()));
    let run = statement["predicate"]["runDetails"]["metadata"]["invocationId"].as_str().expect("a run");
    assert!(run.starts_with("https://dev.azure.com/contoso/") && run.ends_with("/_build/results?buildId=1"), "{run}");
}

/// The commit that is checked out.
fn head(world: &World) -> String {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(world.repository()).output().expect("git starts");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The only provenance of an image in `shopprod`, as oras discovers and reads it.
fn provenance_in_production(world: &World, azure: &LocalAzure<'_>, digest: &str) -> Value {
    let file = world.state().join("azure/store/registries.json");
    let passwords: Value = serde_json::from_slice(&fs::read(file).expect("the registries' passwords")).expect("valid JSON");
    let password = passwords["shopprod"][0].as_str().expect("a password");
    let oras = |arguments: &[&str]| -> Value {
        let program = env::var_os("SLIPWAY_TEST_ORAS");
        let program = program.expect("SLIPWAY_TEST_ORAS is not set: run ./scripts/test, which installs oras and sets it");
        let mut command = Command::new(program);
        command.args(arguments).args(["--username", "shopprod", "--password", password]).current_dir(world.folder());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", world.folder().join("home")).envs(azure.network());
        let output = command.output().expect("oras starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)))
    };
    let repository = "shopprod.azurecr.io/shop/orders";
    let found = oras(&[
        "discover",
        "--format",
        "json",
        "--distribution-spec",
        "v1.1-referrers-api",
        "--artifact-type",
        "application/vnd.in-toto+json",
        &format!("{repository}@{digest}"),
    ]);
    assert_eq!(found["referrers"].as_array().map(Vec::len), Some(1), "{found}");
    let manifest = oras(&["manifest", "fetch", found["referrers"][0]["reference"].as_str().expect("a reference")]);
    let blob = manifest["layers"][0]["digest"].as_str().expect("a digest");
    oras(&["blob", "fetch", "--output", "-", &format!("{repository}@{blob}")])
}

#[test]
fn what_cd_reads_was_rewritten_to_the_image_of_another_run() {
    let world = delivery("");
    let finished = push(&world);
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    let other = digest(&world, 1);
    let before = tags(&world, "shopprod");
    // From now on CI builds another image, and a step of CD names the old one.
    let change = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(world.repository().join(file)).expect("a readable file");
        assert!(text.contains(from), "{text}");
        world.write(file, &text.replace(from, to));
    };
    change("ci.yml", "version 1", "version 2");
    let tamper = format!(
        "- script: |\n    sed -i 's/sha256:[0-9a-f]*/{other}/' $(Pipeline.Workspace)/ci/images/images.json\n  displayName: Tamper\n"
    );
    change("cd.yml", "- task: AcrPromote@1\n", &format!("{tamper}- task: AcrPromote@1\n"));
    commit(&world, "Tamper", "2026-11-24T00:02:00Z");
    let finished = push(&world);
    assert_eq!(finished.status, 1, "{}", finished.text(&world));
    insta::assert_snapshot!("push_tampered", text(&world, &finished));
    assert_eq!(tags(&world, "shopprod"), before);
    assert!(!content(&world, "shopprod", &digest(&world, 3)).exists(), "something was copied");
    // The control: without that step the new image is promoted.
    change("cd.yml", &tamper, "");
    commit(&world, "Mend", "2026-11-24T00:03:00Z");
    let finished = push(&world);
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    assert!(tags(&world, "shopprod").contains(&of_production(&world, 5)), "{:?}", tags(&world, "shopprod"));
}

#[test]
fn ctrl_c_in_the_middle_of_a_copy() {
    let world = world(&ci("1", &[]), &cd("", &[]));
    good(&world, "ci.yml");
    let azure = LocalAzure::up(&world);
    let pid = azure.pid();
    // What is sent to the target takes ten minutes.
    azure.fault(&["delay", "--host", "shopprod.azurecr.io", "--method", "PATCH", "--times", "9", "--seconds", "600"]);
    let mut child = World::start(world.run_command("cd.yml"));
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut stderr = child.stderr.take().expect("a pipe");
    let errors = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut stdout = String::new();
    while !stdout.contains("says its provenance") {
        assert_ne!(lines.read_line(&mut stdout).expect("readable output"), 0, "{stdout}");
    }
    // Until an upload waits: its POST is answered, its PATCH has taken a delay.
    let delays = |azure: &LocalAzure<'_>| azure.pending()[0]["times"].as_u64();
    while delays(&azure) == Some(9) {
        thread::yield_now();
    }
    let running = processes_of(&world);
    assert!(running.iter().any(|process| process.contains("acr-promote")), "the search does not find the running task: {running:?}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).expect("a signal");
    lines.read_to_string(&mut stdout).expect("readable output");
    let status = child.wait().expect("an exit status").code().unwrap_or(-1);
    let finished = Finished { status, stdout, stderr: errors.join().expect("no panic").expect("readable output") };
    assert_eq!(finished.status, 130, "{}", finished.text(&world));
    let left = processes_of(&world);
    assert!(left.iter().all(|process| process.starts_with(&format!("{pid}: "))), "{left:?}");
    azure.fault(&["--clear"]);
    drop(azure);
    insta::assert_snapshot!("interrupted_copy", text(&world, &finished).replace(&format!("process {pid}"), "process [pid]"));
    let image = digest(&world, 1);
    assert!(!content(&world, "shopprod", &image).exists() && tags(&world, "shopprod").is_empty(), "half an image has a name");
    good(&world, "cd.yml");
    assert!(content(&world, "shopprod", &image).exists());
    assert_eq!(tags(&world, "shopprod"), [of_production(&world, 1)]);
}
