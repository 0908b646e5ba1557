//! What a pipeline lives in: its repository, `slipway.local.yml`, the state folder, the task packages. Found in the same
//! way by every command that names a pipeline.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use slipway_pipelines::{ConnectionCatalog, Diagnostics, Expanded, Files, LoadRequest, Loaded, Pipeline, VariableGroupCatalog};
use slipway_runner::{ConsumedRun, Repository, RunEvent};
use slipway_standin::{Config, Connection, ConnectionKind};

use crate::arguments::{Sources, StateArguments, Surroundings};
use crate::env::Env;
use crate::failure::Failure;
use crate::git_objects::GitRepository;
use crate::local_config::{self, LocalConfig};
use crate::packages::Packages;
use crate::repositories::{FolderFiles, MappedRepositories};
use crate::repository;
use crate::state::StateFolder;
use crate::terminal::Terminal;
use crate::text::{Line, Style};

/// Where a pipeline is run.
#[derive(Clone)]
pub(crate) struct World {
    /// The repository.
    pub(crate) repository: Repository,
    /// `slipway.local.yml`, or what holds without it.
    pub(crate) config: LocalConfig,
    /// Its place, where there is one.
    pub(crate) config_file: Option<PathBuf>,
    /// The state folder.
    pub(crate) state: StateFolder,
}

/// A pipeline's file and what it is run in.
pub(crate) struct PipelineWorld {
    /// Where it is run.
    pub(crate) world: World,
    /// The file, from the repository's root.
    pub(crate) file: String,
    /// Its number, where `slipway.local.yml` lists it.
    pub(crate) id: Option<u64>,
    /// Its name: its file's, without extension, or what `slipway.local.yml` calls it.
    pub(crate) name: String,
    /// Its folder, `\shop`.
    pub(crate) folder: String,
    /// What it is started by.
    pub(crate) event: RunEvent,
    /// The runs that its pipeline resources stand for; empty until they are resolved.
    pub(crate) pipeline_runs: Vec<ConsumedRun>,
    /// Where it is read.
    pub(crate) files: Arc<dyn Files>,
    /// Its task packages.
    pub(crate) packages: Packages,
    /// What else it may name or is given.
    pub(crate) named: Named,
}

/// What a pipeline may name besides the repository and the local Azure, and what it is given.
#[derive(Clone)]
pub(crate) struct Named {
    /// Other repositories.
    pub(crate) repositories: Rc<MappedRepositories>,
    /// Values of its parameters.
    pub(crate) parameters: Vec<(String, String)>,
    /// Variables that are set outside of its YAML: of `slipway.local.yml`, and of the command line.
    pub(crate) variables: Vec<(String, String)>,
    /// The person who asks for it.
    pub(crate) requested_for: String,
    /// What the command line names, with whole paths.
    pub(crate) given: Surroundings,
}

impl PipelineWorld {
    /// Finds what the arguments name. `strict`: what is used in place of something else is refused.
    pub(crate) async fn find(env: &Env, sources: &Sources, strict: bool) -> Result<Self, Failure> {
        let file = env.absolute(&sources.file);
        let file = file.canonicalize().map_err(|error| {
            Failure::refused(format!("failed to read the pipeline's file `{}`: {error}", sources.file.display()))
                .hint("name the YAML file of a pipeline, for instance `slipway run azure-pipelines.yml`")
        })?;
        if file.is_dir() {
            return Err(Failure::refused(format!("not a file: `{}`", sources.file.display())).hint("name the YAML file of a pipeline"));
        }
        let world = World::around(env, &file, sources.surroundings.config.as_deref(), sources.surroundings.state.as_deref()).await?;
        let relative = file.strip_prefix(&world.repository.path).map_err(|_| {
            Failure::refused(format!("`{}` is not in the repository `{}`", file.display(), world.repository.path.display()))
        })?;
        let packages = world.packages(env, &sources.surroundings)?;
        let file = relative.to_string_lossy().into_owned();
        let definition = world.config.pipelines.iter().find(|pipeline| pipeline.file == file);
        let id = definition.map(|pipeline| pipeline.id);
        let (name, folder) = match definition {
            Some(pipeline) => (pipeline.name.clone(), pipeline.folder.clone()),
            None => {
                let stem = Path::new(&file).file_stem().map(|name| name.to_string_lossy().into_owned());
                (stem.unwrap_or_else(|| file.clone()), "\\".to_owned())
            }
        };
        let named = Named::new(env, &world, &sources.surroundings, strict);
        let files = Arc::new(FolderFiles(world.repository.path.clone()));
        Ok(Self { file, id, name, folder, event: RunEvent::Manual, pipeline_runs: Vec::new(), files, packages, named, world })
    }
}

