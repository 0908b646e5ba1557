//! `images.json`: which image is which service's. Written by ImagePublish and AcrPromote, read by AcrPromote.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;
use slipway_agent::{Inputs, TaskError, Variables};
use slipway_model::ImageList;

/// How a task reads the file.
pub(crate) struct Use {
    /// Whether no file is an empty list.
    pub(crate) may_be_missing: bool,
    /// The code of its errors.
    pub(crate) code: &'static str,
    /// The next step where the file cannot be read.
    pub(crate) unreadable: &'static str,
    /// The next step where it is something else.
    pub(crate) broken: &'static str,
}

/// The file to write that an input names, else `images.json` in this folder of the artifacts. `what` it is is for people.
pub(crate) fn written(inputs: &mut Inputs<'_>, variables: &Variables<'_>, input: &str, (folder, what): (&str, &str)) -> PathBuf {
    match (inputs.file_path(input), variables.get("Build.ArtifactStagingDirectory")) {
        (Some(file), _) => file,
        (None, Some(staging)) => Path::new(staging).join(folder).join("images.json"),
        (None, None) => {
            let example = format!("name one, such as `$(Agent.TempDirectory)/{folder}.json`");
            inputs.refuse(input, "nothing, and the job has no `Build.ArtifactStagingDirectory`", what, example);
            PathBuf::new()
        }
    }
}

/// The list in `file`.
pub(crate) fn read(file: &Path, use_of: &Use) -> Result<ImageList, TaskError> {
    let fail = |message: String, hint: &str| TaskError::new(use_of.code, message).hint(hint.to_owned());
    let shown = file.display();
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && use_of.may_be_missing => return Ok(ImageList::new()),
        Err(error) => {
            return Err(fail(format!("The images file `{shown}` cannot be read: {error}."), use_of.unreadable));
        }
    };
    let broken =
        |why: String| fail(format!("The images file `{shown}` is not in the form that ImagePublish writes: {why}."), use_of.broken);
    let value: Value = serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    if !value.is_object() {
        return Err(broken("it is JSON, but no object with `schema` and `images`".to_owned()));
    }
    // A later form may have another structure: its version is looked at first.
    match value["schema"].as_u64() {
        Some(schema) if schema > u64::from(ImageList::SCHEMA) => {
            let message =
                format!("The images file `{shown}` has the version {schema}, and this task knows versions up to {}.", ImageList::SCHEMA);
            Err(fail(message, "Update the extension, so that both tasks are of one version."))
        }
        _ => serde_json::from_slice(&text).map_err(|error| broken(error.to_string())),
    }
}

/// Writes the list, whole or not at all.
pub(crate) fn write(file: &Path, list: &ImageList, code: &'static str) -> Result<(), TaskError> {
    let failed = |error: std::io::Error| {
        TaskError::new(code, format!("The images file `{}` cannot be written: {error}.", file.display()))
            .hint("Check that its folder can be made and the disk has room.")
    };
    let mut text = serde_json::to_vec_pretty(list).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let part = file.with_extension("json.part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, file)).map_err(failed)
}
