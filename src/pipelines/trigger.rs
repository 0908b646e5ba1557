//! What starts a pipeline: `trigger:` and `pr:`, and whether an event satisfies them. Pure; used by `slipway simulate`.
//!
//! The rules are those of the service's documentation ("CI triggers", "Pull request triggers", "Wildcards"): branches and
//! tags with `*` and `?`, of which excludes are removed from includes; paths from the repository's root, a folder stands for
//! all that is below it, and of an include and an exclude the more specific one holds.

/// When a push (`trigger:`) or a pull request (`pr:`) starts a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing is written: every branch does.
    #[default]
    Default,
    /// `none`: nothing does.
    None,
    /// Some branches, tags and paths do.
    Filters(TriggerFilters),
}

/// What is written in a `trigger:` or a `pr:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerFilters {
    /// `branches:`, of a `pr:` the target's.
    pub branches: Filter,
    /// `paths:`
    pub paths: Filter,
    /// `tags:`, of a `trigger:` only.
    pub tags: Filter,
    /// `batch:`, of a `trigger:` only: changes that come while a run goes on are built together.
    pub batch: bool,
    /// `autoCancel:`, of a `pr:` only: a new push cancels the run before.
    pub auto_cancel: bool,
    /// `drafts:`, of a `pr:` only: whether drafts start it, too.
    pub drafts: bool,
}

impl Default for TriggerFilters {
    fn default() -> Self {
        Self {
            branches: Filter::default(),
            paths: Filter::default(),
            tags: Filter::default(),
            batch: false,
            auto_cancel: true,
            drafts: true,
        }
    }
}

/// Patterns that are included and patterns that are excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What is taken; empty is everything, where something is excluded.
    pub include: Vec<String>,
    /// What is left out of it.
    pub exclude: Vec<String>,
}

/// Whether an event starts a pipeline, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it does.
    pub triggered: bool,
    /// Why, as the end of a sentence.
    pub reason: String,
}

impl Verdict {
    pub(crate) fn yes(reason: impl Into<String>) -> Self {
        Self { triggered: true, reason: reason.into() }
    }

    pub(crate) fn no(reason: impl Into<String>) -> Self {
        Self { triggered: false, reason: reason.into() }
    }
}

/// Whether a push to `reference` (`refs/heads/main`, `refs/tags/v1`) that changed the files `changed` satisfies `trigger:`.
pub fn matches_push(trigger: &Trigger, reference: &str, changed: &[String]) -> Verdict {
    let tag = reference.strip_prefix("refs/tags/");
    let short = short(reference);
    match (trigger, tag) {
        (Trigger::None, _) => Verdict::no("`trigger: none`"),
        (Trigger::Default, Some(tag)) => Verdict::no(format!("without `trigger: tags:` no tag starts it, and `{tag}` is one")),
        (Trigger::Default, None) => Verdict::yes("without `trigger:` every branch starts it"),
        (Trigger::Filters(filters), Some(tag)) => {
            // Paths say nothing about tags.
            let by_name = (!filters.tags.is_empty()).then(|| filters.tags.names(tag, "refs/tags/"));
            let by_reference =
                filters.branches.include.iter().find(|pattern| pattern.starts_with("refs/tags/") && wildcard(pattern, reference));
            match (by_name, by_reference) {
                (Some(Ok(pattern)), _) => Verdict::yes(format!("the tag `{tag}` is included by `{pattern}`")),
                (_, Some(pattern)) => match filters.branches.exclude.iter().find(|pattern| wildcard(pattern, reference)) {
                    Some(excluded) => Verdict::no(format!("the tag `{tag}` is excluded by `{excluded}`")),
                    None => Verdict::yes(format!("the tag `{tag}` is included by `{pattern}`")),
                },
                (Some(Err(Some(pattern))), None) => Verdict::no(format!("the tag `{tag}` is excluded by `{pattern}`")),
                (Some(Err(None)), None) => {
                    Verdict::no(format!("the tag `{tag}` is not among `trigger: tags:` ({})", filters.tags.listed()))
                }
                (None, None) => Verdict::no(format!("without `trigger: tags:` no tag starts it, and `{tag}` is one")),
            }
        }
        (Trigger::Filters(filters), None) => {
            if filters.branches.is_empty() && filters.paths.is_empty() && !filters.tags.is_empty() {
                return Verdict::no(format!("`trigger:` names tags only, and `{short}` is a branch"));
            }
            let branch = match branch(&filters.branches, reference, "trigger") {
                Ok(reason) => reason,
                Err(reason) => return Verdict::no(reason),
            };
            match filters.paths.files(changed) {
                Ok(path) => Verdict::yes(and(branch, path)),
                Err(reason) => Verdict::no(reason),
            }
        }
    }
}