impl PipelineWorld {
    /// The pipeline, expanded and checked. Warnings are printed, errors are the failure.
    pub(crate) fn load(&self, terminal: &Terminal) -> Result<Loaded, Failure> {
        self.load_all(terminal).map_err(|diagnostics| self.failure(&diagnostics))
    }

    /// The same with the errors of the language. They are rendered with [`Self::failure`].
    pub(crate) fn load_all(&self, terminal: &Terminal) -> Result<Loaded, Diagnostics> {
        let loaded = self.request(slipway_pipelines::load);
        self.tell(terminal);
        let loaded = loaded?;
        terminal.print_error(loaded.warnings.render(&|file| self.source(file)).lines());
        Ok(loaded)
    }

    /// The pipeline, of which only something is asked: nothing is printed.
    pub(crate) fn look(&self) -> Result<Pipeline, Diagnostics> {
        let loaded = self.request(slipway_pipelines::load);
        self.named.repositories.take_notices();
        loaded.map(|loaded| loaded.pipeline)
    }

    /// The document without templates and `${{ }}`, not checked.
    pub(crate) fn expand(&self) -> Result<Expanded, Diagnostics> {
        self.request(slipway_pipelines::expand)
    }

    /// What is wrong, with the lines.
    pub(crate) fn failure(&self, diagnostics: &Diagnostics) -> Failure {
        Failure::diagnostics(diagnostics, &|file| self.source(file))
    }

    fn request<T>(&self, ask: impl FnOnce(&LoadRequest<'_>) -> T) -> T {
        let azure = &self.world.config.azure;
        let predefined = slipway_runner::compile_time_variables(
            (self.id, &self.name),
            &self.world.repository,
            &self.event,
            &azure.organization,
            &azure.project,
            &self.named.requested_for,
        );
        let variables: Vec<(String, String)> = predefined.into_iter().chain(self.named.variables.iter().cloned()).collect();
        ask(&LoadRequest {
            file: &self.file,
            files: &*self.files,
            repositories: &*self.named.repositories,
            parameters: &self.named.parameters,
            variables: &variables,
            tasks: &self.packages,
            connections: &Connections(azure),
            groups: &Groups(&self.world.config),
        })
    }

    /// Says what people should know of the repositories that were opened.
    fn tell(&self, terminal: &Terminal) {
        for notice in self.named.repositories.take_notices() {
            terminal.print_error([Line::new().with(Style::Remark, "warning: ").with(Style::Plain, notice)]);
        }
    }

    fn source(&self, file: &str) -> Option<String> {
        self.files.read(file).ok()
    }

    /// Whether a step of the pipeline is started by Node: a task of a package. Those that the runner brings are not.
    pub(crate) fn needs_node(&self, pipeline: &Pipeline) -> bool {
        let steps = pipeline.stages.iter().flat_map(|stage| &stage.jobs).flat_map(|job| job.all_steps());
        let packaged = |id: &str| self.packages.all().iter().any(|package| package.definition.id.eq_ignore_ascii_case(id));
        steps.into_iter().any(|step| packaged(&step.task.id))
    }
}

impl Named {
    /// Of the world and the command line.
    pub(crate) fn new(env: &Env, world: &World, surroundings: &Surroundings, strict: bool) -> Self {
        Self {
            repositories: Rc::new(MappedRepositories::new(env, world, &surroundings.repositories, strict)),
            parameters: surroundings.parameters.clone(),
            variables: last_wins(world.config.variables.iter().chain(&surroundings.variables)),
            given: Surroundings {
                config: surroundings.config.as_deref().map(|path| env.absolute(path)),
                tasks: surroundings.tasks.iter().map(|path| env.absolute(path)).collect(),
                repositories: surroundings.repositories.iter().map(|(name, path)| (name.clone(), env.absolute(path))).collect(),
                ..surroundings.clone()
            },
            requested_for: env.text("USER").or_else(|| env.text("LOGNAME")).unwrap_or("local user").to_owned(),
        }
    }
}

/// Names without case; a later value wins.
pub(crate) fn last_wins<'a>(given: impl Iterator<Item = &'a (String, String)>) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for (name, value) in given {
        variables.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        variables.push((name.clone(), value.clone()));
    }
    variables
}

