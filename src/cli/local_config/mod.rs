//! `slipway.local.yml`: the local Azure of a repository, and what else its pipelines may name. docs/slipway-local-yml.md
//! describes it; this reads it into the stand-in's configuration, with every problem at its place.

mod check;
mod read;
mod section;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use slipway_pipelines::Place;
use slipway_standin::Config;

pub(crate) use read::read;

/// Its name in the root of a repository.
pub(crate) const FILE_NAME: &str = "slipway.local.yml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalConfig {
    /// The local Azure.
    pub(crate) azure: Config,
    /// Variables of pipelines that are set outside of their YAML.
    pub(crate) variables: Vec<(String, String)>,
    /// Task packages: paths from the file's folder.
    pub(crate) tasks: Vec<PathBuf>,
}

impl LocalConfig {
    /// What holds where there is no file: an Azure without anything in it.
    pub(crate) fn without_file(project: &str) -> Self {
        let named = |name: &str| name.to_owned();
        Self {
            azure: Config {
                organization: named("local"),
                project: named(project),
                tenant: named("local"),
                subscription: named("local"),
                ..Config::default()
            },
            ..Self::default()
        }
    }

    /// The task packages, absolute.
    pub(crate) fn task_sources(&self, folder: &Path) -> Vec<PathBuf> {
        self.tasks.iter().map(|path| folder.join(path)).collect()
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
struct At<T> {
    value: T,
    place: Place,
}
