//! Files as the runner writes them: atomically, and for its owner alone where they may hold something secret.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `content` so that a reader sees the old file or the new one, never a part.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = with_suffix(path, ".new");
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)
}

/// Writes `content` to a new file that only its owner may read (0600).
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// As [`write_private`], and atomically, over an older file.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = with_suffix(path, ".new");
    remove_file(&temporary)?;
    write_private(&temporary, content)?;
    fs::rename(&temporary, path)
}

/// Removes a file that may be gone already.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    ignore_missing(fs::remove_file(path))
}

/// Removes a folder and all in it; it may be gone already.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // Package managers leave folders that their owner may not write.
            make_writable(path)?;
            ignore_missing(fs::remove_dir_all(path))
        }
        other => ignore_missing(other),
    }
}

/// Removes a folder with its content and makes it anew.
pub(crate) fn empty_folder(path: &Path) -> io::Result<()> {
    remove_folder(path)?;
    fs::create_dir_all(path)
}

fn make_writable(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = fs::symlink_metadata(folder)?.permissions();
        permissions.set_mode(permissions.mode() | 0o700);
        fs::set_permissions(folder, permissions)?;
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path())?;
        }
    }
    Ok(())
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// All files and symbolic links below `folder`, relative to it, sorted. Links are not followed.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        for entry in fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies one file or symbolic link (as a link), making folders as needed. A file that has the same content already is
/// left alone, so that its time of change stays and build tools see nothing new. Returns the number of bytes.
pub(crate) fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let source = fs::symlink_metadata(from)?;
    let target = fs::symlink_metadata(to).ok();
    if target.as_ref().is_some_and(fs::Metadata::is_dir) {
        remove_folder(to)?;
    }
    if source.is_symlink() {
        let link = fs::read_link(from)?;
        if fs::read_link(to).is_ok_and(|present| present == link) {
            return Ok(0);
        }
        remove_file(to)?;
        symlink(&link, to, from)?;
        return Ok(0);
    }
    if target.is_some_and(|target| target.is_file() && target.len() == source.len()) && fs::read(from)? == fs::read(to)? {
        fs::set_permissions(to, source.permissions())?;
        return Ok(source.len());
    }
    // A file that may not be written, or a link, makes way for the new one.
    remove_file(to)?;
    fs::copy(from, to)
}

#[cfg(unix)]
fn symlink(link: &Path, to: &Path, _from: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(link, to)
}

#[cfg(not(unix))]
fn symlink(_link: &Path, to: &Path, from: &Path) -> io::Result<()> {
    fs::copy(from, to).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        replace_private(&path, b"one").unwrap();
        replace_private(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(write_private(&path, b"three").is_err(), "never into a file that somebody made before");
    }

    #[test]
    fn an_equal_file_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("deep/to"));
        fs::write(&from, "same").unwrap();
        copy_file(&from, &to).unwrap();
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        fs::File::options().write(true).open(&to).unwrap().set_modified(long_ago).unwrap();
        copy_file(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), long_ago);
        fs::write(&from, "diff").unwrap();
        copy_file(&from, &to).unwrap();
        assert_ne!(fs::metadata(&to).unwrap().modified().unwrap(), long_ago);
        assert_eq!(fs::read(&to).unwrap(), b"diff");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_unwritable_folders_are_removed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("inner")).unwrap();
        fs::write(tree.join("inner/file"), "").unwrap();
        std::os::unix::fs::symlink("inner/file", tree.join("link")).unwrap();
        let copy = folder.path().join("copy");
        for file in files_below(&tree).unwrap() {
            copy_file(&tree.join(&file), &copy.join(&file)).unwrap();
        }
        assert_eq!(fs::read_link(copy.join("link")).unwrap(), Path::new("inner/file"));
        fs::set_permissions(copy.join("inner"), fs::Permissions::from_mode(0o500)).unwrap();
        remove_folder(&copy).unwrap();
        assert!(!copy.exists());
        remove_folder(&copy).unwrap();
    }
}
