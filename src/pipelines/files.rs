//! The door to files: the language itself reads none.

/// The files of a repository.
pub trait Files {
    /// The text of a file. `path` is relative to the root of the repository, with `/` between its parts.
    fn read(&self, path: &str) -> Result<String, FileError>;
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is there, and not readable: the reason, as the system gives it.
    #[error("{0}")]
    Unreadable(String),
}
