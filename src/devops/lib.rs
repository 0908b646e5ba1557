//! Azure DevOps' REST API. For now: OIDC tokens for workload identity federation ([`oidc`]). (Pull request threads, test
//! runs and builds follow.)
//!
//! Used by `tasks`, which makes of it the source of federated assertions that `azure` takes.

pub mod oidc;
