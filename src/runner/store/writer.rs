use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{ArtifactRecord, AttachmentRecord, JobRecord, RunRecord, StageRecord, StepRecord, StoreError, TestReport, TestRun};
use crate::clock;
use crate::event::JobKey;
use crate::files;
use crate::masker::Masker;

/// Writes one run into the store. Every change of the record is on disk when the call returns.
#[derive(Debug)]
pub(crate) struct Writer {
    folder: PathBuf,
    record: RefCell<RunRecord>,
    tests: RefCell<TestReport>,
}

/// An artifact that cannot be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("Artifact {0} already exists in this run. Give each artifact a name of its own.")]
    Exists(String),
    #[error("Artifact name is not valid: {0}. It cannot contain '\\', '/', '\"', ':', '<', '>', '|', '*', and '?'")]
    Name(String),
    #[error("failed to copy `{}` into the artifact: {source}", path.display())]
    Copy { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Writer {
    /// Takes the next free id below `runs` and makes its folder.
    pub(crate) fn next_id(runs: &Path) -> Result<(u64, PathBuf), StoreError> {
        fs::create_dir_all(runs).map_err(|error| StoreError::new(runs, error))?;
        let store = super::Store { folder: runs.to_owned() };
        let mut id = store.ids()?.last().copied().unwrap_or_default() + 1;
        loop {
            let folder = store.folder_of(id);
            match fs::create_dir(&folder) {
                Ok(()) => return Ok((id, folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => id += 1,
                Err(error) => return Err(StoreError::new(folder, error)),
            }
        }
    }

    pub(crate) fn new(folder: PathBuf, record: RunRecord) -> Result<Self, StoreError> {
        let writer = Self { folder, record: RefCell::new(record), tests: RefCell::new(TestReport { schema: 1, runs: Vec::new() }) };
        writer.write()?;
        Ok(writer)
    }

    /// Goes on with a run that is there already.
    pub(crate) fn open(folder: PathBuf, record: RunRecord) -> Result<Self, StoreError> {
        let path = folder.join("tests.json");
        let tests = if path.exists() { super::read(&path)? } else { TestReport { schema: 1, runs: Vec::new() } };
        Ok(Self { folder, record: RefCell::new(record), tests: RefCell::new(tests) })
    }

    /// What the record says now.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&RunRecord) -> T) -> T {
        look(&self.record.borrow())
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut RunRecord)) -> Result<(), StoreError> {
        change(&mut self.record.borrow_mut());
        self.write()
    }

    pub(crate) fn update_stage(&self, stage: &str, change: impl FnOnce(&mut StageRecord)) -> Result<(), StoreError> {
        self.update(|record| {
            if let Some(stage) = record.stages.iter_mut().find(|record| record.name == stage) {
                change(stage);
            }
        })
    }

    pub(crate) fn update_job(&self, key: &JobKey, change: impl FnOnce(&mut JobRecord)) -> Result<(), StoreError> {
        self.update_stage(&key.stage, |stage| {
            if let Some(job) = stage.jobs.iter_mut().find(|record| record.name == key.job) {
                change(job);
            }
        })
    }

    pub(crate) fn update_step(&self, key: &JobKey, step: usize, change: impl FnOnce(&mut StepRecord)) -> Result<(), StoreError> {
        self.update_job(key, |job| {
            if let Some(step) = job.steps.get_mut(step) {
                change(step);
            }
        })
    }

    /// Opens a new log. `name` is made safe for a file name. Returns the log and its path relative to the run's folder.
    pub(crate) fn open_log(&self, key: &JobKey, name: &str) -> Result<(Log, String), StoreError> {
        let relative = format!("logs/{}.{}/{}.log", key.stage, key.job, file_name(name));
        let path = self.folder.join(&relative);
        let open = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::File::create(&path)
        };
        let file = open().map_err(|error| StoreError::new(&path, error))?;
        Ok((Log { file, path }, relative))
    }

    /// Stores a file as attachment or summary; returns whether a secret had to be masked in it.
    pub(crate) fn attach(&self, summary: bool, record: AttachmentRecord, source: &Path, masker: &Masker) -> Result<bool, StoreError> {
        let content = fs::read(source).map_err(|error| StoreError::new(source, error))?;
        let (content, masked) = match String::from_utf8(content) {
            Ok(text) => {
                let masked = masker.mask_secrets(&text);
                let differs = masked != text;
                (masked.into_bytes(), differs)
            }
            Err(error) => (error.into_bytes(), false),
        };
        let folder = if summary { "summaries" } else { "attachments" };
        let count = self.read(|run| if summary { run.summaries.len() } else { run.attachments.len() }) + 1;
        let relative = format!("{folder}/{count}-{}", file_name(&record.name));
        let path = self.folder.join(&relative);
        fs::create_dir_all(self.folder.join(folder))
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| StoreError::new(&path, error))?;
        let record = AttachmentRecord { file: relative, ..record };
        self.update(|run| if summary { run.summaries.push(record) } else { run.attachments.push(record) })?;
        Ok(masked)
    }

    /// Copies `source`, a file or a folder, into the artifact `name`. As in Azure DevOps, permissions of files are lost and
    /// links are followed. `below` is a folder inside of the artifact; only container artifacts (`artifact.upload`) may be
    /// added to. Returns the numbers of files and bytes.
    pub(crate) fn publish(&self, name: &str, kind: &str, below: &str, source: &Path, key: &JobKey) -> Result<(usize, u64), PublishError> {
        if name.contains(['\\', '/', '"', ':', '<', '>', '|', '*', '?']) || matches!(name, "" | "." | "..") {
            return Err(PublishError::Name(name.to_owned()));
        }
        let existing = self.read(|run| {
            run.artifacts.iter().find(|artifact| artifact.name.eq_ignore_ascii_case(name)).map(|artifact| artifact.kind.clone())
        });
        if existing.as_deref().is_some_and(|existing| existing != kind || kind != "Container") {
            return Err(PublishError::Exists(name.to_owned()));
        }
        let location = format!("artifacts/{name}");
        let target = self.folder.join(&location).join(below);
        let (mut files, mut bytes) = (0, 0);
        let single = source.is_file();
        let found = if single { Ok(vec![PathBuf::from(source.file_name().unwrap_or_default())]) } else { files::files_below(source) };
        for relative in found.map_err(|error| PublishError::Copy { path: source.to_owned(), source: error })? {
            let from = if single { source.to_owned() } else { source.join(&relative) };
            if from.is_dir() {
                continue;
            }
            bytes += copy_content(&from, &target.join(&relative)).map_err(|source| PublishError::Copy { path: from, source })?;
            files += 1;
        }
        self.update(|run| match run.artifacts.iter_mut().find(|artifact| artifact.name.eq_ignore_ascii_case(name)) {
            Some(artifact) => {
                artifact.files += files;
                artifact.bytes += bytes;
            }
            None => run.artifacts.push(ArtifactRecord {
                name: name.to_owned(),
                kind: kind.to_owned(),
                location,
                job: format!("{}.{}", key.stage, key.job),
                files,
                bytes,
            }),
        })?;
        Ok((files, bytes))
    }

    /// Adds a test run.
    pub(crate) fn add_tests(&self, run: TestRun) -> Result<(), StoreError> {
        let totals = run.totals;
        self.tests.borrow_mut().runs.push(run);
        let path = self.folder.join("tests.json");
        let text = serde_json::to_vec_pretty(&*self.tests.borrow()).map_err(|error| StoreError::new(&path, error))?;
        files::write_atomically(&path, &text).map_err(|error| StoreError::new(&path, error))?;
        self.update(|record| record.tests.add(&totals))
    }

    fn write(&self) -> Result<(), StoreError> {
        let path = self.folder.join("run.json");
        let text = serde_json::to_vec_pretty(&*self.record.borrow()).map_err(|error| StoreError::new(&path, error))?;
        files::write_atomically(&path, &text).map_err(|error| StoreError::new(&path, error))
    }
}

