//! The task `KeyVaultFetch`: secrets of a key vault become secret variables of the job.
//!
//! All or nothing: variables are set only when every secret was read and can be a variable.

mod judge;
mod plan;
mod run;
mod spec;

pub use run::run;
pub use spec::SPEC;
