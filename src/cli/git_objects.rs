//! A repository read from git's objects: the files of a commit, never the work tree. The user's configuration of git, its
//! hooks and `GIT_*` have no part in it, and nothing is written.
//!
//! The pipeline language asks for files while it works, so these calls wait for git.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_pipelines::{FileError, Files};
use slipway_process::Command;

use crate::env::Env;
use crate::git;

/// A git repository on this machine.
#[derive(Clone, Debug)]
pub(crate) struct GitRepository {
    /// Its work tree, or itself where it has none.
    folder: PathBuf,
    /// Where git is found.
    path: OsString,
}

/// A reference and the commit that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `refs/tags/v1`.
    pub(crate) name: String,
    /// The commit.
    pub(crate) commit: String,
    /// For a symbolic one: where it leads.
    target: String,
}

impl GitRepository {
    /// The repository whose root is `folder`; `None` where it is the root of none.
    pub(crate) fn at(env: &Env, folder: &Path) -> Option<Self> {
        let bare = folder.join("HEAD").is_file() && folder.join("objects").is_dir();
        let is_root = folder.join(".git").exists() || bare;
        is_root.then(|| Self { folder: folder.to_owned(), path: env.get("PATH").unwrap_or_default().to_owned() })
    }

    /// Its tags, branches and remote branches.
    pub(crate) fn references(&self) -> Result<Vec<Reference>, String> {
        let format = "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(symref)";
        let listed = self.text(&["for-each-ref", format, "refs/tags", "refs/heads", "refs/remotes"])?;
        let reference = |line: &str| {
            let mut parts = line.split('\0');
            let (name, object, peeled, target) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let commit = if peeled.is_empty() { object } else { peeled };
            Some(Reference { name: name.to_owned(), commit: commit.to_owned(), target: target.to_owned() })
        };
        Ok(listed.lines().filter_map(reference).collect())
    }

    /// Its default branch, as far as a copy knows it: what `origin` calls it, else `main` where there is one, else the
    /// branch that is checked out.
    pub(crate) fn default_branch(&self, references: &[Reference]) -> Result<String, String> {
        let remote = references.iter().find(|reference| reference.name == "refs/remotes/origin/HEAD");
        if let Some(branch) = remote.and_then(|reference| reference.target.strip_prefix("refs/remotes/origin/")) {
            return Ok(format!("refs/heads/{branch}"));
        }
        if references.iter().any(|reference| reference.name == "refs/heads/main") {
            return Ok("refs/heads/main".to_owned());
        }
        Ok(self.text(&["symbolic-ref", "HEAD"])?.trim().to_owned())
    }

