//! Azure's SDK over `slipway_net`: one client, one proxy and authority configuration, one retry policy. The SDK's own
//! retry is off.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, ClientOptions, HttpClient, Method, Request, RetryOptions, Transport};
use azure_core::{Error, Result};
use slipway_net::{Client, Response};

use crate::Cloud;

/// An answer that is not what the service answers: a web page of a proxy, a firewall, a sign-in portal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{host}` answered {status} with {form} instead of JSON: `{excerpt}`. Something on the way (a proxy, a firewall, a sign-in portal) answers in its place."
)]
pub struct UnexpectedAnswer {
    /// Host that was asked.
    pub host: String,
    /// Status.
    pub status: u16,
    /// `a web page`, `text`.
    pub form: &'static str,
    /// The visible beginning.
    pub excerpt: String,
}

impl UnexpectedAnswer {
    /// The answer, if it is one that an API would not give: a page, or a failure that is not JSON.
    pub(crate) fn find(host: &str, response: &Response) -> Option<Self> {
        let failed = !response.status.is_success();
        let json = matches!(response.body.trim_ascii_start().first(), None | Some(b'{' | b'['));
        let form = match (response.is_html(), failed && !json) {
            (true, _) => "a web page",
            (false, true) => "text",
            (false, false) => return None,
        };
        Some(Self { host: host.to_owned(), status: response.status.as_u16(), form, excerpt: response.excerpt() })
    }
}

/// An error answer of the token endpoint, kept whole: the SDK's own reading of it fails on line breaks in the
/// description, which real ones have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the token endpoint answered {status}")]
pub(crate) struct TokenRefusal {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Options for an SDK client of `cloud` that goes out through `client`.
pub(crate) fn client_options(client: &Client, cloud: &Cloud) -> ClientOptions {
    let mut custom = CustomConfiguration::default();
    // Said outright even for the public cloud: without it the SDK looks into the environment.
    custom.authority_host = cloud.authority.to_string();
    ClientOptions {
        retry: RetryOptions::none(),
        transport: Some(Transport::new(Arc::new(NetTransport(client.clone())))),
        cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
        ..ClientOptions::default()
    }
}

#[derive(Debug)]
struct NetTransport(Client);

#[async_trait]
impl HttpClient for NetTransport {
    async fn execute_request(&self, request: &Request) -> Result<AsyncRawResponse> {
        let is_token_request = request.method() == Method::Post && request.url().path().ends_with("/oauth2/v2.0/token");
        let outgoing = outgoing(request, is_token_request)?;
        let response = self.0.send(&outgoing).await.map_err(|error| Error::new(ErrorKind::Io, error))?;
        let host = request.url().host_str().unwrap_or_default();
        if let Some(answer) = UnexpectedAnswer::find(host, &response) {
            return Err(Error::new(ErrorKind::Other, answer));
        }
        let status = response.status.as_u16();
        if is_token_request && !response.status.is_success() {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            return Err(Error::new(ErrorKind::Credential, TokenRefusal { status, body }));
        }
        let mut headers = Headers::new();
        for (name, value) in &response.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(HeaderName::from(name.as_str().to_owned()), HeaderValue::from(value.to_owned()));
            }
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, response.body))
    }
}

fn outgoing(request: &Request, is_token_request: bool) -> Result<slipway_net::Request> {
    let method = match request.method() {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        other => return Err(Error::with_message(ErrorKind::Other, format!("method {other:?} is not supported"))),
    };
    let mut outgoing = slipway_net::Request::new(method, request.url().clone());
    // Asking for a token twice gives two tokens, which does no harm.
    outgoing.replayable |= is_token_request;
    for (name, value) in request.headers().iter() {
        let name = http::HeaderName::try_from(name.as_str()).map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        let value = http::HeaderValue::try_from(value.as_str()).map_err(|error| Error::new(ErrorKind::DataConversion, error))?;
        outgoing.headers.insert(name, value);
    }
    match request.body() {
        Body::Bytes(bytes) => outgoing.body = bytes.clone(),
        Body::SeekableStream(_) => return Err(Error::with_message(ErrorKind::Other, "streamed bodies are not supported")),
    }
    Ok(outgoing)
}

/// Where a body was not understood. Not why: the reason would quote the body, which may be a secret in another form.
pub(crate) fn json_position(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

/// Looks for a `T` in an SDK error and its causes.
pub(crate) fn find_cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}
