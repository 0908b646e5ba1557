//! `AcrPromote`: copies images by digest from one registry to another, after checking where they come from.

mod origin;
mod request;
mod run;
mod spec;

pub use run::run;
pub use spec::SPEC;
