//! Reading a blob as a stream: it goes on after an interruption and is checked against its digest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use slipway_net::{SendError, StreamingResponse};
use tokio::time::sleep;

use crate::auth::Access;
use crate::transport::{Call, Transport, network, refusal};
use crate::verifier::Verifier;
use crate::{Descriptor, RegistryError, RegistryErrorKind};

/// The bytes of a blob, checked against its digest and size.
pub struct BlobReader {
    transport: Arc<Transport>,
    repository: String,
    descriptor: Descriptor,
    verifier: Verifier,
    /// Where the next byte lies.
    position: u64,
    /// One after the last byte that is wanted.
    end: u64,
    response: Option<StreamingResponse>,
    /// What was read beyond a part that was skipped.
    held: Option<Bytes>,
    patience: Patience,
}

impl BlobReader {
    pub(crate) fn new(transport: Arc<Transport>, repository: &str, descriptor: &Descriptor) -> Self {
        let verifier = Verifier::new(descriptor);
        Self::part(transport, repository, descriptor, verifier, 0, descriptor.size)
    }

    /// Reads from `start` to before `end`, with a verifier that has seen what comes before.
    pub(crate) fn part(
        transport: Arc<Transport>,
        repository: &str,
        descriptor: &Descriptor,
        verifier: Verifier,
        start: u64,
        end: u64,
    ) -> Self {
        Self {
            transport,
            repository: repository.to_owned(),
            descriptor: descriptor.clone(),
            verifier,
            position: start,
            end,
            response: None,
            held: None,
            patience: Patience::new(),
        }
    }

    /// The next piece; `None` at the end. The last piece of content that is not what its digest says is never handed out.
    ///
    /// # Errors
    /// When the blob cannot be read, or is not what its digest says.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        match self.next().await {
            Ok(piece) => Ok(piece),
            Err(kind) => Err(self.transport.error(&self.repository, kind)),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, RegistryErrorKind> {
        while self.position < self.end {
            let mut response = match self.response.take() {
                Some(response) => response,
                None => self.open().await?,
            };
            let piece = match self.held.take() {
                Some(piece) => Ok(Some(piece)),
                None => response.chunk().await,
            };
            match piece {
                Ok(Some(piece)) if piece.is_empty() => self.response = Some(response),
                Ok(Some(mut piece)) => {
                    let wanted = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
                    if self.end < self.descriptor.size && piece.len() > wanted {
                        piece.truncate(wanted);
                    }
                    self.verifier.pass(self.position, &piece)?;
                    self.position += piece.len() as u64;
                    self.patience.progress();
                    self.response = Some(response);
                    return Ok(Some(piece));
                }
                // it ended early without saying so
                Ok(None) => {
                    let got = format!("{} bytes instead of {}", self.position, self.descriptor.size);
                    return Err(RegistryErrorKind::DigestMismatch { expected: self.descriptor.digest.clone(), got });
                }
                Err(error) => {
                    self.held = None;
                    match self.patience.after(&self.transport, &error.host, Err(&error)) {
                        Some(wait) => sleep(wait).await,
                        None => return Err(network(error)),
                    }
                }
            }
        }
        Ok(None)
    }

    async fn open(&mut self) -> Result<StreamingResponse, RegistryErrorKind> {
        let url = self.transport.url(&self.repository, &format!("blobs/{}", self.descriptor.digest));
        let mut call = Call::new(Method::GET, url, Access::pull(&self.repository));
        if self.position > 0 {
            let range = format!("bytes={}-", self.position);
            call = call.header(RANGE, HeaderValue::from_str(&range).unwrap_or(HeaderValue::from_static("bytes=0-")));
        }
        let mut response = self.transport.call(call).await?;
        match response.status {
            StatusCode::PARTIAL_CONTENT => {
                let begins =
                    response.header(CONTENT_RANGE.as_str()).and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
                if begins != Some(self.position) {
                    return Err(RegistryErrorKind::Protocol {
                        what: "the request for a part of a blob",
                        status: Some(206),
                        detail: format!("it begins elsewhere than at {}", self.position),
                    });
                }
            }
            // the whole, although a part was asked for: what passed already is skipped
            StatusCode::OK => self.skip(&mut response).await?,
            StatusCode::NOT_FOUND => {
                return Err(match refusal(response, "the request for a blob").await {
                    RegistryErrorKind::Protocol { .. } => RegistryErrorKind::BlobNotFound { digest: self.descriptor.digest.clone() },
                    kind => kind,
                });
            }
            _ => return Err(refusal(response, "the request for a blob").await),
        }
        Ok(response)
    }

    async fn skip(&mut self, response: &mut StreamingResponse) -> Result<(), RegistryErrorKind> {
        let mut left = self.position;
        while left > 0 {
            let Some(mut piece) = response.chunk().await.map_err(network)? else { break };
            let skipped = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            left -= skipped as u64;
            if skipped < piece.len() {
                self.held = Some(piece.split_off(skipped));
            }
        }
        Ok(())
    }
}

/// Waits that a transfer allows itself without progress.
pub(crate) struct Patience {
    attempt: u32,
    since: Option<Instant>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { attempt: 1, since: None }
    }

    pub(crate) fn progress(&mut self) {
        *self = Self::new();
    }

    /// The wait after a failure; `None` where it is the last one.
    pub(crate) fn after(
        &mut self,
        transport: &Transport,
        host: &str,
        answer: Result<(StatusCode, &HeaderMap), &SendError>,
    ) -> Option<Duration> {
        let quiet = self.since.get_or_insert_with(Instant::now).elapsed();
        let wait = transport.pause(host, self.attempt, quiet, answer)?;
        self.attempt += 1;
        Some(wait)
    }
}
