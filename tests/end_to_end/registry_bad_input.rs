//! Bad input of ImagePublish and AcrPromote, as a new user would give it, and what somebody else changed. Each test compares the
//! whole output and searches everything for secrets; a good run on the same state comes first and after.

use std::fs;

use crate::registries::{cd, ci, content, digest, good, publish, tags, text, world};
use crate::shop::GROUP;

/// Runs good CI, then a CI that must fail, then the good one again, which must not stumble.
fn publish_refused(name: &str, pipeline: &str) {
    let world = world(&ci("1", &[]), &cd("", &[]));
    good(&world, "ci.yml");
    world.write("bad.yml", pipeline);
    let finished = world.run("bad.yml");
    let before = digest(&world, 1);
    insta::assert_snapshot!(name, text(&world, &finished));
    assert_ne!(finished.status, 0);
    assert!(!world.state().join("runs/2/artifacts/images").exists(), "images.json although nothing was published");
    good(&world, "ci.yml");
    assert_eq!(digest(&world, 3), before, "the same files, another image");
}

/// A pipeline like that of CI without its artifact.
fn alone(inputs: crate::registries::Inputs<'_>) -> String {
    format!("{}{GROUP}", publish("1", inputs))
}

/// Runs good CI, then a CD that must fail and leave the target as it was, then a good one.
fn promote_refused(name: &str, pipeline: &str) {
    let world = world(&ci("1", &[]), &cd("", &[]));
    good(&world, "ci.yml");
    world.write("bad.yml", pipeline);
    let finished = world.run("bad.yml");
    insta::assert_snapshot!(name, text(&world, &finished));
    assert_ne!(finished.status, 0);
    assert!(!content(&world, "shopprod", &digest(&world, 1)).exists() && tags(&world, "shopprod").is_empty(), "something was copied");
    good(&world, "cd.yml");
    assert!(content(&world, "shopprod", &digest(&world, 1)).exists(), "the control: a promotion is found");
    assert_eq!(tags(&world, "shopprod"), [format!("run-1={}", digest(&world, 1))]);
}

#[test]
fn an_image_is_published_and_promoted() {
    let world = world(&ci("1", &[("tags", "latest")]), &cd("", &[]));
    insta::assert_snapshot!("ci", text(&world, &good(&world, "ci.yml")));
    insta::assert_snapshot!("cd", text(&world, &good(&world, "cd.yml")));
    insta::assert_snapshot!("cd_again", text(&world, &good(&world, "cd.yml")));
}

#[test]
fn a_registry_that_does_not_exist() {
    publish_refused("no_such_registry", &alone(&[("azureContainerRegistry", "shopnonprd")]));
}

#[test]
fn a_login_server_that_does_not_exist() {
    publish_refused("no_such_login_server", &alone(&[("azureContainerRegistry", "shopnowhere.azurecr.io")]));
}

/// No Entra token goes there.
#[test]
fn a_login_server_that_is_none_of_azure() {
    publish_refused("no_login_server_of_azure", &alone(&[("azureContainerRegistry", "ghcr.io")]));
}

#[test]
fn a_connection_without_push_rights() {
    publish_refused("no_push_rights", &alone(&[("azureSubscription", "cd")]));
}

#[test]
fn a_folder_without_files() {
    publish_refused("empty_folder", &alone(&[("folder", "$(Build.ArtifactStagingDirectory)")]));
}

#[test]
fn a_link_that_leaves_the_folder() {
    let pipeline = alone(&[]).replace("chmod 755 orders", "ln -s ../../s/README.md notes && ln -s /etc/hostname hostname");
    publish_refused("link_leaves", &pipeline);
}

#[test]
fn a_base_image_of_another_platform() {
    let world = world(&ci("1", &[("platform", "linux/arm64"), ("tags", "base")]), &cd("", &[]));
    good(&world, "ci.yml");
    world.write("bad.yml", &alone(&[("baseImage", "shopnonprod.azurecr.io/shop/orders:base")]));
    let finished = world.run("bad.yml");
    insta::assert_snapshot!("base_of_another_platform", text(&world, &finished));
    assert_ne!(finished.status, 0);
    world.write("good.yml", &alone(&[("baseImage", "shopnonprod.azurecr.io/shop/orders:base"), ("platform", "linux/arm64")]));
    good(&world, "good.yml");
}

