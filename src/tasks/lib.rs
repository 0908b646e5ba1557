//! The tasks: one module and one small program each. They join the agent to the engines, and the engines to each other.
//!
//! Each module has its `SPEC` (the table of inputs and outputs, from which `task.json` and the reference part of the docs
//! page are generated) and its `run`.

pub mod acr_promote;
mod azure_sign_in;
mod client;
pub mod codes;
mod delivery;
pub mod image_publish;
mod images_file;
pub mod keyvault_fetch;
pub mod lint_build_test;
mod provenance;
mod registry_access;
mod repository_name;
mod scratch;

use slipway_agent::spec::TaskSpec;

/// Every task that ships.
pub const TASKS: &[&TaskSpec] = &[&keyvault_fetch::SPEC, &lint_build_test::SPEC, &image_publish::SPEC, &acr_promote::SPEC];
