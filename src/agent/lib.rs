//! The Azure Pipelines agent, from the side of a task (being written).

pub mod spec;
mod task_error;

pub use task_error::TaskError;
