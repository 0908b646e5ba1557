use futures::stream::StreamExt as _;
use slipway_model::Digest;

use super::{BaseImage, BuiltImage};
use crate::auth::Access;
use crate::manifest::Content;
use crate::upload::BlobSource;
use crate::{BlobOutcome, Descriptor, Platform, Registry, RegistryError, RegistryErrorKind, media};

/// Layers of a base image that are sent at the same time.
const LAYERS: usize = 8;
/// A configuration is some kilobytes; what is larger than this is none.
const CONFIG_LIMIT: usize = 8 * 1024 * 1024;

/// Why a base image cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BaseError {
    /// Its registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It is not for this platform.
    #[error("The base image `{reference}` is not for `{wanted}`, only for {}.", listed(has))]
    Platform {
        /// The image.
        reference: String,
        /// The platform that was asked for.
        wanted: Platform,
        /// The platforms that it is for.
        has: Vec<Platform>,
    },
    /// It is no image.
    #[error("`{reference}` is no image to build on: {reason}.")]
    NoImage {
        /// The reference.
        reference: String,
        /// Why.
        reason: String,
    },
}

impl BaseError {
    /// The next step for a person.
    pub fn next_step(&self) -> String {
        match self {
            Self::Registry(error) => error.next_step(),
            Self::Platform { .. } => "Choose one of these platforms, or another base image.".to_owned(),
            Self::NoImage { .. } => "Name a container image.".to_owned(),
        }
    }
}

fn listed(platforms: &[Platform]) -> String {
    platforms.iter().map(|platform| format!("`{platform}`")).collect::<Vec<_>>().join(", ")
}

/// What became of the blobs of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishReport {
    /// Blobs that were sent.
    pub sent: usize,
    /// Blobs that were there, or that another repository of the registry had.
    pub present: usize,
    /// Bytes that were sent.
    pub bytes_sent: u64,
}

/// Reads the image that is built on: of an index the part for `platform`. A tag is resolved once.
///
/// # Errors
/// When it is not there, cannot be read, or is not for the platform.
pub async fn base_image(registry: &Registry, repository: &str, reference: &str, platform: &Platform) -> Result<BaseImage, BaseError> {
    let name = format!("{}/{repository}", registry.host());
    let head = registry.head(repository, reference).await?.ok_or_else(|| RegistryError {
        host: registry.host().to_owned(),
        repository: repository.to_owned(),
        kind: RegistryErrorKind::ManifestNotFound { reference: reference.to_owned() },
    })?;
    let given = format!("{name}@{}", head.digest);
    let no_image = |reason: String| BaseError::NoImage { reference: given.clone(), reason };
    let mut manifest = registry.manifest(repository, &head.digest).await?;
    if let Content::Index { manifests, .. } = manifest.content().map_err(no_image)? {
        // Attestations stand in an index as images for no platform.
        let images: Vec<(Platform, Digest)> = manifests
            .into_iter()
            .filter_map(|entry| Some((entry.platform.filter(|platform| platform.os != "unknown")?, entry.digest)))
            .collect();
        let Some((_, digest)) = images.iter().find(|(has, _)| platform.accepts(has)) else {
            let has = images.into_iter().map(|(has, _)| has).collect();
            return Err(BaseError::Platform { reference: given, wanted: platform.clone(), has });
        };
        manifest = registry.manifest(repository, digest).await?;
    }
    let Content::Image { config, layers, .. } = manifest.content().map_err(no_image)? else {
        return Err(no_image("its index lists another index".to_owned()));
    };
    if !matches!(config.media_type.as_str(), media::IMAGE_CONFIG | media::DOCKER_CONFIG) {
        return Err(no_image(format!("its configuration is of the type `{}`", config.media_type)));
    }
    kept_by_registries(&layers).map_err(no_image)?;
    let config = registry.small_blob(repository, &config, CONFIG_LIMIT).await?;
    Ok(BaseImage { reference: format!("{name}@{}", manifest.digest), manifest, config, layers })
}

/// Sends the image: the layers of its base, its own layer, its configuration, then its manifest. Nothing is sent that is there.
/// `base` is where the base image was read.
///
/// # Errors
/// When the target does not take it, or the base's layers cannot be read.
pub async fn publish(
    target: &Registry,
    repository: &str,
    image: &BuiltImage,
    base: Option<(&Registry, &str)>,
) -> Result<PublishReport, RegistryError> {
    let mut report = PublishReport::default();
    let is_there = target.head_with(repository, image.manifest.digest.as_str(), Access::push(repository)).await;
    match is_there {
        Ok(Some(_)) => {
            report.present = image.base_layers.len() + 2;
            return Ok(report);
        }
        Ok(None) | Err(RegistryError { kind: RegistryErrorKind::RepositoryNotFound, .. }) => {}
        Err(error) => return Err(error),
    }
    let mut count = |outcome: BlobOutcome, descriptor: &Descriptor| match outcome {
        BlobOutcome::Sent => {
            report.sent += 1;
            report.bytes_sent += descriptor.size;
        }
        BlobOutcome::Present | BlobOutcome::Mounted => report.present += 1,
    };
    if let Some((registry, from)) = base {
        let source = BlobSource::Registry(registry.transport.clone(), from.to_owned());
        let mount = (registry.host() == target.host()).then_some(from);
        let source = &source;
        let sending =
            image.base_layers.iter().map(|layer| async move { (target.push_from(repository, layer, source, mount).await, layer) });
        let mut sent = futures::stream::iter(sending).buffer_unordered(LAYERS);
        while let Some((outcome, layer)) = sent.next().await {
            count(outcome?, layer);
        }
    }
    let layer = &image.layer.descriptor;
    count(target.push_file(repository, layer, &image.layer.file).await?, layer);
    let (config, bytes) = &image.config;
    count(target.push_blob(repository, config, bytes.clone()).await?, config);
    target.push_manifest(repository, &image.manifest).await?;
    Ok(report)
}

/// Refuses layers that stay where their URLs say: an image on them would name blobs that its registry does not have.
fn kept_by_registries(layers: &[Descriptor]) -> Result<(), String> {
    match layers.iter().find(|layer| media::is_foreign(&layer.media_type)) {
        Some(layer) => Err(format!("its layer {} may not be distributed, so registries do not keep it", layer.digest)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_with_layers_that_registries_do_not_keep_is_refused() {
        let layer = |media_type: &str| Descriptor::new(media_type, Digest::from_sha256([1; 32]), 3);
        let windows = layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
        let error = kept_by_registries(&[layer(media::LAYER_GZIP), windows]).unwrap_err();
        assert!(error.starts_with("its layer sha256:0101") && error.contains("registries do not keep it"), "{error}");
        assert_eq!(kept_by_registries(&[layer(media::LAYER_GZIP)]), Ok(()));
    }
}
