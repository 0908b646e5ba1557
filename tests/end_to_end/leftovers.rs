//! What a run must not leave: secrets in clear, processes.

use std::fs;

use serde_json::Value;
use slipway_tests::{TOKEN, TOKEN_FILE, World, files_with_each};

/// A secret, and the only place below the world's folder that may have it.
struct Planted {
    name: String,
    value: String,
    place: &'static str,
}

impl Planted {
    fn stored(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), place: "state/azure/store" }
    }
}

/// No file outside of the stand-in's store holds a secret of the vaults, of the variable group, a line of one, or a client
/// secret; no file but the user's own holds that of the user's shell; nor does any of `texts`. First shows that the search
/// finds each in its place.
pub(crate) fn assert_masked(world: &World, texts: &[&str]) {
    let mut secrets = vec![Planted { name: "token of the user's shell".to_owned(), value: TOKEN.to_owned(), place: TOKEN_FILE }];
    for (vault, name) in [("shop", "planted"), ("shop", "second"), ("shop-policies", "planted"), ("shop-walled", "planted")] {
        secrets.push(Planted::stored(format!("{name} of {vault}"), secret_of_vault(world, vault, name)));
    }
    let lines = secret_of_vault(world, "shop", "several-lines");
    let lines: Vec<&str> = lines.lines().filter(|line| line.len() >= 20 && !line.starts_with("-----")).collect();
    assert!(lines.len() > 3, "the secret of several lines has hardly any");
    secrets.extend(lines.into_iter().rev().take(4).map(|line| Planted::stored("several-lines", line)));
    let group = &stored(world, "groups.json")["planted"]["secrets"]["GROUP_SECRET"];
    secrets.push(Planted::stored("GROUP_SECRET", value(group)));
    secrets.extend(client_secrets(world));
    let values: Vec<&str> = secrets.iter().map(|secret| secret.value.as_str()).collect();
    let found = files_with_each(world.folder(), &values);
    for (Planted { name, value, place }, found) in secrets.iter().zip(found) {
        let (expected, leaked): (Vec<_>, Vec<_>) = found.into_iter().partition(|file| file.starts_with(place));
        assert!(!expected.is_empty(), "the search does not even find the secret `{name}` in {place}");
        assert!(leaked.is_empty(), "the secret `{name}` is in clear in {leaked:?}");
        assert!(!texts.iter().any(|text| text.contains(value)), "the secret `{name}` is in clear in the output");
    }
}

/// A file of the stand-in's store.
fn stored(world: &World, name: &str) -> Value {
    let file = world.state().join("azure/store").join(name);
    serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).expect("valid JSON")
}

fn secret_of_vault(world: &World, vault: &str, name: &str) -> String {
    value(&stored(world, &format!("vaults/{vault}.json"))["secrets"][name])
}

/// The value of a secret as the store has it.
fn value(secret: &Value) -> String {
    secret["versions"][0]["value"].as_str().expect("a value").to_owned()
}

/// The client secrets of all principals, with what they are: good, expired and wrong ones.
fn client_secrets(world: &World) -> Vec<Planted> {
    let content = stored(world, "principals.json");
    let principals = content["principals"].as_object().expect("principals");
    let secrets = principals.iter().flat_map(|(principal, credentials)| {
        ["secret", "expiredSecret", "wrongSecret"].into_iter().filter_map(move |kind| {
            let value = credentials.get(kind)?.as_str().expect("a text");
            Some(Planted::stored(format!("{kind} of {principal}"), value))
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
