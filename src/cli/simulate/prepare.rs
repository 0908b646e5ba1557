//! The commit that an event makes the service build, and what the event changes.

use std::fs;
use std::path::Path;

use slipway_runner::{PullRequestEvent, RunEvent};

use super::clone::Clone;
use crate::failure::Failure;
use crate::local_config::did_you_mean;
use crate::state::StateFolder;

/// An event, with what is built for it at hand in the copy of the repository.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// What the runs are told.
    pub(crate) event: RunEvent,
    /// The reference that is built: `refs/heads/main`, `refs/pull/1/merge`.
    pub(crate) reference: String,
    /// The commit that is built.
    pub(crate) commit: String,
    /// The whole message of the commit.
    pub(crate) message: String,
    /// The files that the event changes.
    pub(crate) changed: Vec<String>,
    /// The event, in words.
    pub(crate) title: String,
    /// What is built, in words.
    pub(crate) subject: String,
}

/// A pull request of `source` into `target`: a merge of the two, at `refs/pull/N/merge`.
pub(crate) async fn pull_request(
    clone: &Clone,
    state: &StateFolder,
    (source, target): (&str, &str),
    (is_draft, uri): (bool, String),
) -> Result<Prepared, Failure> {
    let (source, target) = (branch(clone, source).await?, branch(clone, target).await?);
    let (from, into) = (short(&source), short(&target));
    if source == target {
        return Err(Failure::refused(format!("a pull request goes from one branch into another, and both are `{from}`")).hint(
            "check out the branch with the changes, or name it: `slipway simulate pr BRANCH`; the other one is named with `--target`",
        ));
    }
    let (head, base) = (commit_of(clone, &source).await?, commit_of(clone, &target).await?);
    if clone.git(&["merge-base", "--is-ancestor", &head, &base]).await?.code == Some(0) {
        return Err(Failure::refused(format!("there is nothing to merge: `{into}` has all commits of `{from}`"))
            .hint(format!("commit something to `{from}`, or simulate the push to `{into}`: `slipway simulate push {into}`")));
    }
    let tree = merge(clone, (from, &head), (into, &base)).await?;
    let number = next_number(state)?;
    let reference = format!("refs/pull/{number}/merge");
    let message = format!("Merge pull request {number} from {from} into {into}");
    let commit = clone.must(&["commit-tree", &tree, "-p", &base, "-p", &head, "-m", &message]).await?.trim().to_owned();
    clone.must(&["update-ref", &reference, &commit]).await?;
    Ok(Prepared {
        changed: changed(clone, &base, &commit).await?,
        title: format!("pull request {number}{}: {from} into {into}", if is_draft { " (draft)" } else { "" }),
        subject: format!("merge {} of {} ({from}) into {} ({into})", id(&commit), id(&head), id(&base)),
        event: RunEvent::PullRequest(PullRequestEvent {
            id: number,
            source_branch: source,
            target_branch: target,
            source_commit: head,
            source_repository_uri: uri,
            is_draft,
        }),
        reference,
        commit,
        message,
    })
}

/// A push of `pushed`, a branch or `refs/tags/NAME`, with what is new `since` a commit: the first parent, if none is given.
pub(crate) async fn push(clone: &Clone, pushed: &str, since: Option<&str>) -> Result<Prepared, Failure> {
    let reference = if pushed.starts_with("refs/tags/") { tag(clone, pushed).await? } else { branch(clone, pushed).await? };
    let commit = commit_of(clone, &reference).await?;
    let before = match since {
        Some(since) => Some(commit_of(clone, since).await.map_err(|_| {
            Failure::refused(format!("no commit `{since}` in the branches and tags of the repository"))
                .hint("`--since` takes a commit id, a branch, a tag, or for instance `HEAD~3` as `main~3`")
        })?),
        None => {
            let parent = clone.git(&["rev-parse", "--verify", "--quiet", &format!("{commit}^1")]).await?;
            (parent.code == Some(0)).then(|| parent.text().trim().to_owned())
        }
    };
    let changed = match &before {
        Some(before) => changed(clone, before, &commit).await?,
        None => paths(&clone.must(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &commit]).await?),
    };
    let message = clone.must(&["log", "-1", "--format=%B", &commit]).await?.trim().to_owned();
    let since = before.map_or_else(|| "the first commit".to_owned(), |before| format!("since {}", id(&before)));
    let kind = if reference.starts_with("refs/tags/") { "push of the tag" } else { "push to" };
    Ok(Prepared {
        event: RunEvent::Push { batched: false },
        title: format!("{kind} {}", short(&reference)),
        subject: format!("{} ({}), {since}", id(&commit), message.lines().next().unwrap_or_default()),
        reference,
        commit,
        message,
        changed,
    })
}

