//! Whether the completion of a run triggers a pipeline, and why not. Pure.

use slipway_pipelines::{CompletedRun, CompletionTrigger, Outcome, PipelineResource, matches_completion};
use slipway_runner::RunRecord;

use crate::local_config::{PipelineDefinition, did_you_mean};

/// What the completion of a run means to a pipeline that has it as a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The alias of the resource that triggers it, if one does.
    pub(crate) alias: Option<String>,
    /// Why, or why not.
    pub(crate) reason: String,
}

/// What a commit has of a pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version<'a> {
    /// Its file is not there.
    Missing,
    /// What is in its file is no pipeline.
    Broken,
    /// Its pipeline resources.
    Resources(&'a [PipelineResource]),
}

impl Version<'_> {
    fn resources(&self) -> &[PipelineResource] {
        match self {
            Version::Resources(resources) => resources,
            Version::Missing | Version::Broken => &[],
        }
    }
}

/// What the completion of `run` means to a pipeline; nothing where the two have nothing to do with each other. The YAML of
/// the default branch decides; that of the commit that is built only explains. `names` are those of all pipelines.
pub(crate) fn completion(
    definition: &PipelineDefinition,
    (decides, builds): (Version<'_>, Version<'_>),
    run: &RunRecord,
    names: &[&str],
) -> Option<Completion> {
    let no = |reason: String| Some(Completion { alias: None, reason });
    let of_run = |resource: &&PipelineResource| resource.source_name().eq_ignore_ascii_case(&run.pipeline);
    let mut refused = None;
    for resource in decides.resources().iter().filter(of_run) {
        let alias = &resource.alias;
        let Some(trigger) = &resource.trigger else {
            refused = refused.or_else(|| no(format!("its pipeline resource `{alias}` has no `trigger`")));
            continue;
        };
        let (triggered, reason) = judge(trigger, run);
        let reason = format!("pipeline resource `{alias}`: {reason}");
        if triggered {
            return Some(Completion { alias: Some(alias.clone()), reason });
        }
        refused = refused.or_else(|| no(reason));
    }
    let default = &definition.default_branch;
    let waits = builds.resources().iter().filter(of_run).find(|resource| resource.trigger.is_some());
    let explained = waits.and_then(|resource| {
        let what = format!("its pipeline resource `{}` has a `trigger`, but the YAML of the default branch decides, and ", resource.alias);
        match decides {
            Version::Missing => no(format!("{what}`{}` is not on `{default}`", definition.file)),
            Version::Broken => no(format!("{what}`{}` on `{default}` is broken", definition.file)),
            Version::Resources(_) => no(format!("{what}that on `{default}` has no such trigger")),
        }
    });
    let unknown = decides
        .resources()
        .iter()
        .find(|resource| resource.trigger.is_some() && !names.iter().any(|name| name.eq_ignore_ascii_case(resource.source_name())));
    let misspelled = unknown.and_then(|resource| {
        let source = resource.source_name();
        let hint = did_you_mean(source, names);
        no(format!("its pipeline resource `{}` waits for `{source}`, and slipway.local.yml lists no such pipeline; {hint}", resource.alias))
    });
    match refused {
        // A trigger of the built commit explains more than its absence on the default branch.
        Some(completion) if decides.resources().iter().filter(of_run).any(|resource| resource.trigger.is_some()) => Some(completion),
        refused => explained.or(refused).or(misspelled),
    }
}

fn judge(trigger: &CompletionTrigger, run: &RunRecord) -> (bool, String) {
    if run.result.is_none() && trigger.stages.is_empty() {
        return (false, "the run is not complete".to_owned());
    }
    let stages: Vec<(String, Outcome)> =
        run.stages.iter().map(|stage| (stage.name.clone(), stage.result.map_or(Outcome::Skipped, Outcome::from))).collect();
    let outcome = run.result.map_or(Outcome::Canceled, Outcome::from);
    let completed = CompletedRun { branch: &run.branch, tags: &run.tags, stages: &stages, outcome };
    let verdict = matches_completion(trigger, &completed);
    (verdict.triggered, verdict.reason)
}
