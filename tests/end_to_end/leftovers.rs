//! What a run must not leave: secrets in clear, processes.

use std::fs;

use serde_json::Value;
use slipway_tests::{World, files_with_each};

/// The value of a secret in the stand-in's store.
pub(crate) fn stored_secret(world: &World, vault: &str, name: &str) -> String {
    let file = world.state().join("azure/store/vaults").join(format!("{vault}.json"));
    let content: Value =
        serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).expect("valid JSON");
    content["secrets"][name]["versions"][0]["value"].as_str().expect("a value").to_owned()
}

/// No file outside of the stand-in's store holds a secret of the vaults, a line of one, or a client secret, nor does any of
/// `texts`. First shows that the search finds it in the store.
pub(crate) fn assert_masked(world: &World, texts: &[&str]) {
    let mut secrets = Vec::new();
    for (vault, name) in [("shop", "planted"), ("shop", "second"), ("shop-policies", "planted"), ("shop-walled", "planted")] {
        secrets.push((format!("{name} of {vault}"), stored_secret(world, vault, name)));
    }
    let lines = stored_secret(world, "shop", "several-lines");
    let lines: Vec<&str> = lines.lines().filter(|line| line.len() >= 20 && !line.starts_with("-----")).collect();
    assert!(lines.len() > 3, "the secret of several lines has hardly any");
    secrets.extend(lines.into_iter().rev().take(4).map(|line| ("several-lines".to_owned(), line.to_owned())));
    secrets.extend(client_secrets(world));
    let texts_of_secrets: Vec<&str> = secrets.iter().map(|(_, secret)| secret.as_str()).collect();
    let found = files_with_each(world.folder(), &texts_of_secrets);
    for ((name, secret), found) in secrets.iter().zip(found) {
        let (stored, leaked): (Vec<_>, Vec<_>) = found.into_iter().partition(|file| file.starts_with("state/azure/store"));
        assert!(!stored.is_empty(), "the search does not even find the secret `{name}` in the store");
        assert!(leaked.is_empty(), "the secret `{name}` is in clear in {leaked:?}");
        assert!(!texts.iter().any(|text| text.contains(secret)), "the secret `{name}` is in clear in the output");
    }
}

/// The client secrets of all principals, with what they are: good, expired and wrong ones.
fn client_secrets(world: &World) -> Vec<(String, String)> {
    let file = world.state().join("azure/store/principals.json");
    let content: Value = serde_json::from_slice(&fs::read(file).expect("credentials in the store")).expect("valid JSON");
    let principals = content["principals"].as_object().expect("principals");
    let secrets = principals.iter().flat_map(|(principal, credentials)| {
        ["secret", "expiredSecret", "wrongSecret"].into_iter().filter_map(move |kind| {
            let value = credentials.get(kind)?.as_str().expect("a text");
            Some((format!("{kind} of {principal}"), value.to_owned()))
        })
    });
    let secrets: Vec<_> = secrets.collect();
    assert!(secrets.len() >= 3, "a good, an expired and a wrong one are expected");
    secrets
}

/// The processes whose command line or environment mentions `world`.
pub(crate) fn processes_of(world: &World) -> Vec<String> {
    let needle = fs::canonicalize(world.folder()).expect("the world's folder").display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("a readable /proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if pid == std::process::id() {
            continue;
        }
        // A process may end while it is looked at.
        let read = |name| fs::read(entry.path().join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        if read("cmdline").contains(&needle) || read("environ").contains(&needle) {
            found.push(format!("{pid}: {}", read("cmdline").replace('\0', " ")));
        }
    }
    found
}
