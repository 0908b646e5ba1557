//! A world with two container registries, CI that publishes to the first and CD that promotes from it to the second.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use slipway_tests::{Finished, World};

use crate::leftovers::assert_masked;
use crate::shop::{GROUP, LOCAL};

/// A service: `orders` in the registry `shopnonprod`.
pub(crate) const REPOSITORY: &str = "shop/orders";

/// [`LOCAL`] with the registries `shopnonprod` (push `ci` and those of every kind, pull `cd`) and `shopprod` (push `cd`), and connections named after who signs in.
fn local() -> String {
    let principals = "principals:\n- name: ci\n  credentials: [federated]\n- name: cd\n  credentials: [secret]\n";
    let connections = "\
registries:
- name: shopnonprod
  push: [ci, federated, secret, certificate, machine]
  pull: [cd]
  adminUser: true
- name: shopprod
  push: [cd]
  pull: [ci]
  adminUser: true

pipelines:
- {name: shop-ci, file: ci.yml}
- {name: shop-cd, file: cd.yml}

serviceConnections:
- name: ci
  principal: ci
  credential: federated
- name: cd
  principal: cd
  credential: secret
- name: nonprod-federated
  type: dockerRegistry
  registry: shopnonprod
  principal: federated
  credential: federated
- name: nonprod-secret
  type: dockerRegistry
  registry: shopnonprod
  principal: secret
  credential: secret
- name: nonprod-machine
  type: dockerRegistry
  registry: shopnonprod
  principal: machine
  credential: managedIdentity
- name: nonprod-admin
  type: dockerRegistry
  registry: shopnonprod
  adminUser: true
";
    LOCAL.replacen("principals:\n", principals, 1).replacen("serviceConnections:\n", connections, 1)
}

/// Inputs of a task, in place of those of [`publish`] and [`promote`] with the same names, or beside them.
pub(crate) type Inputs<'a> = &'a [(&'a str, &'a str)];

/// Steps that write `version` into a file and publish an image of it.
pub(crate) fn publish(version: &str, inputs: Inputs<'_>) -> String {
    let defaults = [
        ("azureSubscription", "ci"),
        ("azureContainerRegistry", "shopnonprod"),
        ("repository", REPOSITORY),
        ("folder", "$(Build.BinariesDirectory)/files"),
        ("entryPoint", "/app/orders"),
    ];
    format!(
        "\
steps:
- checkout: none
- script: |
    mkdir -p files && cd files
    echo 'version {version}' > orders && chmod 755 orders
  displayName: Build
  workingDirectory: $(Build.BinariesDirectory)
{}",
        task("ImagePublish", "Publish", &defaults, inputs)
    )
}

/// A pipeline of [`publish`] whose images file becomes an artifact.
pub(crate) fn ci(version: &str, inputs: Inputs<'_>) -> String {
    format!(
        "trigger: none\n{}- publish: $(Build.ArtifactStagingDirectory)/images\n  artifact: images\n  displayName: Keep\n{GROUP}",
        publish(version, inputs)
    )
}

/// A pipeline that promotes what the run of `ci` published; `tamper` is a script that runs beside its images file before.
pub(crate) fn cd(tamper: &str, inputs: Inputs<'_>) -> String {
    let defaults = [
        ("sourceAzureSubscription", "cd"),
        ("sourceAzureContainerRegistry", "shopnonprod"),
        ("targetAzureSubscription", "cd"),
        ("targetAzureContainerRegistry", "shopprod"),
        ("imagesFile", "$(Pipeline.Workspace)/ci/images/images.json"),
        ("tags", "run-$(resources.pipeline.ci.runID)"),
    ];
    let tamper = if tamper.is_empty() {
        String::new()
    } else {
        format!(
            "- script: |\n    {}\n  displayName: Tamper\n  workingDirectory: $(Pipeline.Workspace)/ci/images\n",
            tamper.replace('\n', "\n    ")
        )
    };
    format!(
        "\
trigger: none
resources:
  pipelines:
  - pipeline: ci
    source: shop-ci
steps:
- checkout: none
- download: ci
  displayName: Download
{tamper}{}{GROUP}",
        task("AcrPromote", "Promote", &defaults, inputs)
    )
}

