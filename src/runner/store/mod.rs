//! The store of runs: `<state>/runs/<id>/`, what is left of each run. Written by the runner, read by `slipway runs` and by
//! later runs that download artifacts. Nothing in it holds a secret: all text has passed the masker.
//!
//! | path | content |
//! |---|---|
//! | `run.json` | [`RunRecord`]: stages, jobs, steps, results, times, issues, artifacts, attachments, summaries |
//! | `logs/<stage>.<job>/<n>-<step>.log` | each step's whole log, one RFC 3339 time and a line per line; `job.log` is the agent's own |
//! | `artifacts/<name>/` | the files of an artifact |
//! | `attachments/<n>-<name>` | `task.addattachment`, `task.uploadfile` |
//! | `summaries/<n>-<name>` | `task.uploadsummary` |
//! | `tests.json` | [`TestReport`]: what `results.publish` published |
//!
//! `<state>/runs/pipelines.json` gives each pipeline its number (`System.DefinitionId` and the name of its work folder).

mod pipelines;
mod record;
mod writer;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use record::{
    ArtifactRecord, AttachmentRecord, EventRecord, JobRecord, PullRequestRecord, RunRecord, RunState, StageRecord, StepRecord, TestCase,
    TestOutcome, TestReport, TestRun, TestTotals,
};

pub(crate) use pipelines::{next_counter, pipeline_number};
pub(crate) use writer::{Log, Writer};

/// Reads the runs of a state folder.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A run that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to read `{}`: {reason}", path.display())]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

impl StoreError {
    pub(crate) fn new(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self { path: path.into(), reason: reason.to_string() }
    }
}

impl Store {
    /// The runs below `state`. Nothing is read yet; a state folder without runs has none.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("runs") }
    }

    /// The ids of all runs, oldest first.
    pub fn ids(&self) -> Result<Vec<u64>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::new(&self.folder, error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::new(&self.folder, error))?;
            ids.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// All runs, oldest first. A run whose record was never written (the process died as it began) is left out.
    pub fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.ids()?.into_iter().filter(|id| self.folder_of(*id).join("run.json").exists()).map(|id| self.run(id)).collect()
    }

    /// One run.
    pub fn run(&self, id: u64) -> Result<RunRecord, StoreError> {
        let record: RunRecord = read(&self.folder_of(id).join("run.json"))?;
        if record.schema > RunRecord::SCHEMA {
            return Err(StoreError::new(
                self.folder_of(id).join("run.json"),
                format!(
                    "it has schema {}, this version of slipway reads up to {}; use the version that wrote it",
                    record.schema,
                    RunRecord::SCHEMA
                ),
            ));
        }
        Ok(record)
    }

    /// The folder of a run.
    pub fn folder_of(&self, id: u64) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// The test results of a run, absent where it published none.
    pub fn tests(&self, id: u64) -> Result<Option<TestReport>, StoreError> {
        let path = self.folder_of(id).join("tests.json");
        if path.exists() { read(&path).map(Some) } else { Ok(None) }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let text = fs::read(path).map_err(|error| StoreError::new(path, error))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::new(path, error))
}
