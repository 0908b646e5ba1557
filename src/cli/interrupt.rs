//! Ctrl-C, and what else asks this process to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Receives SIGINT, SIGTERM and SIGHUP from its creation on; before that they end the process at once.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Interrupts {
    /// Begins to receive. Must be called within a Tokio runtime.
    pub(crate) fn receive() -> Result<Self, Failure> {
        let receive = |kind| signal(kind).map_err(|error| Failure::refused(format!("failed to prepare for signals: {error}")));
        Ok(Self {
            interrupt: receive(SignalKind::interrupt())?,
            terminate: receive(SignalKind::terminate())?,
            hang_up: receive(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one. Safe to be dropped and called again.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
