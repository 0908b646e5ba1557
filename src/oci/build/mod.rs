//! Builds images without a daemon: a folder of files becomes a layer, on a base image or on nothing.
//!
//! The same files and settings give the same digest on any day, machine, folder and umask
//! (facts/registries-and-acr.md 7.2). The bytes of the layer depend on the version of the deflate library, which is pinned.

mod config;
mod error;
mod files;
mod layer;
mod publish;

use std::path::Path;

use bytes::Bytes;
use serde_json::json;

pub(crate) use config::canonical;
pub use error::{BuildError, FileProblem};
pub use layer::BuiltLayer;
pub use publish::{BaseError, PublishReport, base_image, publish};

use crate::{Descriptor, Manifest, Platform, media};

/// How a container of the image runs. What is empty is not said in the image; with a base image the base's stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSettings {
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// Arguments that whoever starts a container may replace.
    pub cmd: Vec<String>,
    /// Environment variables: name and value.
    pub env: Vec<(String, String)>,
    /// `65532:65532`.
    pub user: String,
    /// Where the program starts, absolute.
    pub working_dir: String,
    /// `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// Labels: name and value.
    pub labels: Vec<(String, String)>,
    /// What the image runs on.
    pub platform: Platform,
}

/// An image to build on.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// `registry/repository@sha256:…`.
    pub reference: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its configuration.
    pub config: Bytes,
    /// Its layers, lowest first.
    pub layers: Vec<Descriptor>,
}

/// An image that was built, ready to be sent.
#[derive(Debug)]
pub struct BuiltImage {
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub config: (Descriptor, Bytes),
    /// The layer of the files.
    pub layer: BuiltLayer,
    /// The layers of the base image.
    pub base_layers: Vec<Descriptor>,
}

/// Builds the image of the files of `folder`, which lie in `destination` (absolute) in the image. The layer is written to a
/// file in `work_folder`.
///
/// # Errors
/// When the folder has nothing, or what no image can have (all such files are named), a file cannot be read or written, or
/// the base image does not fit.
pub fn build(
    folder: &Path,
    destination: &str,
    settings: &ImageSettings,
    base: Option<&BaseImage>,
    work_folder: &Path,
) -> Result<BuiltImage, BuildError> {
    let entries = files::collect(folder, destination)?;
    let layer = layer::write(&entries, &work_folder.join("layer.tar.gz"))?;
    let config = Bytes::from(config::config(settings, base, &layer.diff_id)?);
    let config_descriptor = Descriptor::of(media::IMAGE_CONFIG, &config);
    let base_layers = base.map(|base| base.layers.clone()).unwrap_or_default();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": media::MANIFEST,
        "config": config_descriptor.written(),
        "layers": base_layers.iter().map(oci_layer).chain([layer.descriptor.clone()]).map(|layer| layer.written()).collect::<Vec<_>>(),
    });
    if let Some(base) = base {
        // OCI image specification, annotations.md: which image this one is built on.
        let (name, digest) = base.reference.split_once('@').unwrap_or((&base.reference, base.manifest.digest.as_str()));
        manifest["annotations"] = json!({ "org.opencontainers.image.base.digest": digest, "org.opencontainers.image.base.name": name });
    }
    let manifest = Manifest::new(media::MANIFEST, canonical(manifest));
    Ok(BuiltImage { manifest, config: (config_descriptor, config), layer, base_layers })
}

/// Docker's name of a layer in OCI's words: the bytes are the same, and a manifest should not mix the two.
fn oci_layer(layer: &Descriptor) -> Descriptor {
    let media_type = match layer.media_type.as_str() {
        media::DOCKER_LAYER_GZIP => media::LAYER_GZIP,
        media::DOCKER_LAYER => media::LAYER,
        other => other,
    };
    Descriptor { media_type: media_type.to_owned(), ..layer.clone() }
}
