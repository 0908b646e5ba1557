use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;

use crate::client::READ_TIMEOUT;
use crate::send_error::classify;
use crate::{FailureKind, Response, SendError};

/// The body of a request that is read while it is sent.
pub struct UploadBody {
    /// Its length in bytes, sent as `Content-Length`.
    pub length: u64,
    /// The bytes, `length` in all. An error ends the request.
    pub stream: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for UploadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length)
    }
}

/// A response whose body is read as it comes. Dropping it ends the connection.
pub struct StreamingResponse {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    incoming: reqwest::Response,
    way: Way,
}

impl StreamingResponse {
    pub(crate) fn new(Began { way, incoming }: Began) -> Self {
        Self { status: incoming.status(), headers: incoming.headers().clone(), incoming, way }
    }

    /// A header as text, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection ended before the body did, or the server was silent for a minute.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, SendError> {
        match timeout(READ_TIMEOUT, self.incoming.chunk()).await {
            Err(_) => Err(self.way.silence()),
            Ok(piece) => piece.map_err(|error| self.way.classified(&error)),
        }
    }

    /// Reads the body to its end: for an answer that turns out to be small.
    ///
    /// # Errors
    /// As [`StreamingResponse::chunk`], and when the body has more than `limit` bytes.
    pub async fn read(mut self, limit: usize) -> Result<Response, SendError> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            if body.len() + piece.len() > limit {
                return Err(self.way.failure(FailureKind::TooLarge, format!("more than {limit} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response { status: self.status, headers: self.headers, body: body.freeze() })
    }
}

/// Shows no header values: they may hold secrets.
impl fmt::Debug for StreamingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)
    }
}

/// Where a request went, for its errors.
pub(crate) struct Way {
    pub(crate) host: String,
    pub(crate) proxy: Option<String>,
}

impl Way {
    pub(crate) fn failure(&self, kind: FailureKind, detail: String) -> SendError {
        SendError { kind, host: self.host.clone(), proxy: self.proxy.clone(), detail, attempts: 1 }
    }

    pub(crate) fn classified(&self, error: &reqwest::Error) -> SendError {
        let (kind, detail) = classify(error);
        self.failure(kind, detail)
    }

    pub(crate) fn silence(&self) -> SendError {
        self.failure(FailureKind::ReadTimeout, format!("silent for {} s", READ_TIMEOUT.as_secs()))
    }
}

/// A response of which the head is there.
pub(crate) struct Began {
    pub(crate) way: Way,
    pub(crate) incoming: reqwest::Response,
}

/// Waits for `outgoing` as long as `taken` goes on growing; `None` when neither it nor an answer came within `limit`.
pub(crate) async fn within_silence<F: Future>(outgoing: F, taken: &AtomicU64, limit: Duration) -> Option<F::Output> {
    let mut outgoing = pin!(outgoing);
    let mut seen = taken.load(Ordering::Relaxed);
    loop {
        if let Ok(answer) = timeout(limit, &mut outgoing).await {
            return Some(answer);
        }
        let now = taken.load(Ordering::Relaxed);
        if now == seen {
            return None;
        }
        seen = now;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_long_upload_is_no_silence_and_silence_ends() {
        let taken = AtomicU64::new(0);
        // a piece is taken within each limit
        let upload = poll_fn(|_| if taken.fetch_add(1, Ordering::Relaxed) == 10 { Poll::Ready("sent") } else { Poll::Pending });
        assert_eq!(within_silence(upload, &taken, Duration::ZERO).await, Some("sent"));
        assert_eq!(within_silence(pending::<()>(), &taken, Duration::ZERO).await, None);
    }
}
