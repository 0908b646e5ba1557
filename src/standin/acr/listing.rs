//! Lists, in pages: tags, repositories, referrers.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Visit;
use super::content::Content;
use super::digest::Digest;
use super::manifest::{OCI_INDEX, unknown_repository};
use super::refusal::Refused;
use crate::exchange::{Answer, Request};

/// Entries of a page where the client names no number.
const PAGE: usize = 100;

/// The number of entries that a client may ask for.
const LARGEST_PAGE: usize = 1000;

/// `GET /v2/_catalog`.
pub(super) fn catalog(visit: Visit<'_>, content: &Content) -> Option<Result<Answer, Refused>> {
    let request = visit.request;
    (request.method == Method::GET).then(|| {
        let (names, next) = page(request, content.names())?;
        let answer = Answer::json(StatusCode::OK, &json!({ "repositories": names }));
        Ok(linked(answer, next.map(|last| format!("/v2/_catalog?last={}&n={}&orderby=", encoded(&last), names.len()))))
    })
}

/// `GET /v2/<name>/tags/list`.
pub(super) fn tags(visit: Visit<'_>, content: &Content, name: &str) -> Option<Result<Answer, Refused>> {
    let request = visit.request;
    (request.method == Method::GET).then(|| {
        let repository = content.repository(name).filter(|repository| !repository.manifests.is_empty());
        let repository = repository.ok_or_else(|| unknown_repository(name))?;
        let (tags, next) = page(request, repository.tags.keys().cloned().collect())?;
        let answer = Answer::json(StatusCode::OK, &json!({ "name": name, "tags": tags }));
        Ok(linked(answer, next.map(|last| format!("/v2/{name}/tags/list?last={}&n={}&orderby=", encoded(&last), tags.len()))))
    })
}

/// `GET /v2/<name>/referrers/<digest>`.
pub(super) fn referrers(visit: Visit<'_>, content: &Content, name: &str, digest: &str) -> Option<Result<Answer, Refused>> {
    let request = visit.request;
    if request.method != Method::GET {
        return None;
    }
    let Some(subject) = Digest::parse(digest) else {
        return Some(Err(Refused::bad("DIGEST_INVALID", "provided digest is not a SHA-256 digest").detail(json!({ "digest": digest }))));
    };
    let filter = request.query("artifactType").filter(|text| !text.is_empty());
    let answer = || {
        // A subject that is not there has no referrers, which is no error.
        let repository = content.repository(name).unwrap_or_default();
        let wanted: Vec<_> = repository
            .referrers(&subject)
            .filter(|(_, manifest)| filter.is_none_or(|filter| manifest.artifact_type.as_deref() == Some(filter)))
            .collect();
        let (digests, next) = page(request, wanted.iter().map(|(digest, _)| digest.to_string()).collect())?;
        let descriptors: Vec<Value> = wanted
            .iter()
            .filter(|(digest, _)| digests.contains(&digest.to_string()))
            .map(|(digest, manifest)| {
                let mut descriptor = json!({ "mediaType": manifest.media_type, "digest": digest.to_string(), "size": manifest.size });
                if let Some(artifact_type) = &manifest.artifact_type {
                    descriptor["artifactType"] = json!(artifact_type);
                }
                if !manifest.annotations.is_null() {
                    descriptor["annotations"] = manifest.annotations.clone();
                }
                descriptor
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors });
        let mut answer = Answer::text(StatusCode::OK, OCI_INDEX, index.to_string());
        if filter.is_some() {
            answer = answer.with("oci-filters-applied", "artifactType");
        }
        let next = next.map(|last| {
            let filter = filter.map(|filter| format!("&artifactType={}", encoded(filter))).unwrap_or_default();
            format!("/v2/{name}/referrers/{subject}?last={}&n={}{filter}", encoded(&last), digests.len())
        });
        Ok(linked(answer, next))
    };
    Some(answer())
}

/// The entries of sorted `names` that the request asks for, and the last of them if there are more.
fn page(request: &Request, names: Vec<String>) -> Result<(Vec<String>, Option<String>), Refused> {
    let number = match request.query("n") {
        None => PAGE,
        Some(text) => match text.parse::<usize>() {
            Ok(number @ 1..) => number.min(LARGEST_PAGE),
            _ => return Err(Refused::bad("PAGINATION_NUMBER_INVALID", format!("invalid number of results requested: '{text}'"))),
        },
    };
    let last = request.query("last").unwrap_or_default();
    let mut rest = names.into_iter().filter(|name| name.as_str() > last);
    let entries: Vec<String> = rest.by_ref().take(number).collect();
    let next = rest.next().and_then(|_| entries.last().cloned());
    Ok((entries, next))
}

fn linked(answer: Answer, next: Option<String>) -> Answer {
    match next {
        Some(next) => answer.with("link", &format!("<{next}>; rel=\"next\"")),
        None => answer,
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let pages = |query: &str| {
            let uri = format!("https://x/v2/_catalog{query}").parse().unwrap();
            let request = Request::new("x", Method::GET, &uri, HeaderMap::new(), Bytes::new());
            page(&request, ["a", "b", "c"].map(str::to_owned).to_vec())
        };
        let entries =
            |names: &[&str], next: Option<&str>| Ok((names.iter().map(|name| (*name).to_owned()).collect(), next.map(str::to_owned)));
        assert_eq!(pages(""), entries(&["a", "b", "c"], None));
        assert_eq!(pages("?n=2"), entries(&["a", "b"], Some("b")));
        assert_eq!(pages("?n=2&last=b"), entries(&["c"], None));
        assert_eq!(pages("?last=z"), entries(&[], None));
        assert!(pages("?n=0").is_err() && pages("?n=x").is_err());
    }
}
