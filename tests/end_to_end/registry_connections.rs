//! ImagePublish through connections of every kind, and what skopeo sees of the image.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};
use slipway_tests::World;

use crate::local_azure::LocalAzure;
use crate::registries::{Inputs, cd, ci, digest, good, image, tags, text, world};

/// All settings that an image can have.
const SETTINGS: Inputs<'_> = &[
    ("command", "--port\n8080"),
    ("environment", "RUST_LOG=info\nGREETING=hello = world"),
    ("workingDirectory", "/app"),
    ("ports", "8080"),
    ("labels", "org.opencontainers.image.title=orders"),
    ("tags", "latest\nrun-$(Build.BuildId)"),
];

/// Runs CI, which must publish; `host` is how the log shows that of the registry.
fn published(world: &World, host: &str) {
    let finished = good(world, "ci.yml");
    let text = text(world, &finished);
    let reference = format!("Pushed {host}/shop/orders@{}", digest(world, 1));
    assert!(finished.stdout.contains(&reference), "{text}");
    assert_eq!(image(world, 1)["registry"], "shopnonprod.azurecr.io");
    let digest = digest(world, 1);
    assert_eq!(tags(world, "shopnonprod"), [format!("latest={digest}"), format!("run-1={digest}")]);
}

fn through_azure(connection: &str) {
    published(&world(&ci("1", &[&[("azureSubscription", connection)], SETTINGS].concat()), &cd("", &[])), "shopnonprod.azurecr.io");
}

/// How the log shows the login server that a connection to a registry of Azure has among its parameters, all but a few of which the
/// agent masks.
const LOGIN_SERVER: &str = "***";

/// The connection is one to a registry.
fn through_registry(connection: &str, host: &str) {
    let inputs = [
        ("connectionType", "dockerRegistry"),
        ("containerRegistry", connection),
        ("azureSubscription", ""),
        ("azureContainerRegistry", ""),
    ];
    published(&world(&ci("1", &[&inputs[..], SETTINGS].concat()), &cd("", &[])), host);
}

#[test]
fn a_federated_connection_publishes() {
    through_azure("shop");
}

#[test]
fn a_connection_with_a_client_secret_publishes() {
    through_azure("by-secret");
}

#[test]
fn a_connection_with_a_certificate_publishes() {
    through_azure("by-certificate");
}

#[test]
fn a_managed_identity_publishes() {
    through_azure("by-machine");
}

#[test]
fn a_federated_connection_to_the_registry_publishes() {
    through_registry("nonprod-federated", LOGIN_SERVER);
}

#[test]
fn a_connection_to_the_registry_with_a_client_secret_publishes() {
    through_registry("nonprod-secret", LOGIN_SERVER);
}

#[test]
fn a_connection_to_the_registry_by_a_managed_identity_publishes() {
    through_registry("nonprod-machine", LOGIN_SERVER);
}

#[test]
fn the_admin_user_publishes_with_all_settings() {
    // The agent masks the user's name as it does the password, and it is that of the registry.
    through_registry("nonprod-admin", "***.azurecr.io");
}

/// `skopeo` in the world's network, signed in as the registry's admin user.
struct Skopeo<'a> {
    world: &'a World,
    network: [(&'static str, String); 2],
    password: String,
}

impl<'a> Skopeo<'a> {
    fn new(world: &'a World, azure: &LocalAzure<'_>) -> Self {
        let file = world.state().join("azure/store/registries.json");
        let passwords: Value = serde_json::from_slice(&fs::read(file).expect("the registries' passwords")).expect("valid JSON");
        let password = passwords["shopnonprod"][0].as_str().expect("a password").to_owned();
        Self { world, network: azure.network(), password }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let program = env::var_os("SLIPWAY_TEST_SKOPEO");
        let program = program.expect("SLIPWAY_TEST_SKOPEO is not set: run ./scripts/test, which installs skopeo and sets it");
        let mut command = Command::new(program);
        command.arg("--insecure-policy").args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.world.folder());
        let output = command.env("TMPDIR", self.world.folder()).envs(self.network.clone()).output().expect("skopeo starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn credentials(&self) -> String {
        format!("shopnonprod:{}", self.password)
    }
}

#[test]
fn skopeo_sees_the_image_that_was_described() {
    let settings = [SETTINGS, &[("user", "1000:1000")]].concat();
    let ci = ci("1", &settings).replace(
        "chmod 755 orders",
        "chmod 755 orders && mkdir -m 700 static && echo hello > static/index.html && ln -s static/index.html home",
    );
    let world = world(&ci, &cd("", &[]));
    good(&world, "ci.yml");
    let azure = LocalAzure::up(&world);
    let skopeo = Skopeo::new(&world, &azure);
    let reference = format!("docker://shopnonprod.azurecr.io/shop/orders@{}", digest(&world, 1));
    let credentials = skopeo.credentials();

    let shown: Value = serde_json::from_str(&skopeo.run(&["inspect", "--creds", &credentials, &reference])).expect("valid JSON");
    assert_eq!(shown["Digest"], json!(digest(&world, 1)));
    assert_eq!((&shown["Os"], &shown["Architecture"]), (&json!("linux"), &json!("amd64")));
    let mut tags: Vec<&str> = shown["RepoTags"].as_array().expect("tags").iter().filter_map(Value::as_str).collect();
    // The fallback tag of a registry without referrers must not be there: this one has them.
    tags.sort_unstable();
    assert_eq!(tags, ["latest", "run-1"]);

    let config: Value =
        serde_json::from_str(&skopeo.run(&["inspect", "--config", "--creds", &credentials, &reference])).expect("valid JSON");
    assert_eq!(
        config["config"],
        json!({
            "User": "1000:1000",
            "ExposedPorts": { "8080/tcp": {} },
            "Env": ["RUST_LOG=info", "GREETING=hello = world"],
            "Entrypoint": ["/app/orders"],
            "Cmd": ["--port", "8080"],
            "WorkingDir": "/app",
            "Labels": { "org.opencontainers.image.title": "orders" },
        })
    );

    let folder = world.folder().join("pulled");
    let target = format!("dir:{}", folder.display());
    skopeo.run(&["copy", "--src-creds", &credentials, "docker://shopnonprod.azurecr.io/shop/orders:latest", &target]);
    drop(azure);
    let layer = shown["Layers"][0].as_str().and_then(|digest| digest.strip_prefix("sha256:")).expect("a layer");
    insta::assert_snapshot!("layer_by_tar", listing(&folder.join(layer)));
}

/// What tar says of a layer.
fn listing(layer: &PathBuf) -> String {
    let output =
        Command::new("tar").args(["--numeric-owner", "--utc", "-tvzf"]).arg(layer).env("LC_ALL", "C").output().expect("tar starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| format!("{}\n", line.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}
