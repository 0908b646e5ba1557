//! `resources: pipelines:`: runs of other pipelines that a pipeline uses, and whether the completion of one starts it
//! (facts/pipeline-yaml.md 2.12). Pure; `slipway` resolves and triggers.

use crate::outcome::Outcome;
use crate::place::Place;
use crate::trigger::{Filter, Verdict, branch};

/// A pipeline whose runs this one uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineResource {
    /// `pipeline:`: its name here, as in `download: ALIAS` and `resources.pipeline.ALIAS.runID`.
    pub alias: String,
    /// `project:`; absent is the own one.
    pub project: Option<String>,
    /// `source:`: the name of the pipeline, perhaps with its folder (`\folder\name`).
    pub source: String,
    /// `version:`: the run's number, where no run triggers.
    pub version: Option<String>,
    /// `branch:`: of which branch the latest run is taken, where no run triggers.
    pub branch: Option<String>,
    /// `tags:`: which tags that run must have.
    pub tags: Vec<String>,
    /// `trigger:`; absent: completions start nothing.
    pub trigger: Option<CompletionTrigger>,
    /// Where it is declared.
    pub place: Place,
}

impl PipelineResource {
    /// The pipeline's name without its folder.
    pub fn source_name(&self) -> &str {
        self.source.rsplit(['\\', '/']).next().unwrap_or(&self.source)
    }
}

/// Which completions of the other pipeline start this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionTrigger {
    /// `enabled:`
    pub enabled: bool,
    /// `branches:` of the run.
    pub branches: Filter,
    /// `stages:` of it that must have succeeded; empty: the whole run.
    pub stages: Vec<String>,
    /// `tags:`, all of which the run must have.
    pub tags: Vec<String>,
}

/// A completed run, as a trigger looks at it.
#[derive(Clone, Copy, Debug)]
pub struct CompletedRun<'a> {
    /// `refs/heads/main`
    pub branch: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// Its stages and how they ended.
    pub stages: &'a [(String, Outcome)],
    /// How it ended.
    pub outcome: Outcome,
}

/// Whether the completion of a run starts the pipeline that has the trigger, and why.
///
/// Without `stages` the run must have succeeded, with issues or without; with `stages`, each of them, whatever became of the
/// others (facts/pipeline-yaml.md 2.12; that a failed run starts nothing is not verified).
pub fn matches_completion(trigger: &CompletionTrigger, run: &CompletedRun<'_>) -> Verdict {
    if !trigger.enabled {
        return Verdict::no("its trigger has `enabled: false`");
    }
    let branch = match branch(&trigger.branches, run.branch, "trigger") {
        Ok(reason) => reason,
        Err(reason) => return Verdict::no(reason),
    };
    if let Some(missing) = trigger.tags.iter().find(|tag| !run.tags.iter().any(|other| other.eq_ignore_ascii_case(tag))) {
        return Verdict::no(format!("the run has no tag `{missing}`, which `trigger: tags:` asks for"));
    }
    if trigger.stages.is_empty() {
        return if run.outcome.is_success() {
            Verdict::yes(format!("the run succeeded; {branch}"))
        } else {
            Verdict::no(format!("the run did not succeed: {}", run.outcome))
        };
    }
    for wanted in &trigger.stages {
        match run.stages.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
            Some((_, outcome)) if outcome.is_success() => {}
            Some((name, outcome)) => {
                return Verdict::no(format!("its trigger waits for the stage `{name}`, which did not succeed: {outcome}"));
            }
            None => {
                let stages = run.stages.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                return Verdict::no(format!("its trigger waits for the stage `{wanted}`, which the run does not have; it has {stages}"));
            }
        }
    }
    let stages = trigger.stages.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let word = if trigger.stages.len() == 1 { "stage" } else { "stages" };
    Verdict::yes(format!("the {word} {stages} succeeded; {branch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    fn judge(trigger: CompletionTrigger, tags: &str, outcome: Outcome) -> String {
        let stages = [("build".to_owned(), Outcome::Succeeded), ("publish".to_owned(), outcome), ("docs".to_owned(), Outcome::Failed)];
        let run = CompletedRun { branch: "refs/heads/main", tags: &texts(tags), stages: &stages, outcome };
        let verdict = matches_completion(&trigger, &run);
        format!("{}: {}", if verdict.triggered { "yes" } else { "no" }, verdict.reason)
    }

    fn any() -> CompletionTrigger {
        CompletionTrigger { enabled: true, branches: Filter::default(), stages: Vec::new(), tags: Vec::new() }
    }

    #[test]
    fn a_run_that_completes_starts_what_waits_for_it() {
        use Outcome::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
        let every = "`trigger:` names no branches, so every branch starts it";
        assert_eq!(judge(any(), "", Succeeded), format!("yes: the run succeeded; {every}"));
        assert_eq!(judge(any(), "", SucceededWithIssues), format!("yes: the run succeeded; {every}"));
        assert_eq!(judge(any(), "", Failed), "no: the run did not succeed: Failed");
        assert_eq!(judge(any(), "", Canceled), "no: the run did not succeed: Canceled");
        assert_eq!(judge(CompletionTrigger { enabled: false, ..any() }, "", Succeeded), "no: its trigger has `enabled: false`");
        let branches = |include: &str, exclude: &str| CompletionTrigger {
            branches: Filter { include: texts(include), exclude: texts(exclude) },
            ..any()
        };
        assert_eq!(judge(branches("ma*", ""), "", Succeeded), "yes: the run succeeded; the branch `main` is included by `ma*`");
        assert_eq!(
            judge(branches("release/*", ""), "", Succeeded),
            "no: the branch `main` is not among `trigger: branches:` (`release/*`)"
        );
        assert_eq!(judge(branches("*", "main"), "", Succeeded), "no: the branch `main` is excluded by `main`");
        let tags = CompletionTrigger { tags: texts("green signed"), ..any() };
        assert_eq!(judge(tags.clone(), "Signed green x", Succeeded), format!("yes: the run succeeded; {every}"));
        assert_eq!(judge(tags, "green", Succeeded), "no: the run has no tag `signed`, which `trigger: tags:` asks for");
        let stages = |names: &str| CompletionTrigger { stages: texts(names), ..any() };
        assert_eq!(judge(stages("Publish"), "", Succeeded), format!("yes: the stage `Publish` succeeded; {every}"));
        assert_eq!(
            judge(stages("build publish"), "", SucceededWithIssues),
            format!("yes: the stages `build`, `publish` succeeded; {every}")
        );
        assert_eq!(
            judge(stages("build publish"), "", Skipped),
            "no: its trigger waits for the stage `publish`, which did not succeed: Skipped"
        );
        assert_eq!(
            judge(stages("pack"), "", Succeeded),
            "no: its trigger waits for the stage `pack`, which the run does not have; it has `build`, `publish`, `docs`"
        );
    }

    #[test]
    fn a_source_may_have_a_folder() {
        let place = Place { file: "cd.yml".into(), line: 1, column: 1 };
        let resource = |source: &str| PipelineResource {
            alias: "ci".to_owned(),
            project: None,
            source: source.to_owned(),
            version: None,
            branch: None,
            tags: Vec::new(),
            trigger: None,
            place: place.clone(),
        };
        assert_eq!(resource("shop-ci").source_name(), "shop-ci");
        assert_eq!(resource(r"\teams\shop-ci").source_name(), "shop-ci");
    }
}
