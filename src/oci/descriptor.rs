use std::collections::BTreeMap;

use oci_distribution::manifest::{ImageIndexEntry, OciDescriptor};
use sha2::{Digest as _, Sha256};
use slipway_model::Digest;

use crate::Platform;

/// What a manifest or an index says of content: its type, digest and size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type.
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
    /// What kind of artifact a manifest is.
    pub artifact_type: Option<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Platform of an image in an index.
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// Of these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        let size = bytes.len() as u64;
        Self::new(media_type, digest_of(bytes), size)
    }

    /// Without anything that is optional.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.to_owned(), digest, size, artifact_type: None, annotations: BTreeMap::new(), platform: None }
    }

    pub(crate) fn read(from: &OciDescriptor) -> Result<Self, String> {
        Ok(Self {
            artifact_type: from.artifact_type.clone(),
            annotations: from.annotations.clone().unwrap_or_default(),
            ..Self::new(&from.media_type, parse(&from.digest)?, size(from.size)?)
        })
    }

    pub(crate) fn read_entry(from: &ImageIndexEntry) -> Result<Self, String> {
        Ok(Self {
            artifact_type: from.artifact_type.clone(),
            annotations: from.annotations.clone().unwrap_or_default(),
            platform: from.platform.as_ref().map(Platform::from),
            ..Self::new(&from.media_type, parse(&from.digest)?, size(from.size)?)
        })
    }

    pub(crate) fn written(&self) -> OciDescriptor {
        OciDescriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.to_string(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            urls: None,
            annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
            artifact_type: self.artifact_type.clone(),
        }
    }
}

/// The digest of `bytes`.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}

fn parse(digest: &str) -> Result<Digest, String> {
    digest.parse().map_err(|error: slipway_model::DigestError| error.to_string())
}

fn size(size: i64) -> Result<u64, String> {
    u64::try_from(size).map_err(|_| format!("the size {size} is negative"))
}
