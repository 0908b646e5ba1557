//! Registries that are not ours, with a user and a password, and other people's clients.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const USER: &str = "ci";
/// Must never show.
pub(crate) const PASSWORD: &str = "planted-password";
/// `USER` and `PASSWORD` for the registry (bcrypt; cheap, since every request is checked).
const HTPASSWD: &str = "ci:$2b$04$abcdefghijklmnopqrstuuaalozgO24BBozvnT9Bl74og5BKuD1Fe\n";

/// The program that a variable of `./scripts/test` names.
fn program(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run ./scripts/test, which sets it")).into()
}

/// Runs a program and returns what it printed.
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("`{}`: {error}", program.display()));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {arguments:?}: {out}{err}", program.display());
    out.into_owned()
}

/// Certificates of the tests' authority for 127.0.0.1.
static AUTHORITY: LazyLock<TempDir> = LazyLock::new(|| {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.clone().self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.crt"), ca_pem).unwrap();
    // `.cert` and `.key` would be a client's to skopeo
    fs::write(folder.path().join("server.pub"), certificate.pem()).unwrap();
    fs::write(folder.path().join("server.pem"), key.serialize_pem()).unwrap();
    folder
});

/// A file of the authority: `ca.crt`, `server.pub`, `server.pem`.
pub(crate) fn authority(name: &str) -> String {
    AUTHORITY.path().join(name).display().to_string()
}

/// A `docker-registry` on loopback.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    pub(crate) host: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("htpasswd");
        fs::write(&users, HTPASSWD).unwrap();
        let config = json!({
            "version": 0.1,
            "log": { "level": "info" },
            "storage": { "filesystem": { "rootdirectory": folder.path().join("data") }, "cache": { "blobdescriptor": "inmemory" } },
            "auth": { "htpasswd": { "realm": "tests", "path": users } },
            "http": { "addr": "127.0.0.1:0", "tls": { "certificate": authority("server.pub"), "key": authority("server.pem") } },
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
            assert!(host.is_some() || !line.contains("level=fatal"), "{line}");
            line.clear();
        }
        // the log goes on; a full pipe would stop the server
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, folder, host: host.expect("an address in the log of docker-registry") }
    }

    /// What skopeo says of an image: `repository:tag` or `repository@digest`.
    pub(crate) fn inspect(&self, name: &str) -> Value {
        let (place, certificates) = (format!("docker://{}/{name}", self.host), AUTHORITY.path().display().to_string());
        let read = run(
            &program("SLIPWAY_TEST_SKOPEO"),
            &["inspect", "--no-tags", "--cert-dir", &certificates, "--creds", &format!("{USER}:{PASSWORD}"), &place],
        );
        serde_json::from_str(&read).unwrap()
    }

    /// The digest that a tag names, as skopeo sees it.
    pub(crate) fn tagged(&self, name: &str) -> String {
        self.inspect(name)["Digest"].as_str().unwrap().to_owned()
    }

    /// Runs a command of oras on this registry.
    pub(crate) fn oras(&self, command: &[&str], arguments: &[&str]) -> String {
        let signed_in = ["--ca-file", &authority("ca.crt"), "--username", USER, "--password", PASSWORD];
        run(&program("SLIPWAY_TEST_ORAS"), &[command, &signed_in, arguments].concat())
    }

    /// The in-toto statements that refer to an image, as oras finds them; each with its digest.
    pub(crate) fn statements(&self, repository: &str, digest: &str) -> Vec<(String, Value)> {
        let place = |digest: &str| format!("{}/{repository}@{digest}", self.host);
        let found: Value = serde_json::from_str(
            &self.oras(&["discover"], &["--format", "json", "--artifact-type", "application/vnd.in-toto+json", &place(digest)]),
        )
        .unwrap();
        let listed = found["referrers"].as_array().or(found["manifests"].as_array()).cloned().unwrap_or_default();
        let read = |referrer: &Value| {
            let digest = referrer["digest"].as_str().unwrap().to_owned();
            let manifest: Value = serde_json::from_str(&self.oras(&["manifest", "fetch"], &[&place(&digest)])).unwrap();
            let layer = manifest["layers"][0]["digest"].as_str().unwrap();
            (digest, serde_json::from_str(&self.oras(&["blob", "fetch"], &["--output", "-", &place(layer)])).unwrap())
        };
        listed.iter().map(read).collect()
    }

    /// The repositories, by the registry's own list.
    pub(crate) fn repositories(&self) -> Vec<String> {
        self.oras(&["repo", "ls"], &[&self.host]).lines().map(str::to_owned).collect()
    }

    /// The file on the registry's disk in which a blob or a manifest lies.
    pub(crate) fn blob_file(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.folder.path().join("data/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    /// How many manifests the repository has, by the registry's disk.
    pub(crate) fn manifests(&self, repository: &str) -> usize {
        fs::read_dir(self.revisions(repository)).map(Iterator::count).unwrap_or_default()
    }

    /// Whether the repository has a manifest of this digest, by the registry's disk.
    pub(crate) fn has_manifest(&self, repository: &str, digest: &str) -> bool {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.revisions(repository).join(hex).join("link").is_file()
    }

    fn revisions(&self, repository: &str) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2/repositories").join(repository).join("_manifests/revisions/sha256")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
