//! What has happened in a run so far.

use std::collections::VecDeque;
use std::time::Duration;

use slipway_pipelines::Pipeline;
use slipway_runner::{Event, JobKey, TaskResult};

use super::words::waits_for;

/// Lines of a step's log that are kept to be shown if it fails.
pub(super) const TAIL: usize = 30;

/// Name of the stage of a pipeline that has none: it is not shown.
const NO_STAGE: &str = "__default";

/// The state of a run: its stages, jobs and steps, as the events told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    pub(super) title: String,
    pub(super) stages: Vec<Stage>,
    /// What people are being asked: id and text.
    pub(super) asked: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Stage {
    name: String,
    pub(super) title: String,
    pub(super) state: State,
    pub(super) jobs: Vec<Job>,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    name: String,
    pub(super) title: String,
    pub(super) state: State,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    index: usize,
    pub(super) title: String,
    pub(super) state: State,
    /// What it is doing: its own progress, else its last line of output.
    pub(super) doing: String,
    has_progress: bool,
    pub(super) tail: VecDeque<String>,
    /// Lines that are no longer in the tail.
    pub(super) earlier: usize,
}

/// Times are counted from the start of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running { since: Duration },
    Done { result: TaskResult, duration: Duration, reason: String },
}

impl Board {
    /// The board of a pipeline that has not begun: its stages and jobs are waiting.
    pub(crate) fn new(pipeline: &Pipeline) -> Self {
        let stages = pipeline.stages.iter().map(|stage| Stage {
            name: stage.name.clone(),
            title: stage.display_name.clone(),
            state: State::Waiting,
            jobs: stage.jobs.iter().map(|job| Job::new(job.name.clone(), job.display_name.clone())).collect(),
        });
        Self { title: String::new(), stages: stages.collect(), asked: Vec::new() }
    }

    /// Takes note of an event at the time `now`, counted from the start of the run.
    pub(crate) fn apply(&mut self, now: Duration, event: &Event) {
        match event {
            Event::RunStarted { id, number, pipeline, .. } => self.title = run_title(*id, number, pipeline),
            Event::StageStarted { stage, display_name } => {
                let stage = self.stage(stage);
                stage.title.clone_from(display_name);
                stage.state = State::Running { since: now };
            }
            Event::StageCompleted { stage, display_name, result, duration, reason } => {
                let stage = self.stage(stage);
                stage.title.clone_from(display_name);
                stage.state = State::Done { result: *result, duration: *duration, reason: reason.clone() };
            }
            Event::JobStarted { job, display_name, .. } => {
                let job = self.job(job);
                job.title.clone_from(display_name);
                job.state = State::Running { since: now };
            }
            Event::JobCompleted { job, display_name, result, duration, reason } => {
                let job = self.job(job);
                job.title.clone_from(display_name);
                job.state = State::Done { result: *result, duration: *duration, reason: reason.clone() };
            }
            Event::StepStarted { job, step, display_name } => {
                let step = self.step(job, *step);
                step.title.clone_from(display_name);
                step.state = State::Running { since: now };
            }
            Event::StepOutput { job, step, line } => self.step(job, *step).take(line),
            Event::StepProgress { job, step, percent, text } => {
                let step = self.step(job, *step);
                step.has_progress = true;
                step.doing = format!("{percent} % {text}").trim_end().to_owned();
            }
            Event::StepCompleted { job, step, display_name, result, duration, .. } => {
                let step = self.step(job, *step);
                step.title.clone_from(display_name);
                step.state = State::Done { result: *result, duration: *duration, reason: String::new() };
            }
            Event::JobDivided { job, parts } => self.divide(job, parts),
            Event::Kept { stage, job, result } => self.keep(stage, job.as_deref(), *result),
            Event::Asked { question } => self.asked.push((question.id.clone(), waits_for(question))),
            Event::Answered { question } => self.asked.retain(|(id, _)| *id != question.id),
            Event::Notice(_) | Event::RunWaiting { .. } | Event::RunCompleted { .. } => {}
        }
    }

