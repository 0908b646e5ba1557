//! The repository that a pipeline's file lies in: where it begins, and what git says about it. Only read.

use std::path::{Path, PathBuf};

use slipway_process::Command;
use slipway_runner::{Provider, Repository, Source};

use crate::env::Env;
use crate::failure::Failure;
use crate::git;

/// Variables of the user's that git gets: where it and its configuration are found (a repository of another owner must
/// be declared safe there). None of `GIT_*`: they would name another repository.
const PASSED: &[&str] = &["PATH", "HOME", "XDG_CONFIG_HOME"];

/// The repository around `file`. Outside of git its root is the nearest folder above with a `slipway.local.yml`, else
/// the current folder if the file is below it, else the file's own folder.
pub(crate) async fn around(env: &Env, file: &Path) -> Result<Repository, Failure> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let in_git = folder.ancestors().any(|ancestor| ancestor.join(".git").exists());
    if in_git && env.find_program("git").is_some() {
        return from_git(env, folder).await;
    }
    let root = folder
        .ancestors()
        .find(|ancestor| ancestor.join(".git").exists() || ancestor.join(crate::local_config::FILE_NAME).is_file())
        .or_else(|| folder.ancestors().find(|ancestor| *ancestor == env.folder()))
        .unwrap_or(folder);
    Ok(Repository {
        path: root.to_owned(),
        provider: Provider::AzureRepos,
        source: Source::WorkTree,
        name: name_of(root),
        branch: String::new(),
        commit: String::new(),
        message: String::new(),
        uncommitted: Vec::new(),
    })
}

async fn from_git(env: &Env, folder: &Path) -> Result<Repository, Failure> {
    let root = ask(env, folder, &["rev-parse", "--show-toplevel"])
        .await?
        .map_err(|message| Failure::refused(format!("git cannot read the repository around `{}`: {message}", folder.display())))?;
    let path = PathBuf::from(root.trim_end_matches('\n'));
    // Each of these fails where there is no such thing: a detached head has no branch, a new repository no commit.
    let branch = ask(env, &path, &["symbolic-ref", "--quiet", "HEAD"]).await?.unwrap_or_default();
    let commit = ask(env, &path, &["rev-parse", "--verify", "--quiet", "HEAD"]).await?.unwrap_or_default();
    let message = if commit.is_empty() { String::new() } else { ask(env, &path, &["log", "-1", "--format=%s"]).await?.unwrap_or_default() };
    let status = ask(env, &path, &["status", "--porcelain=v1", "-z", "--untracked-files=all"])
        .await?
        .map_err(|message| Failure::refused(format!("git cannot tell what is uncommitted in `{}`: {message}", path.display())))?;
    Ok(Repository {
        provider: Provider::AzureRepos,
        source: Source::WorkTree,
        name: name_of(&path),
        branch: branch.trim().to_owned(),
        commit: commit.trim().to_owned(),
        message: message.trim().to_owned(),
        uncommitted: uncommitted(&status),
        path,
    })
}

/// Output of a git command, or what it said on standard error.
async fn ask(env: &Env, folder: &Path, arguments: &[&str]) -> Result<Result<String, String>, Failure> {
    let mut command = Command::new("git").args(["-c", "core.fsmonitor=false"]).args(arguments).folder(folder);
    for name in PASSED {
        if let Some(value) = env.get(name) {
            command = command.env(name, value);
        }
    }
    // Without the optional locks `git status` leaves the index alone.
    let output = git::output(command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C")).await.map_err(Failure::refused)?;
    Ok(output.succeeded().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The paths of `git status --porcelain=v1 -z`. A renamed file is followed by its old name, which is left out.
fn uncommitted(status: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut entries = status.split('\0').filter(|entry| entry.len() > 3);
    while let Some(entry) = entries.next() {
        paths.push(entry[3..].to_owned());
        if entry[..2].contains(['R', 'C']) {
            entries.next();
        }
    }
    paths
}

fn name_of(root: &Path) -> String {
    root.file_name().map_or_else(|| "repository".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncommitted_paths_are_read_with_renames_and_odd_names() {
        let status = " M src/lib.rs\0?? a b\0R  new name\0old name\0 D gone\0";
        assert_eq!(uncommitted(status), ["src/lib.rs", "a b", "new name", "gone"]);
        assert_eq!(uncommitted(""), [""; 0]);
    }

    fn env(folder: &Path) -> Env {
        let real = Env::of_process();
        Env::of(folder, [("PATH", real.get("PATH").unwrap().to_owned()), ("HOME", folder.as_os_str().to_owned())])
    }

    async fn must(env: &Env, folder: &Path, arguments: &[&str]) {
        ask(env, folder, arguments).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_repository_of_git() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("shop");
        std::fs::create_dir_all(root.join("pipelines")).unwrap();
        let file = root.join("pipelines/ci.yml");
        std::fs::write(&file, "steps: []").unwrap();
        let env = env(folder.path());
        must(&env, &root, &["init", "--quiet", "--initial-branch=trunk"]).await;

        let fresh = around(&env, &file).await.unwrap();
        assert_eq!((fresh.branch.as_str(), fresh.commit.as_str(), fresh.message.as_str()), ("refs/heads/trunk", "", ""));
        assert_eq!(fresh.uncommitted, ["pipelines/ci.yml"]);

        must(&env, &root, &["add", "."]).await;
        must(&env, &root, &["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "First\n\nMore"]).await;
        let committed = around(&env, &file).await.unwrap();
        assert_eq!((committed.path.as_path(), committed.name.as_str()), (root.as_path(), "shop"));
        assert_eq!((committed.commit.len(), committed.message.as_str()), (40, "First"));
        assert_eq!(committed.uncommitted, [""; 0]);
    }

    #[tokio::test]
    async fn outside_of_git_the_root_is_where_the_local_azure_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("shop/pipelines")).unwrap();
        let file = root.join("shop/pipelines/ci.yml");
        let env = env(&root);
        assert_eq!(around(&env, &file).await.unwrap().path, root, "the current folder");
        std::fs::write(root.join("shop/slipway.local.yml"), "").unwrap();
        assert_eq!(around(&env, &file).await.unwrap().path, root.join("shop"));
        let elsewhere = Env::of("/nowhere", [("PATH", "")]);
        std::fs::remove_file(root.join("shop/slipway.local.yml")).unwrap();
        assert_eq!(around(&elsewhere, &file).await.unwrap().path, root.join("shop/pipelines"), "the file's folder");
    }
}
