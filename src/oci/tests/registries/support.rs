//! Real registries, other people's clients, and images to move.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use slipway_model::Digest;
use slipway_net::{Client, RetryPolicy, Settings};
use slipway_oci::{CopyRequest, Credential, Descriptor, Manifest, Registry, digest_of};
use slipway_secret::SecretSink;
use tempfile::TempDir;

/// The program that a variable of `./scripts/test` names.
fn program(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run ./scripts/test, which sets it")).into()
}

pub(crate) fn oras() -> PathBuf {
    program("SLIPWAY_TEST_ORAS")
}

pub(crate) fn skopeo() -> PathBuf {
    program("SLIPWAY_TEST_SKOPEO")
}

/// Runs a program and returns what it printed.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("`{}`: {error}", program.display()));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {arguments:?}: {out}{err}", program.display());
    out.into_owned()
}

/// A certificate authority of the tests with a certificate for 127.0.0.1.
pub(crate) struct Authority {
    /// `ca.crt`, `server.pub`, `server.pem` (a `.key` would be a client's to skopeo).
    pub(crate) folder: TempDir,
}

pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.clone().self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.crt"), ca_pem).unwrap();
    fs::write(folder.path().join("server.pub"), certificate.pem()).unwrap();
    fs::write(folder.path().join("server.pem"), key.serialize_pem()).unwrap();
    Authority { folder }
});

impl Authority {
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// A `docker-registry` on loopback.
pub(crate) struct Server {
    child: Child,
    _folder: TempDir,
    pub(crate) host: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "version": 0.1,
            "log": { "level": "info" },
            "storage": { "filesystem": { "rootdirectory": folder.path().join("data") }, "cache": { "blobdescriptor": "inmemory" } },
            "http": {
                "addr": "127.0.0.1:0",
                "tls": { "certificate": AUTHORITY.file("server.pub"), "key": AUTHORITY.file("server.pem") },
            },
        });
        let file = folder.path().join("config.yml");
        fs::write(&file, config.to_string()).unwrap();
        let mut child = Command::new(program("SLIPWAY_TEST_DOCKER_REGISTRY"))
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("docker-registry: {error}"));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut host = None;
        let mut line = String::new();
        while host.is_none() && log.read_line(&mut line).unwrap() > 0 {
            host = line.split("listening on ").nth(1).and_then(|rest| Some(rest.split([',', '"']).next()?.to_owned()));
            if host.is_none() {
                assert!(!line.contains("level=fatal"), "{line}");
            }
            line.clear();
        }
        // the log goes on; a full pipe would stop the server
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, _folder: folder, host: host.expect("an address in the log of docker-registry") }
    }

    pub(crate) fn registry(&self) -> Registry {
        registry(&self.host)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn client() -> Client {
    let settings =
        Settings { ca_file: Some(AUTHORITY.folder.path().join("ca.crt")), user_agent: "slipway-test".to_owned(), ..Settings::default() };
    let policy = RetryPolicy { first_delay: std::time::Duration::from_millis(1), ..RetryPolicy::default() };
    Client::new(&settings).unwrap().with_policy(policy)
}

pub(crate) fn registry(host: &str) -> Registry {
    Registry::new(host, client(), Credential::Anonymous, Arc::new(Sink::default())).unwrap()
}

/// Records what was registered as a secret.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<String>>>);

impl SecretSink for Sink {
    fn register(&self, value: &str) {
        self.0.lock().unwrap().push(value.to_owned());
    }
}

/// Bytes that do not compress, always the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = std::iter::from_fn(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes())
    });
    next.flatten().take(length).collect()
}

/// An image in memory.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) manifest: Manifest,
    pub(crate) blobs: Vec<(Descriptor, Vec<u8>)>,
}

/// An image for `architecture` with these layers. The layers are tar files, which clients may look into.
pub(crate) fn image(architecture: &str, layers: &[Vec<u8>]) -> Image {
    let layers: Vec<_> = layers.iter().map(|content| tar(content)).collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest_of(layer).to_string()).collect();
    let config = json!({ "architecture": architecture, "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": diff_ids } });
    let config = config.to_string().into_bytes();
    let mut blobs = vec![(Descriptor::of("application/vnd.oci.image.config.v1+json", &config), config)];
    blobs.extend(layers.into_iter().map(|layer| (Descriptor::of("application/vnd.oci.image.layer.v1.tar", &layer), layer)));
    let named: Vec<_> = blobs.iter().map(|(blob, _)| named(blob)).collect();
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": named[0], "layers": named[1..] });
    Image { manifest: Manifest::new(MANIFEST, manifest.to_string()), blobs }
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A descriptor as it stands in a manifest.
pub(crate) fn named(descriptor: &Descriptor) -> Value {
    json!({ "mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size })
}

fn tar(content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "content", content).unwrap();
    builder.into_inner().unwrap()
}

/// An index of images, with a key that nobody knows.
pub(crate) fn index(images: &[(&str, &Image)]) -> Manifest {
    let entries: Vec<_> = images
        .iter()
        .map(|(architecture, image)| {
            let mut entry = named(&image.manifest.descriptor());
            entry["platform"] = json!({ "os": "linux", "architecture": architecture });
            entry
        })
        .collect();
    Manifest::new(INDEX, json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "x-unknown": [1, 2] }).to_string())
}

pub(crate) async fn push(registry: &Registry, repository: &str, image: &Image) {
    for (descriptor, bytes) in &image.blobs {
        registry.push_blob(repository, descriptor, bytes.clone().into()).await.unwrap();
    }
    registry.push_manifest(repository, &image.manifest).await.unwrap();
}

/// A file with these bytes.
pub(crate) fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A copy with all referrers, into another repository.
pub(crate) fn request(digest: &Digest) -> CopyRequest {
    CopyRequest {
        source_repository: "a/source".to_owned(),
        target_repository: "b/target".to_owned(),
        digest: digest.clone(),
        referrers: true,
    }
}
