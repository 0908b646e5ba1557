//! `slipway simulate pr` and `slipway simulate push`.

mod completions;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use slipway_pipelines::{FileError, Files, Loaded, yaml};
use slipway_runner::{Provider, Repository, RunEvent, Source};

use crate::arguments::{SimulateArguments, SimulateCommand};
use crate::azure::Azure;
use crate::env::Env;
use crate::execution::{execute, node_for};
use crate::failure::{Exit, Failure};
use crate::git_objects::GitRepository;
use crate::interrupt::Interrupts;
use crate::local_config::{PipelineDefinition, RepositoryKind};
use crate::packages::Packages;
use crate::simulate::{self, Choice, Clone as Copy, Ended, Outcome, Prepared, Yaml, parameters};
use crate::terminal::Terminal;
use crate::text::{Line, Style};
use crate::world::{Named, PipelineWorld, World};
use crate::{delivery, groups, local_config, record, resources};

/// How many uncommitted files are named.
const NAMED_FILES: usize = 20;

/// Does what the service does for an event.
pub(crate) async fn simulate(env: &Env, command: &SimulateCommand, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let (SimulateCommand::Pr { arguments, .. } | SimulateCommand::Push { arguments, .. }) = command;
    let surroundings = &arguments.surroundings;
    let beside = env.folder().join(local_config::FILE_NAME);
    let world = World::around(env, &beside, surroundings.config.as_deref(), surroundings.state.as_deref()).await?;
    simulable(env, &world, arguments.options.strict, terminal)?;
    let packages = world.packages(env, &arguments.surroundings)?;
    let named = Named::new(env, &world, &arguments.surroundings, arguments.options.strict);
    let _lock = world.state.lock("slipway simulate")?;
    let azure = Azure::for_run(&world, arguments.options.strict, terminal).await?;
    let outcome = Box::pin(Simulation { env, arguments, terminal, world: &world, packages, named, azure: &azure }.run(command)).await;
    azure.stop().await;
    outcome
}

/// Refuses what has no events; tells what is no part of one.
fn simulable(env: &Env, world: &World, strict: bool, terminal: &Terminal) -> Result<(), Failure> {
    let repository = &world.repository;
    let path = repository.path.display();
    if env.find_program("git").is_none() {
        return Err(Failure::refused("`git` is not in `PATH`").hint("install git 2.38 or newer"));
    }
    if !repository.path.join(".git").exists() {
        return Err(Failure::refused(format!("not in a git repository: `{path}`"))
            .hint("an event is about commits: `git init`, commit, and try again; `slipway run FILE` needs no git"));
    }
    if world.config.pipelines.is_empty() {
        return Err(Failure::refused("slipway.local.yml lists no `pipelines`, so no event can trigger one")
            .hint("docs/slipway-local-yml.md says how; `slipway run FILE` runs a pipeline without an event"));
    }
    if !repository.uncommitted.is_empty() {
        let mut names: Vec<String> = repository.uncommitted.iter().take(NAMED_FILES).map(|path| format!("`{path}`")).collect();
        if let Some(more) = repository.uncommitted.len().checked_sub(NAMED_FILES).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        let message = format!("uncommitted changes are no part of the event: {}", names.join(", "));
        if strict {
            return Err(Failure::refused(message).hint("commit or stash them, or simulate without `--strict`"));
        }
        terminal.print_error([Line::new().with(Style::Remark, "warning: ").with(Style::Plain, message)]);
    }
    Ok(())
}

struct Simulation<'a> {
    env: &'a Env,
    arguments: &'a SimulateArguments,
    terminal: &'a Arc<Terminal>,
    world: &'a World,
    packages: Packages,
    named: Named,
    azure: &'a Azure,
}

/// A pipeline that is triggered.
struct Triggered {
    name: String,
    required: bool,
    /// Absent where its YAML is broken.
    loaded: Option<(PipelineWorld, Loaded)>,
    /// The alias and the run of the resource whose completion triggers it.
    completed: Option<(String, u64)>,
    /// The pipelines whose completions led to it, the first one first.
    after: Vec<String>,
}

