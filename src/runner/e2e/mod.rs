//! Tests of whole runs: pipelines of scripts and of small Node tasks, through [`crate::run::run_at`].

mod approvals;
mod artifacts;
mod cancelling;
mod commands;
mod dependencies;
mod deployments;
mod environment;
mod events;
mod groups;
mod jobs;
mod node;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway_model::{AzureEndpoint, ServiceConnection};
use slipway_pipelines::{
    Condition, ConditionKind, Job, JobKind, Pipeline, Place, Pool, Stage, Step, StepTarget, TaskUse, Trigger, Variable, VariableItem,
    WorkspaceClean,
};

use crate::approval::{Answer, Approvals, Decision, Environment};
use crate::cancellation::Cancellation;
use crate::consumed::ConsumedRun;
use crate::error::RunError;
use crate::event::{Event, TaskResult};
use crate::request::{PipelineVariable, Repository, RunRequest, TaskPackage, VariableGroup};
use crate::run::{Pace, RunOutcome, RunSummary, resume_at, run_at};
use crate::run_event::{Provider, RunEvent, Source};
use crate::store::{RunRecord, StepRecord, Store};

/// Folders of a test, and what its run is made of.
pub(super) struct Bench {
    pub(super) folder: tempfile::TempDir,
    pub(super) pipeline: Pipeline,
    pub(super) tasks: Vec<TaskPackage>,
    pub(super) connections: Vec<ServiceConnection>,
    pub(super) variables: Vec<PipelineVariable>,
    pub(super) groups: Vec<VariableGroup>,
    pub(super) pipeline_runs: Vec<ConsumedRun>,
    pub(super) azure: Option<AzureEndpoint>,
    pub(super) agents: usize,
    pub(super) debug: bool,
    pub(super) strict: bool,
    pub(super) environments: Vec<Environment>,
    /// Who answers; the run stops without.
    pub(super) answers: Answers,
    pub(super) file: String,
    pub(super) commit: String,
    pub(super) uncommitted: Vec<String>,
    pub(super) event: RunEvent,
    pub(super) provider: Provider,
    pub(super) source: Source,
    pub(super) branch: &'static str,
    pub(super) cancellation: Cancellation,
    /// Cancels when a step prints this line; each time.
    pub(super) cancel_on: Option<&'static str>,
    pub(super) minute: Duration,
}

/// Who answers the questions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// All of them so.
    All(Decision),
    /// Somebody is asked, takes a moment, and says yes. Two questions at once are a mistake.
    AllOneByOne,
    /// Nobody is there.
    Nobody,
    /// Somebody is asked and thinks about it for ever.
    Thinking,
    /// Somebody is asked, and cancels the run instead.
    Cancels,
}

impl Answers {
    fn approvals(self, cancellation: &Cancellation) -> Approvals {
        let cancellation = cancellation.clone();
        match self {
            Self::All(decision) => Approvals::Answer(answer(decision)),
            Self::AllOneByOne => {
                let asking = std::rc::Rc::new(std::cell::Cell::new(false));
                Approvals::Ask(Box::new(move |_| {
                    let asking = asking.clone();
                    Box::pin(async move {
                        assert!(!asking.replace(true), "asked while another question is open");
                        tokio::task::yield_now().await;
                        asking.set(false);
                        Some(answer(Decision::Approve))
                    })
                }))
            }
            Self::Nobody => Approvals::Stop,
            Self::Thinking => Approvals::Ask(Box::new(|_| Box::pin(std::future::pending()))),
            Self::Cancels => Approvals::Ask(Box::new(move |_| {
                cancellation.cancel();
                Box::pin(std::future::pending())
            })),
        }
    }
}

pub(super) fn answer(decision: Decision) -> Answer {
    Answer { decision, by: "ada".into(), comment: "looked at it".into() }
}

/// What is left of a run.
pub(super) struct Ran {
    pub(super) summary: RunSummary,
    pub(super) record: RunRecord,
    pub(super) events: Vec<Event>,
    pub(super) folder: PathBuf,
}

