//! What the completion of a run triggers: the pipelines that have it as a resource with a `trigger`.

use std::sync::Arc;

use slipway_pipelines::{FileError, Files, Pipeline};
use slipway_runner::{RunEvent, RunRecord, Store};

use super::{Simulation, Triggered};
use crate::failure::Failure;
use crate::local_config::PipelineDefinition;
use crate::simulate::{self, Clone as Copy, Prepared, Version};
use crate::text::{Line, Style};

impl Simulation<'_> {
    /// The pipelines that the completion of a run triggers, with what is said of those that it might have triggered. `after`
    /// are the pipelines whose completions led to that run.
    pub(super) fn completions(
        &self,
        copy: &Copy,
        prepared: &Prepared,
        run: u64,
        mut after: Vec<String>,
    ) -> Result<Vec<Triggered>, Failure> {
        if !matches!(prepared.event, RunEvent::Push { .. }) {
            return Ok(Vec::new());
        }
        let record = Store::new(self.world.state.path()).run(run).map_err(|error| Failure::refused(error.to_string()))?;
        let built = self.files(copy, &prepared.commit)?;
        after.push(record.pipeline.clone());
        let mut triggered = Vec::new();
        let mut lines = Vec::new();
        for definition in self.definitions() {
            let Some(choice) = self.completion(copy, prepared, definition, (&record, &built)) else { continue };
            let again = after.iter().any(|name| name.eq_ignore_ascii_case(&definition.name));
            let (word, style, reason) = match &choice.alias {
                Some(_) if again => {
                    let chain = after.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
                    ("not triggered again", Style::Remark, format!("in Azure DevOps this would never end: {chain} → `{}`", definition.name))
                }
                Some(_) => ("triggered", Style::Good, choice.reason),
                None => ("not triggered", Style::Faint, choice.reason),
            };
            lines.push(Line::plain(format!("  {}: ", definition.name)).with(style, word).with(Style::Plain, format!(": {reason}")));
            if let (Some(alias), false) = (choice.alias, again) {
                triggered.push((definition, alias));
            }
        }
        if !lines.is_empty() {
            let title = format!("completion of {}, run {run}", record.pipeline);
            self.terminal.print([Line::new(), Line::new().with(Style::Strong, title)]);
            self.terminal.print(lines);
        }
        let load = |(definition, alias): (&PipelineDefinition, String)| {
            let event = RunEvent::PipelineCompletion { alias: alias.clone() };
            let pipeline_world = self.pipeline_world(copy, prepared, definition, &built, event);
            let loaded = match pipeline_world.load(self.terminal) {
                Ok(loaded) => Some((pipeline_world, loaded)),
                Err(failure) => {
                    failure.print(self.terminal);
                    None
                }
            };
            Triggered { name: definition.name.clone(), required: false, loaded, completed: Some((alias, run)), after: after.clone() }
        };
        Ok(triggered.into_iter().map(load).collect())
    }

    /// What the completion of a run means to a pipeline; nothing where the two have nothing to do with each other.
    fn completion(
        &self,
        copy: &Copy,
        prepared: &Prepared,
        definition: &PipelineDefinition,
        (run, built): (&RunRecord, &Arc<dyn Files>),
    ) -> Option<simulate::Completion> {
        // The service looks for triggers in the YAML of the default branch (facts/pipeline-yaml.md 2.12).
        let branch = format!("refs/heads/{}", definition.default_branch);
        let look = |files: &Arc<dyn Files>| self.look(copy, prepared, definition, files);
        let builds = look(built);
        let elsewhere = (branch != prepared.reference).then(|| self.files(copy, &branch).map_or(Read::Missing, |files| look(&files)));
        let decides = elsewhere.as_ref().unwrap_or(&builds);
        let names: Vec<&str> = self.world.config.pipelines.iter().map(|definition| definition.name.as_str()).collect();
        simulate::completion(definition, (decides.version(), builds.version()), run, &names)
    }

    fn look(&self, copy: &Copy, prepared: &Prepared, definition: &PipelineDefinition, files: &Arc<dyn Files>) -> Read {
        if matches!(files.read(&definition.file), Err(FileError::Missing)) {
            return Read::Missing;
        }
        let pipeline = self.pipeline_world(copy, prepared, definition, files, RunEvent::Manual).look();
        pipeline.map_or(Read::Broken, |pipeline| Read::Pipeline(Box::new(pipeline)))
    }
}

/// A version of a pipeline's YAML.
enum Read {
    Missing,
    Broken,
    Pipeline(Box<Pipeline>),
}

impl Read {
    fn version(&self) -> Version<'_> {
        match self {
            Self::Missing => Version::Missing,
            Self::Broken => Version::Broken,
            Self::Pipeline(pipeline) => Version::Resources(&pipeline.pipeline_resources),
        }
    }
}