/// Whether a pull request into `target` (`refs/heads/main`) that changes the files `changed` satisfies `pr:`.
pub fn matches_pull_request(pr: &Trigger, target: &str, changed: &[String], is_draft: bool) -> Verdict {
    match pr {
        Trigger::None => Verdict::no("`pr: none`"),
        Trigger::Default => Verdict::yes("without `pr:` every pull request starts it"),
        Trigger::Filters(filters) => {
            if is_draft && !filters.drafts {
                return Verdict::no("the pull request is a draft, and `pr:` has `drafts: false`");
            }
            let branch = match branch(&filters.branches, target, "pr") {
                Ok(reason) => reason,
                Err(reason) => return Verdict::no(reason),
            };
            match filters.paths.files(changed) {
                Ok(path) => Verdict::yes(and(branch, path)),
                Err(reason) => Verdict::no(reason),
            }
        }
    }
}

/// Whether the files `changed` satisfy the path filter of a branch policy: for each file the last pattern that fits decides,
/// `!` at its start excludes, and `*` stands for any text, with or without `/`. A filter without patterns takes every file.
pub fn matches_policy_paths(patterns: &[String], changed: &[String]) -> Verdict {
    if patterns.is_empty() {
        return Verdict::yes("the policy holds for all paths");
    }
    let decides = |file: &String| {
        let file = format!("/{file}");
        patterns.iter().rev().find_map(|pattern| {
            let (included, path) = pattern.trim().strip_prefix('!').map_or((true, pattern.trim()), |path| (false, path));
            let rooted = if path.starts_with(['/', '*']) { path.to_owned() } else { format!("/{path}") };
            let below = format!("{}/*", rooted.trim_end_matches('/'));
            (wildcard(&rooted, &file) || wildcard(&below, &file)).then_some((included, pattern))
        })
    };
    for file in changed {
        if let Some((true, pattern)) = decides(file) {
            return Verdict::yes(format!("`{file}` changed, which the policy's path filter `{pattern}` includes"));
        }
    }
    Verdict::no(format!("{} passes the policy's path filter ({})", none_of(changed), listed(patterns)))
}

/// Whether the author asked in a commit's message that no pipeline be started by its push.
pub fn skips_ci(message: &str) -> Option<&'static str> {
    const WORDS: &[&str] = &[
        "[skip ci]",
        "[ci skip]",
        "skip-checks: true",
        "skip-checks:true",
        "[skip azurepipelines]",
        "[azurepipelines skip]",
        "[skip azpipelines]",
        "[azpipelines skip]",
        "[skip azp]",
        "[azp skip]",
        "***NO_CI***",
    ];
    let message = message.to_lowercase();
    WORDS.iter().copied().find(|word| message.contains(&word.to_lowercase()))
}

impl Filter {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// The pattern that takes `name`, or the one that leaves it out, if it is one.
    fn names(&self, name: &str, prefix: &str) -> Result<&str, Option<&str>> {
        let fits = |pattern: &&String| wildcard(pattern.strip_prefix(prefix).unwrap_or(pattern), name);
        if let Some(excluded) = self.exclude.iter().find(fits) {
            return Err(Some(excluded));
        }
        match self.include.iter().find(fits) {
            Some(included) => Ok(included),
            None if self.include.is_empty() => Ok("*"),
            None => Err(None),
        }
    }

    /// Why one of the files satisfies the filter (empty where there is none), or why none does.
    fn files(&self, changed: &[String]) -> Result<String, String> {
        if self.is_empty() {
            return Ok(String::new());
        }
        for file in changed {
            let best =
                |patterns: &[String]| patterns.iter().filter(|pattern| path(pattern, file)).map(|pattern| specificity(pattern)).max();
            let included = if self.include.is_empty() { Some(0) } else { best(&self.include) };
            if included.is_some() && included > best(&self.exclude) {
                return Ok(format!("`{file}` changed, which the path filter includes"));
            }
        }
        Err(format!("{} passes the path filter ({})", none_of(changed), self.listed()))
    }

    fn listed(&self) -> String {
        let included = (!self.include.is_empty()).then(|| listed(&self.include));
        let excluded = (!self.exclude.is_empty()).then(|| format!("not {}", listed(&self.exclude)));
        included.into_iter().chain(excluded).collect::<Vec<_>>().join(", ")
    }
}

