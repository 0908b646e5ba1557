//! Building images: the same digest from the same files wherever they lie, and what others read of the result.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its world has failed; tests start other people's programs themselves"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use slipway_oci::{BaseImage, BuildError, BuiltImage, Descriptor, ImageSettings, Manifest, build, digest_of};
use tempfile::TempDir;

fn settings() -> ImageSettings {
    ImageSettings {
        entrypoint: vec!["/app/orders".to_owned()],
        env: vec![("PORT".to_owned(), "8080".to_owned())],
        user: "65532:65532".to_owned(),
        working_dir: "/app".to_owned(),
        exposed_ports: vec!["8080/tcp".to_owned()],
        ..ImageSettings::default()
    }
}

/// The same files, made in this order, with these modes.
fn files(order: &[&str], folder_mode: u32, program_mode: u32, file_mode: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in order {
        match *path {
            "orders" => fs::write(at(path), "program").unwrap(),
            "lib" => fs::create_dir(at(path)).unwrap(),
            "lib/data.txt" => fs::write(at(path), "data").unwrap(),
            "latest" => symlink("lib/data.txt", at(path)).unwrap(),
            other => fs::write(at(other), other).unwrap(),
        }
    }
    let set = |path: &str, mode: u32| fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
    set("orders", program_mode);
    set("lib/data.txt", file_mode);
    set("lib", folder_mode);
    folder
}

const ORDER: &[&str] = &["orders", "lib", "lib/data.txt", "latest"];

fn built(folder: &Path) -> (TempDir, BuiltImage) {
    let work = tempfile::tempdir().unwrap();
    let image = build(folder, "/app", &settings(), None, work.path()).unwrap();
    (work, image)
}

/// An OCI image layout of the image (OCI image specification, image-layout.md).
fn layout(image: &BuiltImage, base: &[(Descriptor, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    fs::write(blobs.join(image.manifest.digest.hex()), &image.manifest.bytes).unwrap();
    fs::write(blobs.join(image.config.0.digest.hex()), &image.config.1).unwrap();
    fs::copy(&image.layer.file, blobs.join(image.layer.descriptor.digest.hex())).unwrap();
    for (descriptor, bytes) in base {
        fs::write(blobs.join(descriptor.digest.hex()), bytes).unwrap();
    }
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [
        { "mediaType": image.manifest.media_type, "digest": image.manifest.digest, "size": image.manifest.bytes.len() }
    ]});
    fs::write(folder.path().join("index.json"), index.to_string()).unwrap();
    folder
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test set-up says where the tools are")]
fn skopeo() -> String {
    std::env::var("SLIPWAY_TEST_SKOPEO").unwrap_or_else(|_| "skopeo".to_owned())
}

#[test]
fn the_same_files_give_the_same_digest_anywhere() {
    let one = files(ORDER, 0o755, 0o755, 0o644);
    let other = files(&["lib", "lib/data.txt", "latest", "orders"], 0o700, 0o750, 0o600);
    let long_ago = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000));
    fs::File::options().append(true).open(other.path().join("orders")).unwrap().set_times(long_ago).unwrap();
    let ((_kept, one_image), (_kept_too, other_image)) = (built(one.path()), built(other.path()));
    assert_eq!(one_image.manifest.bytes, other_image.manifest.bytes);
    assert_eq!(one_image.manifest.digest, other_image.manifest.digest);

    // The controls: each of these is another image.
    for change in ["content", "mode", "name", "link"] {
        let changed = files(ORDER, 0o755, 0o755, 0o644);
        let at = |path: &str| changed.path().join(path);
        match change {
            "content" => fs::write(at("orders"), "Program").unwrap(),
            "mode" => fs::set_permissions(at("lib/data.txt"), fs::Permissions::from_mode(0o744)).unwrap(),
            "name" => fs::rename(at("lib/data.txt"), at("lib/data2.txt")).unwrap(),
            _ => {
                fs::remove_file(at("latest")).unwrap();
                symlink("orders", at("latest")).unwrap();
            }
        }
        assert_ne!(built(changed.path()).1.manifest.digest, one_image.manifest.digest, "{change}");
    }
}

#[test]
fn the_digest_of_version_one_is_this() {
    // Another one means that a library changed the bytes (deflate, tar, JSON): images of the same files get new digests, which
    // users must be told.
    let (_work, image) = built(files(ORDER, 0o755, 0o755, 0o644).path());
    assert_eq!(image.layer.diff_id.as_str(), "sha256:c3cc245905bb529a4f88532f7add256239ffcc7e87a5f7130f7ff55139fc91a8");
    assert_eq!(image.manifest.digest.as_str(), "sha256:6c0e3a7ca98546b199080834dc0f00fad7844817ba876eba0359f0a88adf0483");
}

