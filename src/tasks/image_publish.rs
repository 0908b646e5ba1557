//! `ImagePublish`: builds an image from a folder of files and pushes it with its provenance.

mod request;
mod run;
mod spec;

pub use run::run;
pub use spec::SPEC;