/// A log file.
#[derive(Debug)]
pub(crate) struct Log {
    file: fs::File,
    path: PathBuf,
}

impl Log {
    /// Adds a line, which has passed the masker. A log that cannot be written does not stop the run: the line is shown, and
    /// the disk that is full will stop what needs it.
    pub(crate) fn line(&mut self, line: &str) {
        let _ = writeln!(self.file, "{} {line}", clock::rfc3339(clock::now()));
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn copy_content(from: &Path, to: &Path) -> io::Result<u64> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    io::copy(&mut fs::File::open(from)?, &mut fs::File::create(to)?)
}

/// `name` as part of a file name: what some file system would refuse becomes `_`.
fn file_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .take(80)
        .map(|character| if character.is_alphanumeric() || " ._-()".contains(character) { character } else { '_' })
        .collect();
    let safe = safe.trim_matches([' ', '.']);
    if safe.is_empty() { "unnamed".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{EventRecord, RunState, Store};

    fn record(id: u64) -> RunRecord {
        RunRecord {
            schema: 1,
            id,
            number: "20261124.1".into(),
            pipeline: "ci".into(),
            file: "ci.yml".into(),
            pipeline_id: 1,
            event: EventRecord::default(),
            pipeline_runs: vec![],
            branch: String::new(),
            commit: String::new(),
            uncommitted: vec![],
            requested_for: "somebody".into(),
            state: RunState::InProgress,
            result: None,
            started: "2026-11-24T14:00:00Z".into(),
            finished: None,
            notices: vec![],
            tags: vec![],
            questions: vec![],
            plan_id: String::new(),
            counters: vec![],
            stages: vec![],
            artifacts: vec![],
            attachments: vec![],
            summaries: vec![],
            tests: Default::default(),
        }
    }

    fn key() -> JobKey {
        JobKey { stage: "s".into(), job: "j".into() }
    }

    #[test]
    fn runs_are_numbered_and_read_back() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::new(state.path());
        assert!(store.runs().unwrap().is_empty());
        for expected in 1..=2 {
            let (id, folder) = Writer::next_id(&state.path().join("runs")).unwrap();
            assert_eq!(id, expected);
            Writer::new(folder, record(id)).unwrap();
        }
        fs::create_dir(state.path().join("runs/3")).unwrap();
        assert_eq!(store.runs().unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), [1, 2], "a folder without a record is no run");
        assert_eq!(Writer::next_id(&state.path().join("runs")).unwrap().0, 4);
    }

    #[test]
    fn a_record_of_a_newer_version_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let (id, folder) = Writer::next_id(&state.path().join("runs")).unwrap();
        Writer::new(folder, RunRecord { schema: 2, ..record(id) }).unwrap();
        let error = Store::new(state.path()).run(id).unwrap_err().to_string();
        assert!(error.contains("schema 2"), "{error}");
    }

    #[test]
    fn an_artifact_is_published_once_a_container_is_added_to() {
        let state = tempfile::tempdir().unwrap();
        let (id, folder) = Writer::next_id(&state.path().join("runs")).unwrap();
        let writer = Writer::new(folder.clone(), record(id)).unwrap();
        let source = state.path().join("out");
        fs::create_dir_all(source.join("deep")).unwrap();
        fs::write(source.join("deep/a.txt"), "abc").unwrap();
        assert_eq!(writer.publish("drop", "PipelineArtifact", "", &source, &key()).unwrap(), (1, 3));
        assert_eq!(fs::read(folder.join("artifacts/drop/deep/a.txt")).unwrap(), b"abc");
        assert!(matches!(writer.publish("DROP", "PipelineArtifact", "", &source, &key()), Err(PublishError::Exists(_))));
        assert!(matches!(writer.publish("a/b", "PipelineArtifact", "", &source, &key()), Err(PublishError::Name(_))));
        writer.publish("logs", "Container", "one", &source.join("deep/a.txt"), &key()).unwrap();
        writer.publish("logs", "Container", "two", &source.join("deep/a.txt"), &key()).unwrap();
        assert!(folder.join("artifacts/logs/two/a.txt").exists());
        let run = Store::new(state.path()).run(id).unwrap();
        assert_eq!(
            run.artifacts.iter().map(|artifact| (artifact.name.as_str(), artifact.files)).collect::<Vec<_>>(),
            [("drop", 1), ("logs", 2)]
        );
    }

    #[test]
    fn a_secret_in_an_attachment_is_masked_and_said() {
        let state = tempfile::tempdir().unwrap();
        let (id, folder) = Writer::next_id(&state.path().join("runs")).unwrap();
        let writer = Writer::new(folder.clone(), record(id)).unwrap();
        let masker = Masker::new();
        masker.add_value("hunter2");
        masker.add_identifier("an-application-id");
        let attach = |text: &str| {
            let source = state.path().join("notes.md");
            fs::write(&source, text).unwrap();
            let record =
                AttachmentRecord { kind: "x".into(), name: "notes.md".into(), file: String::new(), job: "s.j".into(), step: "t".into() };
            writer.attach(true, record, &source, &masker).unwrap()
        };
        assert!(!attach("nothing"));
        assert!(attach("the password is hunter2"));
        assert_eq!(fs::read_to_string(folder.join("summaries/2-notes.md")).unwrap(), "the password is ***");
        assert!(!attach("an-application-id is no secret"));
        assert_eq!(fs::read_to_string(folder.join("summaries/3-notes.md")).unwrap(), "an-application-id is no secret");
    }

    #[test]
    fn names_of_files_are_safe() {
        assert_eq!(file_name("../a b/\u{0}c:d"), "_a b__c_d");
        assert_eq!(file_name(".."), "unnamed");
    }
}
