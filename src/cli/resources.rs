//! The runs that the pipeline resources of a pipeline stand for (`resources: pipelines:`), found in the store. Used by
//! `slipway run` and `slipway simulate`.

use slipway_pipelines::{Pipeline, PipelineResource};
use slipway_runner::{ConsumedRun, RunRecord, Store, TaskResult};

use crate::failure::Failure;
use crate::live::result_word;
use crate::local_config::did_you_mean;
use crate::world::PipelineWorld;

/// The run of each resource: the one that is `given` for its alias, else the latest that succeeded and is as the resource
/// asks for. All that cannot be found is said at once.
pub(crate) fn resolve(here: &PipelineWorld, pipeline: &Pipeline, given: &[(String, u64)]) -> Result<Vec<ConsumedRun>, Failure> {
    let resources = &pipeline.pipeline_resources;
    let mut failures = Vec::new();
    for (alias, _) in given {
        if !resources.iter().any(|resource| resource.alias.eq_ignore_ascii_case(alias)) {
            let known: Vec<&str> = resources.iter().map(|resource| resource.alias.as_str()).collect();
            let hint = if known.is_empty() { "it has none".to_owned() } else { did_you_mean(alias, &known) };
            failures.push(Failure::refused(format!("`{}` has no pipeline resource `{alias}`", here.file)).hint(hint));
        }
    }
    let runs = if resources.is_empty() {
        Vec::new()
    } else {
        Store::new(here.world.state.path()).runs().map_err(|error| Failure::refused(error.to_string()))?
    };
    let mut consumed = Vec::new();
    for resource in resources {
        let given = given.iter().rev().find(|(alias, _)| alias.eq_ignore_ascii_case(&resource.alias)).map(|(_, run)| *run);
        let found = own_project(here, resource).and_then(|()| match given {
            Some(id) => named(resource, id, &runs),
            None => latest(here, resource, &runs),
        });
        match found {
            Ok(run) => consumed.push(ConsumedRun::of(&resource.alias, run)),
            Err(failure) => failures.push(failure),
        }
    }
    match Failure::all(failures) {
        Some(failure) => Err(failure),
        None => Ok(consumed),
    }
}

/// There is one project on this machine.
fn own_project(here: &PipelineWorld, resource: &PipelineResource) -> Result<(), Failure> {
    let own = &here.world.config.azure.project;
    match &resource.project {
        Some(project) if !project.eq_ignore_ascii_case(own) => Err(Failure::refused(format!(
            "{}: the pipeline resource `{}` is of the project `{project}`, and this machine has only `{own}`",
            resource.place, resource.alias
        ))
        .hint(format!("remove `project`, or name the project of slipway.local.yml `{project}`"))),
        _ => Ok(()),
    }
}

fn is_of(resource: &PipelineResource, run: &RunRecord) -> bool {
    run.pipeline.eq_ignore_ascii_case(resource.source_name())
}

fn named<'r>(resource: &PipelineResource, id: u64, runs: &'r [RunRecord]) -> Result<&'r RunRecord, Failure> {
    let (alias, source) = (&resource.alias, resource.source_name());
    match runs.iter().find(|run| run.id == id) {
        Some(run) if is_of(resource, run) => Ok(run),
        Some(run) => Err(Failure::refused(format!(
            "run {id} is one of `{}`, and the pipeline resource `{alias}` stands for runs of `{source}`",
            run.pipeline
        ))
        .hint("`slipway runs` lists the runs")),
        None => Err(Failure::refused(format!("the pipeline resource `{alias}` cannot be run {id}: there is no such run"))
            .hint("`slipway runs` lists the runs")),
    }
}

fn latest<'r>(here: &PipelineWorld, resource: &PipelineResource, runs: &'r [RunRecord]) -> Result<&'r RunRecord, Failure> {
    let branch = resource.branch.as_deref().map(short);
    let fits = |run: &&RunRecord| {
        is_of(resource, run)
            && resource.version.as_ref().is_none_or(|version| run.number == *version)
            && branch.is_none_or(|branch| short(&run.branch).eq_ignore_ascii_case(branch))
            && resource.tags.iter().all(|tag| run.tags.iter().any(|other| other.eq_ignore_ascii_case(tag)))
    };
    let succeeded = |run: &&RunRecord| matches!(run.result, Some(TaskResult::Succeeded | TaskResult::SucceededWithIssues));
    if let Some(run) = runs.iter().rev().find(|run| fits(run) && succeeded(run)) {
        return Ok(run);
    }
    let (alias, source) = (&resource.alias, resource.source_name());
    let mut wanted = format!("a run of `{source}`");
    if let Some(version) = &resource.version {
        wanted.push_str(&format!(" with the number `{version}`"));
    }
    if let Some(branch) = branch {
        wanted.push_str(&format!(" on the branch `{branch}`"));
    }
    if !resource.tags.is_empty() {
        let tags: Vec<String> = resource.tags.iter().map(|tag| format!("`{tag}`")).collect();
        wanted.push_str(&format!(" with the tags {}", tags.join(", ")));
    }
    let there_is = match runs.iter().rev().find(|run| is_of(resource, run)) {
        Some(last) => {
            let result = last.result.map_or("is not complete", result_word);
            format!("no such run succeeded; the last one of `{source}`, run {}, {result}", last.id)
        }
        None => "there is none yet".to_owned(),
    };
    let pipelines = &here.world.config.pipelines;
    let definition = pipelines.iter().find(|definition| definition.name.eq_ignore_ascii_case(source));
    let hint = match definition {
        Some(definition) => {
            format!(
                "run it first: `slipway run {}`, or `slipway simulate push`; or name a run: `--pipeline-run {alias}=N`",
                definition.file
            )
        }
        None => {
            let known: Vec<&str> = pipelines.iter().map(|definition| definition.name.as_str()).collect();
            let hint = did_you_mean(source, &known);
            let list = format!("slipway.local.yml lists no pipeline `{source}`");
            if hint.is_empty() { list } else { format!("{list}; {hint}") }
        }
    };
    Err(Failure::refused(format!("{}: the pipeline resource `{alias}` needs {wanted}: {there_is}", resource.place)).hint(hint))
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}
