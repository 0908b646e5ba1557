//! Uploads of blobs, in every shape that the specification has.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::Visit;
use super::access::Visitor;
use super::content::Content;
use super::digest::Digest;
use super::refusal::Refused;
use crate::crypto::random_text;
use crate::exchange::{Answer, Request};
use crate::inflow::Inflow;
use crate::store::StoreError;

/// An upload that has begun. One request at a time works on it.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(super) repository: String,
    written: Mutex<Written>,
}

/// What there is of it.
#[derive(Debug)]
struct Written {
    file: File,
    path: PathBuf,
    size: u64,
    hash: Sha256,
    /// `_state` of the latest address.
    state: String,
    /// What its size was then.
    announced: u64,
}

impl Drop for Written {
    fn drop(&mut self) {
        // There is none any more if it became a blob.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Written {
    fn new(path: PathBuf) -> Result<Self, Refused> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file, path, size: 0, hash: Sha256::new(), state: random_text(40)?, announced: 0 })
    }

    /// Takes what comes in. What came before a connection broke stays.
    async fn append(&mut self, inflow: &mut Inflow) -> Result<(), Refused> {
        while let Some(bytes) = inflow.next().await? {
            // Written in one go, and not awaited: a request that is given up leaves file, size and hash at the same byte.
            self.file.write_all(&bytes)?;
            self.hash.update(&bytes);
            self.size += bytes.len() as u64;
        }
        Ok(())
    }

    /// Answers with the address to go on at, which is another one each time.
    fn location(&mut self, status: StatusCode, repository: &str, id: &str) -> Result<Answer, Refused> {
        let [(_, location), rest @ ..] = self.place(repository, id)?;
        let answer = Answer::empty(status).with("location", &location);
        Ok(rest.iter().fold(answer, |answer, (name, value)| answer.with(name, value)))
    }

    fn place(&mut self, repository: &str, id: &str) -> Result<[(&'static str, String); 3], Refused> {
        self.state = random_text(40)?;
        self.announced = self.size;
        Ok([
            ("location", format!("/v2/{repository}/blobs/uploads/{id}?_nouploadcache=false&_state={}", self.state)),
            ("range", format!("0-{}", self.size.saturating_sub(1))),
            ("docker-upload-uuid", id.to_owned()),
        ])
    }

    /// Whether a request goes on where this ends.
    fn check(&mut self, request: &Request, repository: &str, id: &str) -> Result<(), Refused> {
        if let Some(range) = request.header("content-range") {
            let (start, end) = range
                .split_once('-')
                .and_then(|(start, end)| Some((start.parse::<u64>().ok()?, end.parse::<u64>().ok()?)))
                .ok_or_else(|| Refused::bad("BLOB_UPLOAD_INVALID", "Content-Range header format is invalid"))?;
            let length = request.header("content-length").and_then(|length| length.parse::<u64>().ok());
            let Some(length) = length else {
                return Err(Refused::bad("CONTENT_LENGTH_INVALID", "Content-Length header is required with Content-Range"));
            };
            if end < start || end - start + 1 != length {
                return Err(Refused::bad("SIZE_INVALID", "provided length did not match content length"));
            }
            if start != self.size {
                let message = format!("the upload has {} bytes, the range begins at {start}", self.size);
                let refused = Refused::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_INVALID", message);
                return Err(self.place(repository, id)?.into_iter().fold(refused, |refused, (name, value)| refused.header(name, value)));
            }
        }
        if request.query("_state") != Some(self.state.as_str()) || self.announced != self.size {
            let message =
                "blob upload invalid: the address is not the latest one of this upload, or the upload was resumed at a wrong offset";
            return Err(Refused::unknown("BLOB_UPLOAD_INVALID", message));
        }
        Ok(())
    }

    /// Makes it a blob of the repository.
    fn finish(&mut self, content: &Content, repository: &str, digest: &str) -> Result<Answer, Refused> {
        let invalid = |message: &str| Refused::bad("DIGEST_INVALID", message).detail(json!({ "digest": digest }));
        let named = Digest::parse(digest).ok_or_else(|| invalid("provided digest is not a SHA-256 digest"))?;
        if Digest::finished(self.hash.clone()) != named {
            return Err(invalid("provided digest did not match uploaded content"));
        }
        let path = content.path(&named);
        std::fs::rename(&self.path, &path).map_err(|error| StoreError::new("cannot be written", &path, error))?;
        content.change(repository, |repository| repository.blobs.insert(named.clone(), self.size))?;
        Ok(created(repository, &named))
    }
}

/// 201 for a blob.
fn created(repository: &str, digest: &Digest) -> Answer {
    Answer::empty(StatusCode::CREATED)
        .with("location", &format!("/v2/{repository}/blobs/{digest}"))
        .with("docker-content-digest", &digest.to_string())
}

/// `POST /v2/<name>/blobs/uploads/`: begins one, mounts a blob, or takes it whole.
pub(super) async fn begin(
    visit: Visit<'_>,
    visitor: &Visitor<'_>,
    content: &Content,
    repository: &str,
    inflow: &mut Inflow,
) -> Result<Answer, Refused> {
    let request = visit.request;
    if let Some(digest) = request.query("mount").and_then(Digest::parse) {
        let size = match request.query("from") {
            Some(from) => content.repository(from).and_then(|from| from.blobs.get(&digest).copied()),
            // From wherever it is, for who may read everything by role, whatever the token is for.
            None if visitor.identity.actions(visit.registry).contains(&"pull") => content.find_blob(&digest),
            None => None,
        };
        if let Some(size) = size {
            content.change(repository, |repository| repository.blobs.insert(digest.clone(), size))?;
            return Ok(created(repository, &digest));
        }
    }
    let id = Uuid::new_v4().to_string();
    let mut written = Written::new(content.upload_path(&id))?;
    if let Some(digest) = request.query("digest") {
        written.append(inflow).await?;
        return written.finish(content, repository, digest);
    }
    let answer = written.location(StatusCode::ACCEPTED, repository, &id)?;
    content.begin(&id, Upload { repository: repository.to_owned(), written: Mutex::new(written) });
    Ok(answer)
}

/// What is asked of an upload that has begun.
pub(super) async fn go_on(
    visit: Visit<'_>,
    content: &Content,
    repository: &str,
    id: &str,
    inflow: &mut Inflow,
) -> Option<Result<Answer, Refused>> {
    let request = visit.request;
    let answer = match request.method {
        Method::GET | Method::PATCH | Method::PUT | Method::DELETE => match content.upload(repository, id) {
            Some(upload) => work(request, content, &upload, id, inflow).await,
            None => Err(Refused::unknown("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")),
        },
        _ => return None,
    };
    Some(answer)
}

async fn work(request: &Request, content: &Content, upload: &Arc<Upload>, id: &str, inflow: &mut Inflow) -> Result<Answer, Refused> {
    let repository = upload.repository.as_str();
    let mut written = upload.written.lock().await;
    match request.method {
        Method::GET => written.location(StatusCode::NO_CONTENT, repository, id),
        Method::PATCH => {
            written.check(request, repository, id)?;
            written.append(inflow).await?;
            written.location(StatusCode::ACCEPTED, repository, id)
        }
        Method::PUT => {
            written.check(request, repository, id)?;
            let Some(digest) = request.query("digest") else {
                return Err(Refused::bad("DIGEST_INVALID", "provided digest is missing"));
            };
            written.append(inflow).await?;
            // It ends here, well or not.
            content.forget(id);
            written.finish(content, repository, digest)
        }
        _ => {
            content.forget(id);
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
    }
}
