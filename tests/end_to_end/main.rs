//! The whole, as a user has it: `slipway` runs pipelines with the packaged task against the stand-in for Azure.

mod bad_input;
mod expand;
mod keyvault_fetch;
mod leftovers;
mod lint_build_test;
mod local_azure;
mod promotion;
mod registries;
mod registry_bad_input;
mod registry_connections;
mod registry_faults;
mod release;
mod shop;
