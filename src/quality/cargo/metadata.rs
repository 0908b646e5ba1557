//! What `cargo metadata` says about the packages of a workspace.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde::Deserialize;
use slipway_process::Command;
use tokio::io::AsyncReadExt;

use crate::workspace::relative;
use crate::{BrokenManifest, CommandLine, DiscoverError, Package, Workspace};

const INSTALL: &str = "install Rust in a step before, for example with \
    `curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y` and \
    the logging command `task.prependpath` for `$HOME/.cargo/bin`, or use an agent that has it (Microsoft's hosted agents do)";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    #[serde(default)]
    authors: Vec<String>,
    description: Option<String>,
    homepage: Option<String>,
    repository: Option<String>,
    license: Option<String>,
    license_file: Option<PathBuf>,
    readme: Option<PathBuf>,
    rust_version: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    test: bool,
    doctest: bool,
}

/// The workspaces to which the manifests belong, each once. All that cannot be read are told of at once; what lies below one of
/// them is not asked about, since it is probably part of it.
pub(super) async fn find(base: &Path, files: &[PathBuf], environment: &[(String, OsString)]) -> Result<Vec<Workspace>, DiscoverError> {
    let mut found: Vec<Workspace> = Vec::new();
    let (mut problems, mut broken): (Vec<BrokenManifest>, Vec<&Path>) = (Vec::new(), Vec::new());
    for file in files {
        let known = |workspace: &Workspace| {
            workspace.root.join("Cargo.toml") == *file || workspace.packages.iter().any(|package| package.root.join("Cargo.toml") == *file)
        };
        let folder = file.parent().unwrap_or(base);
        if found.iter().any(known) || broken.iter().any(|above| folder.starts_with(above)) {
            continue;
        }
        // Paths as an argument may be no UTF-8; the working folder says it as well.
        let command = CommandLine::new("cargo", &["metadata", "--no-deps", "--format-version", "1", "--color", "never"], folder);
        let manifest = relative(base, file);
        let output = output(&command, environment).await.map_err(|_| DiscoverError::ToolMissing {
            tool: "cargo",
            manifest: manifest.clone(),
            hint: INSTALL,
        })?;
        // Below a workspace that does not count it in: Cargo would not build it from there either (test data, templates).
        if !found.is_empty() && output.stderr.contains("believes it's in a workspace when it's not") {
            continue;
        }
        let metadata = match output.status.success() {
            true => serde_json::from_str::<Metadata>(&output.stdout).map_err(|error| format!("unexpected metadata: {error}")),
            false => Err(output.stderr.trim_end().to_owned()),
        };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(message) => {
                problems.push(BrokenManifest { manifest, message });
                broken.push(folder);
                continue;
            }
        };
        if found.iter().any(|workspace| workspace.root == metadata.workspace_root) {
            continue;
        }
        found.push(workspace(base, metadata));
    }
    if problems.is_empty() { Ok(found) } else { Err(DiscoverError::Broken { tool: "cargo", problems }) }
}

fn workspace(base: &Path, metadata: Metadata) -> Workspace {
    let root = metadata.workspace_root;
    let mut packages: Vec<_> = metadata.packages.into_iter().map(package).collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Workspace {
        ecosystem: "Cargo",
        base: base.to_owned(),
        folder: relative(base, &root),
        locked: root.join("Cargo.lock").is_file(),
        root,
        packages,
    }
}

fn package(package: MetadataPackage) -> Package {
    let root = package.manifest_path.parent().map(Path::to_owned).unwrap_or_default();
    let manifest = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    Package {
        library: package
            .targets
            .iter()
            .any(|target| target.test && target.kind.iter().any(|kind| kind == "proc-macro" || kind.ends_with("lib"))),
        doc_tests: package.targets.iter().any(|target| target.doctest),
        integration_tests: package.targets.iter().any(|target| target.test && target.kind.iter().any(|kind| kind == "test")),
        foreign_harness: foreign_harness(&manifest),
        environment: environment(&package, &root),
        name: package.name,
        version: package.version,
        root,
    }
}

/// The variables that Cargo sets when it runs a test: <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
fn environment(package: &MetadataPackage, root: &Path) -> Vec<(String, String)> {
    let (numbers, pre) = package
        .version
        .split_once('+')
        .map_or(&*package.version, |(before, _)| before)
        .split_once('-')
        .unwrap_or((package.version.split('+').next().unwrap_or_default(), ""));
    let mut numbers = numbers.split('.');
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let path = |value: &Option<PathBuf>| value.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let mut number = || numbers.next().unwrap_or_default().to_owned();
    [
        ("MANIFEST_DIR", root.display().to_string()),
        ("MANIFEST_PATH", package.manifest_path.display().to_string()),
        ("PKG_NAME", package.name.clone()),
        ("PKG_VERSION", package.version.clone()),
        ("PKG_VERSION_MAJOR", number()),
        ("PKG_VERSION_MINOR", number()),
        ("PKG_VERSION_PATCH", number()),
        ("PKG_VERSION_PRE", pre.to_owned()),
        ("PKG_AUTHORS", package.authors.join(":")),
        ("PKG_DESCRIPTION", text(&package.description)),
        ("PKG_HOMEPAGE", text(&package.homepage)),
        ("PKG_REPOSITORY", text(&package.repository)),
        ("PKG_LICENSE", text(&package.license)),
        ("PKG_LICENSE_FILE", path(&package.license_file)),
        ("PKG_README", path(&package.readme)),
        ("PKG_RUST_VERSION", text(&package.rust_version)),
    ]
    .map(|(name, value)| (format!("CARGO_{name}"), value))
    .into()
}

/// The targets (`test/name`, `lib`, `bin/name`) with `harness = false`. Cargo accepted the manifest, so it is valid.
fn foreign_harness(manifest: &str) -> Vec<String> {
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return Vec::new() };
    let is_foreign = |target: &toml::Value| target.get("harness").and_then(toml::Value::as_bool) == Some(false);
    let mut found = Vec::new();
    if manifest.get("lib").is_some_and(is_foreign) {
        found.push("lib".to_owned());
    }
    for kind in ["bin", "example", "test", "bench"] {
        let targets = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        let names = targets.filter(|target| is_foreign(target)).filter_map(|target| target.get("name")?.as_str());
        found.extend(names.map(|name| format!("{kind}/{name}")));
    }
    found
}

/// What a short command said.
pub(super) struct Output {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a short command to its end.
pub(super) async fn output(line: &CommandLine, environment: &[(String, OsString)]) -> Result<Output, String> {
    let command = Command::new(&line.program).args(&line.arguments).folder(&line.folder);
    let mut child = command.envs(environment.iter().map(|(name, value)| (name, value))).spawn().map_err(|error| error.to_string())?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let pipes = (child.take_stdout(), child.take_stderr());
    let (Some(mut out), Some(mut err)) = pipes else { return Err(format!("`{}` has no output", line.program.display())) };
    let read = tokio::try_join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
    read.map_err(|error| error.to_string())?;
    let status = child.wait().await.map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Output { status, stdout: text(stdout), stderr: text(stderr) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_without_libtest_are_known_by_the_manifest() {
        let manifest = "[lib]\nharness = false\n[[test]]\nname = 'own'\nharness = false\n[[test]]\nname = 'usual'\n";
        assert_eq!(foreign_harness(manifest), ["lib", "test/own"]);
        assert_eq!(foreign_harness("bench = [{ name = 'b', harness = false }]"), ["bench/b"]);
    }
}
