//! What the service does when something is pushed or a pull request is made, done on this machine: a copy of the
//! repository ([`Clone`]), the commit that is built ([`prepare`]), the pipelines that it triggers ([`select`]), one report.
//! Used by `slipway simulate`, which runs what was selected.

mod clone;
mod completion;
pub(crate) mod parameters;
mod prepare;
mod report;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use clone::Clone;
pub(crate) use completion::{Completion, Version, completion};
pub(crate) use prepare::{Prepared, pull_request, push};
pub(crate) use report::{Ended, Outcome, lines};
pub(crate) use select::{Choice, Yaml, select};
