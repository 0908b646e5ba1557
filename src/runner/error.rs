use crate::store::StoreError;

/// Why a run could not be started, or not be recorded. (A run that fails is no error: see [`crate::RunSummary::result`].)
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pipeline needs what this machine does not have. One line per problem: place, what, next step.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// The run store cannot be written or read.
    #[error("{0}. Nothing can be run without a record: check the folder's rights and the free space, or choose another state folder.")]
    Store(#[from] StoreError),
    /// It is over, or it runs.
    #[error("run {0} does not wait for anything")]
    NotWaiting(u64),
    /// `name:` gives no number.
    #[error("{0}")]
    Number(#[from] slipway_pipelines::run_name::RunNameError),
}