/// The tree of the merge; a conflict is refused with the files that have it.
async fn merge(clone: &Clone, (from, head): (&str, &str), (into, base): (&str, &str)) -> Result<String, Failure> {
    let merged = clone.git(&["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", base, head]).await?;
    let lines = paths(&merged.text());
    match (merged.code, lines.split_first()) {
        (Some(0), Some((tree, _))) => Ok(tree.trim().to_owned()),
        (Some(1), Some((_, files))) => {
            let mut files = files.to_vec();
            files.dedup();
            let listed: Vec<String> = files.iter().map(|file| format!("\n{file}")).collect();
            Err(Failure::refused(format!("`{from}` cannot be merged into `{into}`, these files conflict:{}", listed.concat())).hint(
                format!(
                    "the service builds no pull request with conflicts; solve them in `{from}`: `git merge {into}` or `git rebase {into}`"
                ),
            ))
        }
        _ if merged.err.contains("unrelated histories") => {
            Err(Failure::refused(format!("`{from}` and `{into}` have no commit in common, so they cannot be merged"))
                .hint("name another target with `--target BRANCH`"))
        }
        _ => Err(Failure::refused(format!("git cannot merge `{from}` into `{into}`: {}", merged.err))
            .hint("`slipway simulate pr` needs git 2.38 or newer")),
    }
}

async fn changed(clone: &Clone, before: &str, after: &str) -> Result<Vec<String>, Failure> {
    Ok(paths(&clone.must(&["diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after]).await?))
}

async fn commit_of(clone: &Clone, name: &str) -> Result<String, Failure> {
    Ok(clone.must(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]).await?.trim().to_owned())
}

/// The full name of a branch.
async fn branch(clone: &Clone, name: &str) -> Result<String, Failure> {
    named(clone, name, "refs/heads/", "branch").await
}

async fn tag(clone: &Clone, name: &str) -> Result<String, Failure> {
    named(clone, name, "refs/tags/", "tag").await
}

async fn named(clone: &Clone, name: &str, prefix: &str, what: &str) -> Result<String, Failure> {
    let short = name.strip_prefix(prefix).unwrap_or(name);
    let listed = clone.must(&["for-each-ref", "--format=%(refname)", prefix]).await?;
    let known: Vec<&str> = listed.lines().filter_map(|name| name.strip_prefix(prefix)).collect();
    if known.contains(&short) {
        return Ok(format!("{prefix}{short}"));
    }
    let failure = Failure::refused(format!("no {what} `{short}` in the repository"));
    Err(failure.hint(if known.is_empty() { format!("there is no {what} at all") } else { did_you_mean(short, &known) }))
}

/// Pull requests are counted per state folder.
fn next_number(state: &StateFolder) -> Result<u64, Failure> {
    let path = state.path().join("pull-requests");
    let last: u64 = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| unusable(&path, "it holds no number"))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(unusable(&path, &error.to_string())),
    };
    fs::write(&path, format!("{}\n", last + 1)).map_err(|error| unusable(&path, &error.to_string()))?;
    Ok(last + 1)
}

fn unusable(path: &Path, reason: &str) -> Failure {
    Failure::refused(format!("the number of the last pull request cannot be kept in `{}`: {reason}", path.display()))
        .hint("remove the file to count from 1 again")
}

fn paths(text: &str) -> Vec<String> {
    text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

/// A commit's id as people read it.
fn id(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
