//! Kubernetes: from manifests to what is to be applied. Pure functions over data, the reading of files excepted.
//!
//! In the order in which a deployment uses them:
//!
//! - [`manifests`]: files and folders become [`Object`]s, each with its file, line and document.
//! - [`template`]: values are put into manifests that are templates (handlebars), and into no others.
//! - [`images`]: every container whose image is one of the delivery's gets it by digest.
//! - [`order`]: the order in which objects are applied, and its reverse.
//!
//! What is wrong is told as [`Problems`], all of it at once, each with its place. Objects are JSON values with every field that
//! was written: they are sent as JSON, never turned into YAML again. Used by `tasks`.
//!
//! Not here yet: the plan against a cluster (server-side dry run, diff), applying, watching, the verdict, rollback, port-forward.

pub mod images;
pub mod manifests;
mod object;
pub mod order;
mod place;
mod problem;
mod source;
pub mod template;
mod yaml;

pub use object::{Object, ObjectName};
pub use place::Place;
pub use problem::{Problem, Problems};
pub use source::Source;
