use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Source;
use crate::problem::{Problem, Problems, unless};

/// Endings of the manifests in a folder. A file that is named itself may end as it likes.
const ENDINGS: &[&str] = &["yaml", "yml", "json"];

/// Reads manifests: files, and folders with all that is below them, in the order of names. Hidden files and folders are passed over,
/// and a file that is reached twice is read once. `root` is left out of the names of the files.
///
/// # Errors
/// Every path that is not there or cannot be read, every folder without a manifest, every file that is no text.
pub fn files(paths: &[PathBuf], root: &Path) -> Result<Vec<Source>, Problems> {
    let mut reader = Reader { root, seen: HashSet::new(), sources: Vec::new(), problems: Vec::new() };
    for path in paths {
        match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => {
                if !reader.folder(path) {
                    let message =
                        format!("the folder `{}` has no manifest: none of its files ends in `.yaml`, `.yml` or `.json`", reader.name(path));
                    reader.problem(message, "check the path, and that the step before put the manifests there");
                }
            }
            Ok(_) => reader.file(path),
            Err(error) => reader.unreadable(path, &error),
        }
    }
    unless(reader.problems, reader.sources)
}

struct Reader<'a> {
    root: &'a Path,
    seen: HashSet<PathBuf>,
    sources: Vec<Source>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Whether a manifest is below the folder.
    fn folder(&mut self, folder: &Path) -> bool {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(folder, &error);
                return true;
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut found = false;
        for entry in entries {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            // A link to a folder is not followed: it could lead back to where it lies.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_manifest = path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending));
            if is_folder {
                found |= self.folder(&path);
            } else if is_manifest && !path.is_dir() {
                self.file(&path);
                found = true;
            }
        }
        found
    }

    fn file(&mut self, path: &Path) {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable(path, &error),
        };
        if !self.seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
            return;
        }
        let name = self.name(path);
        match String::from_utf8(bytes) {
            Ok(text) => self.sources.push(Source::new(name, text)),
            Err(error) => {
                let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
                let place = Source::new(name, "").place(line);
                self.problems.push(Problem::new(place, "the file is no UTF-8 text", "save it as UTF-8"));
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let name = self.name(path);
        match error.kind() {
            ErrorKind::NotFound => self.problem(format!("there is no file or folder `{name}`"), "check the path"),
            _ => self.problem(format!("`{name}` cannot be read: {error}"), "let the user that runs the agent read it"),
        }
    }

    fn problem(&mut self, message: String, hint: &str) {
        self.problems.push(Problem::new(None, message, hint));
    }

    fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        if name.is_empty() { ".".to_owned() } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn folders_are_read_with_all_below_them_and_each_file_once() {
        let folder = folder(&[
            ("k8s/b.yaml", b"b"),
            ("k8s/a/z.yml", b"z"),
            ("k8s/a/c.json", b"c"),
            ("k8s/README.md", b"x"),
            ("k8s/.hidden/x.yaml", b"x"),
            ("k8s/.x.yaml", b"x"),
            ("manifest.txt", b"m"),
        ]);
        let at = |name: &str| folder.path().join(name);
        let sources = files(&[at("manifest.txt"), at("k8s/b.yaml"), at("k8s")], folder.path()).unwrap();
        let read: Vec<_> = sources.iter().map(|source| (&*source.file, source.text.as_str())).collect();
        assert_eq!(read, [("manifest.txt", "m"), ("k8s/b.yaml", "b"), ("k8s/a/c.json", "c"), ("k8s/a/z.yml", "z")]);
    }

    #[test]
    fn everything_that_cannot_be_read_is_told() {
        let folder = folder(&[("empty/README.md", b"x"), ("latin.yaml", b"a: 1\nb: caf\xe9\n"), ("good.yaml", b"a: 1")]);
        let at = |name: &str| folder.path().join(name);
        let problems = files(&[at("empty"), at("gone"), at("latin.yaml"), at("good.yaml")], folder.path()).unwrap_err();
        insta::assert_snapshot!(problems, @"
        the folder `empty` has no manifest: none of its files ends in `.yaml`, `.yml` or `.json`
          check the path, and that the step before put the manifests there
        there is no file or folder `gone`
          check the path
        latin.yaml:2: the file is no UTF-8 text
          save it as UTF-8
        ");
    }
}
