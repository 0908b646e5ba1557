//! Azure Container Registry's Azure side: where a registry is, and the tokens that it gives for Entra's
//! (facts/registries-and-acr.md 4.1).
//!
//! Used by the tasks `image-publish` and `acr-promote`. [`RegistryAddress`] checks names before anything is sent; [`find`]
//! asks Azure Resource Manager for the login server; [`RefreshTokens`] is the source of tokens that `oci` takes.

mod address;
mod error;
mod exchange;
mod find;

pub use address::{RegistryAddress, RegistryNameError};
pub use error::{AcrError, AcrErrorKind};
pub use exchange::RefreshTokens;
pub use find::{LoginServer, find};

/// The scope of tokens for registries, the same in every cloud.
pub const SCOPE: &str = "https://containerregistry.azure.net/.default";
