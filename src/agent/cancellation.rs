use std::time::Duration;

use tokio::sync::watch;

/// Why a task has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The agent interrupts the step: somebody cancelled the run, or its time limit passed (SIGINT; Ctrl-C on Windows).
    Interrupted,
    /// The agent ends the step, usually some seconds after the interrupt (SIGTERM; Ctrl-Break on Windows).
    Terminated,
    /// The process that started the task is gone.
    ParentGone,
    /// The task's own time limit passed.
    Deadline(Duration),
}

impl StopReason {
    /// Whether `self` leaves no time any more that `earlier` left.
    fn is_more_urgent_than(self, earlier: Self) -> bool {
        matches!((earlier, self), (Self::Interrupted | Self::Deadline(_), Self::Terminated | Self::ParentGone))
    }
}

/// Tells a task that it has to stop. Engines and tasks await [`Cancellation::cancelled`], tidy up within a few seconds and
/// return; what does not return in time is dropped, and its child processes are killed.
#[derive(Clone, Debug)]
pub struct Cancellation {
    state: watch::Sender<Option<StopReason>>,
}

impl Default for Cancellation {
    fn default() -> Self {
        Self { state: watch::Sender::new(None) }
    }
}

impl Cancellation {
    /// Waits until the task has to stop.
    pub async fn cancelled(&self) -> StopReason {
        let mut receiver = self.state.subscribe();
        loop {
            if let Some(reason) = *receiver.borrow_and_update() {
                return reason;
            }
            if receiver.changed().await.is_err() {
                // The sender is `self`, so this does not happen; a task must not stop because of it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Why the task has to stop, if it has to.
    pub fn reason(&self) -> Option<StopReason> {
        *self.state.borrow()
    }

    /// Whether the task has to stop.
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Tells the task to stop. A later call changes the reason only if it is more urgent.
    pub fn cancel(&self, reason: StopReason) {
        self.state.send_if_modified(|state| {
            let changes = state.is_none_or(|earlier| reason.is_more_urgent_than(earlier));
            if changes {
                *state = Some(reason);
            }
            changes
        });
    }

    /// Waits until a reason is known after which nothing more is waited for.
    pub(crate) async fn urgent(&self) -> StopReason {
        let mut receiver = self.state.subscribe();
        loop {
            if let Some(reason @ (StopReason::Terminated | StopReason::ParentGone)) = *receiver.borrow_and_update() {
                return reason;
            }
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_reason_and_the_more_urgent_one_wins() {
        let cancellation = Cancellation::default();
        assert!(!cancellation.is_cancelled());
        cancellation.clone().cancel(StopReason::Interrupted);
        assert_eq!(cancellation.cancelled().await, StopReason::Interrupted);
        cancellation.cancel(StopReason::Deadline(Duration::ZERO));
        assert_eq!(cancellation.reason(), Some(StopReason::Interrupted));
        cancellation.cancel(StopReason::Terminated);
        assert_eq!(cancellation.urgent().await, StopReason::Terminated);
        cancellation.cancel(StopReason::Interrupted);
        assert_eq!(cancellation.reason(), Some(StopReason::Terminated));
    }
}
