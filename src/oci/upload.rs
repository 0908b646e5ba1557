//! Sending a blob: one streamed PATCH with a Content-Length, then PUT with the digest (facts/registries-and-acr.md 1, 4.1). After an
//! interruption it goes on where the registry has got to; where one PATCH is too much for the registry, in pieces.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use slipway_net::{Request, StreamingResponse, UploadBody};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::time::sleep;
use url::Url;

use crate::auth::Access;
use crate::blob::{BlobReader, Patience};
use crate::transport::{Call, Transport, refusal};
use crate::verifier::Verifier;
use crate::{Descriptor, RegistryError, RegistryErrorKind};

/// Size of the pieces where one PATCH of the whole is refused.
const PIECE: u64 = 16 * 1024 * 1024;
/// Read from a file at once.
const READ: usize = 128 * 1024;

/// Where the bytes of a blob come from. They can be read again from any place.
#[derive(Clone)]
pub(crate) enum BlobSource {
    Bytes(Bytes),
    File(PathBuf),
    Registry(Arc<Transport>, String),
}

/// What became of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobOutcome {
    /// The repository had it.
    Present,
    /// Another repository of the registry had it.
    Mounted,
    /// It was sent.
    Sent,
}

type Failure = Arc<Mutex<Option<RegistryError>>>;

impl BlobSource {
    /// The bytes from `start` to before `end`, checked on the way. What fails is put into `failure`, since an HTTP client knows errors
    /// of IO only.
    fn open(
        &self,
        descriptor: &Descriptor,
        verifier: &Verifier,
        start: u64,
        end: u64,
        failure: &Failure,
    ) -> BoxStream<'static, io::Result<Bytes>> {
        let failure = failure.clone();
        let keep = move |error: RegistryError| {
            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            io::Error::other("the source of the blob failed")
        };
        match self {
            Self::Bytes(bytes) => {
                let from = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
                let to = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
                stream::once(std::future::ready(Ok(bytes.slice(from..to)))).boxed()
            }
            Self::Registry(transport, repository) => {
                let reader = BlobReader::part(transport.clone(), repository, descriptor, verifier.clone(), start, end);
                stream::try_unfold((reader, keep), |(mut reader, keep)| async move {
                    match reader.chunk().await {
                        Ok(piece) => Ok(piece.map(|piece| (piece, (reader, keep)))),
                        Err(error) => Err(keep(error)),
                    }
                })
                .boxed()
            }
            Self::File(path) => {
                let state = (path.clone(), None::<tokio::fs::File>, start, verifier.clone(), keep);
                stream::try_unfold(state, move |(path, file, at, verifier, keep)| async move {
                    if at >= end {
                        return Ok(None);
                    }
                    match read_piece(&path, file, at, end, &verifier).await {
                        Ok((file, piece)) => {
                            let next = at + piece.len() as u64;
                            Ok(Some((piece, (path, Some(file), next, verifier, keep))))
                        }
                        Err(kind) => Err(keep(RegistryError { host: String::new(), repository: String::new(), kind })),
                    }
                })
                .boxed()
            }
        }
    }
}

async fn read_piece(
    path: &Path,
    file: Option<tokio::fs::File>,
    at: u64,
    end: u64,
    verifier: &Verifier,
) -> Result<(tokio::fs::File, Bytes), RegistryErrorKind> {
    let failed = |error: io::Error| RegistryErrorKind::File { path: path.to_owned(), cause: error.to_string() };
    let mut file = match file {
        Some(file) => file,
        None => {
            let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
            file.seek(io::SeekFrom::Start(at)).await.map_err(failed)?;
            file
        }
    };
    let wanted = usize::try_from(end - at).unwrap_or(READ).min(READ);
    let mut piece = vec![0; wanted];
    file.read_exact(&mut piece).await.map_err(failed)?;
    let piece = Bytes::from(piece);
    verifier.pass(at, &piece)?;
    Ok((file, piece))
}

/// Sends the blob that `descriptor` names to `repository`, unless it is there. `from` is a repository of the same registry that may have it.
pub(crate) async fn push(
    transport: &Transport,
    repository: &str,
    descriptor: &Descriptor,
    source: &BlobSource,
    from: Option<&str>,
) -> Result<BlobOutcome, RegistryError> {
    let upload = Upload { transport, repository, descriptor, access: Access::push(repository) };
    match upload.run(source, from).await {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Here(kind)) => Err(transport.error(repository, kind)),
        Err(Stop::Source(error)) if error.host.is_empty() => Err(transport.error(repository, error.kind)),
        Err(Stop::Source(error)) => Err(error),
    }
}

