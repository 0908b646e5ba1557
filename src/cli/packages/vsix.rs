//! Task packages in a VSIX file: an OPC zip whose `extension.vsomanifest` names the folders of its tasks
//! (facts/azure-pipelines-tasks.md, "The extension package").

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::failure::Failure;

/// A VSIX may be 100 MiB packed at most, so this many bytes unpacked are no extension but an attack on the disk.
const LARGEST: u64 = 2 << 30;

const MANIFEST: &str = "extension.vsomanifest";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    contributions: Vec<Contribution>,
}

#[derive(Deserialize)]
struct Contribution {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    name: String,
}

/// Unpacks the tasks of the VSIX `file` into a folder of its own below `below` (named by the file's checksum, so that
/// it is done once) and returns the folders that the manifest names.
pub(super) fn unpack(file: &Path, below: &Path) -> Result<Vec<PathBuf>, Failure> {
    let broken = |what: String| Failure::refused(format!("not a valid VSIX file: `{}`: {what}", file.display()));
    let unreadable = |error: std::io::Error| Failure::refused(format!("failed to read `{}`: {error}", file.display()));
    let mut archive = ZipArchive::new(File::open(file).map_err(unreadable)?)
        .map_err(|error| broken(error.to_string()).hint("it is not whole, or no archive at all: download or package it again"))?;
    let folders = contributed(&mut archive).map_err(broken)?;

    let mut checksum = Sha256::new();
    std::io::copy(&mut File::open(file).map_err(unreadable)?, &mut checksum).map_err(unreadable)?;
    let name: String = checksum.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let target = below.join(&name);
    if !target.is_dir() {
        let failed =
            |error: std::io::Error| Failure::refused(format!("failed to unpack `{}` into `{}`: {error}", file.display(), below.display()));
        std::fs::create_dir_all(below).map_err(failed)?;
        // Unpacked beside its place and renamed: a half unpacked package is never taken for a whole one.
        let partial = below.join(format!("{name}.partial-{}", std::process::id()));
        let unpacked = unpack_folders(&mut archive, &folders, &partial);
        if let Err(what) = unpacked {
            // The reason to report is why unpacking failed, not that its rest could not be removed.
            let _ = std::fs::remove_dir_all(&partial);
            return Err(broken(what));
        }
        if let Err(error) = std::fs::rename(&partial, &target) {
            let _ = std::fs::remove_dir_all(&partial);
            if !target.is_dir() {
                return Err(failed(error));
            }
        }
    }
    Ok(folders.iter().map(|folder| target.join(folder)).collect())
}

/// The folders that the manifest's task contributions name.
fn contributed(archive: &mut ZipArchive<File>) -> Result<Vec<String>, String> {
    let mut text = String::new();
    let mut entry = archive.by_name(MANIFEST).map_err(|_| format!("it has no `{MANIFEST}`"))?;
    entry.read_to_string(&mut text).map_err(|error| format!("`{MANIFEST}`: {error}"))?;
    let manifest: Manifest = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| format!("`{MANIFEST}`: {error}"))?;
    let mut folders = Vec::new();
    for contribution in manifest.contributions.into_iter().filter(|contribution| contribution.kind == "ms.vss-distributed-task.task") {
        let name = contribution.properties.name;
        let plain = !name.is_empty() && Path::new(&name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !plain {
            return Err(format!("`{MANIFEST}` names a task folder outside of the package: `{name}`"));
        }
        folders.push(name);
    }
    if folders.is_empty() {
        return Err(format!("`{MANIFEST}` has no contribution of type `ms.vss-distributed-task.task`"));
    }
    Ok(folders)
}