#[test]
fn inputs_with_many_mistakes() {
    publish_refused(
        "many_mistakes",
        &alone(&[
            ("repository", "shopnonprod.azurecr.io/Orders"),
            ("destination", "app"),
            ("environment", "RUST_LOG=info\nno value\n1ST=1"),
            ("ports", "8080, 70000"),
            ("platform", "amd64"),
            ("tags", "latest\na b"),
            ("baseImage", "debian:12"),
        ]),
    );
}

#[test]
fn no_pull_rights_on_the_source() {
    promote_refused(
        "no_pull_rights",
        &cd("", &[("sourceAzureSubscription", "stranger"), ("sourceAzureContainerRegistry", "shopnonprod.azurecr.io")]),
    );
}

#[test]
fn no_push_rights_on_the_target() {
    promote_refused("no_push_rights_on_the_target", &cd("", &[("targetAzureSubscription", "ci")]));
}

#[test]
fn source_and_target_are_the_same() {
    promote_refused("source_is_target", &cd("", &[("targetAzureContainerRegistry", "ShopNonProd.azurecr.io")]));
}

#[test]
fn an_images_file_that_is_not_there() {
    promote_refused("no_images_file", &cd("", &[("imagesFile", "$(Pipeline.Workspace)/images.json")]));
}

#[test]
fn a_pipeline_resource_that_is_not_there() {
    promote_refused("no_pipeline_resource", &cd("", &[("pipelineResource", "build")]));
}

#[test]
fn a_digest_that_does_not_exist() {
    promote_refused("no_such_digest", &cd("sed -i 's/sha256:[0-9a-f]*/sha256:'$(printf %064d 0)/ images.json", &[]));
}

#[test]
fn the_images_file_names_an_image_of_another_run() {
    let world = world(&ci("1", &[]), &cd("", &[]));
    good(&world, "ci.yml");
    let other = digest(&world, 1);
    world.write("ci.yml", &ci("2", &[]));
    good(&world, "ci.yml");
    let promoted = digest(&world, 2);
    assert_ne!(other, promoted);
    world.write("bad.yml", &cd(&format!("sed -i 's/{promoted}/{other}/' images.json"), &[]));
    let finished = world.run("bad.yml");
    insta::assert_snapshot!("another_runs_image", text(&world, &finished));
    assert_ne!(finished.status, 0);
    assert!(!content(&world, "shopprod", &other).exists());
    // The control: that image is good for its own run.
    world.write("good.yml", &cd("", &[]));
    let mut command = world.run_command("good.yml");
    command.args(["--pipeline-run", "ci=1"]);
    let finished = slipway_tests::Finished::of(slipway_tests::World::start(command));
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    assert!(content(&world, "shopprod", &other).exists() && !content(&world, "shopprod", &promoted).exists());
}

#[test]
fn a_blob_was_changed() {
    let world = world(&ci("1", &[]), &cd("", &[]));
    good(&world, "ci.yml");
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(content(&world, "shopnonprod", &digest(&world, 1))).unwrap()).unwrap();
    let layer = content(&world, "shopnonprod", manifest["layers"][0]["digest"].as_str().unwrap());
    let mut bytes = fs::read(&layer).unwrap();
    let kept = bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&layer, bytes).unwrap();
    let finished = world.run("cd.yml");
    insta::assert_snapshot!("blob_was_changed", text(&world, &finished));
    assert_ne!(finished.status, 0);
    assert!(!content(&world, "shopprod", &digest(&world, 1)).exists() && tags(&world, "shopprod").is_empty());
    fs::write(&layer, kept).unwrap();
    good(&world, "cd.yml");
}

#[test]
fn a_tag_was_moved() {
    let world = world(&ci("1", &[("tags", "latest")]), &cd("", &[]));
    good(&world, "ci.yml");
    world.write("move.yml", &alone(&[("tags", "latest")]).replace("version 1", "version 2"));
    good(&world, "move.yml");
    let finished = good(&world, "cd.yml");
    insta::assert_snapshot!("tag_was_moved", text(&world, &finished));
    assert_eq!(tags(&world, "shopprod"), [format!("run-1={}", digest(&world, 1))]);
}

#[test]
fn the_admin_user_of_a_registry_publishes() {
    let inputs = [
        ("connectionType", "dockerRegistry"),
        ("containerRegistry", "nonprod-admin"),
        ("azureSubscription", ""),
        ("azureContainerRegistry", ""),
    ];
    let world = world(&ci("1", &inputs), &cd("", &[]));
    insta::assert_snapshot!("by_the_admin_user", text(&world, &good(&world, "ci.yml")));
    good(&world, "cd.yml");
}
