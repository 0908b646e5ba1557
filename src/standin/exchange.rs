//! A request as a service of the stand-in sees it, and its answer: plain data, so that services are plain functions.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use uuid::Uuid;

/// What a fault changes in how a service judges a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Twists {
    /// Access tokens that this request carries have expired.
    pub(crate) tokens_expired: bool,
    /// Assertions that this request carries, or that its answer issues, have expired.
    pub(crate) assertions_expired: bool,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Lower case, without port.
    pub(crate) host: String,
    /// As it came, without the query.
    pub(crate) path: String,
    /// Decoded.
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) twists: Twists,
}

impl Request {
    pub(crate) fn new(host: &str, method: Method, uri: &http::Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Self { method, host: host.to_owned(), path: uri.path().to_owned(), query, headers, body, twists: Twists::default() }
    }

    /// The segments of the path, decoded; a slash at the end makes none.
    pub(crate) fn segments(&self) -> Vec<String> {
        let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
    }

    /// A query value; keys ignore case, as Azure's do.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// All values of a query key.
    pub(crate) fn queries<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The fields of a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// A part of a file.
#[derive(Clone, Debug)]
pub(crate) struct FilePart {
    pub(crate) file: Arc<File>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// Position of a byte that is sent wrongly: a fault.
    pub(crate) wrong: Option<u64>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body instead of `body`, where that would be too large for the memory.
    pub(crate) file: Option<FilePart>,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), file: None }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(crate) fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::empty(status);
        answer.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer.body = body.into();
        answer
    }

    /// Adds a header. A value that no header can hold (it came from a client) is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The answer to `HEAD`: its length, and no body.
    pub(crate) fn without_body(mut self) -> Self {
        let length = self.file.take().map_or(self.body.len() as u64, |part| part.length);
        self.body = Bytes::new();
        if self.headers.contains_key(http::header::CONTENT_LENGTH) { self } else { self.with("content-length", &length.to_string()) }
    }

    /// The same with one bit in the middle of the body changed: a fault.
    pub(crate) fn corrupted(mut self) -> Self {
        if let Some(part) = &mut self.file {
            part.wrong = Some(part.offset + part.length / 2);
        }
        if !self.body.is_empty() {
            let mut bytes = self.body.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            self.body = bytes.into();
        }
        self
    }

    /// Adds the headers by which Microsoft's support finds a request, under Azure's name for them.
    pub(crate) fn with_request_ids(self, request: &Request) -> Self {
        let answer = self.with("x-ms-request-id", &Uuid::new_v4().to_string());
        match request.header("x-ms-client-request-id") {
            Some(id) => answer.with("x-ms-client-request-id", id),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("bearer the-token"));
        Request::new("host", Method::GET, &uri.parse().unwrap(), headers, Bytes::from_static(b"a=1&b=x%20y"))
    }

    #[test]
    fn a_request_is_taken_apart() {
        let request = request("https://host/secrets/a%2Db/?API-Version=7.4&x=%20");
        assert_eq!(request.segments(), ["secrets", "a-b"]);
        assert_eq!(request.query("api-version"), Some("7.4"));
        assert_eq!(request.query("x"), Some(" "));
        assert_eq!(request.query("y"), None);
        assert_eq!(request.bearer(), Some("the-token"));
        assert_eq!(request.form()["b"], "x y");
    }
}