    /// The parts of a job take its place.
    fn divide(&mut self, whole: &JobKey, parts: &[(JobKey, String)]) {
        let jobs = &mut self.stage(&whole.stage).jobs;
        let position = jobs.iter().position(|job| job.name == whole.job);
        let (at, end) = position.map_or((jobs.len(), jobs.len()), |position| (position, position + 1));
        jobs.splice(at..end, parts.iter().map(|(key, title)| Job::new(key.job.clone(), title.clone())));
    }

    /// What was over before the run stopped.
    fn keep(&mut self, stage: &str, job: Option<&str>, result: TaskResult) {
        let done = || State::Done { result, duration: Duration::ZERO, reason: "before the run stopped".to_owned() };
        match job {
            None => self.stage(stage).state = done(),
            Some(job) => self.job(&JobKey { stage: stage.to_owned(), job: job.to_owned() }).state = done(),
        }
    }

    pub(super) fn stage_title(&mut self, name: &str) -> String {
        self.stage(name).title.clone()
    }

    /// Whether a line must say which job it belongs to.
    pub(super) fn has_several_jobs(&self) -> bool {
        self.stages.iter().map(|stage| stage.jobs.len()).sum::<usize>() > 1
    }

    /// Whether the pipeline has stages of its own.
    pub(super) fn has_stages(&self) -> bool {
        self.stages.len() > 1 || self.stages.iter().any(|stage| stage.name != NO_STAGE)
    }

    /// `Stage / Job`, as far as it is needed to tell jobs apart.
    pub(super) fn job_title(&mut self, key: &JobKey) -> String {
        let with_stage = self.has_stages();
        let job = self.job(key).title.clone();
        if with_stage { format!("{} / {job}", self.stage(&key.stage).title) } else { job }
    }

    pub(super) fn step_of(&mut self, job: &JobKey, step: usize) -> &Step {
        self.step(job, step)
    }

    fn stage(&mut self, name: &str) -> &mut Stage {
        let index = self.stages.iter().position(|stage| stage.name == name).unwrap_or_else(|| {
            self.stages.push(Stage { name: name.to_owned(), title: name.to_owned(), state: State::Waiting, jobs: Vec::new() });
            self.stages.len() - 1
        });
        &mut self.stages[index]
    }

    fn job(&mut self, key: &JobKey) -> &mut Job {
        let jobs = &mut self.stage(&key.stage).jobs;
        let index = jobs.iter().position(|job| job.name == key.job).unwrap_or_else(|| {
            jobs.push(Job::new(key.job.clone(), key.job.clone()));
            jobs.len() - 1
        });
        &mut jobs[index]
    }

    fn step(&mut self, job: &JobKey, step: usize) -> &mut Step {
        let steps = &mut self.job(job).steps;
        let index = steps.iter().position(|other| other.index == step).unwrap_or_else(|| {
            steps.push(Step {
                index: step,
                title: String::new(),
                state: State::Waiting,
                doing: String::new(),
                has_progress: false,
                tail: VecDeque::new(),
                earlier: 0,
            });
            steps.len() - 1
        });
        &mut steps[index]
    }
}

impl Job {
    fn new(name: String, title: String) -> Self {
        Self { name, title, state: State::Waiting, steps: Vec::new() }
    }
}

impl Step {
    fn take(&mut self, line: &str) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
            self.earlier += 1;
        }
        self.tail.push_back(line.to_owned());
        // Rules and empty lines say nothing.
        if !self.has_progress && line.chars().any(char::is_alphanumeric) {
            line.trim().clone_into(&mut self.doing);
        }
    }
}

/// `ci, run 3 (20261124.1)`.
pub(crate) fn run_title(id: u64, number: &str, pipeline: &str) -> String {
    format!("{pipeline}, run {id} ({number})")
}