impl Simulation<'_> {
    async fn run(self, command: &SimulateCommand) -> Result<Exit, Failure> {
        let mut interrupts = Interrupts::receive()?;
        let (copy, prepared) = tokio::select! {
            prepared = self.prepare(command) => prepared?,
            () = interrupts.next() => return Err(Failure::interrupted("interrupted before anything ran")),
        };
        let mut waiting: VecDeque<Triggered> = self.choose(&copy, &prepared)?.into();
        let policies = matches!(prepared.event, RunEvent::PullRequest(_)) && self.kind() == RepositoryKind::AzureRepos;
        let mut ended = Vec::new();
        let mut interrupted = false;
        while let Some(Triggered { name, required, loaded, completed, after }) = waiting.pop_front() {
            let outcome = match loaded {
                _ if interrupted => Outcome::NotRun,
                None => Outcome::Refused,
                Some((pipeline_world, loaded)) => {
                    self.terminal.print([Line::new()]);
                    match self.run_one(pipeline_world, loaded, completed, &mut interrupts).await {
                        Ok((outcome, was_interrupted)) => {
                            interrupted = was_interrupted;
                            outcome
                        }
                        Err(failure) => {
                            failure.print(self.terminal);
                            Outcome::Refused
                        }
                    }
                }
            };
            if let (Outcome::Ran(report), false) = (&outcome, interrupted) {
                waiting.extend(self.completions(&copy, &prepared, report.id, after)?);
            }
            ended.push(Ended { pipeline: name, required, outcome });
        }
        let succeeded = ended.iter().all(Ended::succeeded);
        let waits = ended.iter().all(|one| one.succeeded() || one.waits());
        self.terminal.print([Line::new()]);
        let runs: Vec<u64> = ended.iter().filter_map(Ended::run).collect();
        let images = if interrupted { Vec::new() } else { Box::pin(delivery::lines(self.world, self.azure, &runs)).await? };
        self.terminal.print(simulate::lines(&prepared.title, ended, policies, images));
        Ok(match (interrupted, succeeded) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Success,
            (false, false) if waits => Exit::Waiting,
            (false, false) => Exit::Failed,
        })
    }

    fn kind(&self) -> RepositoryKind {
        self.world.config.repository.kind
    }

    async fn prepare(&self, command: &SimulateCommand) -> Result<(Copy, Prepared), Failure> {
        let repository = &self.world.repository;
        if repository.commit.is_empty() {
            return Err(Failure::refused(format!("the repository has no commit on the branch `{}` yet", short(&repository.branch)))
                .hint("commit something first"));
        }
        let copy = Copy::make(self.env, &self.world.state, &repository.path, &self.named.requested_for).await?;
        let azure = &self.world.config.azure;
        let prepared = match command {
            SimulateCommand::Pr { source, target, draft, .. } => {
                let source = self.branch(source.as_deref(), "simulate pr BRANCH")?;
                let target = target.as_ref().unwrap_or(&self.world.config.repository.default_branch);
                let uri = match self.kind() {
                    RepositoryKind::AzureRepos => {
                        format!("https://dev.azure.com/{}/{}/_git/{}", azure.organization, azure.project, repository.name)
                    }
                    RepositoryKind::GitHub => format!("https://github.com/{}/{}", azure.organization, repository.name),
                };
                simulate::pull_request(&copy, &self.world.state, (source, target), (*draft, uri)).await?
            }
            SimulateCommand::Push { branch, since, .. } => {
                let branch = self.branch(branch.as_deref(), "simulate push BRANCH")?;
                simulate::push(&copy, branch, since.as_deref()).await?
            }
        };
        let kind = match self.kind() {
            RepositoryKind::AzureRepos => "Azure Repos",
            RepositoryKind::GitHub => "GitHub",
        };
        let files = match prepared.changed.len() {
            1 => "1 file changed".to_owned(),
            count => format!("{count} files changed"),
        };
        self.terminal.print([
            Line::new().with(Style::Strong, prepared.title.as_str()).with(Style::Plain, format!(" ({kind})")),
            Line::plain(format!("  {}; {files}", prepared.subject)),
        ]);
        Ok((copy, prepared))
    }

    /// The branch that was named, else the one that is checked out.
    fn branch<'b>(&'b self, given: Option<&'b str>, usage: &str) -> Result<&'b str, Failure> {
        match given {
            Some(branch) => Ok(branch),
            None if self.world.repository.branch.is_empty() => {
                Err(Failure::refused("no branch is checked out (the head is detached), so the event has none")
                    .hint(format!("name one: `slipway {usage}`")))
            }
            None => Ok(&self.world.repository.branch),
        }
    }

    /// Loads the pipelines from the commit, and says which are triggered and why the others are not.
    fn choose(&self, copy: &Copy, prepared: &Prepared) -> Result<Vec<Triggered>, Failure> {
        let policies = matches!(prepared.event, RunEvent::PullRequest(_)) && self.kind() == RepositoryKind::AzureRepos;
        let files = self.files(copy, &prepared.commit)?;
        let declared: Vec<String> = self.definitions().into_iter().flat_map(|definition| declared(&files, definition)).collect();
        parameters::check(&self.named.parameters, &declared)?;
        let mut triggered = Vec::new();
        for definition in self.definitions() {
            let pipeline_world = self.pipeline_world(copy, prepared, definition, &files, prepared.event.clone());
            let choose = |yaml: Yaml<'_>| simulate::select(prepared, self.kind(), &self.world.config.branch_policies, definition, yaml);
            let missing = matches!(files.read(&definition.file), Err(FileError::Missing));
            // A policy decides without the YAML; what is not validated is not even read.
            let decided = if policies { Some(choose(Yaml::Broken)) } else { missing.then(|| choose(Yaml::Missing)) };
            let mut failure = None;
            let loaded = match &decided {
                Some(Choice { triggered: false, .. }) => None,
                _ => match pipeline_world.load(self.terminal) {
                    Ok(loaded) => Some(loaded),
                    Err(problems) => {
                        failure = Some(problems);
                        None
                    }
                },
            };
            let choice = decided.unwrap_or_else(|| {
                choose(loaded.as_ref().map_or(Yaml::Broken, |loaded| Yaml::Triggers(&loaded.pipeline.trigger, &loaded.pipeline.pr)))
            });
            let (word, style) = if choice.triggered { ("triggered", Style::Good) } else { ("not triggered", Style::Faint) };
            self.terminal.print([Line::plain(format!("  {}: ", definition.name))
                .with(style, word)
                .with(Style::Plain, format!(": {}", choice.reason))]);
            if policies && has_pr(&pipeline_world) {
                self.terminal.print([Line::plain(format!(
                    "    `pr:` in {} is ignored: in Azure Repos only branch policies build pull requests",
                    definition.file
                ))]);
            }
            if let Some(failure) = failure {
                failure.print(self.terminal);
            }
            if choice.triggered {
                let mut pipeline_world = pipeline_world;
                if let RunEvent::Push { batched } = &mut pipeline_world.event {
                    *batched = choice.batched;
                }
                triggered.push(Triggered {
                    name: definition.name.clone(),
                    required: choice.required,
                    loaded: loaded.map(|loaded| (pipeline_world, loaded)),
                    completed: None,
                    after: Vec::new(),
                });
            }
        }
        Ok(triggered)
    }

    /// The pipelines in the order of their ids.
    fn definitions(&self) -> Vec<&PipelineDefinition> {
        let mut definitions: Vec<&PipelineDefinition> = self.world.config.pipelines.iter().collect();
        definitions.sort_by_key(|definition| definition.id);
        definitions
    }

    /// The files of a commit.
    fn files(&self, copy: &Copy, commit: &str) -> Result<Arc<dyn Files>, Failure> {
        let copied = GitRepository::at(self.env, &copy.repository());
        let files = copied.ok_or_else(|| "it is gone".to_owned()).and_then(|copied| copied.files(commit));
        files.map_err(|reason| Failure::refused(format!("the temporary copy `{}` cannot be read: {reason}", copy.repository().display())))
    }

    /// A pipeline with its YAML in `files`, for a run of the commit that is built.
    fn pipeline_world(
        &self,
        copy: &Copy,
        prepared: &Prepared,
        definition: &PipelineDefinition,
        files: &Arc<dyn Files>,
        event: RunEvent,
    ) -> PipelineWorld {
        let mut named = self.named.clone();
        let declared = declared(files, definition);
        named.parameters.retain(|(name, _)| parameters::declares(&declared, name));
        PipelineWorld {
            world: World {
                repository: self.repository(copy, prepared),
                config: self.world.config.clone(),
                config_file: self.world.config_file.clone(),
                state: self.world.state.clone(),
            },
            file: definition.file.clone(),
            id: Some(definition.id),
            name: definition.name.clone(),
            folder: definition.folder.clone(),
            event,
            pipeline_runs: Vec::new(),
            files: Arc::clone(files),
            packages: self.packages.clone(),
            named,
        }
    }

    /// What the runs build.
    fn repository(&self, copy: &Copy, prepared: &Prepared) -> Repository {
        let repository = &self.world.repository;
        Repository {
            path: repository.path.clone(),
            provider: match self.kind() {
                RepositoryKind::AzureRepos => Provider::AzureRepos,
                RepositoryKind::GitHub => Provider::GitHub,
            },
            source: Source::Commit { url_or_path: copy.repository().display().to_string(), reference: prepared.reference.clone() },
            name: repository.name.clone(),
            branch: prepared.reference.clone(),
            commit: prepared.commit.clone(),
            message: prepared.message.lines().next().unwrap_or_default().to_owned(),
            uncommitted: Vec::new(),
        }
    }

    async fn run_one(
        &self,
        mut pipeline_world: PipelineWorld,
        loaded: Loaded,
        completed: Option<(String, u64)>,
        interrupts: &mut Interrupts,
    ) -> Result<(Outcome, bool), Failure> {
        pipeline_world.pipeline_runs = resources::resolve(&pipeline_world, &loaded.pipeline, completed.as_slice())?;
        let options = &self.arguments.options;
        let node: PathBuf = node_for(self.env, options, &pipeline_world, &loaded.pipeline).await?;
        let groups = groups::for_run(&pipeline_world.world, &loaded.pipeline, self.terminal)?;
        let executed =
            execute((self.env, options, self.terminal), (pipeline_world, loaded), (self.azure, groups, node), interrupts).await?;
        let report = record::report(&self.world.state, executed.summary.id)?;
        Ok((Outcome::Ran(Box::new(report)), executed.interrupted))
    }
}

/// The parameters that a pipeline declares.
fn declared(files: &Arc<dyn Files>, definition: &PipelineDefinition) -> Vec<String> {
    parameters::declared(&definition.file, &files.read(&definition.file).unwrap_or_default())
}

/// Whether the pipeline's file has a `pr:`; what is wrong with it is said elsewhere.
fn has_pr(pipeline: &PipelineWorld) -> bool {
    let text = pipeline.files.read(&pipeline.file).unwrap_or_default();
    matches!(yaml::parse(pipeline.file.as_str(), &text), Ok(Some(root)) if root.get("pr").is_some())
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}
