//! `images.json`: which image is which service's. Written by ImagePublish and AcrPromote, read by AcrPromote.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use slipway_agent::TaskError;
use slipway_model::ImageList;

/// The list in `file`; an empty one where there is no such file and `may_be_missing`.
pub(crate) fn read(file: &Path, may_be_missing: bool, code: &'static str) -> Result<ImageList, TaskError> {
    let fail = |message: String, hint: &str| TaskError::new(code, message).hint(hint.to_owned());
    let shown = file.display();
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && may_be_missing => return Ok(ImageList::new()),
        Err(error) => {
            return Err(fail(
                format!("The images file `{shown}` cannot be read: {error}."),
                "Check that an earlier step downloaded the artifact that ImagePublish's run published.",
            ));
        }
    };
    let list: ImageList = serde_json::from_slice(&text).map_err(|error| {
        fail(
            format!("The images file `{shown}` is not in the form that ImagePublish writes: {error}."),
            "Publish the file again, unchanged.",
        )
    })?;
    if list.schema > ImageList::SCHEMA {
        let message =
            format!("The images file `{shown}` has the version {}, and this task knows versions up to {}.", list.schema, ImageList::SCHEMA);
        return Err(fail(message, "Update the extension, so that both tasks are of one version."));
    }
    Ok(list)
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
