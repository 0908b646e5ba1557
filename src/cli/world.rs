//! What a pipeline lives in: its repository, `slipway.local.yml`, the state folder, the task packages. Found in the same
//! way by every command that names a pipeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_pipelines::{
    ConnectionCatalog, FileError, Files, LoadRequest, Pipeline, Repositories, RepositoryError, RepositoryResource, VariableGroupCatalog,
};
use slipway_runner::{Repository, RunEvent};
use slipway_standin::Config;

use crate::arguments::{Sources, StateArguments, Surroundings};
use crate::env::Env;
use crate::failure::Failure;
use crate::local_config::{self, LocalConfig};
use crate::packages::Packages;
use crate::repository;
use crate::state::StateFolder;
use crate::terminal::Terminal;

/// The kind of the service connections that the stand-in makes.
const AZURE_RM: &str = "AzureRM";

/// Where a pipeline is run.
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
    /// Its name: its file's, without extension, or what `slipway.local.yml` calls it.
    pub(crate) name: String,
    /// Its folder, `\shop`.
    pub(crate) folder: String,
    /// What it is started by.
    pub(crate) event: RunEvent,
    /// Its task packages.
    pub(crate) packages: Packages,
}

impl PipelineWorld {
    /// Finds what the arguments name.
    pub(crate) async fn find(env: &Env, sources: &Sources) -> Result<Self, Failure> {
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
        let name = Path::new(&file).file_stem().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
        Ok(Self { file, name, folder: "\\".to_owned(), event: RunEvent::Manual, packages, world })
    }
}

impl PipelineWorld {
    /// The pipeline, expanded and checked. Warnings are printed, errors are the failure.
    pub(crate) fn load(&self, terminal: &Terminal) -> Result<Pipeline, Failure> {
        let files = RepositoryFiles(&self.world.repository.path);
        let source = |file: &str| files.read(file).ok();
        let loaded = slipway_pipelines::load(&LoadRequest {
            file: &self.file,
            files: &files,
            repositories: &NoRepositories,
            parameters: &[],
            variables: &[],
            tasks: &self.packages,
            connections: &Connections(&self.world.config.azure),
            groups: &Groups(&self.world.config),
        })
        .map_err(|diagnostics| Failure::diagnostics(&diagnostics, &source))?;
        terminal.print_error(loaded.warnings.render(&source).lines());
        Ok(loaded.pipeline)
    }

    /// Whether a step of the pipeline is started by Node: a task of a package. Those that the runner brings are not.
    pub(crate) fn needs_node(&self, pipeline: &Pipeline) -> bool {
        let steps = pipeline.stages.iter().flat_map(|stage| &stage.jobs).flat_map(|job| &job.steps);
        let packaged = |id: &str| self.packages.all().iter().any(|package| package.definition.id.eq_ignore_ascii_case(id));
        steps.into_iter().any(|step| packaged(&step.task.id))
    }
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

    async fn around(env: &Env, file: &Path, config: Option<&Path>, state: Option<&Path>) -> Result<Self, Failure> {
        let repository = repository::around(env, file).await?;
        let state = StateFolder::locate(env, state, &repository.path)?;
        let (config, config_file) = read_config(env, config, &repository)?;
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
    let config = local_config::read(&text, &name, &repository.name, &|file| repository.path.join(file).is_file())
        // Without the lines themselves: somebody may have put a secret there.
        .map_err(|diagnostics| Failure::diagnostics(&diagnostics, &|_| None))?;
    Ok((config, Some(path)))
}

/// The files of a repository, for the pipeline language.
struct RepositoryFiles<'a>(&'a Path);

impl Files for RepositoryFiles<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => FileError::Missing,
            _ => FileError::Unreadable(error.to_string()),
        })
    }
}

/// No other repository is known.
struct NoRepositories;

impl Repositories for NoRepositories {
    fn open(&self, repository: &RepositoryResource) -> Result<Arc<dyn Files>, RepositoryError> {
        let message = format!("the repository `{}` is not known", repository.name);
        Err(RepositoryError { message, hint: "only templates of this repository can be used".to_owned() })
    }
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

impl ConnectionCatalog for Connections<'_> {
    fn resolve(&self, kind: &str, name_or_id: &str) -> Option<String> {
        let connections = if kind == AZURE_RM { self.0.connections.as_slice() } else { &[] };
        connections
            .iter()
            .map(|connection| (connection, slipway_standin::connection_id(self.0, &connection.name)))
            .find(|(connection, id)| connection.name.eq_ignore_ascii_case(name_or_id) || id.eq_ignore_ascii_case(name_or_id))
            .map(|(_, id)| id)
    }

    fn names(&self, kind: &str) -> Vec<String> {
        if kind == AZURE_RM { self.0.connections.iter().map(|connection| connection.name.clone()).collect() } else { Vec::new() }
    }
}