impl Bench {
    /// One job `j` in one stage `s` with these steps.
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self::of_jobs(vec![job("j", steps)])
    }

    pub(super) fn of_jobs(jobs: Vec<Job>) -> Self {
        Self::of_stages(vec![stage("s", &[], jobs)])
    }

    pub(super) fn of_stages(stages: Vec<Stage>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("repository")).unwrap();
        Self {
            folder,
            pipeline: Pipeline {
                name: Some("$(Build.BuildId)".into()),
                trigger: Trigger::Default,
                pr: Trigger::Default,
                pipeline_resources: vec![],
                variables: vec![],
                stages,
            },
            tasks: vec![],
            connections: vec![],
            variables: vec![],
            groups: vec![],
            pipeline_runs: vec![],
            azure: None,
            agents: 1,
            debug: false,
            strict: false,
            environments: vec![],
            answers: Answers::Nobody,
            file: "ci.yml".into(),
            commit: String::new(),
            uncommitted: vec![],
            event: RunEvent::Manual,
            provider: Provider::AzureRepos,
            source: Source::WorkTree,
            branch: "refs/heads/main",
            cancellation: Cancellation::new(),
            cancel_on: None,
            minute: Duration::from_secs(60),
        }
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Adds a task package with one file, `index.js`, as its only handler.
    pub(super) fn task(&mut self, name: &str, script: &str, more: serde_json::Value) {
        let folder = self.path("packages").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("index.js"), script).unwrap();
        let mut definition = serde_json::json!({
            "id": task_id(name),
            "name": name,
            "friendlyName": format!("The task {name}"),
            "version": {"Major": 1, "Minor": 0, "Patch": 0},
            "execution": {"Node20_1": {"target": "index.js"}, "Node24": {"target": "index.js"}},
        });
        if let (Some(definition), serde_json::Value::Object(more)) = (definition.as_object_mut(), more) {
            definition.extend(more);
        }
        fs::write(folder.join("task.json"), definition.to_string()).unwrap();
        self.tasks.push(TaskPackage { folder, definition: serde_json::from_value(definition).unwrap() });
    }

    pub(super) async fn try_run(&self) -> Result<Ran, RunError> {
        self.try_start(None).await
    }

    /// Goes on with a run that waits.
    pub(super) async fn resume(&self, id: u64, answer: Option<Answer>) -> Ran {
        self.try_start(Some((id, answer))).await.unwrap()
    }

    pub(super) async fn try_start(&self, resumed: Option<(u64, Option<Answer>)>) -> Result<Ran, RunError> {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (sink, cancellation, cancel_on) = (events.clone(), self.cancellation.clone(), self.cancel_on);
        let request = RunRequest {
            pipeline: self.pipeline.clone(),
            pipeline_name: "ci".into(),
            pipeline_id: None,
            pipeline_folder: "\\".into(),
            pipeline_file: self.file.clone(),
            event: self.event.clone(),
            repository: Repository {
                path: self.path("repository"),
                provider: self.provider,
                source: self.source.clone(),
                name: "repository".into(),
                branch: if self.commit.is_empty() { String::new() } else { self.branch.into() },
                commit: self.commit.clone(),
                message: String::new(),
                uncommitted: self.uncommitted.clone(),
            },
            tasks: self.tasks.clone(),
            connections: self.connections.clone(),
            variables: self.variables.clone(),
            groups: self.groups.clone(),
            environments: self.environments.clone(),
            approvals: self.answers.approvals(&self.cancellation),
            pipeline_runs: self.pipeline_runs.clone(),
            azure: self.azure.clone(),
            state: self.path("state"),
            agents: self.agents,
            node: node(),
            environment: vec![("PATH".into(), path()), ("HOME".into(), self.path("home").display().to_string())],
            debug: self.debug,
            requested_for: "Somebody".into(),
            strict: self.strict,
            events: Arc::new(move |event| {
                if let Event::StepOutput { line, .. } = &event
                    && Some(line.as_str()) == cancel_on
                {
                    cancellation.cancel();
                }
                sink.lock().unwrap().push(event);
            }),
        };
        let pace = Pace { minute: self.minute, retry: Duration::from_millis(1) };
        let summary = match resumed {
            None => run_at(request, self.cancellation.clone(), pace).await?,
            Some(resumed) => resume_at(request, resumed, self.cancellation.clone(), pace).await?,
        };
        let record = Store::new(&self.path("state")).run(summary.id).unwrap();
        let events = events.lock().unwrap().clone();
        Ok(Ran { folder: summary.folder.clone(), summary, record, events })
    }

    pub(super) async fn run(&self) -> Ran {
        self.try_run().await.unwrap()
    }
}

impl Ran {
    pub(super) fn result(&self) -> TaskResult {
        match &self.summary.outcome {
            RunOutcome::Completed(result) => *result,
            RunOutcome::Waiting(questions) => panic!("waits for {questions:?}"),
        }
    }

    /// The record of the n-th step of the first job.
    pub(super) fn step(&self, index: usize) -> &StepRecord {
        &self.record.stages[0].jobs[0].steps[index]
    }

