//! Blobs that are there. Their content comes from the storage host, to which reading redirects.

use http::{Method, StatusCode};
use serde_json::json;

use super::Visit;
use super::content::Content;
use super::digest::Digest;
use super::refusal::Refused;
use super::storage;
use crate::exchange::Answer;

pub(super) fn answer(visit: Visit<'_>, content: &Content, repository: &str, digest: &str) -> Option<Result<Answer, Refused>> {
    if ![Method::GET, Method::HEAD, Method::DELETE].contains(&visit.request.method) {
        return None;
    }
    let unknown = || Refused::unknown("BLOB_UNKNOWN", "blob unknown to registry").detail(json!({ "digest": digest }));
    let Some(parsed) = Digest::parse(digest) else {
        return Some(Err(Refused::bad("DIGEST_INVALID", "provided digest is not a SHA-256 digest").detail(json!({ "digest": digest }))));
    };
    let Some(size) = content.repository(repository).and_then(|repository| repository.blobs.get(&parsed).copied()) else {
        return Some(Err(unknown()));
    };
    let answer = Answer::empty(StatusCode::OK).with("docker-content-digest", digest).with("accept-ranges", "bytes");
    Some(match visit.request.method {
        Method::HEAD => Ok(answer.with("content-type", "application/octet-stream").with("content-length", &size.to_string())),
        Method::GET => {
            Ok(Answer { status: StatusCode::TEMPORARY_REDIRECT, ..answer }.with("location", &storage::address(visit, content, &parsed)))
        }
        _ => remove(content, repository, &parsed),
    })
}

fn remove(content: &Content, repository: &str, digest: &Digest) -> Result<Answer, Refused> {
    content.change(repository, |repository| repository.blobs.remove(digest))?;
    content.sweep(std::slice::from_ref(digest));
    Ok(Answer::empty(StatusCode::ACCEPTED).with("docker-content-digest", &digest.to_string()))
}
