//! `checkout: self`: the work tree as it is, uncommitted changes included; or, for a run of an event, its commit
//! ([`super::fetch`]).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use slipway_process::Command;

use super::Inputs;
use crate::cancellation::Cancellation;
use crate::files;
use crate::host_process::{self, Flow, Stream, Timings};
use crate::run_event::Source;
use crate::step_context::StepContext;

/// Beside the sources: the files that the last checkout put there, one path a line, so that the next one can remove those
/// that are gone and leave what builds left.
pub(super) const LIST: &str = ".checkout-files";

pub(super) async fn run(step: &StepContext<'_>, inputs: &Inputs, agent: &[(String, String)]) -> Result<(), String> {
    let repository = inputs.get("repository");
    if repository.eq_ignore_ascii_case("none") {
        return Ok(());
    }
    if !repository.is_empty() && !repository.eq_ignore_ascii_case("self") {
        return Err(format!("`checkout: {repository}` is not supported yet: only `self` and `none` are."));
    }
    for (input, harmless) in [("submodules", "false"), ("lfs", "false"), ("sparseCheckoutDirectories", ""), ("sparseCheckoutPatterns", "")]
    {
        let value = inputs.get(input);
        if !value.is_empty() && !value.eq_ignore_ascii_case(harmless) {
            step.not_simulated(&format!("`{input}` of `checkout`"))?;
        }
    }
    let source = &step.job.run.request.repository;
    let root = &source.path;
    let target = match inputs.get("path") {
        "" => step.job.paths.sources.clone(),
        path => {
            let target = crate::inputs::rooted(&step.job.paths.workspace, path);
            if !target.starts_with(&step.job.paths.workspace) || target == step.job.paths.workspace {
                return Err(format!(
                    "`path: {path}` of `checkout` is not inside of the pipeline's workspace `{}`.",
                    step.job.paths.workspace.display()
                ));
            }
            target
        }
    };
    if let Source::Commit { url_or_path, reference } = &source.source {
        fs::create_dir_all(&target).map_err(|error| format!("failed to create `{}`: {error}", target.display()))?;
        return super::fetch::run(step, inputs, agent, &target, (url_or_path, reference, &source.commit)).await;
    }
    if inputs.flag("clean") {
        files::empty_folder(&target).map_err(|error| format!("failed to clean `{}`: {error}", target.display()))?;
    }
    let in_git = !source.commit.is_empty() || root.join(".git").exists();
    let state = fs::canonicalize(&step.job.run.request.state).unwrap_or_else(|_| step.job.run.request.state.clone());
    let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.clone());
    let listed = if in_git {
        listed_by_git(step, root, agent).await?
    } else {
        files::files_below(root).map_err(|error| format!("failed to read `{}`: {error}", root.display()))?
    };
    // A state folder inside of the repository is not part of it.
    let wanted: Vec<PathBuf> = listed.into_iter().filter(|file| !real_root.join(file).starts_with(&state)).collect();
    let copied = synchronise(root, &target, &wanted)
        .map_err(|error| format!("failed to copy `{}` to `{}`: {error}", root.display(), target.display()))?;
    let origin =
        if in_git { "the work tree: tracked files and those that are not ignored" } else { "the folder, which is no git repository" };
    let files = if copied == 1 { "file" } else { "files" };
    step.output(&format!("Copied {copied} {files} of {} to {} ({origin}).", root.display(), target.display()));
    if let Some(changes) = changes(in_git, &source.uncommitted) {
        step.output(&changes);
    }
    if !source.commit.is_empty() {
        link_history(step, root, &target, &source.commit, agent).await;
    }
    Ok(())
}

/// What is said of uncommitted changes: nothing where there are no commits to compare with.
fn changes(in_git: bool, uncommitted: &[String]) -> Option<String> {
    in_git.then(|| match uncommitted {
        [] => "There are no uncommitted changes.".to_owned(),
        changed => format!("Uncommitted changes are included: {}.", changed.join(", ")),
    })
}

/// Makes `target` hold the `wanted` files of `root`, and nothing that an earlier checkout put there besides.
fn synchronise(root: &Path, target: &Path, wanted: &[PathBuf]) -> std::io::Result<usize> {
    fs::create_dir_all(target)?;
    let list = super::fetch::list_of(target);
    // What git lists may be deleted in the work tree, or be a repository of its own.
    let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_dir());
    let present: BTreeSet<&PathBuf> = wanted.iter().filter(|file| is_file(&root.join(file))).collect();
    let earlier = fs::read_to_string(&list).unwrap_or_default();
    for old in earlier.lines().map(PathBuf::from).filter(|old| !present.contains(old)) {
        if is_file(&target.join(&old)) {
            files::remove_file(&target.join(&old))?;
        }
    }
    for file in &present {
        files::copy_file(&root.join(file), &target.join(file))?;
    }
    let copied: Vec<String> = present.iter().map(|file| file.display().to_string()).collect();
    files::write_atomically(&list, copied.join("\n").as_bytes())?;
    Ok(copied.len())
}

