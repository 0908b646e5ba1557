use std::path::PathBuf;

/// Why files cannot become an image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no such folder.
    #[error("The folder `{}` does not exist, or is no folder.", .0.display())]
    NoFolder(PathBuf),
    /// The folder has no file.
    #[error("The folder `{}` has no files, so the image would be empty.", .0.display())]
    Empty(PathBuf),
    /// Files that no image can have. Each is a path in the folder with what is wrong with it.
    #[error("The folder `{}` has what an image cannot have: {}.", folder.display(), list(problems))]
    Files {
        /// The folder.
        folder: PathBuf,
        /// The problems, in the order of the paths.
        problems: Vec<FileProblem>,
    },
    /// A file cannot be read.
    #[error("`{}` cannot be read: {cause}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The layer cannot be written.
    #[error("The layer cannot be written to `{}`: {cause}.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The base image is for another platform.
    #[error("The base image `{base}` is for `{has}`, and the image is to be for `{wanted}`.")]
    BasePlatform {
        /// The base image.
        base: String,
        /// Its platform.
        has: String,
        /// The platform that was asked for.
        wanted: String,
    },
    /// The base image's configuration cannot be read.
    #[error("The configuration of the base image `{base}` cannot be read: {reason}.")]
    BaseConfig {
        /// The base image.
        base: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl BuildError {
    /// The next step for a person.
    pub fn next_step(&self) -> String {
        match self {
            Self::NoFolder(_) => "Correct the folder, and check that an earlier step made it.",
            Self::Empty(_) => "Check that the build wrote its files into this folder.",
            Self::Files { .. } => "Copy what the links point to into the folder, and leave out what is no file.",
            Self::Read { .. } => "Let the agent's user read it.",
            Self::Write { .. } => "Check that the disk has room for the layer.",
            Self::BasePlatform { .. } => "Choose a base image for this platform, or another platform.",
            Self::BaseConfig { .. } => "Choose another base image.",
        }
        .to_owned()
    }
}

/// Something in a folder that no image can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// A link that leaves the folder.
    Leaves {
        /// The link.
        path: String,
        /// Where it points to.
        target: String,
    },
    /// A device, a socket or a pipe.
    Special {
        /// Its path.
        path: String,
    },
    /// A name that is no UTF-8.
    Name {
        /// The name, as far as it can be shown.
        path: String,
    },
}

impl std::fmt::Display for FileProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Leaves { path, target } => write!(f, "the link `{path}` leaves the folder (to `{target}`)"),
            Self::Special { path } => write!(f, "`{path}` is neither a file nor a folder nor a link"),
            Self::Name { path } => write!(f, "the name `{path}` is no UTF-8"),
        }
    }
}

fn list(problems: &[FileProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
