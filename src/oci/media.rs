//! Media types of what registries keep.

pub(crate) use oci_distribution::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE as IMAGE_CONFIG, IMAGE_DOCKER_LAYER_GZIP_MEDIA_TYPE as DOCKER_LAYER_GZIP,
    IMAGE_DOCKER_LAYER_TAR_MEDIA_TYPE as DOCKER_LAYER, IMAGE_LAYER_GZIP_MEDIA_TYPE as LAYER_GZIP, IMAGE_LAYER_MEDIA_TYPE as LAYER,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE as DOCKER_LIST, IMAGE_MANIFEST_MEDIA_TYPE as DOCKER_MANIFEST, OCI_IMAGE_INDEX_MEDIA_TYPE as INDEX,
    OCI_IMAGE_MEDIA_TYPE as MANIFEST,
};

/// The configuration of an image in Docker's words.
pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The two bytes `{}`: the config of what is no image.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// An in-toto statement: the artifact type and the layer of provenance.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What a manifest may be, as `Accept`.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                                 application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// Whether a manifest of this type lists other manifests.
pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(media_type, INDEX | DOCKER_LIST)
}

/// Whether a layer of this type stays where its URLs say: registries do not keep it.
pub(crate) fn is_foreign(media_type: &str) -> bool {
    media_type.contains(".nondistributable.") || media_type.contains(".rootfs.foreign.")
}
