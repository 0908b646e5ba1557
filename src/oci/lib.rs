//! Registries of container images: read, publish, copy, build. Knows no agent and no Azure: a [`Credential`] goes in, typed results and
//! [`CopyEvent`]s come out. Used by the tasks ImagePublish and AcrPromote, and by `slipway` to read back what a run left.
//!
//! - [`Registry`]: one registry, seen by one identity. Signs in when it is asked to, renews tokens in the middle of a transfer, waits where
//!   it is throttled, reads blobs as streams that are checked against their digests.
//! - [`copy`]: an image with all that it names and all that refers to it, byte for byte.
//! - [`build`], [`base_image`], [`publish`]: an image of a folder's files, without a daemon; the same files give the same digest.
//! - [`provenance`]: where an image comes from, kept beside it.
//!
//! Everything is named by digest. What a tag names is asked once ([`Registry::head`]), and a tag is written last ([`Registry::tag`]).

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
