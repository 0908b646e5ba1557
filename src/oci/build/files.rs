use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};

use super::error::{BuildError, FileProblem};

/// What lies at a path of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    File { source: PathBuf, size: u64, executable: bool },
    Link { target: String },
}

/// A path of a layer, without a leading `/`, and what lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) node: Node,
}

/// What `folder` holds as it will lie below `destination`: the destination's parents first, then everything in the order of
/// the paths' bytes, which is the same on every machine.
pub(super) fn collect(folder: &Path, destination: &str) -> Result<Vec<Entry>, BuildError> {
    if !folder.is_dir() {
        return Err(BuildError::NoFolder(folder.to_owned()));
    }
    let mut found = Vec::new();
    let mut problems = Vec::new();
    walk(folder, "", &mut found, &mut problems)?;
    if !problems.is_empty() {
        problems.sort_by_key(|problem| match problem {
            FileProblem::Leaves { path, .. } | FileProblem::Special { path } | FileProblem::Name { path } => path.clone(),
        });
        return Err(BuildError::Files { folder: folder.to_owned(), problems });
    }
    if found.iter().all(|entry| entry.node == Node::Folder) {
        return Err(BuildError::Empty(folder.to_owned()));
    }
    let parts: Vec<&str> = destination.split('/').filter(|part| !part.is_empty()).collect();
    let mut entries: Vec<Entry> = (1..=parts.len()).map(|end| Entry { path: parts[..end].join("/"), node: Node::Folder }).collect();
    let prefix = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
    entries.extend(found.into_iter().map(|entry| Entry { path: format!("{prefix}{}", entry.path), node: entry.node }));
    entries.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(entries)
}

fn walk(root: &Path, inner: &str, found: &mut Vec<Entry>, problems: &mut Vec<FileProblem>) -> Result<(), BuildError> {
    let folder = root.join(inner);
    let unreadable = |path: &Path, cause: std::io::Error| BuildError::Read { path: path.to_owned(), cause };
    for entry in fs::read_dir(&folder).map_err(|cause| unreadable(&folder, cause))? {
        let entry = entry.map_err(|cause| unreadable(&folder, cause))?;
        let source = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            problems.push(FileProblem::Name { path: format!("{inner}/{}", name.to_string_lossy()).trim_start_matches('/').to_owned() });
            continue;
        };
        let path = if inner.is_empty() { name.to_owned() } else { format!("{inner}/{name}") };
        let metadata = fs::symlink_metadata(&source).map_err(|cause| unreadable(&source, cause))?;
        let kind = metadata.file_type();
        let node = if kind.is_symlink() {
            let target = fs::read_link(&source).map_err(|cause| unreadable(&source, cause))?;
            match inside(root, &path, &target) {
                Some(target) => Node::Link { target },
                None => {
                    problems.push(FileProblem::Leaves { path, target: target.display().to_string() });
                    continue;
                }
            }
        } else if kind.is_dir() {
            walk(root, &path, found, problems)?;
            Node::Folder
        } else if kind.is_file() {
            Node::File { source, size: metadata.len(), executable: is_executable(&metadata) }
        } else {
            problems.push(FileProblem::Special { path });
            continue;
        };
        found.push(Entry { path, node });
    }
    Ok(())
}

/// The target of the link `link` (a path in the folder), relative to the link, if it stays in the folder.
fn inside(root: &Path, link: &str, target: &Path) -> Option<String> {
    let parents: Vec<&str> = link.split('/').collect();
    let parents = parents.split_last().map(|(_, parents)| parents)?;
    if target.is_absolute() {
        let inner = target.strip_prefix(root).ok()?;
        let inner = normal(&[], inner)?;
        return Some(format!("{}{}", "../".repeat(parents.len()), inner.join("/")));
    }
    normal(parents, target)?;
    Some(target.to_str()?.replace('\\', "/"))
}

/// The parts of `path` from a folder of these parts; nothing if it goes above the root.
fn normal(from: &[&str], path: &Path) -> Option<Vec<String>> {
    let mut parts: Vec<String> = from.iter().map(|part| (*part).to_owned()).collect();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // The owner's bit alone: the others depend on the umask.
    metadata.permissions().mode() & 0o100 != 0
}

/// Windows has no such bit: everything may be started, as in every image that is built there.
#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_in_the_folder_or_not() {
        let root = Path::new("/srv/out");
        let stays = |link: &str, target: &str| inside(root, link, Path::new(target));
        assert_eq!(stays("a", "b").as_deref(), Some("b"));
        assert_eq!(stays("lib/a", "../b").as_deref(), Some("../b"));
        assert_eq!(stays("lib/x/a", "/srv/out/b/c").as_deref(), Some("../../b/c"));
        for (link, target) in [("a", "../b"), ("lib/a", "../../b"), ("a", "/etc/passwd"), ("a", "/srv/out/../x"), ("a", "b/../../x")] {
            assert_eq!(stays(link, target), None, "{link} -> {target}");
        }
    }
}
