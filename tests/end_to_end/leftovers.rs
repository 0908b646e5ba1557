//! What a run must not leave: secrets in clear, processes.

use std::fs;

use serde_json::Value;
use slipway_tests::{World, files_with};

/// The value of a secret in the stand-in's store.
pub(crate) fn stored_secret(world: &World, vault: &str, name: &str) -> String {
    let file = world.state().join("azure/store/vaults").join(format!("{vault}.json"));
    let content: Value =
        serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).expect("valid JSON");
    content["secrets"][name]["versions"][0]["value"].as_str().expect("a value").to_owned()
}

/// No file outside of the vaults' store holds a planted secret, nor does any of `texts`. First shows that the search finds it
/// in the store.
pub(crate) fn assert_masked(world: &World, texts: &[&str]) {
    for name in ["planted", "second"] {
        let secret = stored_secret(world, "shop", name);
        let found = files_with(world.folder(), &secret);
        let (stored, leaked): (Vec<_>, Vec<_>) = found.into_iter().partition(|file| file.starts_with("state/azure/store"));
        assert!(!stored.is_empty(), "the search does not even find the secret in the store");
        assert!(leaked.is_empty(), "the secret `{name}` is in clear in {leaked:?}");
        assert!(!texts.iter().any(|text| text.contains(&secret)), "the secret `{name}` is in clear in the output");
    }
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