#[test]
fn skopeo_and_tar_read_what_was_built() {
    let folder = files(ORDER, 0o755, 0o755, 0o644);
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    fs::create_dir(folder.path().join("d".repeat(120))).unwrap();
    fs::write(folder.path().join(&long), "long").unwrap();
    let (_work, image) = built(folder.path());
    let listed = run("tar", &["--numeric-owner", "--utc", "-tvzf", image.layer.file.to_str().unwrap()]);
    let lines: Vec<String> = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 app/".to_owned(),
            format!("drwxr-xr-x 0/0 0 1970-01-01 00:00 app/{}/", "d".repeat(120)),
            format!("-rw-r--r-- 0/0 4 1970-01-01 00:00 app/{long}"),
            "lrwxrwxrwx 0/0 0 1970-01-01 00:00 app/latest -> lib/data.txt".to_owned(),
            "drwxr-xr-x 0/0 0 1970-01-01 00:00 app/lib/".to_owned(),
            "-rw-r--r-- 0/0 4 1970-01-01 00:00 app/lib/data.txt".to_owned(),
            "-rwxr-xr-x 0/0 7 1970-01-01 00:00 app/orders".to_owned(),
        ]
    );

    let layout = layout(&image, &[]);
    let place = format!("oci:{}", layout.path().display());
    let seen: serde_json::Value = serde_json::from_str(&run(&skopeo(), &["inspect", &place])).unwrap();
    assert_eq!((seen["Digest"].as_str(), seen["Os"].as_str()), (Some(image.manifest.digest.as_str()), Some("linux")));
    let config: serde_json::Value = serde_json::from_str(&run(&skopeo(), &["inspect", "--config", &place])).unwrap();
    assert_eq!(config["config"]["Entrypoint"][0], "/app/orders");
    assert_eq!(config["rootfs"]["diff_ids"][0], image.layer.diff_id.as_str());
    // Unpacks the layer and compares it with the configuration's digest of it.
    let archive = layout.path().join("image.tar");
    run(&skopeo(), &["--insecure-policy", "copy", "--quiet", &place, &format!("docker-archive:{}:x:y", archive.display())]);
}

#[test]
fn an_image_on_another_one_has_its_layers_and_its_settings() {
    let base_layer = b"a layer".to_vec();
    let layer = Descriptor::new("application/vnd.docker.image.rootfs.diff.tar.gzip", digest_of(&base_layer), base_layer.len() as u64);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": { "Env": ["PATH=/bin", "PORT=1"], "Entrypoint": ["/bin/base"], "Cmd": ["base"], "User": "root", "Labels": { "a": "b" } },
        "rootfs": { "type": "layers", "diff_ids": [digest_of(b"base")] },
        "history": [{ "created_by": "base" }],
    });
    let base = BaseImage {
        reference: format!("contoso.azurecr.io/base@{}", digest_of(b"manifest")),
        manifest: Manifest::new("application/vnd.oci.image.manifest.v1+json", "{}"),
        config: Bytes::from(config.to_string()),
        layers: vec![layer],
    };
    let folder = files(ORDER, 0o755, 0o755, 0o644);
    let work = tempfile::tempdir().unwrap();
    let image = build(folder.path(), "/app", &settings(), Some(&base), work.path()).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&image.manifest.bytes).unwrap();
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    assert_eq!(manifest["annotations"]["org.opencontainers.image.base.name"], "contoso.azurecr.io/base");
    let config: serde_json::Value = serde_json::from_slice(&image.config.1).unwrap();
    let expected = serde_json::json!({
        "Entrypoint": ["/app/orders"], "Env": ["PATH=/bin", "PORT=8080"], "ExposedPorts": { "8080/tcp": {} }, "Labels": { "a": "b" },
        "User": "65532:65532", "WorkingDir": "/app",
    });
    assert_eq!(config["config"], expected);
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    assert_eq!(config["history"].as_array().unwrap().len(), 2);

    let arm = ImageSettings { platform: "linux/arm64".parse().unwrap(), ..settings() };
    let error = build(folder.path(), "/app", &arm, Some(&base), work.path()).unwrap_err();
    assert!(error.to_string().ends_with("is for `linux/amd64`, and the image is to be for `linux/arm64`."), "{error}");
}

#[test]
fn what_no_image_can_have_is_named_all_at_once() {
    let folder = files(ORDER, 0o755, 0o755, 0o644);
    symlink("/etc/passwd", folder.path().join("passwd")).unwrap();
    symlink("../../outside", folder.path().join("lib/out")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let error = build(folder.path(), "/app", &settings(), None, tempfile::tempdir().unwrap().path()).unwrap_err();
    let expected = "the link `lib/out` leaves the folder (to `../../outside`); the link `passwd` leaves the folder (to `/etc/passwd`); `pipe` is neither a file nor a folder nor a link";
    assert_eq!(error.to_string(), format!("The folder `{}` has what an image cannot have: {expected}.", folder.path().display()));
}

#[test]
fn an_empty_folder_and_none() {
    let work = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    let of = |folder: &Path| build(folder, "/app", &settings(), None, work.path()).unwrap_err();
    assert!(matches!(of(folder.path()), BuildError::Empty(_)));
    assert!(matches!(of(&folder.path().join("not-there")), BuildError::NoFolder(_)));
}
