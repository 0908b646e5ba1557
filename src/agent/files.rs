use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use slipway_model::Fragment;
use slipway_secret::Secret;

use crate::commands::task::file_name;
use crate::spec::TaskSpec;
use crate::{Masker, Reporter, TaskError, Variables, codes};

/// A fragment that is larger may not be read by the Delivery tab.
const FRAGMENT_LIMIT: usize = 256 * 1024;

/// The files that a task writes into the agent's temp folder. They stay until the agent empties the folder at the end of
/// the job: the agent uploads attachments and summaries later than it is told.
///
/// Nothing is overwritten, so a task may run many times in a job, also at the same time. Secrets in texts are masked,
/// since the agent masks its log only.
pub struct TaskFiles<'a> {
    spec: &'static TaskSpec,
    variables: Variables<'a>,
    reporter: &'a Reporter,
}

impl<'a> TaskFiles<'a> {
    pub(crate) fn new(spec: &'static TaskSpec, variables: Variables<'a>, reporter: &'a Reporter) -> Self {
        Self { spec, variables, reporter }
    }

    /// Writes a part of the delivery record and attaches it to the step, as
    /// `<stage>.<job>.<attempt>.<task>.<sequence>-<job id>.json`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_fragment(&self, fragment: &Fragment) -> Result<PathBuf, TaskError> {
        let masker = self.reporter.masker();
        let json = serde_json::to_value(fragment).and_then(|value| serde_json::to_vec_pretty(&masked(value, masker)));
        let mut json = json.map_err(|error| self.error("The delivery record", &io::Error::from(error)))?;
        json.push(b'\n');
        if json.len() > FRAGMENT_LIMIT {
            self.reporter.warning(format!(
                "The delivery record of this step has {} KiB. The Delivery tab reads at most {} KiB of a step and will leave this one out.",
                json.len().div_ceil(1024),
                FRAGMENT_LIMIT / 1024
            ));
        }
        let segment = |text: &str| file_name(if text.is_empty() { "-" } else { text });
        let stem = format!("{}.{}.{}.{}", segment(&fragment.stage), segment(&fragment.job), fragment.attempt, segment(self.spec.folder));
        // The jobs of a matrix may share their name; their ids differ.
        let job_id: String = self.variables.job_id().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let suffix = if job_id.is_empty() { String::new() } else { format!("-{job_id}") };
        let path = self.create("The delivery record", Access::Shared, &json, |sequence| format!("{stem}.{sequence}{suffix}.json"))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.reporter.add_attachment(Fragment::ATTACHMENT_TYPE, &name, &path);
        Ok(path)
    }

    /// Writes Markdown and adds it to the summary of the run, in a section under the task's name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_summary(&self, markdown: &str) -> Result<PathBuf, TaskError> {
        let text = self.reporter.masker().mask(markdown).into_owned();
        let path = self.create("The summary", Access::Shared, text.as_bytes(), |sequence| numbered(self.spec.name, sequence, "md"))?;
        self.reporter.upload_summary(&path);
        Ok(path)
    }

    /// Writes a text for other programs to read (test results, reports).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_text(&self, stem: &str, extension: &str, text: &str) -> Result<PathBuf, TaskError> {
        let text = self.reporter.masker().mask(text).into_owned();
        self.create("A report", Access::Shared, text.as_bytes(), |sequence| numbered(&file_name(stem), sequence, extension))
    }

    /// Writes a secret into a file that only the agent's user can read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_secret(&self, stem: &str, extension: &str, secret: &Secret) -> Result<PathBuf, TaskError> {
        self.create("A file with a secret", Access::Owner, secret.expose().as_bytes(), |sequence| {
            numbered(&file_name(stem), sequence, extension)
        })
    }

    /// Creates the file with the first sequence number that is free.
    fn create(&self, what: &str, access: Access, content: &[u8], name: impl Fn(u32) -> String) -> Result<PathBuf, TaskError> {
        let Some(folder) = self.variables.temp_folder() else {
            return Err(TaskError::new(
                codes::FILE,
                format!("{what} cannot be written: the agent gave no temp folder (`AGENT_TEMPDIRECTORY`)."),
            )
            .hint("Run the task by an Azure Pipelines agent."));
        };
        let create = || -> io::Result<PathBuf> {
            fs::create_dir_all(&folder)?;
            let (path, mut file) = first_free(&folder, access, name)?;
            file.write_all(content)?;
            file.sync_all()?;
            Ok(path)
        };
        create().map_err(|error| self.error(&format!("{what} (in the agent's temp folder `{}`)", folder.display()), &error))
    }

    fn error(&self, what: &str, error: &io::Error) -> TaskError {
        TaskError::new(codes::FILE, format!("{what} cannot be written: {error}."))
            .hint("Check that the agent's user may write there and that the disk is not full.")
    }
}

impl std::fmt::Debug for TaskFiles<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskFiles").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Whoever reads the agent's files: outside of a container that may be another user.
    Shared,
    /// The agent's user only.
    Owner,
}

fn first_free(folder: &Path, access: Access, name: impl Fn(u32) -> String) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if access == Access::Owner { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = access;
    for sequence in 1.. {
        let path = folder.join(name(sequence));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(ErrorKind::AlreadyExists))
}

/// `name.md`, `name-2.md`, ...
fn numbered(stem: &str, sequence: u32, extension: &str) -> String {
    if sequence == 1 { format!("{stem}.{extension}") } else { format!("{stem}-{sequence}.{extension}") }
}

/// `value` with the secrets in its texts masked.
fn masked(value: Value, masker: &Masker) -> Value {
    match value {
        Value::String(text) => Value::String(masker.mask(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(|value| masked(value, masker)).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, masked(value, masker))).collect(),
        other => other,
    }
}
