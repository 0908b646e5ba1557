//! What is needed to go on with a run that stopped at a question: `<run>/resume.json`, and, of a run that built a commit,
//! `<run>/source.git` with it. No secret is in either: those are read afresh. Written when the run stops, removed when it is
//! over.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_pipelines::{Expanded, JobKind, Loaded};
use slipway_runner::{RunEvent, Source};

use crate::arguments::RunOptions;
use crate::failure::Failure;
use crate::world::PipelineWorld;

/// What a run was started with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stopped {
    schema: u32,
    /// Root of the repository.
    pub(crate) repository: PathBuf,
    /// The pipeline's file in it.
    pub(crate) file: String,
    pub(crate) event: RunEvent,
    /// The commit that it built, where it was not the work tree.
    pub(crate) commit: Option<Commit>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) tasks: Vec<PathBuf>,
    pub(crate) repositories: Vec<(String, PathBuf)>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) agents: u8,
    pub(crate) debug: bool,
    pub(crate) strict: bool,
    pub(crate) node: Option<PathBuf>,
    /// SHA-256 of the expanded pipeline: it must be the same when the run goes on.
    pub(crate) pipeline: String,
}

/// A commit that is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Commit {
    pub(crate) id: String,
    /// `refs/heads/main`
    pub(crate) reference: String,
    /// First line of its message.
    pub(crate) message: String,
    /// Where it is fetched from until the run stops.
    #[serde(skip)]
    from: PathBuf,
}

impl Stopped {
    const SCHEMA: u32 = 1;

    /// What to keep of a run of `pipeline`, should it stop; nothing where it cannot.
    pub(crate) fn of(here: &PipelineWorld, loaded: &Loaded, options: &RunOptions) -> Option<Self> {
        let given = &here.named.given;
        let mut jobs = loaded.pipeline.stages.iter().flat_map(|stage| &stage.jobs);
        if jobs.all(|job| matches!(job.kind, JobKind::Agent)) {
            return None;
        }
        let repository = &here.world.repository;
        let commit = match &repository.source {
            Source::WorkTree => None,
            Source::Commit { url_or_path, reference } => Some(Commit {
                id: repository.commit.clone(),
                reference: reference.clone(),
                message: repository.message.clone(),
                from: PathBuf::from(url_or_path),
            }),
        };
        Some(Self {
            schema: Self::SCHEMA,
            repository: repository.path.clone(),
            file: here.file.clone(),
            event: here.event.clone(),
            commit,
            config: here.world.config_file.clone(),
            tasks: given.tasks.clone(),
            repositories: given.repositories.clone(),
            parameters: here.named.parameters.clone(),
            variables: given.variables.clone(),
            agents: options.agents,
            debug: options.debug,
            strict: options.strict,
            node: options.node.clone(),
            pipeline: fingerprint(&loaded.expanded),
        })
    }

    /// Keeps it with the run in `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let kept = serde_json::to_vec_pretty(self).map_err(std::io::Error::from).and_then(|text| {
            let source = source(folder);
            if let Some(commit) = self.commit.as_ref().filter(|commit| commit.from != source) {
                copy(&commit.from, &source)?;
            }
            fs::write(folder.join("resume.json"), text)
        });
        kept.map_err(|error| {
            Failure::refused(format!("what is needed to go on with the run cannot be kept in `{}`: {error}", folder.display()))
                .hint("run the pipeline again, with `--approve`, or at a terminal")
        })
    }

    /// Reads what is kept with the run in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("resume.json");
        let refused = |reason: String| {
            Failure::refused(format!("what is needed to go on with the run cannot be read from `{}`: {reason}", path.display()))
                .hint("run the pipeline again")
        };
        let text = fs::read(&path).map_err(|error| refused(error.to_string()))?;
        let stopped: Self = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        if stopped.schema > Self::SCHEMA {
            return Err(refused(format!("it has schema {}, this version of slipway reads up to {}", stopped.schema, Self::SCHEMA)));
        }
        Ok(stopped)
    }

    /// Removes what is kept with the run in `folder`: it is over.
    pub(crate) fn remove(folder: &Path) {
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_file(folder.join("resume.json"));
        let _ = fs::remove_dir_all(source(folder));
    }
}

/// Where the commit of a run that stopped lies.
pub(crate) fn source(folder: &Path) -> PathBuf {
    folder.join("source.git")
}

/// SHA-256 of the expanded pipeline.
pub(crate) fn fingerprint(expanded: &Expanded) -> String {
    Sha256::digest(expanded.to_yaml()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
