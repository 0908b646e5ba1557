use bytes::Bytes;
use oci_distribution::manifest::{OciImageIndex, OciImageManifest};
use slipway_model::Digest;

use crate::{Descriptor, digest_of, media};

/// A manifest or an index as a registry keeps it: the very bytes, since the digest is theirs.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The bytes.
    pub bytes: Bytes,
    /// Media type.
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: Digest,
}

/// What `HEAD` tells of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestHead {
    /// Digest.
    pub digest: Digest,
    /// Media type.
    pub media_type: String,
    /// Number of bytes.
    pub size: u64,
}

/// What a manifest names.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// An image, or an artifact in the form of one.
    Image { config: Descriptor, layers: Vec<Descriptor>, subject: Option<Descriptor>, artifact_type: Option<String> },
    /// An index: the manifests that it lists, with its own subject.
    Index { manifests: Vec<Descriptor>, subject: Option<Descriptor> },
}

impl Content {
    pub(crate) fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Image { subject, .. } | Self::Index { subject, .. } => subject.as_ref(),
        }
    }
}

impl Manifest {
    /// Of these bytes.
    pub fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: digest_of(&bytes), media_type: media_type.to_owned(), bytes }
    }

    /// What others name it by.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest.clone(), self.bytes.len() as u64)
    }

    /// Whether it lists other manifests.
    pub fn is_index(&self) -> bool {
        media::is_index(&self.media_type)
    }

    /// Reads it; the error says what is wrong with it.
    pub(crate) fn content(&self) -> Result<Content, String> {
        let bad = |error: serde_json::Error| error.to_string();
        if self.is_index() {
            #[derive(serde::Deserialize)]
            struct WithSubject {
                subject: Option<oci_distribution::manifest::OciDescriptor>,
            }
            let index: OciImageIndex = serde_json::from_slice(&self.bytes).map_err(bad)?;
            let subject = serde_json::from_slice::<WithSubject>(&self.bytes).map_err(bad)?.subject;
            return Ok(Content::Index {
                manifests: index.manifests.iter().map(Descriptor::read_entry).collect::<Result<_, _>>()?,
                subject: subject.as_ref().map(Descriptor::read).transpose()?,
            });
        }
        if !matches!(self.media_type.as_str(), media::MANIFEST | media::DOCKER_MANIFEST) {
            return Err(format!("its media type `{}` is not supported", self.media_type));
        }
        let image: OciImageManifest = serde_json::from_slice(&self.bytes).map_err(bad)?;
        Ok(Content::Image {
            config: Descriptor::read(&image.config)?,
            layers: image.layers.iter().map(Descriptor::read).collect::<Result<_, _>>()?,
            subject: image.subject.as_ref().map(Descriptor::read).transpose()?,
            artifact_type: image.artifact_type,
        })
    }

    /// The descriptor by which a list of referrers names it: with its artifact type and annotations.
    pub(crate) fn referrer_descriptor(&self) -> Result<Descriptor, String> {
        #[derive(serde::Deserialize)]
        struct Annotated {
            #[serde(default)]
            annotations: std::collections::BTreeMap<String, String>,
        }
        let artifact_type = match self.content()? {
            Content::Image { artifact_type: Some(artifact_type), .. } => Some(artifact_type),
            // distribution specification, "Listing Referrers": an image manifest without one goes by its config
            Content::Image { config, .. } => Some(config.media_type),
            Content::Index { .. } => None,
        };
        let annotated: Annotated = serde_json::from_slice(&self.bytes).map_err(|error| error.to_string())?;
        Ok(Descriptor { artifact_type, annotations: annotated.annotations, ..self.descriptor() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_in_a_manifest_that_is_none_is_told() {
        let text = r#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:00","size":2},"layers":[]}"#;
        let error = Manifest::new(media::MANIFEST, text).content().unwrap_err();
        assert!(error.contains("`sha256:00` is no digest"), "{error}");
        assert!(Manifest::new("application/json", text).content().unwrap_err().contains("`application/json` is not supported"));
    }
}
