//! `slipway runs resume N`.

use std::path::Path;
use std::sync::Arc;

use slipway_runner::{RunState, Source, Store};

use crate::arguments::{AnswerOptions, RunOptions, StateArguments, Surroundings};
use crate::azure::Azure;
use crate::env::Env;
use crate::execution::{go_on, node_for};
use crate::failure::{Exit, Failure};
use crate::git_objects::GitRepository;
use crate::interrupt::Interrupts;
use crate::repositories::FolderFiles;
use crate::state::StateFolder;
use crate::stopped::{Stopped, fingerprint, source};
use crate::terminal::Terminal;
use crate::text::{Line, Style};
use crate::world::{Named, PipelineWorld, World, state_here};
use crate::{delivery, groups, record};

/// Goes on with a run that waits for an answer.
pub(crate) async fn resume(
    env: &Env,
    run: u64,
    answer: AnswerOptions,
    state: &StateArguments,
    terminal: &Arc<Terminal>,
) -> Result<Exit, Failure> {
    let state = state_here(env, state).await?;
    super::runs::exists(&state, run)?;
    let _lock = state.lock(&format!("slipway runs resume {run}"))?;
    let folder = waiting(&state, run)?;
    let stopped = Stopped::read(&folder)?;
    let options = RunOptions { agents: stopped.agents, debug: stopped.debug, strict: stopped.strict, node: stopped.node.clone(), answer };
    let here = world(env, &state, &folder, run, &stopped).await?;
    let loaded = here.load(terminal)?;
    if fingerprint(&loaded.expanded) != stopped.pipeline {
        return Err(Failure::refused(format!("`{}`, or what it includes, is not what it was when run {run} stopped", here.file))
            .hint("put it back as it was, or run the pipeline again"));
    }
    if stopped.commit.is_none() {
        compare_work_trees(&here.world, run, terminal)?;
    }
    let node = node_for(env, &options, &here, &loaded.pipeline).await?;
    let azure = Azure::for_run(&here.world, options.strict, terminal).await?;
    let groups = groups::for_run(&here.world, &loaded.pipeline, terminal)?;
    let mut interrupts = Interrupts::receive()?;
    let images_of = here.pipeline_runs.iter().map(|consumed| consumed.run).chain([run]).collect::<Vec<_>>();
    let in_world = here.world.clone();
    let executed = go_on(run, (env, &options, terminal), (here, loaded), (&azure, groups, node), &mut interrupts).await;
    let images = match &executed {
        Ok(executed) if executed.exit() != Exit::Interrupted => Box::pin(delivery::lines(&in_world, &azure, &images_of)).await,
        _ => Ok(Vec::new()),
    };
    azure.stop().await;
    let (executed, images) = (executed?, images?);
    terminal.print([Line::new()]);
    terminal.print(record::report(&state, run)?.lines());
    if !images.is_empty() {
        terminal.print([Line::new()]);
        terminal.print(images);
    }
    Ok(executed.exit())
}

/// The folder of the run, if it waits.
fn waiting(state: &StateFolder, run: u64) -> Result<std::path::PathBuf, Failure> {
    let store = Store::new(state.path());
    let record = store.run(run).map_err(|error| Failure::refused(error.to_string()))?;
    match record.state {
        RunState::Waiting => Ok(store.folder_of(run)),
        RunState::Completed => {
            let result = record.result.map_or("over", crate::live::result_word);
            Err(Failure::refused(format!("run {run} waits for nothing: it is over ({result})"))
                .hint("`slipway runs` lists those that wait"))
        }
        RunState::InProgress => {
            Err(Failure::refused(format!("run {run} waits for nothing: its process was killed while it ran"))
                .hint("run the pipeline again"))
        }
    }
}

/// Says where the work tree, of which a run goes on, is not the one that it began with.
fn compare_work_trees(world: &World, run: u64, terminal: &Terminal) -> Result<(), Failure> {
    let record = Store::new(world.state.path()).run(run).map_err(|error| Failure::refused(error.to_string()))?;
    let repository = &world.repository;
    let short = |commit: &str| commit.get(..8).unwrap_or(commit).to_owned();
    let difference = if record.commit != repository.commit {
        format!("it was at commit {} and is at {}", short(&record.commit), short(&repository.commit))
    } else if record.uncommitted != repository.uncommitted {
        "its uncommitted changes are others".to_owned()
    } else {
        return Ok(());
    };
    let message = format!("the work tree is not the one that run {run} began with ({difference}); `checkout: self` takes it as it is now");
    terminal.print_error([Line::new().with(Style::Remark, "warning: ").with(Style::Plain, message)]);
    Ok(())
}

/// The pipeline as it was when the run stopped.
async fn world(env: &Env, state: &StateFolder, folder: &Path, run: u64, stopped: &Stopped) -> Result<PipelineWorld, Failure> {
    let file = stopped.repository.join(&stopped.file);
    let mut world = World::around(env, &file, stopped.config.as_deref(), Some(state.path())).await?;
    world.state = state.clone();
    let surroundings = Surroundings {
        config: stopped.config.clone(),
        state: None,
        tasks: stopped.tasks.clone(),
        repositories: stopped.repositories.clone(),
        parameters: stopped.parameters.clone(),
        variables: stopped.variables.clone(),
    };
    let packages = world.packages(env, &surroundings)?;
    let mut named = Named::new(env, &world, &surroundings, stopped.strict);
    let files: Arc<dyn slipway_pipelines::Files> = match &stopped.commit {
        None => Arc::new(FolderFiles(world.repository.path.clone())),
        Some(commit) => {
            let copy = source(folder);
            let files = GitRepository::at(env, &copy).ok_or_else(|| "it is gone".to_owned()).and_then(|copy| copy.files(&commit.id));
            let files = files.map_err(|reason| {
                Failure::refused(format!("the commit of run {run} cannot be read from `{}`: {reason}", copy.display()))
                    .hint("simulate the event again")
            })?;
            world.repository.source = Source::Commit { url_or_path: copy.display().to_string(), reference: commit.reference.clone() };
            world.repository.branch.clone_from(&commit.reference);
            world.repository.commit.clone_from(&commit.id);
            world.repository.message.clone_from(&commit.message);
            world.repository.uncommitted.clear();
            files
        }
    };
    let record = Store::new(state.path()).run(run).map_err(|error| Failure::refused(error.to_string()))?;
    named.requested_for.clone_from(&record.requested_for);
    let definition = world.config.pipelines.iter().find(|definition| definition.name == record.pipeline && definition.file == stopped.file);
    Ok(PipelineWorld {
        file: stopped.file.clone(),
        id: definition.map(|definition| definition.id),
        name: record.pipeline.clone(),
        folder: definition.map_or_else(|| "\\".to_owned(), |definition| definition.folder.clone()),
        event: stopped.event.clone(),
        pipeline_runs: record.pipeline_runs,
        files,
        packages,
        named,
        world,
    })
}
