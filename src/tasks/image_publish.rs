//! `ImagePublish`: builds an image from a folder of files and pushes it with its provenance.

pub(crate) mod provenance;
mod request;
mod run;
mod spec;

pub(crate) use run::client;
pub use run::run;
pub use spec::SPEC;