enum Stop {
    Here(RegistryErrorKind),
    Source(RegistryError),
}

impl From<RegistryErrorKind> for Stop {
    fn from(kind: RegistryErrorKind) -> Self {
        Self::Here(kind)
    }
}

struct Upload<'a> {
    transport: &'a Transport,
    repository: &'a str,
    descriptor: &'a Descriptor,
    access: Access,
}

/// How far the registry has got.
struct Session {
    location: Url,
    offset: u64,
}

impl Upload<'_> {
    async fn run(&self, source: &BlobSource, from: Option<&str>) -> Result<BlobOutcome, Stop> {
        let mut session = match self.mount(from).await? {
            Ok(outcome) => return Ok(outcome),
            Err(session) => session,
        };
        let size = self.descriptor.size;
        let verifier = Verifier::new(self.descriptor);
        let mut piece = None;
        let mut patience = Patience::new();
        let mut going_on = false;
        let mut begun_anew = false;
        while session.offset < size {
            let end = piece.map_or(size, |piece| size.min(session.offset + piece));
            let failure = Failure::default();
            let stream = source.open(self.descriptor, &verifier, session.offset, end, &failure);
            let (request, length) = self.patch(&session, end, going_on || piece.is_some());
            let answer = self.transport.stream(&request, &self.access, UploadBody { length, stream }).await;
            if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Err(Stop::Source(error));
            }
            let wait = match answer {
                Ok(response) if response.status.is_success() => {
                    session = Session { location: self.location(&response, "the upload of a blob")?, offset: end };
                    patience.progress();
                    continue;
                }
                Ok(response) => match response.status {
                    StatusCode::PAYLOAD_TOO_LARGE if piece.is_none() && size > PIECE => {
                        piece = Some(PIECE);
                        std::time::Duration::ZERO
                    }
                    // The registry has something else than it said (`0-0` is both nothing and one byte).
                    StatusCode::RANGE_NOT_SATISFIABLE if going_on && !begun_anew => {
                        begun_anew = true;
                        session = self.begin().await?;
                        continue;
                    }
                    // A token that ended in the middle: the next request signs in anew.
                    StatusCode::UNAUTHORIZED | StatusCode::RANGE_NOT_SATISFIABLE if !going_on => std::time::Duration::ZERO,
                    StatusCode::NOT_FOUND if !going_on => std::time::Duration::ZERO,
                    _ => {
                        let answer = Ok((response.status, &response.headers));
                        match patience.after(self.transport, &self.transport.host, answer) {
                            Some(wait) => wait,
                            None => return Err(refusal(response, "the upload of a blob").await.into()),
                        }
                    }
                },
                Err(RegistryErrorKind::Network(error)) => match patience.after(self.transport, &error.host, Err(&error)) {
                    Some(wait) => wait,
                    None => return Err(RegistryErrorKind::Network(error).into()),
                },
                Err(kind) => return Err(kind.into()),
            };
            sleep(wait).await;
            let before = session.offset;
            session = self.resume(session).await?;
            if session.offset > before {
                patience.progress();
                going_on = false;
            } else {
                going_on = true;
            }
        }
        self.finish(&session).await?;
        Ok(BlobOutcome::Sent)
    }

    /// Begins an upload, unless the registry has the blob.
    async fn mount(&self, from: Option<&str>) -> Result<Result<BlobOutcome, Session>, RegistryErrorKind> {
        // A mount from the repository itself tells in one request whether it has the blob, and begins the upload where it has not.
        let other = from.unwrap_or(self.repository);
        let mut url = self.transport.url(self.repository, "blobs/uploads/");
        url.query_pairs_mut().append_pair("mount", self.descriptor.digest.as_str()).append_pair("from", other);
        let call = Call::new(Method::POST, url, self.access.clone().and_pull(other));
        let response = match self.transport.call(call.header(CONTENT_LENGTH, HeaderValue::from_static("0"))).await {
            Ok(response) => response,
            // no right to read the other repository is no reason not to send the blob
            Err(RegistryErrorKind::Denied { .. } | RegistryErrorKind::Unauthorized { .. }) if other != self.repository => {
                return Box::pin(self.mount(None)).await;
            }
            Err(kind) => return Err(kind),
        };
        match response.status {
            StatusCode::CREATED => Ok(Ok(if other == self.repository { BlobOutcome::Present } else { BlobOutcome::Mounted })),
            StatusCode::ACCEPTED => Ok(Err(Session { location: self.location(&response, "the begin of an upload")?, offset: 0 })),
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED if other == self.repository => {
                Err(refusal(response, "the begin of an upload").await)
            }
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                if self.exists().await? {
                    return Ok(Ok(BlobOutcome::Present));
                }
                Ok(Err(self.begin().await?))
            }
            _ => Err(refusal(response, "the begin of an upload").await),
        }
    }

    async fn begin(&self) -> Result<Session, RegistryErrorKind> {
        let url = self.transport.url(self.repository, "blobs/uploads/");
        let call = Call::new(Method::POST, url, self.access.clone()).header(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let response = self.transport.call(call).await?;
        if response.status != StatusCode::ACCEPTED {
            return Err(refusal(response, "the begin of an upload").await);
        }
        Ok(Session { location: self.location(&response, "the begin of an upload")?, offset: 0 })
    }

    async fn exists(&self) -> Result<bool, RegistryErrorKind> {
        let url = self.transport.url(self.repository, &format!("blobs/{}", self.descriptor.digest));
        Ok(self.transport.call(Call::new(Method::HEAD, url, self.access.clone())).await?.status == StatusCode::OK)
    }

    fn patch(&self, session: &Session, end: u64, with_range: bool) -> (Request, u64) {
        let mut request = Request::new(Method::PATCH, session.location.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        // `0-N`, without a unit and a total
        if with_range && let Ok(range) = HeaderValue::from_str(&format!("{}-{}", session.offset, end - 1)) {
            request = request.header(CONTENT_RANGE, range);
        }
        (request, end - session.offset)
    }

    /// Asks how far the registry has got; begins anew where it does not know the upload.
    async fn resume(&self, session: Session) -> Result<Session, RegistryErrorKind> {
        let response = self.transport.call(Call::new(Method::GET, session.location.clone(), self.access.clone())).await?;
        if !response.status.is_success() {
            return self.begin().await;
        }
        // `0-0` is both nothing and one byte; the range of the next PATCH makes it clear
        let last: u64 = match response.header("range").and_then(|range| range.trim_start_matches("bytes=").split_once('-')?.1.parse().ok())
        {
            Some(last) => last,
            None => return self.begin().await,
        };
        let offset = if last == 0 { 0 } else { last + 1 };
        if offset > self.descriptor.size {
            return self.begin().await;
        }
        let location = self.location(&response, "the state of an upload").unwrap_or(session.location);
        Ok(Session { location, offset })
    }

    async fn finish(&self, session: &Session) -> Result<(), RegistryErrorKind> {
        let mut url = session.location.clone();
        url.query_pairs_mut().append_pair("digest", self.descriptor.digest.as_str());
        let call = Call::new(Method::PUT, url, self.access.clone())
            .header(CONTENT_LENGTH, HeaderValue::from_static("0"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let kind = match self.transport.call(call).await {
            Ok(response) if response.status == StatusCode::CREATED || response.status == StatusCode::NO_CONTENT => return Ok(()),
            Ok(response) => refusal(response, "the end of an upload").await,
            Err(kind @ RegistryErrorKind::Network(_)) => kind,
            Err(kind) => return Err(kind),
        };
        // The answer to a PUT that was worked on may have been lost; then the second one finds no upload.
        match kind {
            RegistryErrorKind::Protocol { status: Some(400), ref detail, .. } if detail.starts_with("DIGEST_INVALID") => {
                Err(RegistryErrorKind::DigestMismatch {
                    expected: self.descriptor.digest.clone(),
                    got: "what arrived is not what was sent".to_owned(),
                })
            }
            kind => {
                if self.exists().await.unwrap_or(false) {
                    Ok(())
                } else {
                    Err(kind)
                }
            }
        }
    }

    fn location(&self, response: &StreamingResponse, what: &'static str) -> Result<Url, RegistryErrorKind> {
        let refuse = |detail: &str| RegistryErrorKind::Protocol { what, status: Some(response.status.as_u16()), detail: detail.to_owned() };
        let location = response.header(LOCATION.as_str()).ok_or_else(|| refuse("there is no Location in it"))?;
        let url = self.transport.base.join(location).map_err(|_| refuse("its Location is no URL"))?;
        if url.scheme() != "https" {
            return Err(refuse("its Location is not `https`"));
        }
        Ok(url)
    }
}
