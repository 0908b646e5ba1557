//! Signing in to Entra ID: the four schemes of an AzureRM service connection as one [`Credential`] that refreshes its
//! tokens, and what its refusals mean.

mod assertion;
mod certificate;
mod credential;
mod error;
mod managed_identity;
mod refusal;

pub use assertion::{AssertionError, AssertionSource};
pub use credential::{Credential, Identity};
pub use error::{IdentityError, IdentityErrorKind};
pub use managed_identity::ManagedIdentityEndpoint;
