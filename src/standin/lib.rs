//! The local stand-in for Azure: Entra ID, Key Vault, Container Registry, Resource Manager and the part of Azure DevOps that issues tokens, on
//! loopback, under their real host names.
//!
//! Clients reach it through a CONNECT proxy ([`AzureEndpoint::proxy_url`](slipway_model::AzureEndpoint)) and trust its
//! certificate authority; they need no local mode of their own. docs/local-azure.md says what is simulated.
//!
//! - [`StandIn`] starts and stops it; [`Options`] say how, [`Config`] what it consists of.
//! - [`Store`] reads what it remembers: service connections for pipelines, public parts of generated keys.
//! - [`Faults`] and [`Fault`] have it misbehave; [`RequestLog`] tells what it was asked; [`Control`] does both from another
//!   process.
//!
//! Used by `cli`. It reads the protocols anew and shares no code with the crates that speak them (`azure`, `devops`), so that
//! a misreading on one side fails a test.
//!
//! Inside, `proxy` is the network; everything behind it is plain functions from a request to an answer over the `World`.

mod acr;
mod arm;
mod check;
mod clock;
mod config;
mod control;
mod crypto;
mod devops;
mod directory;
mod entra;
mod exchange;
mod faults;
mod inflow;
mod keyvault;
mod lock;
mod managed_identity;
mod proxy;
mod request_log;
mod roots;
mod services;
mod standin;
mod start_error;
mod store;
mod world;

pub use clock::AzureClock;
pub use config::{AccessModel, Config, Connection, ConnectionKind, CredentialKind, Principal, Registry, SecretSource, Vault, VaultSecret};
pub use control::{Control, ControlError};
pub use faults::{Fault, FaultError, FaultKind, Faults, Refusal};
pub use request_log::{LoggedRequest, RequestLog};
pub use standin::{Options, StandIn};
pub use start_error::StartError;
pub use store::{GroupError, GroupSecrets, GroupVariable, MissingValue, Store, StoreError};

/// GUID of a service connection of `config`, by its name.
pub fn connection_id(config: &Config, name: &str) -> String {
    directory::Directory::new(config.clone()).connection_id(name)
}
