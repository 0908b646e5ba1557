//! The part of `slipway.local.yml` that says what the service knows of the repository: its host, the pipelines that are set
//! up, the branch policies, and where other repositories lie.

use std::collections::HashSet;
use std::path::PathBuf;

use slipway_pipelines::yaml::Node;

use super::section::{Problems, Section, did_you_mean, unique};
use super::{At, BranchPolicy, BuildValidation, MappedRepository, PipelineDefinition, RepositoryKind, RepositorySettings};

/// `repository`.
pub(super) fn repository(root: &Section<'_>, problems: &mut Problems) -> RepositorySettings {
    let default = RepositorySettings::default();
    let section = root.get("repository").and_then(|node| Section::of(node, "the repository", &["type", "defaultBranch"], problems));
    let Some(section) = section else { return default };
    let kinds = [("azureRepos", RepositoryKind::AzureRepos), ("github", RepositoryKind::GitHub)];
    RepositorySettings {
        kind: section.word("type", &kinds, problems).unwrap_or(default.kind),
        default_branch: section.text("defaultBranch", problems).map_or(default.default_branch, |branch| short(&branch.value)),
    }
}

/// `pipelines`. Those without an `id` get the numbers that are free, in order.
pub(super) fn definitions(
    root: &Section<'_>,
    repository: &RepositorySettings,
    exists: &dyn Fn(&str) -> bool,
    problems: &mut Problems,
) -> Vec<PipelineDefinition> {
    let mut names = Vec::new();
    let mut ids = Vec::new();
    let mut pipelines = Vec::new();
    for node in root.list("pipelines", problems) {
        let keys = ["id", "name", "folder", "file", "defaultBranch"];
        let Some(section) = Section::of(node, "a pipeline", &keys, problems) else { continue };
        let id = section.text("id", problems).and_then(|id| self::id(id, &mut ids, problems));
        let name = section.required_text("name", problems);
        if let Some(name) = &name {
            pipeline_name(name, problems);
        }
        let folder = section.text("folder", problems);
        if let Some(folder) = &folder
            && !folder.value.starts_with('\\')
        {
            problems.add(
                &folder.place,
                format!("`folder` of a pipeline must begin with `\\`, found `{}`", folder.value),
                "for instance `folder: \\shop`",
            );
        }
        let file = section.required_text("file", problems);
        if let Some(file) = &file {
            let path = file.value.trim_start_matches('/');
            if path.split('/').any(|part| part == "..") || !exists(path) {
                problems.add(
                    &file.place,
                    format!("no such file in the repository: `{}`", file.value),
                    "name it from the repository's root",
                );
            }
        }
        let branch = section.text("defaultBranch", problems);
        if let (Some(name), Some(file)) = (name, file) {
            pipelines.push((
                id,
                PipelineDefinition {
                    id: 0,
                    name: name.value.clone(),
                    folder: folder.map_or_else(|| "\\".to_owned(), |folder| folder.value),
                    file: file.value.trim_start_matches('/').to_owned(),
                    default_branch: branch.map_or_else(|| repository.default_branch.clone(), |branch| short(&branch.value)),
                },
            ));
            names.push(name);
        }
    }
    unique(&names, "the pipeline", problems);
    let taken: HashSet<u64> = pipelines.iter().filter_map(|(id, _)| *id).collect();
    let mut free = (1..).filter(|id| !taken.contains(id));
    pipelines.into_iter().filter_map(|(id, pipeline)| Some(PipelineDefinition { id: id.or_else(|| free.next())?, ..pipeline })).collect()
}

fn id(text: At<String>, known: &mut Vec<u64>, problems: &mut Problems) -> Option<u64> {
    match text.value.parse() {
        Ok(id @ 1..=2_147_483_647) if known.contains(&id) => {
            problems.add(&text.place, format!("the pipeline id {id} is there twice"), "ids are unique");
            None
        }
        Ok(id @ 1..=2_147_483_647) => {
            known.push(id);
            Some(id)
        }
        _ => {
            problems.add(&text.place, format!("`id` of a pipeline must be a number from 1 on, found `{}`", text.value), "");
            None
        }
    }
}

