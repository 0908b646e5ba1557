//! The commands, one module each.

pub(crate) mod azure_fault;
pub(crate) mod azure_up;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod simulate;