/// Why a filter of branches takes a branch, or why not.
pub(crate) fn branch(filter: &Filter, reference: &str, key: &str) -> Result<String, String> {
    let name = short(reference);
    if filter.is_empty() {
        return Ok(format!("`{key}:` names no branches, so every branch starts it"));
    }
    match filter.names(name, "refs/heads/") {
        Ok(pattern) => Ok(format!("the branch `{name}` is included by `{pattern}`")),
        Err(Some(pattern)) => Err(format!("the branch `{name}` is excluded by `{pattern}`")),
        Err(None) => Err(format!("the branch `{name}` is not among `{key}: branches:` ({})", filter.listed())),
    }
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

fn and(first: String, second: String) -> String {
    if second.is_empty() { first } else { format!("{first}, and {second}") }
}

fn listed(patterns: &[String]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
}

fn none_of(changed: &[String]) -> String {
    match changed {
        [] => "no file changed, so nothing".to_owned(),
        [file] => format!("the only changed file is `{file}`, so nothing"),
        files => format!("none of the {} changed files", files.len()),
    }
}

/// Whether the pattern of a path filter fits a file: the file itself, or a folder that it is below. `*` and `?` stay within a
/// folder, `**` does not; a `*` at the end takes all that is below.
fn path(pattern: &str, file: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    let pattern = match pattern.strip_suffix("/*").or_else(|| pattern.strip_suffix("/**")) {
        Some(folder) => return below(folder, file, false),
        None => pattern,
    };
    pattern.is_empty() || pattern == "*" || pattern == "**" || below(pattern, file, true)
}

/// Whether a file is below a folder, or, where `itself`, is the file that the pattern names.
fn below(pattern: &str, file: &str, itself: bool) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    let last = if itself { parts.len() } else { parts.len() - 1 };
    (1..=last).any(|length| segments(&pattern.split('/').collect::<Vec<_>>(), &parts[..length]))
}

fn segments(pattern: &[&str], file: &[&str]) -> bool {
    match (pattern, file) {
        ([], []) => true,
        (["**", rest @ ..], _) => segments(rest, file) || (!file.is_empty() && segments(pattern, &file[1..])),
        ([first, rest @ ..], [name, names @ ..]) => wildcard(first, name) && segments(rest, names),
        _ => false,
    }
}

/// How specific a pattern is: the length of what comes before its first wildcard, then its own.
fn specificity(pattern: &str) -> usize {
    let pattern = pattern.trim_start_matches('/').trim_end_matches("/*").trim_end_matches("/**").trim_end_matches('/');
    if pattern == "*" || pattern == "**" { 0 } else { pattern.len() }
}

