use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use slipway_secret::{SafeUrl, Secret};
use url::Url;

/// A request with a small body, which can be sent again.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Address.
    pub url: Url,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Whether sending it twice does no harm. True from the start for the methods that HTTP calls idempotent.
    pub replayable: bool,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Self {
        let replayable = method.is_idempotent();
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), replayable }
    }

    /// A `GET`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A `POST`.
    pub fn post(url: Url) -> Self {
        Self::new(Method::POST, url)
    }

    /// Says that this request may be sent twice although its method does not.
    #[must_use]
    pub fn replayable(mut self) -> Self {
        self.replayable = true;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds `Authorization: Bearer`.
    ///
    /// # Errors
    /// When the token has characters that a header cannot carry.
    pub fn bearer(self, token: &Secret) -> Result<Self, http::header::InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))?;
        value.set_sensitive(true);
        Ok(self.header(AUTHORIZATION, value))
    }

    /// Sets the body with its type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }
}

/// Shows no body and no header values: both may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, SafeUrl::new(&self.url))
    }
}

/// A response with its whole body.
#[derive(Clone)]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Response {
    /// A header as text, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the body is what a page, not an API, would answer: a proxy, a sign-in portal, a load balancer.
    pub fn is_html(&self) -> bool {
        let typed = self.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("html"));
        typed || self.body.trim_ascii_start().first() == Some(&b'<')
    }

    /// The visible beginning of the body as one line of at most 200 characters, tags left out: what a person needs to see
    /// of an answer that was not understood.
    pub fn excerpt(&self) -> String {
        excerpt(&String::from_utf8_lossy(&self.body))
    }
}

/// Shows no body and no header values: both may hold secrets.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// See [`Response::excerpt`].
pub(crate) fn excerpt(text: &str) -> String {
    let mut visible = String::new();
    let mut tag: Option<String> = None;
    let mut hidden = false;
    for character in text.chars() {
        match (&mut tag, character) {
            (None, '<') => tag = Some(String::new()),
            (None, _) if hidden => {}
            (None, c) => visible.push(c),
            (Some(name), '>') => {
                let name = name.to_ascii_lowercase();
                let bare = name.trim_start_matches('/');
                if bare.starts_with("style") || bare.starts_with("script") {
                    hidden = !name.starts_with('/');
                }
                visible.push(' ');
                tag = None;
            }
            (Some(name), c) => name.push(c),
        }
    }
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_without_tags_styles_and_scripts() {
        let page = "<!DOCTYPE html>\n<html><head><style>body { x }</style><title>Blocked</title>\n<script>alert(1)</script></head><body><p>Ask IT</p></body></html>";
        assert_eq!(excerpt(page), "Blocked Ask IT");
        assert_eq!(excerpt(&"x".repeat(300)), format!("{}...", "x".repeat(200)));
        assert_eq!(excerpt("a < b"), "a");
    }

    #[test]
    fn only_methods_that_http_calls_idempotent_are_replayable_unless_said() {
        let url = Url::parse("https://h/").unwrap();
        assert!(Request::get(url.clone()).replayable);
        assert!(!Request::post(url.clone()).replayable);
        assert!(Request::post(url).replayable().replayable);
    }

    #[test]
    fn debug_output_shows_neither_headers_nor_body() {
        let request = Request::post(Url::parse("https://h/?sig=planted").unwrap()).body("text/plain", "planted");
        assert!(request.body == "planted");
        assert!(!format!("{request:?}").contains("planted"));
    }
}
