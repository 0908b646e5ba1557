//! Key Vault: which vault, which secrets, their values, and what its refusals mean.
//!
//! Used by the task `keyvault-fetch`. [`VaultAddress`] and [`SecretReference`] check names before anything is sent;
//! [`Vault`] reads; a [`VaultError`] says what is wrong with the command that mends it.

mod address;
mod error;
mod interpret;
mod reference;
mod vault;

pub use address::{VaultAddress, VaultNameError};
pub use error::{VaultError, VaultErrorKind};
pub use reference::{SecretReference, SecretReferenceError};
pub use vault::{FetchedSecret, Listing, SecretState, Vault};
