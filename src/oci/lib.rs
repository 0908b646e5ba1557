//! Registries of container images: read, publish, copy, build. Knows no agent and no Azure.

mod auth;
mod credential;
mod descriptor;
mod error;
mod manifest;
pub mod media;
mod platform;
mod transport;

pub use credential::Credential;
pub use descriptor::{Descriptor, digest_of};
pub use error::{RegistryError, RegistryErrorKind};
pub use manifest::{Manifest, ManifestHead};
pub use platform::{Platform, PlatformError};
