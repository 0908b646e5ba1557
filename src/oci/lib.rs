//! Registries of container images: read, publish, copy, build. Knows no agent and no Azure.

mod auth;
mod blob;
mod build;
mod copy;
mod credential;
mod descriptor;
mod error;
mod manifest;
pub mod media;
mod platform;
pub mod provenance;
mod referrers;
mod registry;
mod transport;
mod upload;
mod verifier;

pub use blob::BlobReader;
pub use build::{
    BaseError, BaseImage, BuildError, BuiltImage, BuiltLayer, FileProblem, ImageSettings, PublishReport, base_image, build, publish,
};
pub use copy::{CopyError, CopyEvent, CopyReport, CopyRequest, copy};
pub use credential::Credential;
pub use descriptor::{Descriptor, digest_of};
pub use error::{RegistryError, RegistryErrorKind};
pub use manifest::{Manifest, ManifestHead};
pub use platform::{Platform, PlatformError};
pub use referrers::Referrer;
pub use registry::Registry;
pub use upload::BlobOutcome;
