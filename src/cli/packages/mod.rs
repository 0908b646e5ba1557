//! Finds the task packages that a pipeline may name: the folders that an agent would have downloaded. They come from
//! folders (one task, or many tasks side by side, or versions of a task) and from VSIX files.

mod vsix;

use std::path::{Path, PathBuf};

use slipway_pipelines::{TaskCatalog, TaskDefinition};
use slipway_runner::TaskPackage;

use crate::failure::Failure;

/// How deep below a named folder a task.json may lie: `folder/task/version/task.json`.
const DEPTH: usize = 3;

/// Task packages, as the pipeline language looks them up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packages {
    packages: Vec<TaskPackage>,
    definitions: Vec<TaskDefinition>,
}

impl Packages {
    /// The packages in `sources`, folders or VSIX files; VSIX files are unpacked below `unpacked`. Where one version of
    /// one task is there twice, the later source wins. All problems are reported at once.
    pub(crate) fn find(sources: &[PathBuf], unpacked: &Path) -> Result<Self, Failure> {
        let mut found: Vec<TaskPackage> = Vec::new();
        let mut failures = Vec::new();
        for source in sources {
            match packages_of(source, unpacked) {
                Ok(packages) => {
                    for package in packages {
                        let same = |other: &TaskPackage| {
                            other.definition.id.eq_ignore_ascii_case(&package.definition.id)
                                && other.definition.version == package.definition.version
                        };
                        match found.iter_mut().find(|other| same(other)) {
                            Some(other) => *other = package,
                            None => found.push(package),
                        }
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        match Failure::all(failures) {
            Some(failure) => Err(failure),
            None => Ok(Self { definitions: found.iter().map(|package| package.definition.clone()).collect(), packages: found }),
        }
    }

    /// The packages, for the runner.
    pub(crate) fn all(&self) -> &[TaskPackage] {
        &self.packages
    }
}

impl TaskCatalog for Packages {
    fn definitions(&self) -> &[TaskDefinition] {
        &self.definitions
    }
}

fn packages_of(source: &Path, unpacked: &Path) -> Result<Vec<TaskPackage>, Failure> {
    let expected = "a task package is a folder with a `task.json`, a folder of such folders, or a `.vsix` file";
    let metadata = source
        .metadata()
        .map_err(|error| Failure::refused(format!("failed to read the task package `{}`: {error}", source.display())).hint(expected))?;
    let roots = if metadata.is_dir() {
        vec![source.to_owned()]
    } else if source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("vsix")) {
        vsix::unpack(source, unpacked)?
    } else {
        return Err(Failure::refused(format!("not a task package: `{}`", source.display())).hint(expected));
    };
    let mut folders = Vec::new();
    for root in &roots {
        task_folders(root, DEPTH, &mut folders)
            .map_err(|error| Failure::refused(format!("failed to read the folder `{}`: {error}", root.display())))?;
    }
    if folders.is_empty() {
        return Err(Failure::refused(format!("no task.json in `{}`, nor in the folders below it", source.display())).hint(expected));
    }
    let mut packages = Vec::new();
    let mut failures = Vec::new();
    for folder in folders {
        match definition(&folder.join("task.json")) {
            Ok(definition) => packages.push(TaskPackage { folder, definition }),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures).map_or(Ok(packages), Err)
}

/// The folders with a task.json in or below `folder`, in the order of their names. A task's own folder is not searched
/// further: what lies in it belongs to it.
fn task_folders(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join("task.json").is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let mut children = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    children.retain(|child| {
        child.is_dir() && child.file_name().is_some_and(|name| name != "node_modules" && !name.as_encoded_bytes().starts_with(b"."))
    });
    children.sort();
    children.iter().try_for_each(|child| task_folders(child, depth - 1, found))
}

fn definition(file: &Path) -> Result<TaskDefinition, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::refused(format!("failed to read `{}`: {error}", file.display())))?;
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(json).map_err(|error| Failure::refused(format!("not a valid task.json: `{}`: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(folder: &Path, name: &str, version: &str) {
        std::fs::create_dir_all(folder).unwrap();
        let (major, minor) = version.split_once('.').unwrap();
        let json = format!(
            r#"{{"id": "{name}-id", "name": "{name}", "version": {{"Major": "{major}", "Minor": {minor}, "Patch": 0}}, "somethingElse": 1}}"#
        );
        std::fs::write(folder.join("task.json"), "\u{feff}".to_owned() + &json).unwrap();
    }

    fn names(packages: &Packages, root: &Path) -> Vec<String> {
        let show = |package: &TaskPackage| {
            format!("{}@{} {}", package.definition.name, package.definition.version, package.folder.strip_prefix(root).unwrap().display())
        };
        packages.all().iter().map(show).collect()
    }

    fn text(failure: &Failure, root: &Path) -> String {
        failure.lines().iter().map(|line| format!("{line}\n")).collect::<String>().replace(&root.display().to_string(), "ROOT")
    }

    #[test]
    fn one_task_many_tasks_and_versions_of_a_task() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        task(&root.join("tasks/a"), "A", "1.0");
        task(&root.join("tasks/a/nested"), "Nested", "1.0");
        task(&root.join("tasks/b/v1"), "B", "1.2");
        task(&root.join("tasks/b/v2"), "B", "2.0");
        task(&root.join("tasks/node_modules/c"), "C", "1.0");
        task(&root.join("tasks/.hidden"), "D", "1.0");
        task(&root.join("other"), "A", "1.0");
        let find = |sources: &[&str]| {
            Packages::find(&sources.iter().map(|source| root.join(source)).collect::<Vec<_>>(), &root.join("unpacked")).unwrap()
        };
        assert_eq!(names(&find(&["tasks"]), root), ["A@1.0.0 tasks/a", "B@1.2.0 tasks/b/v1", "B@2.0.0 tasks/b/v2"]);
        assert_eq!(names(&find(&["tasks/a"]), root), ["A@1.0.0 tasks/a"]);
        assert_eq!(names(&find(&["tasks/a", "other"]), root), ["A@1.0.0 other"], "the later source wins");
    }

    #[test]
    fn all_bad_sources_are_reported_at_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        std::fs::create_dir_all(root.join("empty/folder")).unwrap();
        std::fs::create_dir_all(root.join("bad")).unwrap();
        std::fs::write(root.join("bad/task.json"), r#"{"id": "x", "version": {"Major": "one"}}"#).unwrap();
        std::fs::write(root.join("file.txt"), "").unwrap();
        std::fs::write(root.join("broken.vsix"), "no zip").unwrap();
        let sources = ["missing", "empty", "bad", "file.txt", "broken.vsix"].map(|source| root.join(source));
        let failure = Packages::find(&sources, &root.join("unpacked")).unwrap_err();
        insta::assert_snapshot!(text(&failure, root), @r#"
            error: failed to read the task package `ROOT/missing`: No such file or directory (os error 2)
              hint: a task package is a folder with a `task.json`, a folder of such folders, or a `.vsix` file
            error: no task.json in `ROOT/empty`, nor in the folders below it
              hint: a task package is a folder with a `task.json`, a folder of such folders, or a `.vsix` file
            error: not a valid task.json: `ROOT/bad/task.json`: expected a version number, found "one" at line 1 column 39
            error: not a task package: `ROOT/file.txt`
              hint: a task package is a folder with a `task.json`, a folder of such folders, or a `.vsix` file
            error: not a valid VSIX file: `ROOT/broken.vsix`: invalid Zip archive: Could not find EOCD
              hint: it is not whole, or no archive at all: download or package it again
            "#);
    }
}
