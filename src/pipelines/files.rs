//! The door to files: the language itself reads none.

use std::sync::Arc;

use crate::place::Place;

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

/// Another repository that the pipeline names under `resources.repositories`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryResource {
    /// What `@` is followed by.
    pub alias: String,
    /// `git`, `github`, ...
    pub kind: String,
    /// `project/repository` or `repository`, `owner/repository`.
    pub name: String,
    /// `refs/tags/v1`; absent = the repository's default branch.
    pub reference: Option<String>,
    /// The service connection that opens it.
    pub endpoint: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// The door to other repositories.
pub trait Repositories {
    /// The files of a repository at its ref. Asked at most once for each alias.
    ///
    /// # Errors
    /// Why not: it is not mapped, the ref does not exist.
    fn open(&self, repository: &RepositoryResource) -> Result<Arc<dyn Files>, RepositoryError>;
}

/// Why a repository cannot be opened, in words; the place is added by the language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RepositoryError {
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}
