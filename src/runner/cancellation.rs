use std::sync::Arc;

use tokio::sync::watch;

/// Cancels a run from outside. Clones share one state.
///
/// The first [`Cancellation::cancel`] asks politely, with the agent's timings (SIGINT, 7.5 s later SIGTERM, 2.5 s later
/// SIGKILL) and still runs the steps whose condition says so (`always()`); the second kills at once.
#[derive(Clone, Debug)]
pub struct Cancellation(Arc<watch::Sender<Level>>);

/// How urgently something is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    /// Not at all.
    #[default]
    Run,
    /// As the agent cancels.
    Cancel,
    /// At once.
    Kill,
}

impl Cancellation {
    /// A cancellation that nobody has asked for yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Level::Run)))
    }

    /// Cancels; called a second time, kills.
    pub fn cancel(&self) {
        self.0.send_modify(|level| {
            *level = match level {
                Level::Run => Level::Cancel,
                Level::Cancel | Level::Kill => Level::Kill,
            }
        });
    }

    /// Whether [`Cancellation::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() >= Level::Cancel
    }

    /// Raises the level to at least `level`.
    pub(crate) fn raise(&self, level: Level) {
        self.0.send_if_modified(|current| {
            let raised = *current < level;
            *current = (*current).max(level);
            raised
        });
    }

    /// The level now.
    pub(crate) fn level(&self) -> Level {
        *self.0.borrow()
    }

    /// Waits until the level is at least `level`.
    pub(crate) async fn reached(&self, level: Level) {
        let mut receiver = self.0.subscribe();
        if receiver.wait_for(|current| *current >= level).await.is_err() {
            // The sender lives as long as `self`.
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_call_kills() {
        let cancellation = Cancellation::new();
        assert!(!cancellation.is_cancelled());
        cancellation.clone().cancel();
        assert_eq!(cancellation.level(), Level::Cancel);
        cancellation.reached(Level::Cancel).await;
        cancellation.cancel();
        cancellation.reached(Level::Kill).await;
        cancellation.raise(Level::Cancel);
        assert_eq!(cancellation.level(), Level::Kill, "never lowered");
    }
}
