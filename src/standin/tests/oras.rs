//! oras against the registries of the local Azure: it attaches, discovers and pulls referrers, and copies with them.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[expect(dead_code, reason = "the tests of the API use the rest of it")]
mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::{ACR_SCOPE, World};

const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";
const PROVENANCE: &str = "application/vnd.in-toto+json";

/// `oras` with the proxy and the authority of a world.
struct Oras<'a> {
    program: PathBuf,
    world: &'a World,
}

impl<'a> Oras<'a> {
    fn for_world(world: &'a World) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' set-up says where oras is")]
        let program = std::env::var_os("SLIPWAY_TEST_ORAS");
        let program = program.expect("SLIPWAY_TEST_ORAS is not set: run ./scripts/test, which installs oras and sets it");
        Self { program: program.into(), world }
    }

    async fn run(&self, arguments: &[&str]) -> String {
        #[expect(clippy::disallowed_methods, reason = "a foreign program, started as a user would start it")]
        let mut command = tokio::process::Command::new(&self.program);
        let output = command
            .args(arguments)
            .current_dir(self.world.state.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.world.state.path())
            .env("HTTPS_PROXY", &self.world.endpoint().proxy_url)
            .env("SSL_CERT_FILE", &self.world.endpoint().ca_bundle_file)
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments).await).unwrap()
    }
}

#[tokio::test]
async fn oras_attaches_discovers_pulls_and_copies_referrers() {
    let world = World::start().await;
    let oras = Oras::for_world(&world);
    let writer = world.registry_refresh_token("shopnonprod.azurecr.io", "writer", ACR_SCOPE).await.unwrap();
    let releaser = world.registry_refresh_token("shopprod.azurecr.io", "by-secret", ACR_SCOPE).await.unwrap();
    let signed_in = ["--username", NULL_GUID, "--password", &writer];
    std::fs::write(world.state.path().join("layer"), vec![7; 500_000]).unwrap();
    std::fs::write(world.state.path().join("provenance.json"), r#"{"_type":"https://in-toto.io/Statement/v1"}"#).unwrap();

    let image = "shopnonprod.azurecr.io/shop/orders";
    let tagged = format!("{image}:v1");
    let pushed = oras.json(&[&["push", "--format", "json", &tagged, "layer:application/x"][..], &signed_in].concat()).await;
    let reference = pushed["reference"].as_str().unwrap().to_owned();
    for file in ["provenance.json:application/vnd.in-toto+json", "layer:application/x"] {
        let kind = if file.starts_with("prov") { PROVENANCE } else { "example/other" };
        oras.run(&[&["attach", "--artifact-type", kind, &reference, file][..], &signed_in].concat()).await;
    }
    // By the referrers API, or not at all.
    let discover = ["discover", "--format", "json", "--distribution-spec", "v1.1-referrers-api"];
    let all = oras.json(&[&discover[..], &[&reference], &signed_in].concat()).await;
    assert_eq!(all["referrers"].as_array().unwrap().len(), 2, "{all}");
    let found = oras.json(&[&discover[..], &["--artifact-type", PROVENANCE, &reference], &signed_in].concat()).await;
    let referrers = found["referrers"].as_array().unwrap();
    assert_eq!(referrers.len(), 1, "{found}");
    let referrer = referrers[0]["reference"].as_str().unwrap();
    oras.run(&[&["pull", "--output", "pulled", referrer][..], &signed_in].concat()).await;
    let pulled = std::fs::read_to_string(world.state.path().join("pulled/provenance.json")).unwrap();
    assert_eq!(pulled, r#"{"_type":"https://in-toto.io/Statement/v1"}"#);

    let target = "shopprod.azurecr.io/shop/orders:v1";
    let copy = [
        "cp",
        "--recursive",
        "--from-username",
        NULL_GUID,
        "--from-password",
        &writer,
        "--to-username",
        NULL_GUID,
        "--to-password",
        &releaser,
    ];
    oras.run(&[&copy[..], &[&tagged, target]].concat()).await;
    let signed_in = ["--username", NULL_GUID, "--password", &releaser];
    let copied = oras.json(&[&discover[..], &[target], &signed_in].concat()).await;
    assert_eq!(copied["referrers"].as_array().unwrap().len(), 2, "{copied}");
    let log = world.standin.requests().entries();
    assert!(log.iter().all(|request| !request.not_simulated && request.status < 500), "{log:?}");
}