/// Whether `pattern` fits all of `text`; `*` stands for any text and `?` for any character.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match star {
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    at = before + 1;
                    position = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// `a b !c`: includes and excludes.
    fn filter(words: &str) -> Filter {
        let (exclude, include): (Vec<String>, Vec<String>) = texts(words).into_iter().partition(|word| word.starts_with('!'));
        Filter { include, exclude: exclude.into_iter().map(|word| word[1..].to_owned()).collect() }
    }

    fn filters(branches: &str, paths: &str, tags: &str) -> Trigger {
        Trigger::Filters(TriggerFilters {
            branches: filter(branches),
            paths: filter(paths),
            tags: filter(tags),
            ..TriggerFilters::default()
        })
    }

    #[test]
    fn branches_and_tags_of_a_push() {
        for (branches, tags, reference, expected) in [
            ("main", "", "refs/heads/main", true),
            ("main", "", "refs/heads/Main", false),
            ("main", "", "refs/heads/main2", false),
            ("refs/heads/main", "", "refs/heads/main", true),
            ("releases/*", "", "refs/heads/releases/1", true),
            ("releases/*", "", "refs/heads/releases/old/1", true),
            ("releases/*", "", "refs/heads/releases", false),
            ("main releases/* !releases/old*", "", "refs/heads/releases/old1", false),
            ("main releases/* !releases/old*", "", "refs/heads/releases/new", true),
            ("feature/*-working", "", "refs/heads/feature/a-b-working", true),
            ("v?", "", "refs/heads/v1", true),
            ("v?", "", "refs/heads/v12", false),
            ("!experimental/*", "", "refs/heads/main", true),
            ("!experimental/*", "", "refs/heads/experimental/x", false),
            ("main", "", "refs/tags/main", false),
            ("*", "", "refs/tags/v1", false),
            ("refs/tags/v*", "", "refs/tags/v1", true),
            ("refs/tags/v* !refs/tags/v1*", "", "refs/tags/v1.2", false),
            ("", "v*", "refs/tags/v1", true),
            ("", "v* !v1*", "refs/tags/v1", false),
            ("", "refs/tags/v*", "refs/tags/v1", true),
            ("", "v*", "refs/tags/w1", false),
            ("", "v*", "refs/heads/main", false),
            ("main", "v*", "refs/heads/main", true),
        ] {
            let verdict = matches_push(&filters(branches, "", tags), reference, &texts("a"));
            assert_eq!(verdict.triggered, expected, "{branches} {tags} {reference}: {}", verdict.reason);
        }
        assert!(matches_push(&Trigger::Default, "refs/heads/any", &[]).triggered);
        assert!(!matches_push(&Trigger::Default, "refs/tags/any", &[]).triggered);
        assert!(!matches_push(&Trigger::None, "refs/heads/any", &[]).triggered);
    }

    #[test]
    fn paths() {
        for (paths, changed, expected) in [
            ("docs", "docs/a.md", true),
            ("docs", "docs/a/b.md", true),
            ("/docs/", "docs/a.md", true),
            ("docs", "docs2/a.md", false),
            ("docs", "src/docs/a.md", false),
            ("docs/*", "docs/a/b.md", true),
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("docs/*.md", "docs/a.txt", false),
            ("src/app/**/myapp*", "src/app/x/y/myapp.rs", true),
            ("src/app/**/myapp*", "src/app/myapp.rs", true),
            ("src/app/**/myapp*", "src/lib/myapp.rs", false),
            ("**/*.md", "a.md", true),
            ("Cargo.toml", "Cargo.toml", true),
            ("Cargo.toml", "cargo.toml", false),
            ("* !docs", "docs/a.md", false),
            ("* !docs", "docs/a.md src/b", true),
            ("!docs", "docs/a.md", false),
            ("!docs", "src/a", true),
            ("!/**/*.md", "src/a.md", false),
            ("tools/these !tools", "tools/these/a", true),
            ("tools/these !tools", "tools/those/a", false),
            ("tools !tools/these", "tools/these/a", false),
            ("docs !docs", "docs/a", false),
            ("docs", "", false),
        ] {
            let verdict = matches_push(&filters("*", paths, ""), "refs/heads/main", &texts(changed));
            assert_eq!(verdict.triggered, expected, "{paths}: {changed}: {}", verdict.reason);
        }
    }

    #[test]
    fn pull_requests() {
        let triggered =
            |pr: &Trigger, target: &str, changed: &str, draft| matches_pull_request(pr, target, &texts(changed), draft).triggered;
        assert!(triggered(&Trigger::Default, "refs/heads/any", "", true));
        assert!(!triggered(&Trigger::None, "refs/heads/any", "", false));
        let main = filters("main", "src", "");
        assert!(triggered(&main, "refs/heads/main", "src/a", true));
        assert!(!triggered(&main, "refs/heads/other", "src/a", false));
        assert!(!triggered(&main, "refs/heads/main", "docs/a", false));
        let no_drafts = Trigger::Filters(TriggerFilters { drafts: false, ..TriggerFilters::default() });
        assert!(triggered(&no_drafts, "refs/heads/main", "", false));
        assert!(!triggered(&no_drafts, "refs/heads/main", "", true));
    }

    #[test]
    fn the_last_pattern_of_a_policy_that_fits_decides() {
        for (patterns, changed, expected) in [
            ("", "a", true),
            ("/orders/*", "orders/src/lib.rs", true),
            ("/orders", "orders/src/lib.rs", true),
            ("/orders/*", "shipping/orders/lib.rs", false),
            ("*/orders/*", "shipping/orders/lib.rs", true),
            ("/orders/* !/orders/docs/*", "orders/docs/a", false),
            ("/orders/* !/orders/docs/*", "orders/docs/a orders/b", true),
            ("!/orders/docs/* /orders/*", "orders/docs/a", true),
            ("*.rs", "a/b.rs", true),
            ("!/docs/*", "src/a", false),
        ] {
            let verdict = matches_policy_paths(&texts(patterns), &texts(changed));
            assert_eq!(verdict.triggered, expected, "{patterns}: {changed}: {}", verdict.reason);
        }
    }

    #[test]
    fn reasons_name_what_decided() {
        let reason = |trigger: &Trigger, reference: &str, changed: &str| matches_push(trigger, reference, &texts(changed)).reason;
        assert_eq!(
            reason(&filters("main", "orders !orders/docs", ""), "refs/heads/main", "a b"),
            "none of the 2 changed files passes the path filter (`orders`, not `orders/docs`)"
        );
        assert_eq!(
            reason(&filters("main", "orders", ""), "refs/heads/main", "a orders/b"),
            "the branch `main` is included by `main`, and `orders/b` changed, which the path filter includes"
        );
        assert_eq!(reason(&filters("main", "", ""), "refs/heads/x", "a"), "the branch `x` is not among `trigger: branches:` (`main`)");
    }

    #[test]
    fn a_commit_can_ask_for_no_run() {
        assert_eq!(skips_ci("Fix typo [Skip CI]"), Some("[skip ci]"));
        assert_eq!(skips_ci("***no_ci***"), Some("***NO_CI***"));
        assert_eq!(skips_ci("skip the ci"), None);
    }
}
