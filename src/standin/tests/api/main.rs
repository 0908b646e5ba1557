//! The local Azure as a client sees it: through the proxy, over TLS.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../support/mod.rs"]
mod support;

mod arm;
mod arm_registries;
mod connections;
mod devops;
mod entra;
mod faults;
mod key_vault;
mod lifecycle;
mod managed_identity;
mod network;
mod registry;
mod registry_faults;
mod registry_tokens;
