//! The storage account with the blobs of a registry: reads with a signature in the query, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use ring::hmac;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Visit;
use super::content::Content;
use super::digest::Digest;
use crate::config::Registry;
use crate::directory::storage_host;
use crate::exchange::{Answer, Request};
use crate::world::World;

/// Time for which an address is good.
const LIFETIME: Duration = Duration::minutes(20);

/// What stands before the digest in a path.
const FOLDER: &str = "/registry//docker/registry/v2/blobs/sha256/";

/// The address of a blob, with a signature.
pub(super) fn address(visit: Visit<'_>, content: &Content, digest: &Digest) -> String {
    let path = format!("{FOLDER}{}/{}/data", &digest.hex()[..2], digest.hex());
    let until = (visit.world.clock.now() + LIFETIME).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let until = until.format(&Rfc3339).unwrap_or_default();
    let signature = STANDARD.encode(hmac::sign(&content.key, signed(&path, &until).as_bytes()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("se", until.as_str()), ("sig", &signature), ("sp", "r"), ("spr", "https"), ("sr", "b"), ("sv", "2018-03-28")])
        .finish();
    format!("https://{}{path}?{query}", storage_host(visit.registry))
}

fn signed(path: &str, until: &str) -> String {
    format!("r\n{until}\n{path}")
}

/// Answers a request to the storage host; `None` for what is not simulated.
pub(crate) fn storage(world: &World, registry: &Registry, request: &Request) -> Option<Answer> {
    let content = world.registries.of(&registry.name)?;
    if ![Method::GET, Method::HEAD].contains(&request.method) {
        return None;
    }
    if request.headers.contains_key("authorization") {
        let message = "Authentication information is not given in the correct format. Check the value of Authorization header.";
        return Some(refused(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo", message));
    }
    if !is_signed(world, content, request) {
        return Some(refuse_storage());
    }
    let digest =
        request.path.strip_prefix(FOLDER).and_then(|rest| rest.split('/').nth(1)).and_then(|hex| Digest::parse(&format!("sha256:{hex}")));
    let Some(mut part) = digest.as_ref().and_then(|digest| content.read(digest).ok()) else {
        return Some(refused(StatusCode::NOT_FOUND, "BlobNotFound", "The specified blob does not exist."));
    };
    let whole = part.length;
    let mut answer = Answer::empty(StatusCode::OK);
    if let Some((start, end)) = request.header("range").or_else(|| request.header("x-ms-range")).and_then(range) {
        if start >= whole {
            let answer = refused(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The range specified is invalid for the current size of the resource.",
            );
            return Some(answer.with("content-range", &format!("bytes */{whole}")));
        }
        let end = end.min(whole - 1);
        (part.offset, part.length) = (start, end - start + 1);
        answer = Answer::empty(StatusCode::PARTIAL_CONTENT).with("content-range", &format!("bytes {start}-{end}/{whole}"));
    }
    answer = dress(answer)
        .with("content-type", "application/octet-stream")
        .with("accept-ranges", "bytes")
        .with("etag", &format!("\"0x{}\"", &digest?.hex()[..16].to_uppercase()))
        .with("x-ms-blob-type", "BlockBlob")
        .with("content-length", &part.length.to_string());
    if request.method == Method::GET {
        answer.file = Some(part);
    }
    Some(answer)
}

fn is_signed(world: &World, content: &Content, request: &Request) -> bool {
    let (Some(until), Some(signature)) = (request.query("se"), request.query("sig")) else { return false };
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let in_time = OffsetDateTime::parse(until, &Rfc3339).is_ok_and(|until| until > world.clock.now());
    in_time && !request.twists.tokens_expired && hmac::verify(&content.key, signed(&request.path, until).as_bytes(), &signature).is_ok()
}

/// `bytes=<start>-<end>` or `bytes=<start>-`; other forms are as if there were none, as in Azure.
fn range(header: &str) -> Option<(u64, u64)> {
    let (start, end) = header.strip_prefix("bytes=")?.split_once('-')?;
    let start = start.parse().ok()?;
    let end = if end.is_empty() { u64::MAX } else { end.parse().ok()? };
    (start <= end).then_some((start, end))
}

/// 403.
pub(crate) fn refuse_storage() -> Answer {
    let message = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.";
    refused(StatusCode::FORBIDDEN, "AuthenticationFailed", message)
}

/// 503: Storage has no 429.
pub(crate) fn throttle_storage() -> Answer {
    refused(StatusCode::SERVICE_UNAVAILABLE, "ServerBusy", "The server is currently unable to receive requests. Please retry your request.")
}

fn refused(status: StatusCode, code: &'static str, message: &str) -> Answer {
    let xml = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    dress(Answer::text(status, "application/xml", xml)).with("x-ms-error-code", code)
}

fn dress(answer: Answer) -> Answer {
    answer
        .with("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
        .with("x-ms-version", "2018-03-28")
        .with("x-ms-request-id", &uuid::Uuid::new_v4().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_storage_reads_them() {
        assert_eq!(range("bytes=0-9"), Some((0, 9)));
        assert_eq!(range("bytes=5-"), Some((5, u64::MAX)));
        for other in ["bytes=-5", "bytes=9-5", "bytes=a-b", "0-9", "bytes=0-1,3-4"] {
            assert_eq!(range(other), None, "{other}");
        }
    }
}