    /// The lines of a step of the first job as they were told, without what frames them.
    pub(super) fn lines(&self, index: usize) -> Vec<String> {
        self.job_lines("s", "j", index)
    }

    pub(super) fn job_lines(&self, stage: &str, name: &str, index: usize) -> Vec<String> {
        let lines = self.events.iter().filter_map(|event| match event {
            Event::StepOutput { job, step, line } if *step == index && job.stage == stage && job.job == name => Some(line.clone()),
            _ => None,
        });
        let framed = |line: &String| {
            !line.starts_with("======")
                && !line.starts_with("Task    ")
                && !line.starts_with("Version ")
                && !line.starts_with("##[section]")
                && !line.starts_with("[command]bash")
                && !matches!(line.as_str(), "Generating script." | "Script contents:")
        };
        lines.filter(framed).collect()
    }

    /// Results of all jobs, as `stage.job`.
    pub(super) fn jobs(&self) -> Vec<(String, TaskResult)> {
        let jobs = self
            .record
            .stages
            .iter()
            .flat_map(|stage| stage.jobs.iter().map(move |job| (format!("{}.{}", stage.name, job.name), job.result.unwrap())));
        jobs.collect()
    }

    /// All files of the run's folder and of the agents, as text.
    pub(super) fn everything(&self, bench: &Bench) -> String {
        let mut text = String::new();
        for folder in [self.folder.clone(), bench.path("state/agents")] {
            for file in crate::files::files_below(&folder).unwrap() {
                text.push_str(&String::from_utf8_lossy(&fs::read(folder.join(file)).unwrap_or_default()));
            }
        }
        text + &format!("{:?}", self.events)
    }
}

/// Node and the PATH of the machine.
#[expect(clippy::disallowed_methods, reason = "the tests' door to the environment")]
pub(super) fn path() -> String {
    std::env::var("PATH").unwrap()
}

pub(super) fn node() -> PathBuf {
    let path = path();
    let found = path.split(':').map(|folder| Path::new(folder).join("node")).find(|node| node.exists());
    found.expect("Node must be in the PATH: run ./scripts/test")
}

pub(super) fn place() -> Place {
    Place { file: "ci.yml".into(), line: 1, column: 1 }
}

pub(super) fn task_id(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

pub(super) fn variable(name: &str, value: &str) -> VariableItem {
    VariableItem::Variable(Variable { name: name.into(), value: value.into(), read_only: false, place: place() })
}

pub(super) fn stage(name: &str, depends_on: &[&str], jobs: Vec<Job>) -> Stage {
    Stage {
        name: name.into(),
        display_name: name.into(),
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        condition: stage_condition("succeeded()"),
        variables: vec![],
        jobs,
        place: place(),
    }
}

pub(super) fn job(name: &str, steps: Vec<Step>) -> Job {
    Job {
        name: name.into(),
        display_name: name.into(),
        depends_on: vec![],
        condition: job_condition("succeeded()"),
        continue_on_error: false,
        timeout_in_minutes: 60,
        cancel_timeout_in_minutes: 5,
        variables: vec![],
        kind: JobKind::Agent,
        matrix: None,
        pool: Pool::default(),
        workspace_clean: WorkspaceClean::None,
        steps,
        place: place(),
    }
}

pub(super) fn task(name: &str, inputs: &[(&str, &str)]) -> Step {
    Step {
        name: name.into(),
        display_name: format!("Step {name}"),
        condition: step_condition("succeeded()"),
        continue_on_error: false,
        enabled: true,
        env: vec![],
        timeout_in_minutes: 0,
        retry_count_on_task_failure: 0,
        target: StepTarget::default(),
        task: TaskUse {
            reference: format!("{name}@1"),
            id: task_id(name),
            name: name.into(),
            version: "1.0.0".into(),
            inputs: inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        },
        place: place(),
    }
}

/// A script step. (The script has two lines, so that it is not printed.)
pub(super) fn script(text: &str) -> Step {
    task("CmdLine", &[("script", &format!(":\n{text}"))])
}

pub(super) fn step_condition(text: &str) -> Condition {
    Condition::parse(text, ConditionKind::Step, place()).unwrap()
}

pub(super) fn job_condition(text: &str) -> Condition {
    Condition::parse(text, ConditionKind::Job, place()).unwrap()
}

pub(super) fn stage_condition(text: &str) -> Condition {
    Condition::parse(text, ConditionKind::Stage, place()).unwrap()
}
