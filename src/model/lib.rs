//! What a delivery is: the words that every other crate shares. No IO; compiles to wasm32.
//!
//! - [`Fragment`]: what one task did, the unit of the delivery record (attachment, summary, Delivery tab).
//! - [`Digest`], [`ImageReference`], [`ImageList`]: images by digest, and which is which service's (`images.json`).
//! - [`JobRegistration`], [`AzureEndpoint`]: the files that the local runner and the stand-in for Azure share.
//! - [`ServiceConnection`]: a service connection as Azure DevOps keeps it.

mod azure_endpoint;
mod digest;
mod fragment;
mod image;
mod job_registration;
mod service_connection;

pub use azure_endpoint::AzureEndpoint;
pub use digest::{Digest, DigestError};
pub use fragment::{
    CheckFact, ChecksFacts, Facts, FindingFact, Fragment, ImageFacts, Outcome, Problem, PromotedImage, PromotionFacts, SecretFact,
    SecretsFacts, TaskReference,
};
pub use image::{ImageList, ImageReference, ServiceImage};
pub use job_registration::{ConnectionGrant, JobRegistration};
pub use service_connection::{SYSTEM_CONNECTION, ServiceConnection};
