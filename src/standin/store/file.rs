//! The store's files: JSON, mode 0600, replaced in one step.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// Makes `folder` and what is above it; it is for its owner only.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| StoreError::new("cannot be made", folder, error))
}

/// Reads a file; `None` where there is none.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::new("cannot be read", path, error)),
    };
    // serde_json's message may quote the content, which is secret: only the place is told.
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(|error| StoreError::new("is damaged", path, format!("line {}, column {}", error.line(), error.column())))
}

/// Replaces a file by `value` as JSON.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let json = serde_json::to_vec_pretty(value).map_err(|error| StoreError::new("cannot be written", path, error))?;
    write(path, &json)
}

/// Replaces a file in one step: whoever reads it sees the old content or the new, never a part.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let replace = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(&new, path)
    };
    replace().map_err(|error| {
        // What could not be put in its place is of no use to anybody.
        let _ = fs::remove_file(&new);
        StoreError::new("cannot be written", path, error)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_for_its_owner_only_and_is_replaced() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("deep/er/file.json");
        make_folder(path.parent().unwrap()).unwrap();
        assert_eq!(read::<u32>(&path).unwrap(), None);
        write_json(&path, &1).unwrap();
        write_json(&path, &2).unwrap();
        assert_eq!(read::<u32>(&path).unwrap(), Some(2));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path().join("deep")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("file.json");
        fs::write(&path, "\"the-secret\"").unwrap();
        let error = read::<u32>(&path).unwrap_err().to_string();
        assert!(error.contains("is damaged"), "{error}");
        assert!(!error.contains("the-secret"), "{error}");
    }
}
