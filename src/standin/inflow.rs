//! The body of a request as it comes in, for services that must not hold all of it in memory.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use tokio::sync::Notify;

/// A request's body.
#[derive(Debug, Default)]
pub(crate) struct Inflow {
    /// `None` once it has ended, or where there is none.
    body: Option<Incoming>,
    /// A fault: after so many bytes more, the connection is reset.
    reset: Option<(u64, Arc<Notify>)>,
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is larger than what the service takes.
    TooLarge,
    /// The client broke off.
    Broken,
}

impl Inflow {
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body: Some(body), reset: None }
    }

    /// Has the connection reset when `after` bytes have come, or at the end of a body that is shorter.
    pub(crate) fn reset_after(&mut self, after: u64, reset: Arc<Notify>) {
        self.reset = Some((after, reset));
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, NotRead> {
        loop {
            if let Some((0, reset)) = &self.reset {
                reset.notify_one();
                // The connection ends with this still waiting.
                return std::future::pending().await;
            }
            let Some(body) = &mut self.body else { return Ok(None) };
            let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
            let Some(frame) = frame else {
                self.body = None;
                if let Some((left, _)) = &mut self.reset {
                    *left = 0;
                }
                continue;
            };
            let Ok(frame) = frame else {
                self.body = None;
                return Err(NotRead::Broken);
            };
            let Ok(mut data) = frame.into_data() else { continue };
            if let Some((left, _)) = &mut self.reset {
                data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= data.len() as u64;
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// All of it, if that is not more than `limit` bytes.
    pub(crate) async fn collect(&mut self, limit: usize) -> Result<Bytes, NotRead> {
        let mut collected = Vec::new();
        while let Some(data) = self.next().await? {
            if collected.len() + data.len() > limit {
                return Err(NotRead::TooLarge);
            }
            collected.extend_from_slice(&data);
        }
        Ok(collected.into())
    }

    /// Reads what is left and forgets it, as servers do before they answer early: a client that still sends would take the
    /// end of the connection for a broken one and not see the answer.
    pub(crate) async fn drain(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }
}