impl World {
    /// The world around the current folder, for commands that name no pipeline.
    pub(crate) async fn here(env: &Env, config: Option<&Path>, state: &StateArguments) -> Result<Self, Failure> {
        Self::around(env, &env.folder().join(local_config::FILE_NAME), config, state.state.as_deref()).await
    }

    /// The task packages that pipelines may name.
    pub(crate) fn packages(&self, env: &Env, surroundings: &Surroundings) -> Result<Packages, Failure> {
        let mut tasks =
            self.config_file.as_deref().and_then(Path::parent).map(|folder| self.config.task_sources(folder)).unwrap_or_default();
        tasks.extend(surroundings.tasks.iter().map(|task| env.absolute(task)));
        Packages::find(&tasks, &self.state.path().join("packages"))
    }

    /// The world around a file.
    pub(crate) async fn around(env: &Env, file: &Path, config: Option<&Path>, state: Option<&Path>) -> Result<Self, Failure> {
        let mut repository = repository::around(env, file).await?;
        let state = StateFolder::locate(env, state, &repository.path)?;
        let (config, config_file) = read_config(env, config, &repository)?;
        repository.provider = config.repository.kind.into();
        Ok(Self { repository, config, config_file, state })
    }
}

/// The state folder of the repository around the current folder.
pub(crate) async fn state_here(env: &Env, arguments: &StateArguments) -> Result<StateFolder, Failure> {
    match &arguments.state {
        Some(_) => StateFolder::locate(env, arguments.state.as_deref(), env.folder()),
        None => {
            let repository = repository::around(env, &env.folder().join(local_config::FILE_NAME)).await?;
            StateFolder::locate(env, None, &repository.path)
        }
    }
}

fn read_config(env: &Env, given: Option<&Path>, repository: &Repository) -> Result<(LocalConfig, Option<PathBuf>), Failure> {
    let path = given.map_or_else(|| repository.path.join(local_config::FILE_NAME), |given| env.absolute(given));
    if given.is_none() && !path.exists() {
        return Ok((LocalConfig::without_file(&repository.name), None));
    }
    let name = given.map_or_else(|| local_config::FILE_NAME.to_owned(), |given| given.display().to_string());
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::refused(format!("failed to read the description of the local Azure `{name}`: {error}"))
            .hint("docs/slipway-local-yml.md has a complete example")
    })?;
    // A pipeline may be new on a branch that is not checked out.
    let on_a_branch = |file: &str| GitRepository::at(env, &repository.path).is_some_and(|git| git.has_on_a_branch(file));
    let exists = |file: &str| repository.path.join(file).is_file() || on_a_branch(file);
    let config = local_config::read(&text, &name, &repository.name, &exists)
        // Without the lines themselves: somebody may have put a secret there.
        .map_err(|diagnostics| Failure::diagnostics(&diagnostics, &|_| None))?;
    Ok((config, Some(path)))
}

/// The variable groups of `slipway.local.yml`, for the pipeline language.
struct Groups<'a>(&'a LocalConfig);

impl VariableGroupCatalog for Groups<'_> {
    fn names(&self) -> Vec<String> {
        self.0.variable_groups.iter().map(|group| group.name.clone()).collect()
    }
}

/// The service connections of `slipway.local.yml`, for the pipeline language.
struct Connections<'a>(&'a Config);

impl Connections<'_> {
    /// Those of a kind, as `connectedService:` inputs name it.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Connection> {
        self.0.connections.iter().filter(move |connection| {
            let own = match connection.kind {
                ConnectionKind::AzureResourceManager => "AzureRM",
                ConnectionKind::ContainerRegistry { .. } | ConnectionKind::RegistryAdmin { .. } => "dockerregistry",
            };
            own.eq_ignore_ascii_case(kind)
        })
    }
}

impl ConnectionCatalog for Connections<'_> {
    fn resolve(&self, kind: &str, name_or_id: &str) -> Option<String> {
        self.of_kind(kind)
            .map(|connection| (connection, slipway_standin::connection_id(self.0, &connection.name)))
            .find(|(connection, id)| connection.name.eq_ignore_ascii_case(name_or_id) || id.eq_ignore_ascii_case(name_or_id))
            .map(|(_, id)| id)
    }

    fn names(&self, kind: &str) -> Vec<String> {
        self.of_kind(kind).map(|connection| connection.name.clone()).collect()
    }
}
