use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::agents::AgentPool;
use crate::cancellation::Cancellation;
use crate::event::Event;
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
            request,
            id,
            number: RefCell::default(),
            pipeline_id,
            plan_id: Uuid::new_v4(),
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
