//! A folder of a task for what it needs only while it runs.

use std::fs;
use std::path::{Path, PathBuf};

use slipway_agent::{TaskError, Variables};

/// A folder in the agent's temp folder that goes when this goes.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `stem` is the task's name: the folder is its own, also beside other tasks of the job.
    pub(crate) fn create(variables: &Variables<'_>, stem: &str) -> Result<Self, TaskError> {
        let folder = variables.temp_folder().unwrap_or_else(std::env::temp_dir).join(format!("{stem}-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| {
            TaskError::new(slipway_agent::codes::FILE, format!("The folder `{}` cannot be made: {error}.", folder.display()))
                .hint("Check that the agent's user may write there and that the disk is not full.")
        })?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The agent empties its temp folder at the end of the job in any case.
        let _ = fs::remove_dir_all(&self.0);
    }
}
