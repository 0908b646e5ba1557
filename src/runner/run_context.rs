use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use slipway_pipelines::{Deployment, Job, JobKind, Pipeline};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::agents::AgentPool;
use crate::approval::Answer;
use crate::cancellation::Cancellation;
use crate::event::{Event, TaskResult};
use crate::masker::Masker;
use crate::request::RunRequest;
use crate::run::Pace;
use crate::store::{StoreError, Writer};

/// A run while it runs: what its jobs share.
pub(crate) struct RunContext<'r> {
    pub(crate) request: &'r RunRequest,
    /// `Build.BuildId`.
    pub(crate) id: u64,
    /// `Build.BuildNumber`; a step may change it.
    pub(crate) number: RefCell<String>,
    /// `System.DefinitionId`.
    pub(crate) pipeline_id: u64,
    /// `System.PlanId`.
    pub(crate) plan_id: Uuid,
    pub(crate) started: OffsetDateTime,
    pub(crate) store: Writer,
    pub(crate) masker: Masker,
    pub(crate) cancellation: Cancellation,
    pub(crate) agents: AgentPool,
    pub(crate) pace: Pace,
    /// Values that `counter()` gave, by prefix.
    pub(crate) counters: RefCell<HashMap<String, i32>>,
    /// Held while a person is asked: one question at a time.
    pub(crate) asking: Mutex<()>,
    /// The answer to the questions at which the run stopped, where it is resumed with one.
    pub(crate) resume_answer: Option<Answer>,
    /// The first failure to write the run's record: the run goes on, and reports it at its end.
    store_error: Cell<Option<StoreError>>,
}

impl<'r> RunContext<'r> {
    pub(crate) fn new(
        request: &'r RunRequest,
        (id, pipeline_id): (u64, u64),
        started: OffsetDateTime,
        store: Writer,
        masker: Masker,
        cancellation: Cancellation,
        pace: Pace,
    ) -> Self {
        Self {
            pace,
            counters: RefCell::default(),
            asking: Mutex::new(()),
            resume_answer: None,
            request,
            id,
            number: RefCell::default(),
            pipeline_id,
            plan_id: Uuid::nil(),
            started,
            store,
            masker,
            cancellation,
            agents: AgentPool::new(request.agents),
            store_error: Cell::new(None),
        }
    }

    pub(crate) fn emit(&self, event: Event) {
        (self.request.events)(event);
    }

    /// The result of what does not run: canceled where the run is, else skipped.
    pub(crate) fn not_run(&self) -> TaskResult {
        if self.cancellation.is_cancelled() { TaskResult::Canceled } else { TaskResult::Skipped }
    }

    /// `Environment.Id`: environments are counted from 1, those that are configured first.
    pub(crate) fn environment_id(&self, name: &str) -> usize {
        let configured = self.request.environments.iter().map(|environment| environment.name.as_str());
        let mut known: Vec<&str> = Vec::new();
        for other in configured.chain(deployments(&self.request.pipeline).map(|(_, deployment)| deployment.environment.name.as_str())) {
            if !known.iter().any(|known| known.eq_ignore_ascii_case(other)) {
                known.push(other);
            }
        }
        known.iter().position(|known| known.eq_ignore_ascii_case(name)).map_or(0, |position| position + 1)
    }

    /// Tells a remark on the whole run, and keeps it in the record.
    pub(crate) fn notice(&self, text: &str) {
        let text = self.masker.mask(text);
        self.keep(self.store.update(|record| record.notices.push(text.clone())));
        self.emit(Event::Notice(text));
    }

    /// Remembers the first failure to write the record.
    pub(crate) fn keep(&self, written: Result<(), StoreError>) {
        if let Err(error) = written {
            let first = self.store_error.take().unwrap_or(error);
            self.store_error.set(Some(first));
        }
    }

    /// The first failure to write the record, if there was one.
    pub(crate) fn store_error(&self) -> Option<StoreError> {
        self.store_error.take()
    }
}

/// The deployment jobs of a pipeline.
pub(crate) fn deployments(pipeline: &Pipeline) -> impl Iterator<Item = (&Job, &Deployment)> {
    pipeline.stages.iter().flat_map(|stage| &stage.jobs).filter_map(|job| match &job.kind {
        JobKind::Deployment(deployment) => Some((job, &**deployment)),
        JobKind::Agent | JobKind::Server => None,
    })
}