async fn listed_by_git(step: &StepContext<'_>, root: &Path, agent: &[(String, String)]) -> Result<Vec<PathBuf>, String> {
    let output = git(step, root, agent, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).await?;
    let mut found: Vec<PathBuf> = output.concat().split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Gives the copy the repository's history, detached at the commit, as a checkout has it: uncommitted changes show as such.
/// Scripts that ask git for nothing lose nothing if this fails.
async fn link_history(step: &StepContext<'_>, root: &Path, target: &Path, commit: &str, agent: &[(String, String)]) {
    let linked = async {
        let temporary = target.join(".git.new");
        files::remove_folder(&temporary).map_err(|error| error.to_string())?;
        let (from, to) = (root.display().to_string(), temporary.display().to_string());
        git(step, target, agent, &["clone", "--quiet", "--bare", "--local", &from, &to]).await?;
        files::remove_folder(&target.join(".git")).map_err(|error| error.to_string())?;
        fs::rename(&temporary, target.join(".git")).map_err(|error| error.to_string())?;
        git(step, target, agent, &["config", "core.bare", "false"]).await?;
        git(step, target, agent, &["update-ref", "--no-deref", "HEAD", commit]).await?;
        git(step, target, agent, &["reset", "--quiet", "--mixed"]).await
    };
    if let Err(reason) = linked.await {
        step.warning(&format!("The copy has no git history, so git commands in steps will fail: {}", reason.trim()));
    }
}

/// Runs git and returns its output's lines. Neither the user's configuration nor `GIT_*` variables take part.
pub(super) async fn git(
    step: &StepContext<'_>,
    folder: &Path,
    agent: &[(String, String)],
    arguments: &[&str],
) -> Result<Vec<String>, String> {
    let path = agent.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str()).unwrap_or_default();
    let command = Command::new("git")
        .args(arguments)
        .env("PATH", path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        // A work folder whose repository is broken must not be taken for a part of one around it.
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        // The repository is the one that the user named: whose it is does not matter.
        .env("GIT_CONFIG_COUNT", "3")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        // What an earlier run left in the work folder takes no part either.
        .env("GIT_CONFIG_KEY_1", "core.hooksPath")
        .env("GIT_CONFIG_VALUE_1", "/dev/null")
        .env("GIT_CONFIG_KEY_2", "advice.detachedHead")
        .env("GIT_CONFIG_VALUE_2", "false")
        .folder(folder);
    let timings = Timings::of(&step.job.variables.borrow());
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let stop: &Cancellation = &step.stop;
    let (end, _child) = host_process::run(command, stop, timings, |stream, line| {
        if stream == Stream::Output {
            output.push(line.to_owned())
        } else {
            errors.push(line.to_owned())
        }
        Flow::Continue
    })
    .await
    .map_err(|error| error.to_string())?;
    match end.code() {
        0 => Ok(output),
        code => Err(format!("`git {}` failed with exit code {code}: {}", arguments.join(" "), errors.join("\n"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncommitted_changes_are_told_of_where_there_is_git() {
        assert_eq!(changes(true, &[]).as_deref(), Some("There are no uncommitted changes."));
        assert_eq!(changes(true, &["a".into(), "b".into()]).as_deref(), Some("Uncommitted changes are included: a, b."));
        assert_eq!(changes(false, &[]), None);
    }

    #[test]
    fn a_second_checkout_removes_what_is_gone_and_leaves_what_builds_left() {
        let temp = tempfile::tempdir().unwrap();
        let (root, target) = (temp.path().join("repo"), temp.path().join("w/s"));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/a"), "a").unwrap();
        fs::write(root.join("src/b"), "b").unwrap();
        let both = [PathBuf::from("src/a"), PathBuf::from("src/b")];
        assert_eq!(synchronise(&root, &target, &both).unwrap(), 2);
        fs::create_dir(target.join("target")).unwrap();
        fs::write(target.join("target/built"), "").unwrap();
        fs::remove_file(root.join("src/b")).unwrap();
        assert_eq!(synchronise(&root, &target, &both).unwrap(), 1, "deleted but still listed");
        assert!(target.join("src/a").exists() && target.join("target/built").exists());
        assert!(!target.join("src/b").exists());
    }
}