    /// The files of a commit.
    pub(crate) fn files(&self, commit: &str) -> Result<Arc<dyn Files>, String> {
        let tree = self.text(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let entry = |line: &str| {
            let (object, path) = line.split_once('\t')?;
            let mut words = object.split(' ');
            let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
            Some((path.to_owned(), Entry { mode: mode.to_owned(), id: id.to_owned() }))
        };
        let entries = tree.split('\0').filter_map(entry).collect();
        Ok(Arc::new(CommitFiles { repository: self.clone(), entries }))
    }

    /// Whether a branch, of this repository or of one that it was copied from, has the file.
    pub(crate) fn has_on_a_branch(&self, path: &str) -> bool {
        let references = self.references().unwrap_or_default();
        let mut branches = references.iter().filter(|reference| !reference.name.starts_with("refs/tags/"));
        branches.any(|branch| self.git(&["cat-file", "-e", &format!("{}:{path}", branch.name)]).is_ok())
    }

    fn text(&self, arguments: &[&str]) -> Result<String, String> {
        self.git(arguments).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Runs git and waits for it; what it says on standard error is why it failed. (A child dies with the thread that started
    /// it, and a runtime cannot be waited for on a thread that runs another: so this has a thread of its own, which waits.)
    fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        // The person named this folder: whoever owns it, it may be read. Only objects are; nothing of it is executed.
        let trusted = format!("safe.directory={}", self.folder.display());
        let command = Command::new("git")
            .args(["-c", &trusted, "-c", "core.fsmonitor=false", "-C"])
            .arg(&self.folder)
            .args(arguments)
            .env("PATH", &self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_OPTIONAL_LOCKS", "0")
            // A partial clone would fetch what it lacks, by what its own configuration says.
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        let waiting = std::thread::scope(|scope| scope.spawn(|| wait(command)).join());
        waiting.unwrap_or_else(|_| Err("git could not be waited for".to_owned()))
    }
}

fn wait(command: Command) -> Result<Vec<u8>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(git::output(command))?.succeeded()
}

/// The files of a commit.
struct CommitFiles {
    repository: GitRepository,
    entries: HashMap<String, Entry>,
}

struct Entry {
    mode: String,
    id: String,
}

impl Files for CommitFiles {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let entry = self.entries.get(path).ok_or(FileError::Missing)?;
        match entry.mode.as_str() {
            "120000" => return Err(FileError::Unreadable("it is a symbolic link".to_owned())),
            "160000" => return Err(FileError::Unreadable("it is a submodule".to_owned())),
            _ => {}
        }
        let bytes = self.repository.git(&["cat-file", "blob", &entry.id]).map_err(FileError::Unreadable)?;
        String::from_utf8(bytes).map_err(|_| FileError::Unreadable("it is not in UTF-8".to_owned()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The environment of the tests: the machine's `PATH`.
    pub(crate) fn env(folder: &Path) -> Env {
        Env::of(folder, [("PATH", Env::of_process().get("PATH").unwrap().to_owned())])
    }

    /// Runs git in a repository of a test.
    pub(crate) fn git(folder: &Path, arguments: &[&str]) {
        let repository = GitRepository { folder: folder.to_owned(), path: env(folder).get("PATH").unwrap().to_owned() };
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
        repository.git(&[&identity, arguments].concat()).unwrap();
    }

    #[test]
    fn files_are_those_of_the_commit_and_not_of_the_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let env = env(root);
        assert!(GitRepository::at(&env, root).is_none());
        git(root, &["init", "--quiet", "--initial-branch=trunk"]);
        std::fs::create_dir(root.join("steps")).unwrap();
        std::fs::write(root.join("steps/build.yml"), "first").unwrap();
        std::fs::write(root.join("odd\u{e9} \u{1}.yml"), b"\xff").unwrap();
        std::os::unix::fs::symlink("steps/build.yml", root.join("link.yml")).unwrap();
        git(root, &["add", "."]);
        git(root, &["commit", "--quiet", "-m", "First"]);
        git(root, &["tag", "-a", "-m", "Annotated", "v1"]);
        std::fs::write(root.join("steps/build.yml"), "second").unwrap();
        git(root, &["commit", "--quiet", "-am", "Second"]);
        std::fs::write(root.join("steps/build.yml"), "not committed").unwrap();
        std::fs::write(root.join("new.yml"), "not committed").unwrap();

        let repository = GitRepository::at(&env, root).unwrap();
        git(root, &["branch", "first", "v1"]);
        assert!(repository.has_on_a_branch("steps/build.yml"));
        assert!(!repository.has_on_a_branch("new.yml") && !repository.has_on_a_branch("../new.yml"), "not committed, not within");
        git(root, &["rm", "--quiet", "--force", "steps/build.yml"]);
        git(root, &["commit", "--quiet", "-m", "Third"]);
        assert!(repository.has_on_a_branch("steps/build.yml"), "`first` has it");
        git(root, &["branch", "--quiet", "-D", "first"]);
        assert!(!repository.has_on_a_branch("steps/build.yml"), "only a tag has it");
        git(root, &["reset", "--quiet", "--soft", "HEAD~1"]);

        let references = repository.references().unwrap();
        let names: Vec<&str> = references.iter().map(|reference| reference.name.as_str()).collect();
        assert_eq!(names, ["refs/heads/trunk", "refs/tags/v1"]);
        assert_eq!(repository.default_branch(&references), Ok("refs/heads/trunk".to_owned()));
        let read = |index: usize, path: &str| repository.files(&references[index].commit).unwrap().read(path);
        assert_eq!(read(0, "steps/build.yml"), Ok("second".to_owned()));
        assert_eq!(read(1, "steps/build.yml"), Ok("first".to_owned()));
        assert_eq!(read(0, "new.yml"), Err(FileError::Missing));
        assert_eq!(read(0, "steps"), Err(FileError::Missing));
        assert_eq!(read(0, "link.yml"), Err(FileError::Unreadable("it is a symbolic link".to_owned())));
        assert_eq!(read(0, "odd\u{e9} \u{1}.yml"), Err(FileError::Unreadable("it is not in UTF-8".to_owned())));
    }

    #[test]
    fn the_default_branch_is_what_origin_calls_it_else_main() {
        let folder = tempfile::tempdir().unwrap();
        let (upstream, copy) = (folder.path().join("upstream"), folder.path().join("copy"));
        for root in [&upstream, &copy] {
            std::fs::create_dir(root).unwrap();
            git(root, &["init", "--quiet", "--initial-branch=main"]);
            git(root, &["commit", "--quiet", "--allow-empty", "-m", "First"]);
        }
        git(&upstream, &["checkout", "--quiet", "-b", "features/new"]);
        git(&copy, &["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
        git(&copy, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
        let env = env(folder.path());
        let default = |folder: &Path| {
            let repository = GitRepository::at(&env, folder).unwrap();
            repository.default_branch(&repository.references().unwrap()).unwrap()
        };
        assert_eq!(default(&copy), "refs/heads/trunk");
        assert_eq!(default(&upstream), "refs/heads/main");
    }

    #[test]
    fn nothing_is_fetched() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet"]);
        let repository = GitRepository::at(&env(folder.path()), folder.path()).unwrap();
        assert!(repository.text(&["rev-parse", "--git-dir"]).is_ok());
        let said = repository.text(&["fetch", "."]).unwrap_err();
        assert!(said.contains("transport 'file' not allowed"), "{said}");
    }

    #[test]
    fn what_git_says_of_a_broken_repository_is_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        let repository = GitRepository::at(&env(folder.path()), folder.path()).unwrap();
        let said = repository.references().unwrap_err();
        assert!(said.contains("not a git repository"), "{said}");
    }
}
