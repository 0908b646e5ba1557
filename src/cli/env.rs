//! The only door to the environment of this process. Made once, in `main`; everything below takes it as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Environment variables and the current folder, as they were when the process started.
#[derive(Clone, Debug, Default)]
pub struct Env {
    variables: BTreeMap<OsString, OsString>,
    folder: PathBuf,
}

impl Env {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn of_process() -> Self {
        // A folder that is gone shows later, as the failure to read a relative path in it.
        Self { variables: std::env::vars_os().collect(), folder: std::env::current_dir().unwrap_or_default() }
    }

    /// An environment of these variables, for tests and for parts that need a smaller one.
    pub fn of(folder: impl Into<PathBuf>, variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>) -> Self {
        Self { variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(), folder: folder.into() }
    }

    /// A variable's value; a variable that is set to nothing counts as absent.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).filter(|value| !value.is_empty()).map(OsString::as_os_str)
    }

    /// A variable's value as text; absent when it is not Unicode.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// All variables whose name and value are Unicode, in the order of their names.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
    }

    /// The current folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `path`, made absolute from the current folder.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The first executable file of this name in `PATH`.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.get("PATH")?;
        std::env::split_paths(path).map(|folder| self.absolute(&folder).join(name)).find(|candidate| is_executable(candidate))
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_set_to_nothing_counts_as_absent() {
        let env = Env::of("/", [("A", "x"), ("B", "")]);
        assert_eq!(env.text("A"), Some("x"));
        assert_eq!(env.text("B"), None);
        assert_eq!(env.text("C"), None);
    }

    #[test]
    fn a_program_is_found_in_path_order_and_must_be_executable() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("a", 0o644), ("b", 0o755)] {
            let file = folder.path().join(name).join("tool");
            std::fs::create_dir(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let env = Env::of(folder.path(), [("PATH", "a:b")]);
        assert_eq!(env.find_program("tool"), Some(folder.path().join("b/tool")));
        assert_eq!(env.find_program("other"), None);
    }
}
