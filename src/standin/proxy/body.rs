use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

use crate::exchange::FilePart;
use crate::inflow::Inflow;

/// Largest request body that is read whole: no service here takes more, except those that take streams.
const LIMIT: usize = 1024 * 1024;

/// Turns in which what was sent before a reset gets out.
const TURNS: u8 = 32;

/// Bytes of a file that are sent at once.
const PART: usize = 64 * 1024;

/// The body of an answer.
pub(super) enum Reply {
    /// All of it, once.
    Whole(Option<Bytes>),
    /// A part of a file, read as it is sent.
    File(FilePart),
    /// The first bytes of a longer one; then the connection is reset.
    Torn { inner: Box<Reply>, left: usize, announced: u64, turns: u8, reset: Arc<Notify> },
    /// What another server sends.
    Passed(Incoming),
}

impl Reply {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }

    pub(super) fn torn(inner: Self, after: usize, reset: Arc<Notify>) -> Self {
        // A body that is shorter than what was to be sent of it is announced as longer: it must not end well.
        let announced = inner.size_hint().exact().unwrap_or_default().max(after as u64 + 1);
        Self::Torn { inner: Box::new(inner), left: after, announced, turns: TURNS, reset }
    }
}

/// The next bytes of a file; `None` at the end of the part.
fn read(part: &mut FilePart) -> io::Result<Option<Bytes>> {
    if part.length == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; PART.min(usize::try_from(part.length).unwrap_or(PART))];
    part.file.read_exact_at(&mut bytes, part.offset)?;
    let wrong = part.wrong.and_then(|at| at.checked_sub(part.offset)).and_then(|at| usize::try_from(at).ok());
    if let Some(byte) = wrong.and_then(|at| bytes.get_mut(at)) {
        *byte ^= 1;
    }
    part.offset += bytes.len() as u64;
    part.length -= bytes.len() as u64;
    Ok(Some(bytes.into()))
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::File(part) => Poll::Ready(read(part).transpose().map(|bytes| bytes.map(Frame::data))),
            Self::Torn { inner, left, turns, reset, .. } => {
                if *left > 0 {
                    match Pin::new(&mut **inner).poll_frame(context) {
                        Poll::Ready(Some(Ok(frame))) => {
                            let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
                            data.truncate(*left);
                            *left -= data.len();
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(_) => *left = 0,
                    }
                }
                if *turns == 0 {
                    reset.notify_one();
                } else {
                    *turns -= 1;
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Self::Passed(incoming) => Pin::new(incoming).poll_frame(context).map_err(io::Error::other),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::File(part) => part.length == 0,
            Self::Torn { .. } => false,
            Self::Passed(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::File(part) => SizeHint::with_exact(part.length),
            Self::Torn { announced, .. } => SizeHint::with_exact(*announced),
            Self::Passed(incoming) => incoming.size_hint(),
        }
    }
}

/// The whole of a request's body; `None` when it is too large or breaks off.
pub(super) async fn collect(body: Incoming) -> Option<Bytes> {
    Inflow::new(body).collect(LIMIT).await.ok()
}
