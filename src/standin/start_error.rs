use crate::store::{MissingValue, NotReady, StoreError};

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be served: all that is wrong with it.
    #[error("the local Azure cannot be as it is described: {}.", .0.join("; "))]
    Config(Vec<String>),
    /// Another process serves this state.
    #[error("the local Azure in `{folder}` is already served by {}. Use that one, end it, or name another state folder.", holder(*pid))]
    Locked {
        /// The folder.
        folder: String,
        /// The process, where it says so.
        pid: Option<u32>,
    },
    /// Secrets that nobody could be asked for.
    #[error("{}", missing(.0))]
    Missing(Vec<MissingValue>),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the state folder cannot be used.
    #[error("`{path}` cannot be used: {cause}. The state folder must be one that you can write to.")]
    State {
        /// The file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// No port of loopback.
    #[error("the local Azure cannot listen on 127.0.0.1: {0}.")]
    Listen(String),
}

impl From<NotReady> for StartError {
    fn from(problem: NotReady) -> Self {
        match problem {
            NotReady::Store(error) => Self::Store(error),
            NotReady::Missing(missing) => Self::Missing(missing),
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn missing(missing: &[MissingValue]) -> String {
    let each = missing.iter().map(|value| format!("`{}` of the vault `{}` ({})", value.secret, value.vault, value.reason));
    format!("there is no value for {}.", each.collect::<Vec<_>>().join(", "))
}
