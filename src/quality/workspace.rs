use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::ecosystem::ECOSYSTEMS;

/// What is built together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The name of its ecosystem: `Cargo`.
    pub ecosystem: &'static str,
    /// The folder that was searched: paths in findings and test results start there.
    pub base: PathBuf,
    /// Its folder, absolute.
    pub root: PathBuf,
    /// Its folder from `base`, with `/`; `.` for `base` itself.
    pub folder: String,
    /// Its packages, by name.
    pub packages: Vec<Package>,
    /// The dependencies' versions are pinned by a file that lies there.
    pub locked: bool,
}

/// A package of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder, absolute.
    pub root: PathBuf,
    /// It is a library, or has one.
    pub library: bool,
    /// It has documentation whose examples are tests.
    pub doc_tests: bool,
    /// It has tests that use it from outside.
    pub integration_tests: bool,
    /// Targets whose test program is not the ecosystem's own: it says only by its exit status how it ended.
    pub foreign_harness: Vec<String>,
    /// What the package's tests find in their environment about it.
    pub environment: Vec<(String, String)>,
}

/// A folder in which nothing can be checked.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The folder does not exist or is none.
    #[error("`{}` is no folder", path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// There is nothing that an ecosystem knows.
    #[error("nothing to check was found below `{}`: looked for {}; {} searched", root.display(), looked_for.join(", "), folders_were(*folders))]
    NotFound {
        /// The folder that was searched.
        root: PathBuf,
        /// What was looked for, by ecosystem: "`Cargo.toml` (Cargo)".
        looked_for: Vec<String>,
        /// How many folders were searched.
        folders: usize,
    },
    /// A tool that is needed to read what was found is not on `PATH`.
    #[error("`{manifest}` needs `{tool}`, which is not on `PATH`")]
    ToolMissing {
        /// The program.
        tool: &'static str,
        /// The file that was found, from the folder that was searched.
        manifest: String,
        /// How to install it.
        hint: &'static str,
    },
    /// The tool refused to read what was found.
    #[error("{}", problems.iter().map(|problem| format!("`{tool}` cannot read `{}`:\n{}", problem.manifest, problem.message)).collect::<Vec<_>>().join("\n"))]
    Broken {
        /// The program.
        tool: &'static str,
        /// Each file that it refused.
        problems: Vec<BrokenManifest>,
    },
    /// A folder could not be searched.
    #[error("failed to read `{}`: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn folders_were(count: usize) -> String {
    if count == 1 { "1 folder was".to_owned() } else { format!("{count} folders were") }
}

/// A file that cannot be read as what it ought to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenManifest {
    /// The file, from the folder that was searched.
    pub manifest: String,
    /// What the tool said.
    pub message: String,
}

impl DiscoverError {
    /// The next step.
    pub fn hint(&self) -> String {
        match self {
            Self::NoFolder { .. } => "check the folder's name, and that the sources are checked out".into(),
            Self::NotFound { .. } => "name the folder of the sources, or one above it".into(),
            Self::ToolMissing { hint, .. } => (*hint).into(),
            Self::Broken { .. } => "mend the file at the place that is named above; the same command shows the same error".into(),
            Self::Io { .. } => "check that the folder can be read by the user that runs this".into(),
        }
    }
}

/// Finds the workspaces below `root`, in order of their folders. `environment` is the whole environment of the tools
/// that are asked (`PATH` among it).
pub async fn discover(root: &Path, environment: &[(String, OsString)]) -> Result<Vec<Workspace>, DiscoverError> {
    let base = root.canonicalize().ok().filter(|path| path.is_dir()).ok_or_else(|| DiscoverError::NoFolder { path: root.to_owned() })?;
    let (files, folders) = manifests(&base)?;
    let mut found = Vec::new();
    for ecosystem in ECOSYSTEMS {
        let own: Vec<_> = files.iter().filter(|file| file.file_name().is_some_and(|name| name == ecosystem.marker())).cloned().collect();
        if !own.is_empty() {
            found.extend(ecosystem.find(&base, &own, environment).await?);
        }
    }
    if found.is_empty() {
        let looked_for = ECOSYSTEMS.iter().map(|ecosystem| format!("`{}` ({})", ecosystem.marker(), ecosystem.name())).collect();
        return Err(DiscoverError::NotFound { root: base, looked_for, folders });
    }
    found.sort_by(|a: &Workspace, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// The files below `base` that an ecosystem's table names, and how many folders were searched. Not searched: hidden
/// folders, links, and folders of other people's or of built code.
fn manifests(base: &Path) -> Result<(Vec<PathBuf>, usize), DiscoverError> {
    let mut files = Vec::new();
    let mut open = vec![base.to_owned()];
    let mut folders = 0;
    while let Some(folder) = open.pop() {
        folders += 1;
        let wrap = |source| DiscoverError::Io { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(wrap)? {
            let entry = entry.map_err(wrap)?;
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(wrap)?);
            let text = name.to_string_lossy();
            if kind.is_dir() {
                if !text.starts_with('.') && !["target", "node_modules", "vendor"].contains(&&*text) {
                    open.push(entry.path());
                }
            } else if ECOSYSTEMS.iter().any(|ecosystem| name == ecosystem.marker()) {
                files.push(entry.path());
            }
        }
    }
    files.sort_by(|a, b| (a.components().count(), a).cmp(&(b.components().count(), b)));
    Ok((files, folders))
}

/// `path` from `base`, with `/`; absolute where it lies outside.
pub(crate) fn relative(base: &Path, path: &Path) -> String {
    let text = match path.strip_prefix(base) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".into(),
        Ok(rest) => rest.to_string_lossy(),
        Err(_) => path.to_string_lossy(),
    };
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}
