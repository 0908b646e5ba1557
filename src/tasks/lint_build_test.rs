//! `LintBuildTest`: checks the packages below a folder, publishes findings and test results.

mod names;
mod publish;
mod record;
mod run;
mod spec;
mod tell;

pub use run::run;
pub use spec::SPEC;
