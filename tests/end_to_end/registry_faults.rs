//! What goes wrong on the way to a registry, ordered of the local Azure: ImagePublish and AcrPromote go on where they can, and say why
//! where they cannot. A good run comes first and after; the whole output is compared, and searched for secrets.

use slipway_tests::{Finished, World};

use crate::local_azure::LocalAzure;
use crate::registries::{cd, ci, content, digest, good, tags, text, world};

/// Host of the registry from which CD copies.
const SOURCE: &str = "shopnonprod.azurecr.io";
/// Host of that to which it copies.
const TARGET: &str = "shopprod.azurecr.io";

/// A CI whose layer is some hundred kilobytes, so that there is a middle of an upload.
fn large_ci() -> String {
    ci("1", &[("tags", "latest")]).replace("chmod 755 orders", "chmod 755 orders && seq 1 200000 > numbers")
}

/// What a run saw and left with faults that were ordered.
struct Disturbed {
    world: World,
    finished: Finished,
    text: String,
    /// Requests to [`SOURCE`] and [`TARGET`], as `METHOD status`.
    requests: [Vec<String>; 2],
}

/// Runs `pipelines` (good ones), then the last of them again with `faults`, all of which must happen, then without; `name` is the
/// snapshot of the disturbed run.
fn disturbed(name: &str, pipelines: &[&str], faults: &[&[&str]]) -> Disturbed {
    let world = world(&ci("1", &[]), &cd("", &[]));
    world.write("large.yml", &large_ci());
    let (last, before) = pipelines.split_last().expect("a pipeline");
    for pipeline in before {
        good(&world, pipeline);
    }
    let azure = LocalAzure::up(&world);
    for fault in faults {
        azure.fault(fault);
    }
    let finished = world.run(last);
    assert_eq!(azure.pending(), serde_json::json!([]), "a fault did not happen\n{}", finished.text(&world));
    let requests = [SOURCE, TARGET].map(|host| azure.requests(host));
    let pid = format!("process {}", azure.pid());
    drop(azure);
    let text = text(&world, &finished).replace(&pid, "process [pid]");
    insta::assert_snapshot!(name, text);
    good(&world, last);
    Disturbed { world, finished, text, requests }
}

/// The disturbed run must succeed.
fn goes_on(name: &str, pipelines: &[&str], faults: &[&[&str]]) -> Disturbed {
    let run = disturbed(name, pipelines, faults);
    assert_eq!(run.finished.status, 0, "{}", run.text);
    run
}

/// The disturbed run must fail with `code`.
fn fails(name: &str, pipelines: &[&str], faults: &[&[&str]], code: &str) -> Disturbed {
    let run = disturbed(name, pipelines, faults);
    assert_ne!(run.finished.status, 0, "{}", run.text);
    assert!(run.text.contains(code), "{}", run.text);
    run
}

const PUSH: [&str; 4] = ["--host", SOURCE, "--method", "PATCH"];

fn with<'a>(kind: &'a str, place: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
    [&[kind], place, rest].concat()
}

#[test]
fn a_registry_throttles() {
    let run = goes_on(
        "throttled",
        &["large.yml"],
        &[&with("throttle", &["--host", SOURCE, "--method", "POST"], &["--seconds", "1"]), &with("throttle", &PUSH, &["--seconds", "1"])],
    );
    for request in ["POST 429", "PATCH 429", "PATCH 202"] {
        assert!(run.requests[0].iter().any(|sent| sent == request), "{request}: {:?}", run.requests);
    }
}

#[test]
fn a_registry_throttles_for_long() {
    fails("throttled_for_long", &["large.yml"], &[&with("throttle", &PUSH, &["--seconds", "3000"])], "SLIP-REG-");
}

#[test]
fn a_token_expires_in_the_middle_of_an_upload() {
    let run = goes_on("token_expires", &["large.yml"], &[&with("expire-tokens", &PUSH, &[])]);
    assert!(run.requests[0].iter().any(|sent| sent == "PATCH 401"), "{:?}", run.requests);
}

#[test]
fn a_connection_is_reset_in_the_middle_of_an_upload() {
    goes_on("upload_reset", &["large.yml"], &[&with("reset-upload", &PUSH, &["--after-bytes", "100000"])]);
}

#[test]
fn a_registry_takes_no_layer_of_that_size() {
    fails("too_large", &["large.yml"], &[&with("status", &PUSH, &["--status", "413"])], "SLIP-REG-");
}

#[test]
fn a_proxy_answers_for_the_registry() {
    fails("html", &["large.yml"], &[&with("html", &PUSH, &["--status", "200"])], "SLIP-REG-");
}

#[test]
fn a_firewall_of_the_target_refuses() {
    let run = fails("firewall", &["ci.yml", "cd.yml"], &[&["forbidden-firewall", "--host", TARGET, "--method", "HEAD"]], "SLIP-REG-");
    assert_eq!(tags(&run.world, "shopprod").len(), 1, "only the last run wrote a tag");
}

#[test]
fn a_firewall_of_the_source_refuses() {
    fails(
        "firewall_of_the_source",
        &["ci.yml", "cd.yml"],
        &[&["forbidden-firewall", "--host", SOURCE, "--method", "GET", "--path", "*/manifests/*"]],
        "SLIP-REG-403",
    );
}

#[test]
fn a_registry_lies_about_a_digest() {
    fails(
        "lying_digest",
        &["large.yml"],
        &[&["lying-digest", "--host", SOURCE, "--method", "PUT", "--path", "*/manifests/*"]],
        "SLIP-REG-",
    );
}

/// The bytes are what counts, not what a header says of them.
#[test]
fn a_source_lies_about_the_digest_of_what_it_sends() {
    let lies = ["lying-digest", "--host", SOURCE, "--method", "GET", "--path", "*/manifests/*"];
    let run = goes_on("source_lies", &["ci.yml", "cd.yml"], &[&lies]);
    assert!(content(&run.world, "shopprod", &digest(&run.world, 1)).exists());
}

#[test]
fn a_target_lies_about_the_digest_of_what_it_has() {
    let lies = ["lying-digest", "--host", TARGET, "--method", "HEAD", "--path", "*/manifests/*"];
    fails("target_lies", &["ci.yml", "cd.yml", "cd.yml"], &[&lies], "SLIP-REG-DIGEST");
}

#[test]
fn a_blob_is_changed_on_its_way() {
    fails("blob_changed_on_its_way", &["ci.yml", "cd.yml"], &[&["corrupt", "--host", "*.blob.core.windows.net"]], "SLIP-REG-DIGEST");
}

#[test]
fn a_copy_is_disturbed_in_every_way_that_passes() {
    let run = goes_on(
        "copy_disturbed",
        &["ci.yml", "cd.yml"],
        &[
            &["throttle", "--host", SOURCE, "--method", "GET"],
            &["throttle", "--host", TARGET, "--method", "POST"],
            &["expire-tokens", "--host", TARGET, "--method", "PATCH"],
            &["reset", "--host", "*.blob.core.windows.net", "--after-bytes", "10"],
            &["expire-tokens", "--host", TARGET, "--method", "PUT", "--path", "*/manifests/*"],
        ],
    );
    assert!(run.requests[1].iter().any(|sent| sent == "PATCH 401"), "{:?}", run.requests);
}
