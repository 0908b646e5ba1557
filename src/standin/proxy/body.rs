use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

/// Largest request body that is read: no service here takes more.
const LIMIT: usize = 1024 * 1024;

/// Turns in which what was sent before a reset gets out.
const TURNS: u8 = 32;

/// The body of an answer.
pub(super) enum Reply {
    /// All of it, once.
    Whole(Option<Bytes>),
    /// The first bytes of a longer one; then the connection is reset.
    Torn { announced: u64, sent: Option<Bytes>, turns: u8, reset: Arc<Notify> },
    /// What another server sends.
    Passed(Incoming),
}

impl Reply {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }

    pub(super) fn torn(bytes: &Bytes, after: usize, reset: Arc<Notify>) -> Self {
        // A body that is shorter than what was to be sent of it is announced as longer: it must not end well.
        let announced = bytes.len().max(after + 1) as u64;
        Self::Torn { announced, sent: Some(bytes.slice(..after.min(bytes.len()))), turns: TURNS, reset }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Torn { sent, turns, reset, .. } => {
                if let Some(bytes) = sent.take().filter(|bytes| !bytes.is_empty()) {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                if *turns == 0 {
                    reset.notify_one();
                } else {
                    *turns -= 1;
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Self::Passed(incoming) => Pin::new(incoming).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Torn { .. } => false,
            Self::Passed(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Torn { announced, .. } => SizeHint::with_exact(*announced),
            Self::Passed(incoming) => incoming.size_hint(),
        }
    }
}

/// The whole of a request's body; `None` when it is too large or breaks off.
pub(super) async fn collect(mut body: Incoming) -> Option<Bytes> {
    let mut collected = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            if collected.len() + data.len() > LIMIT {
                return None;
            }
            collected.extend_from_slice(&data);
        }
    }
    Some(collected.into())
}