/// What Azure DevOps takes as a pipeline's name.
fn pipeline_name(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    if text.is_empty() || text.chars().any(|c| "\\/:*?\"<>|".contains(c) || c.is_control()) {
        problems.add(
            &name.place,
            format!("not a name that a pipeline can have: `{text}`"),
            "none of `\\`, `/`, `:`, `*`, `?`, `\"`, `<`, `>`, `|`",
        );
    }
}

/// `branchPolicies`.
pub(super) fn branch_policies(root: &Section<'_>, pipelines: &[PipelineDefinition], problems: &mut Problems) -> Vec<BranchPolicy> {
    let mut branches = Vec::new();
    let mut policies = Vec::new();
    for node in root.list("branchPolicies", problems) {
        let Some(section) = Section::of(node, "a branch policy", &["branch", "buildValidation"], problems) else { continue };
        let branch = section.required_text("branch", problems);
        let mut validated = Vec::new();
        let mut build_validation = Vec::new();
        for node in section.list("buildValidation", problems) {
            if let Some((name, validation)) = self::build_validation(node, pipelines, problems) {
                validated.push(name);
                build_validation.push(validation);
            }
        }
        unique(&validated, "the pipeline", problems);
        if let Some(branch) = branch {
            let branch = At { value: short(&branch.value), place: branch.place };
            policies.push(BranchPolicy { branch: branch.value.clone(), build_validation });
            branches.push(branch);
        }
    }
    unique(&branches, "the branch", problems);
    policies
}

fn build_validation(node: &Node, pipelines: &[PipelineDefinition], problems: &mut Problems) -> Option<(At<String>, BuildValidation)> {
    let section = Section::of(node, "a build validation", &["pipeline", "paths", "required"], problems)?;
    let pipeline = section.required_text("pipeline", problems);
    let paths = section.texts("paths", problems);
    for path in &paths {
        if !path.value.trim_start_matches('!').starts_with('/') {
            problems.add(
                &path.place,
                format!("a path of a branch policy must begin with `/` or `!/`, found `{}`", path.value),
                "for instance `/orders/*`; `!` excludes",
            );
        }
    }
    let required = section.flag("required", true, problems);
    let mut pipeline = pipeline?;
    let names: Vec<&str> = pipelines.iter().map(|pipeline| pipeline.name.as_str()).collect();
    match names.iter().find(|name| name.eq_ignore_ascii_case(&pipeline.value)) {
        Some(name) => pipeline.value = (*name).to_owned(),
        None => {
            let hint = if names.is_empty() { "list it under `pipelines`".to_owned() } else { did_you_mean(&pipeline.value, &names) };
            problems.add(&pipeline.place, format!("unknown pipeline: `{}`", pipeline.value), hint);
        }
    }
    let paths = paths.into_iter().map(|path| path.value).collect();
    let validation = BuildValidation { pipeline: pipeline.value.clone(), paths, required };
    Some((pipeline, validation))
}

/// `repositories`.
pub(super) fn repositories(root: &Section<'_>, problems: &mut Problems) -> Vec<MappedRepository> {
    let mut names = Vec::new();
    let mut repositories = Vec::new();
    for node in root.list("repositories", problems) {
        let Some(section) = Section::of(node, "a repository", &["name", "path"], problems) else { continue };
        let (name, path) = (section.required_text("name", problems), section.required_text("path", problems));
        if let (Some(name), Some(path)) = (name, path) {
            repositories.push(MappedRepository { name: name.value.clone(), path: PathBuf::from(path.value) });
            names.push(name);
        }
    }
    unique(&names, "the repository", problems);
    repositories
}

/// A branch without `refs/heads/`.
fn short(branch: &str) -> String {
    branch.strip_prefix("refs/heads/").unwrap_or(branch).to_owned()
}