fn unpack_folders(archive: &mut ZipArchive<File>, folders: &[String], target: &Path) -> Result<(), String> {
    let mut left = LARGEST;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let Some(path) = entry.enclosed_name() else {
            return Err(format!("the entry `{name}` would be unpacked outside of its folder"));
        };
        if !folders.iter().any(|folder| path.starts_with(folder)) || entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(format!("the entry `{name}` is a symbolic link"));
        }
        let place = target.join(&path);
        let written = (|| {
            std::fs::create_dir_all(place.parent().unwrap_or(target))?;
            let mut out = File::create_new(&place)?;
            let copied = std::io::copy(&mut entry.by_ref().take(left + 1), &mut out)?;
            out.flush()?;
            Ok::<_, std::io::Error>(copied)
        })()
        .map_err(|error| format!("the entry `{name}`: {error}"))?;
        left = left.checked_sub(written).ok_or_else(|| format!("it holds more than {} GiB", LARGEST >> 30))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use zip::write::SimpleFileOptions;

    use super::*;

    const TASK: &str = r#"{"id": "i", "name": "A", "version": {"Major": 1, "Minor": 0, "Patch": 0}}"#;

    fn vsix(file: &Path, manifest: &str, entries: &[(&str, &str)]) {
        let mut writer = zip::ZipWriter::new(File::create(file).unwrap());
        writer.start_file(MANIFEST, SimpleFileOptions::default()).unwrap();
        writer.write_all(manifest.as_bytes()).unwrap();
        for (name, text) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
    }

    fn manifest(folder: &str) -> String {
        format!(
            r#"{{"manifestVersion": 1, "contributions": [{{"id": "a", "type": "ms.vss-distributed-task.task", "properties": {{"name": "{folder}"}}}}, {{"type": "ms.vss-web.tab"}}]}}"#
        )
    }

    fn refusal(folder: &Path, file: &Path) -> String {
        let failure = unpack(file, &folder.join("unpacked")).unwrap_err();
        failure.lines()[0].to_string().replace(&folder.display().to_string(), "F")
    }

    #[test]
    fn only_the_tasks_are_unpacked_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let (file, below) = (folder.path().join("x.vsix"), folder.path().join("unpacked"));
        vsix(&file, &manifest("a"), &[("a/task.json", TASK), ("a/lib/deep/x.js", "x"), ("tab/index.html", "")]);
        let folders = unpack(&file, &below).unwrap();
        assert_eq!(folders.len(), 1);
        assert_eq!(std::fs::read_to_string(folders[0].join("task.json")).unwrap(), TASK);
        assert!(folders[0].join("lib/deep/x.js").is_file());
        assert!(!folders[0].parent().unwrap().join("tab").exists());
        std::fs::write(folders[0].join("mark"), "").unwrap();
        assert_eq!(unpack(&file, &below).unwrap(), folders);
        assert!(folders[0].join("mark").exists(), "the second time it is left alone");
        assert_eq!(std::fs::read_dir(&below).unwrap().count(), 1, "nothing partial is left");
    }

    #[test]
    fn an_entry_that_leaves_its_folder_is_refused_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.vsix");
        vsix(&file, &manifest("a"), &[("a/task.json", TASK), ("a/../../../evil", "x")]);
        assert_eq!(
            refusal(folder.path(), &file),
            "error: not a valid VSIX file: `F/x.vsix`: the entry `a/../../../evil` would be unpacked outside of its folder"
        );
        assert!(!folder.path().join("evil").exists());
        assert_eq!(std::fs::read_dir(folder.path().join("unpacked")).unwrap().count(), 0);
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.vsix");
        let mut writer = zip::ZipWriter::new(File::create(&file).unwrap());
        writer.start_file(MANIFEST, SimpleFileOptions::default()).unwrap();
        writer.write_all(manifest("a").as_bytes()).unwrap();
        writer.add_symlink("a/link", "/etc", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        assert_eq!(refusal(folder.path(), &file), "error: not a valid VSIX file: `F/x.vsix`: the entry `a/link` is a symbolic link");
    }

    #[test]
    fn a_manifest_must_name_tasks_inside_of_the_package() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.vsix");
        vsix(&file, &manifest("../a"), &[]);
        assert_eq!(
            refusal(folder.path(), &file),
            "error: not a valid VSIX file: `F/x.vsix`: `extension.vsomanifest` names a task folder outside of the package: `../a`"
        );
        vsix(&file, "{}", &[]);
        assert_eq!(
            refusal(folder.path(), &file),
            "error: not a valid VSIX file: `F/x.vsix`: `extension.vsomanifest` has no contribution of type `ms.vss-distributed-task.task`"
        );
    }
}