fn task(name: &str, display_name: &str, defaults: Inputs<'_>, inputs: Inputs<'_>) -> String {
    let mut all: Vec<(&str, &str)> = defaults.to_vec();
    for input in inputs {
        match all.iter_mut().find(|(name, _)| *name == input.0) {
            Some(known) => *known = *input,
            None => all.push(*input),
        }
    }
    let lines: String = all.iter().map(|(name, value)| format!("    {name}: |-\n      {}\n", value.replace('\n', "\n      "))).collect();
    format!("- task: {name}@1\n  displayName: {display_name}\n  inputs:\n{lines}")
}

/// A git repository with these pipelines, whose commit is the same in every world.
pub(crate) fn world(ci: &str, cd: &str) -> World {
    let world = World::new(&[("slipway.local.yml", &local()), ("ci.yml", ci), ("cd.yml", cd), ("README.md", "# Shop\n")]);
    for arguments in [&["init", "--quiet", "--initial-branch=main"][..], &["add", "README.md"], &["commit", "--quiet", "-m", "First"]] {
        slipway_tests::git(&world.repository(), arguments, Some("2026-11-24T00:00:00Z"));
    }
    world
}

/// Runs a pipeline that must succeed.
pub(crate) fn good(world: &World, pipeline: &str) -> Finished {
    let finished = world.run(pipeline);
    assert_eq!(finished.status, 0, "{}", finished.text(world));
    finished
}

/// The whole output, with numbers in place of digests, in the order in which they are first named; no secret is in it.
pub(crate) fn text(world: &World, finished: &Finished) -> String {
    assert_masked(world, &[&finished.stdout, &finished.stderr]);
    let passwords = fs::read_to_string(world.state().join("azure/store/registries.json")).expect("a readable file");
    let passwords: Value = serde_json::from_str(&passwords).expect("valid JSON");
    let passwords: Vec<&str> =
        passwords["shopnonprod"].as_array().expect("passwords").iter().map(|password| password.as_str().expect("a text")).collect();
    for (password, found) in passwords.iter().zip(slipway_tests::files_with_each(world.folder(), &passwords)) {
        assert_eq!(found, [PathBuf::from("state/azure/store/registries.json")], "a password of a registry");
        assert!(!finished.stdout.contains(password) && !finished.stderr.contains(password), "a password of a registry in the output");
    }
    numbered(&finished.text(world))
}

fn numbered(text: &str) -> String {
    let pattern = regex_lite::Regex::new("sha256:[0-9a-f]{64}").expect("a valid pattern");
    let mut digests: Vec<&str> = Vec::new();
    for found in pattern.find_iter(text) {
        if !digests.contains(&found.as_str()) {
            digests.push(found.as_str());
        }
    }
    digests.iter().enumerate().fold(text.to_owned(), |text, (index, digest)| text.replace(digest, &format!("[digest {}]", index + 1)))
}

/// The only image of the images file that a run published as an artifact.
pub(crate) fn image(world: &World, run: u64) -> Value {
    let file = world.state().join(format!("runs/{run}/artifacts/images/images.json"));
    let list: Value =
        serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).expect("valid JSON");
    assert_eq!(list["images"].as_array().expect("images").len(), 1, "{list}");
    list["images"][0].clone()
}

/// The digest of [`image`].
pub(crate) fn digest(world: &World, run: u64) -> String {
    image(world, run)["digest"].as_str().expect("a digest").to_owned()
}

/// The file of a blob or manifest in the local Azure.
pub(crate) fn content(world: &World, registry: &str, digest: &str) -> PathBuf {
    world.state().join("azure/registries").join(registry).join("blobs").join(digest.strip_prefix("sha256:").expect("a digest"))
}

/// The tags of [`REPOSITORY`] in the local Azure, as `tag=digest`; none where the registry has no such repository.
pub(crate) fn tags(world: &World, registry: &str) -> Vec<String> {
    let file = world.state().join("azure/registries").join(registry).join("repositories").join("shop%2Forders.json");
    if !file.exists() {
        return Vec::new();
    }
    let repository: Value = serde_json::from_slice(&fs::read(file).expect("a readable file")).expect("valid JSON");
    repository["tags"]
        .as_object()
        .expect("tags")
        .iter()
        .map(|(tag, digest)| format!("{tag}=sha256:{}", digest.as_str().expect("a digest")))
        .collect()
}
