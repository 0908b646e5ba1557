//! An image that was built, on its way to docker-registry.

use std::fs;

use serde_json::Value;
use slipway_oci::{BaseError, BuiltImage, ImageSettings, Registry, base_image, build, publish};
use tempfile::TempDir;

use crate::support::{AUTHORITY, Server, image, index, noise, push, run, skopeo};

/// A registry with a base image for two platforms under a tag.
async fn with_base(server: &Server) -> Registry {
    let registry = server.registry();
    let (amd, arm) = (image("amd64", &[noise(1, 100_000)]), image("arm64", &[noise(2, 100_000)]));
    push(&registry, "base/os", &amd).await;
    push(&registry, "base/os", &arm).await;
    registry.tag("base/os", &index(&[("amd64", &amd), ("arm64", &arm)]), "12").await.unwrap();
    registry
}

async fn built(registry: &Registry, platform: &str) -> (TempDir, BuiltImage) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("files")).unwrap();
    fs::write(folder.path().join("files/orders"), noise(3, 200_000)).unwrap();
    let settings =
        ImageSettings { entrypoint: vec!["/app/orders".to_owned()], platform: platform.parse().unwrap(), ..ImageSettings::default() };
    let base = base_image(registry, "base/os", "12", &settings.platform).await.unwrap();
    let image = build(&folder.path().join("files"), "/app", &settings, Some(&base), folder.path()).unwrap();
    (folder, image)
}

#[tokio::test]
async fn an_image_is_published_with_the_layers_of_its_base_and_a_second_time_nothing_is_sent() {
    let (bases, server) = (Server::start(), Server::start());
    let source = with_base(&bases).await;
    let (_folder, image) = built(&source, "linux/arm64").await;
    let target = server.registry();
    let report = publish(&target, "shop/orders", &image, Some((&source, "base/os"))).await.unwrap();
    assert_eq!((report.sent, report.present), (3, 0));
    let place = format!("docker://{}/shop/orders@{}", server.host, image.manifest.digest);
    let authority = AUTHORITY.folder.path().display().to_string();
    let config: Value =
        serde_json::from_str(&run(&skopeo(), &["inspect", "--config", "--no-tags", "--cert-dir", &authority, &place])).unwrap();
    assert_eq!(config["architecture"], "arm64");
    assert_eq!(config["config"]["Entrypoint"][0], "/app/orders");
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);

    let before = target.requests();
    let report = publish(&target, "shop/orders", &image, Some((&source, "base/os"))).await.unwrap();
    assert_eq!((report.sent, report.bytes_sent), (0, 0));
    assert_eq!(target.requests() - before, 1);
}

#[tokio::test]
async fn the_layers_of_a_base_of_the_same_registry_are_mounted() {
    let server = Server::start();
    let registry = with_base(&server).await;
    let (_folder, image) = built(&registry, "linux/amd64").await;
    let report = publish(&registry, "shop/orders", &image, Some((&registry, "base/os"))).await.unwrap();
    assert_eq!((report.sent, report.present), (2, 1));
    assert!(registry.head("shop/orders", image.manifest.digest.as_str()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_base_image_of_another_platform_is_refused_with_those_that_there_are() {
    let server = Server::start();
    let registry = with_base(&server).await;
    let error = base_image(&registry, "base/os", "12", &"linux/s390x".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, BaseError::Platform { .. }));
    assert!(error.to_string().ends_with("is not for `linux/s390x`, only for `linux/amd64`, `linux/arm64`."), "{error}");
    let error = base_image(&registry, "base/os", "13", &"linux/amd64".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("`{}/base/os` has no manifest `13`.", server.host));
}
