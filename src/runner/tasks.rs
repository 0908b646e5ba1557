//! Task packages on an agent: `_tasks/<Name>_<guid>/<version>`, copied there as an agent downloads and unpacks them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use slipway_pipelines::TaskUse;

use crate::files;
use crate::request::TaskPackage;

/// The package that a step uses; absent for the tasks that the runner itself implements.
pub(crate) fn package<'p>(packages: &'p [TaskPackage], task: &TaskUse) -> Option<&'p TaskPackage> {
    packages
        .iter()
        .find(|package| package.definition.id.eq_ignore_ascii_case(&task.id) && package.definition.version.to_string() == task.version)
}

/// Copies a package below `tasks` unless it is there already, and returns its folder.
///
/// A package of the same version with other content replaces the old one: an agent would keep the old one, but on a machine
/// where tasks are written the version does not change with each build. Files lose their execute bit, as they do between
/// the Marketplace and an agent.
pub(crate) fn install(tasks: &Path, package: &TaskPackage) -> io::Result<PathBuf> {
    let definition = &package.definition;
    let folder = tasks.join(format!("{}_{}", definition.name, definition.id.to_lowercase())).join(definition.version.to_string());
    let marker = folder.with_file_name(format!("{}.completed", definition.version));
    let content = files::files_below(&package.folder)?;
    let fingerprint = fingerprint(&package.folder, &content)?;
    if fs::read_to_string(&marker).is_ok_and(|present| present == fingerprint) {
        return Ok(folder);
    }
    files::remove_file(&marker)?;
    files::empty_folder(&folder)?;
    for file in &content {
        let (from, to) = (package.folder.join(file), folder.join(file));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        // A link to a folder (of a package that is linked together for development) has no content of its own.
        if !from.is_dir() {
            io::copy(&mut fs::File::open(&from)?, &mut fs::File::create(&to)?)?;
        }
    }
    files::write_atomically(&marker, fingerprint.as_bytes())?;
    Ok(folder)
}

/// What changes when a package changes: paths, sizes and times of its files, not their content (packages are large).
fn fingerprint(folder: &Path, content: &[PathBuf]) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(folder.as_os_str().as_encoded_bytes());
    for file in content {
        let metadata = fs::symlink_metadata(folder.join(file))?;
        let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        hash.update(format!("\n{}\0{}\0{}", file.display(), metadata.len(), modified.as_nanos()));
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &Path) -> TaskPackage {
        let definition = serde_json::json!({"id": "ABC", "name": "Hello", "version": {"Major": 1, "Minor": "2", "Patch": 3}});
        TaskPackage { folder: folder.to_owned(), definition: serde_json::from_value(definition).unwrap() }
    }

    #[test]
    fn a_package_is_copied_once_and_again_when_it_changed() {
        let temp = tempfile::tempdir().unwrap();
        let source = temp.path().join("package");
        fs::create_dir_all(source.join("lib")).unwrap();
        fs::write(source.join("lib/run.bin"), "one").unwrap();
        let tasks = temp.path().join("_tasks");
        let folder = install(&tasks, &package(&source)).unwrap();
        assert_eq!(folder, tasks.join("Hello_abc/1.2.3"));
        fs::write(folder.join("left"), "").unwrap();
        install(&tasks, &package(&source)).unwrap();
        assert!(folder.join("left").exists(), "not copied again");
        fs::write(source.join("lib/run.bin"), "three").unwrap();
        install(&tasks, &package(&source)).unwrap();
        assert!(!folder.join("left").exists());
        assert_eq!(fs::read_to_string(folder.join("lib/run.bin")).unwrap(), "three");
    }

    #[cfg(unix)]
    #[test]
    fn the_execute_bit_is_lost() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let source = temp.path().join("package");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("run.bin"), "").unwrap();
        fs::set_permissions(source.join("run.bin"), fs::Permissions::from_mode(0o755)).unwrap();
        let folder = install(&temp.path().join("_tasks"), &package(&source)).unwrap();
        assert_eq!(fs::metadata(folder.join("run.bin")).unwrap().permissions().mode() & 0o111, 0);
    }
}
