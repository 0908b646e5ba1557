//! Lint, build and test: finds what a folder holds, plans the command lines, runs them, and reads what they say as
//! findings and test results. Knows no agent and prints nothing: progress leaves it as [`Event`]s.
//!
//! Used by the task `lint-build-test`. An ecosystem (Cargo, later Node, Go, .NET) is one entry of a table and one
//! folder beside this file; nothing else knows them apart.

mod cargo;
mod check;
mod ecosystem;
mod finding;
mod junit;
mod lines;
mod plan;
mod report;
mod run;
mod sarif;
mod test;
mod workspace;

pub use check::{Check, UnknownCheck};
pub use finding::{Finding, Level, Place, rank};
pub use junit::junit;
pub use lines::shortened;
pub use plan::{CommandLine, Options, Plan, PlannedCheck, Tools, plan};
pub use report::{CheckOutcome, CheckReport, Report};
pub use run::{Environments, Event, run};
pub use sarif::{SarifContext, sarif};
pub use test::{TestCase, TestOutcome, TestSuite};
pub use workspace::{BrokenManifest, DiscoverError, Package, Workspace, discover};
