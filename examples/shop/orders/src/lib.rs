//! Orders and their receipts.
//!
//! A receipt is signed with Ed25519, so that anybody who has the public key can check that the shop issued it. The
//! signing key is a secret of the shop's key vault; see `azure-pipelines/ci.yml`.

pub mod order;
pub mod receipt;
mod stop;

pub use stop::end_on_sigterm;
