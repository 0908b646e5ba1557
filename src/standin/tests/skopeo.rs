//! skopeo against the registries of the local Azure: unmodified, with its own verification of certificates and digests.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[expect(dead_code, reason = "the tests of the API use the rest of it")]
mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use slipway_standin::{Fault, FaultKind};
use support::{ACR_SCOPE, World, parameter};

const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// `skopeo` with the proxy and the authority of a world.
struct Skopeo<'a> {
    program: PathBuf,
    world: &'a World,
}

#[derive(Debug)]
struct Finished {
    success: bool,
    stdout: String,
    stderr: String,
}

impl<'a> Skopeo<'a> {
    fn for_world(world: &'a World) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' set-up says where skopeo is")]
        let program = std::env::var_os("SLIPWAY_TEST_SKOPEO");
        let program = program.expect("SLIPWAY_TEST_SKOPEO is not set: run ./scripts/test, which installs skopeo and sets it");
        Self { program: program.into(), world }
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        #[expect(clippy::disallowed_methods, reason = "a foreign program, started as a user would start it")]
        let mut command = tokio::process::Command::new(&self.program);
        let output = command
            .arg("--insecure-policy")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.world.state.path())
            .env("TMPDIR", self.world.state.path())
            .env("HTTPS_PROXY", &self.world.endpoint().proxy_url)
            .env("SSL_CERT_FILE", &self.world.endpoint().ca_bundle_file)
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    fn good(finished: Finished) -> String {
        assert!(finished.success, "{finished:?}");
        finished.stdout
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// An OCI layout with an index of two images; its digest.
fn layout(folder: &Path) -> String {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let keep = |media_type: &str, bytes: &[u8]| {
        let digest = digest(bytes);
        std::fs::write(blobs.join(&digest[7..]), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let layer: Vec<u8> =
            (0..300_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) ^ u32::from(architecture.as_bytes()[1])).to_le_bytes()).collect();
        let layer = keep("application/vnd.oci.image.layer.v1.tar+gzip", &layer);
        let config = json!({ "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [layer["digest"]] } });
        let config = keep("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config,
            "layers": [layer],
        });
        let mut descriptor = keep("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes());
        descriptor["platform"] = json!({ "architecture": architecture, "os": "linux" });
        manifests.push(descriptor);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests });
    let mut index = keep("application/vnd.oci.image.index.v1+json", index.to_string().as_bytes());
    let digest = index["digest"].as_str().unwrap().to_owned();
    index["annotations"] = json!({ "org.opencontainers.image.ref.name": "v1" });
    std::fs::write(folder.join("index.json"), json!({ "schemaVersion": 2, "manifests": [index] }).to_string()).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digest
}

#[tokio::test]
async fn skopeo_copies_an_index_in_between_and_out() {
    let world = World::start().await;
    let skopeo = Skopeo::for_world(&world);
    let folder = world.state.path().join("in");
    let digest = layout(&folder);
    // A principal with its secret, and the null GUID with a refresh token.
    let connection = world.connection("writer");
    let writer = format!("{}:{}", parameter(&connection, "serviceprincipalid"), parameter(&connection, "serviceprincipalkey"));
    let refresh = world.registry_refresh_token("shopprod.azurecr.io", "by-secret", ACR_SCOPE).await.unwrap();
    let releaser = format!("{NULL_GUID}:{refresh}");

    let source = format!("oci:{}:v1", folder.display());
    let copy = ["copy", "--all", "--preserve-digests"];
    let target = "docker://shopnonprod.azurecr.io/shop/orders:v1";
    Skopeo::good(skopeo.run(&[&copy[..], &["--dest-creds", &writer, &source, target]].concat()).await);

    let shown: Value = serde_json::from_str(&Skopeo::good(skopeo.run(&["inspect", "--creds", &writer, target]).await)).unwrap();
    assert_eq!((&shown["RepoTags"], &shown["Os"]), (&json!(["v1"]), &json!("linux")));
    let raw = Skopeo::good(skopeo.run(&["inspect", "--raw", "--creds", &writer, target]).await);
    assert_eq!(self::digest(raw.as_bytes()), digest);

    let promoted = format!("docker://shopprod.azurecr.io/shop/orders@{digest}");
    let from = format!("docker://shopnonprod.azurecr.io/shop/orders@{digest}");
    Skopeo::good(skopeo.run(&[&copy[..], &["--src-creds", &writer, "--dest-creds", &releaser, &from, &promoted]].concat()).await);
    let out = world.state.path().join("out");
    let back = format!("oci:{}:v1", out.display());
    Skopeo::good(skopeo.run(&[&copy[..], &["--src-creds", &releaser, &promoted, &back]].concat()).await);
    for entry in std::fs::read_dir(folder.join("blobs/sha256")).unwrap() {
        let name = entry.unwrap().file_name();
        let bytes = |folder: &Path| std::fs::read(folder.join("blobs/sha256").join(&name)).unwrap();
        assert_eq!(bytes(&out), bytes(&folder), "{name:?}");
    }
    let log = world.standin.requests().entries();
    let of_storage = log.iter().filter(|request| request.host.ends_with("sa.blob.core.windows.net"));
    assert!(of_storage.clone().count() >= 8, "{log:?}");
    assert!(log.iter().all(|request| !request.not_simulated && request.status != 500), "{log:?}");
}

#[tokio::test]
async fn skopeo_is_told_what_is_missing() {
    let world = World::start().await;
    let skopeo = Skopeo::for_world(&world);
    let folder = world.state.path().join("in");
    layout(&folder);
    let connection = world.connection("registry");
    let reader = format!("{}:{}", parameter(&connection, "serviceprincipalid"), parameter(&connection, "serviceprincipalkey"));
    let source = format!("oci:{}:v1", folder.display());
    let target = "docker://shopnonprod.azurecr.io/shop/orders:v1";
    let refused = skopeo.run(&["copy", "--all", "--dest-creds", &reader, &source, target]).await;
    assert!(!refused.success && refused.stderr.contains("authentication required, visit https://aka.ms/acr/authorization"), "{refused:?}");
    let missing = skopeo.run(&["inspect", "--creds", &reader, target]).await;
    assert!(!missing.success && missing.stderr.contains("name unknown: repository"), "{missing:?}");
    let wrong = reader.replace(':', ":x");
    let wrong = skopeo.run(&["inspect", "--creds", &wrong, target]).await;
    assert!(!wrong.success && wrong.stderr.contains("Invalid clientid or client secret"), "{wrong:?}");
}

#[tokio::test]
async fn skopeo_sees_a_blob_that_was_changed_on_its_way() {
    let world = World::start().await;
    let skopeo = Skopeo::for_world(&world);
    let folder = world.state.path().join("in");
    layout(&folder);
    let connection = world.connection("writer");
    let writer = format!("{}:{}", parameter(&connection, "serviceprincipalid"), parameter(&connection, "serviceprincipalkey"));
    let target = "docker://shopnonprod.azurecr.io/shop/orders:v1";
    let source = format!("oci:{}:v1", folder.display());
    Skopeo::good(skopeo.run(&["copy", "--all", "--preserve-digests", "--dest-creds", &writer, &source, target]).await);
    let fault =
        Fault { host: "*.blob.core.windows.net".to_owned(), path: "*".to_owned(), method: None, kind: FaultKind::Corrupt, times: 1 };
    world.standin.faults().push(fault).unwrap();
    let back = format!("oci:{}:v1", world.state.path().join("out").display());
    let refused = skopeo.run(&["copy", "--all", "--src-creds", &writer, target, &back]).await;
    assert!(!refused.success && refused.stderr.to_lowercase().contains("digest"), "{refused:?}");
}
