//! What makes a task stop from outside: signals of the agent, and the end of the process that started it.

use std::io;

use crate::{Cancellation, StopReason};

/// Starts to watch. Must be called within a runtime; watching ends with it.
#[cfg(unix)]
pub(crate) fn start(cancellation: &Cancellation) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let parent = rustix::process::getppid();
    for (kind, reason) in [(SignalKind::interrupt(), StopReason::Interrupted), (SignalKind::terminate(), StopReason::Terminated)] {
        let mut signals = signal(kind)?;
        let cancellation = cancellation.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // The kernel sends SIGTERM when the parent ends; then it is not the agent that asks.
                let reason = if rustix::process::getppid() == parent { reason } else { StopReason::ParentGone };
                cancellation.cancel(reason);
            }
        });
    }
    // Only now, so that the signal finds its handler.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
    let cancellation = cancellation.clone();
    tokio::spawn(async move {
        // The other systems tell nobody, and on Linux the parent may have ended before the line above.
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
        while rustix::process::getppid() == parent {
            ticks.tick().await;
        }
        cancellation.cancel(StopReason::ParentGone);
    });
    Ok(())
}

/// Starts to watch. Must be called within a runtime; watching ends with it.
///
/// That the parent is gone is not watched: Node puts the processes that it starts into a job object that ends with it.
#[cfg(windows)]
pub(crate) fn start(cancellation: &Cancellation) -> io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c};

    let mut interrupts = ctrl_c()?;
    let mut breaks = ctrl_break()?;
    let (interrupted, terminated) = (cancellation.clone(), cancellation.clone());
    tokio::spawn(async move {
        while interrupts.recv().await.is_some() {
            interrupted.cancel(StopReason::Interrupted);
        }
    });
    tokio::spawn(async move {
        while breaks.recv().await.is_some() {
            terminated.cancel(StopReason::Terminated);
        }
    });
    Ok(())
}
