//! `checkout: self` of a commit, as an agent does it: a repository of its own in the sources folder, a fetch of what is
//! built, a detached checkout.

use std::path::{Path, PathBuf};

use super::Inputs;
use super::checkout::{LIST, git};
use crate::files;
use crate::step_context::StepContext;

/// How much of the history is fetched where the step does not say: what new pipelines have.
const DEPTH: &str = "1";

/// Checks `commit` out into `target`; it is the tip of `reference` in the repository at `origin`.
pub(super) async fn run(
    step: &StepContext<'_>,
    inputs: &Inputs,
    agent: &[(String, String)],
    target: &Path,
    (origin, reference, commit): (&str, &str, &str),
) -> Result<(), String> {
    let depth = match inputs.get("fetchDepth") {
        "" => DEPTH,
        depth => depth,
    };
    let depth: u32 = depth.parse().map_err(|_| format!("`fetchDepth` of `checkout` must be a number, found `{depth}`"))?;
    unlock(&target.join(".git")).map_err(|error| format!("failed to remove the locks in `{}`: {error}", target.join(".git").display()))?;
    // What another origin left is not built upon; what builds left of this one is kept, as on a self-hosted agent.
    let fetched_before = git(step, target, agent, &["config", "--local", "--get", "remote.origin.url"]).await;
    if fetched_before.is_ok_and(|urls| urls.concat() == origin) && target.join(".git").is_dir() {
        if inputs.flag("clean") {
            said(step, target, agent, &["clean", "-ffdx"]).await?;
            said(step, target, agent, &["reset", "--hard", "HEAD"]).await?;
        }
    } else {
        files::empty_folder(target).map_err(|error| format!("failed to empty `{}`: {error}", target.display()))?;
        said(step, target, agent, &["init", "--quiet", "--template="]).await?;
        said(step, target, agent, &["remote", "add", "origin", origin]).await?;
    }
    let tags = if inputs.flag("fetchTags") { "--tags" } else { "--no-tags" };
    let depth_argument = format!("--depth={depth}");
    let mut arguments = vec!["fetch", "--quiet", "--force", tags, "--prune", "--no-recurse-submodules", "origin"];
    let (branches, pull_request, only) = (
        "+refs/heads/*:refs/remotes/origin/*".to_owned(),
        format!("+{reference}:{}", reference.replacen("refs/", "refs/remotes/", 1)),
        format!("+{commit}:refs/remotes/origin/{commit}"),
    );
    if depth == 0 {
        if target.join(".git/shallow").exists() {
            arguments.push("--unshallow");
        }
        arguments.push(&branches);
        if !reference.starts_with("refs/heads/") {
            arguments.push(&pull_request);
        }
    } else {
        arguments.extend([depth_argument.as_str(), only.as_str()]);
    }
    said(step, target, agent, &arguments).await?;
    said(step, target, agent, &["checkout", "--quiet", "--detach", "--force", commit]).await?;
    remember(step, target, agent).await?;
    let history = if depth == 0 { "its whole history".to_owned() } else { format!("{depth} deep") };
    step.output(&format!("HEAD is now at {commit}, the tip of {reference}, {history}."));
    Ok(())
}

/// Removes the locks that a killed git left: nobody else works in the repository of an agent's job. Git refuses to work beside them.
fn unlock(git: &Path) -> std::io::Result<()> {
    // A file or a link leads to another repository, which is built upon no more than what another origin left.
    if !std::fs::symlink_metadata(git).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let in_refs = if git.join("refs").is_dir() { files::files_below(&git.join("refs"))? } else { Vec::new() };
    let in_refs = in_refs.into_iter().map(|file| Path::new("refs").join(file));
    let at_root = ["config.lock", "index.lock", "shallow.lock", "HEAD.lock", "packed-refs.lock"].map(PathBuf::from);
    for lock in in_refs.chain(at_root).filter(|file| file.extension().is_some_and(|extension| extension == "lock")) {
        files::remove_file(&git.join(lock))?;
    }
    Ok(())
}

/// Leaves word of the files that are here now, so that a checkout of the work tree into the same folder removes them.
async fn remember(step: &StepContext<'_>, target: &Path, agent: &[(String, String)]) -> Result<(), String> {
    let tracked = git(step, target, agent, &["ls-files", "-z"]).await?.concat();
    let tracked: Vec<&str> = tracked.split('\0').filter(|path| !path.is_empty()).collect();
    let list = list_of(target);
    files::write_atomically(&list, tracked.join("\n").as_bytes()).map_err(|error| format!("failed to write `{}`: {error}", list.display()))
}

/// The list of the files that a checkout into `target` put there.
pub(super) fn list_of(target: &Path) -> PathBuf {
    target.with_file_name(format!("{}{LIST}", target.file_name().and_then(|name| name.to_str()).unwrap_or_default()))
}

/// Runs git, its command and what it says shown in the log.
async fn said(step: &StepContext<'_>, folder: &Path, agent: &[(String, String)], arguments: &[&str]) -> Result<(), String> {
    step.output(&format!("##[command]git {}", arguments.join(" ")));
    for line in git(step, folder, agent, arguments).await? {
        step.output(&line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn locks_of_a_killed_git_go_and_references_stay() {
        let temp = tempfile::tempdir().unwrap();
        let git = temp.path().join(".git");
        unlock(&git).unwrap();
        let branches = git.join("refs/remotes/origin");
        fs::create_dir_all(&branches).unwrap();
        let locks = [git.join("index.lock"), git.join("packed-refs.lock"), branches.join("main.lock")];
        let kept = [git.join("index"), branches.join("main")];
        locks.iter().chain(&kept).for_each(|file| fs::write(file, "").unwrap());
        unlock(&git).unwrap();
        assert_eq!(locks.iter().chain(&kept).map(|file| file.exists()).collect::<Vec<_>>(), [false, false, false, true, true]);
    }
}
