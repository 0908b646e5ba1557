//! Azure's own APIs: clouds, identity, Key Vault, container registries. (AKS credentials, Monitor and Defender follow.)
//!
//! Used by `tasks`. Takes typed values, returns typed values and typed errors; knows nothing of the agent. Everything goes
//! out through `slipway_net`, Azure's SDK included ([`transport`]).

pub mod acr;
mod cloud;
pub mod identity;
pub mod keyvault;
mod nearest;
mod transport;

pub use cloud::{Cloud, CloudData, CloudError};
pub use transport::UnexpectedAnswer;
