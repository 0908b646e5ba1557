//! Requests to one registry: signing in, retries, throttling, redirects.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use slipway_net::{Client, Clock, Request, Response, SendError, StreamingResponse, UploadBody, retry_after};
use slipway_secret::{Secret, SecretSink};
use tokio::time::sleep;
use url::Url;

use crate::auth::{self, Access, Scheme, Session};
use crate::{Credential, RegistryError, RegistryErrorKind};

/// Largest manifest, and largest answer in JSON (distribution specification: registries should take manifests of 4 MiB).
pub(crate) const SMALL: usize = 16 * 1024 * 1024;
/// Longest way of redirects.
const HOPS: usize = 5;

/// The connection to one registry, which the clones of a [`Registry`](crate::Registry) share.
pub(crate) struct Transport {
    pub(crate) host: String,
    pub(crate) base: Url,
    pub(crate) client: Client,
    credential: Credential,
    sink: Arc<dyn SecretSink>,
    /// Held while a token is fetched, so that workers that start together fetch one.
    session: tokio::sync::Mutex<Session>,
    /// No request begins before this: the registry throttles.
    gate: Mutex<Option<Instant>>,
    requests: AtomicU64,
}

/// A request of which the body is there.
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) access: Access,
}

impl Call {
    pub(crate) fn new(method: Method, url: Url, access: Access) -> Self {
        Self { request: Request::new(method, url).replayable(), access }
    }

    pub(crate) fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.request = self.request.header(name, value);
        self
    }
}

impl Transport {
    pub(crate) fn new(host: &str, client: Client, credential: Credential, sink: Arc<dyn SecretSink>) -> Result<Self, RegistryError> {
        let failure = |detail: &str| RegistryError {
            host: host.to_owned(),
            repository: String::new(),
            kind: RegistryErrorKind::Protocol { what: "its name", status: None, detail: detail.to_owned() },
        };
        let base = Url::parse(&format!("https://{host}/")).map_err(|_| failure("it is no host name"))?;
        if base.path() != "/"
            || base.query().is_some()
            || base.fragment().is_some()
            || !base.username().is_empty()
            || base.host_str().is_none()
        {
            return Err(failure("a host name is expected, such as `contoso.azurecr.io`"));
        }
        Ok(Self {
            host: host.to_owned(),
            base,
            client,
            credential,
            sink,
            session: tokio::sync::Mutex::default(),
            gate: Mutex::default(),
            requests: AtomicU64::new(0),
        })
    }

    /// Requests so far, those for tokens apart.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// `/v2/<repository>/<rest>`.
    pub(crate) fn url(&self, repository: &str, rest: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{repository}/{rest}"));
        url
    }

    pub(crate) fn error(&self, repository: &str, kind: RegistryErrorKind) -> RegistryError {
        RegistryError { host: self.host.clone(), repository: repository.to_owned(), kind }
    }

    /// Sends a request, again where that may help, signed in, and returns the answer of any status when its head is there.
    /// A read follows redirects; the credential stays here.
    pub(crate) async fn call(&self, call: Call) -> Result<StreamingResponse, RegistryErrorKind> {
        let follows = matches!(call.request.method, Method::GET | Method::HEAD);
        let mut request = call.request;
        for _ in 0..=HOPS {
            let response = self.retried(&request, &call.access).await?;
            if !follows || !response.status.is_redirection() || response.status == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            let target = response.header(LOCATION.as_str()).and_then(|location| request.url.join(location).ok());
            let refuse = |detail: &str| RegistryErrorKind::Protocol {
                what: "a read",
                status: Some(response.status.as_u16()),
                detail: detail.to_owned(),
            };
            let target = target.ok_or_else(|| refuse("a redirect to nowhere"))?;
            if target.scheme() != "https" {
                return Err(refuse("a redirect to what is not `https`"));
            }
            request.url = target;
        }
        Err(RegistryErrorKind::Protocol { what: "a read", status: None, detail: format!("more than {HOPS} redirects") })
    }

    async fn retried(&self, request: &Request, access: &Access) -> Result<StreamingResponse, RegistryErrorKind> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let result = self.signed(request, access).await;
            let answer = match &result {
                Ok(response) => Ok((response.status, &response.headers)),
                Err(RegistryErrorKind::Network(error)) => Err(&**error),
                Err(_) => return result,
            };
            match self.pause(request.url.host_str().unwrap_or_default(), attempt, started.elapsed(), answer) {
                None => return result,
                Some(wait) => sleep(wait).await,
            }
            attempt += 1;
        }
    }

    /// The wait before the next attempt; `None` where the result is final. When the registry throttles, other requests wait as well.
    pub(crate) fn pause(
        &self,
        host: &str,
        attempt: u32,
        elapsed: Duration,
        answer: Result<(StatusCode, &HeaderMap), &SendError>,
    ) -> Option<Duration> {
        let wait = self.client.plan_retry(host, attempt, elapsed, true, answer)?;
        if let Ok((StatusCode::TOO_MANY_REQUESTS, headers)) = answer
            && let Some(asked) = retry_after(headers, Clock::System.now())
            && let Some(until) = Instant::now().checked_add(asked)
        {
            let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            *gate = (*gate).max(Some(until));
        }
        Some(wait)
    }

    async fn pass_gate(&self) {
        let until = *self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            sleep(until.saturating_duration_since(Instant::now())).await;
        }
    }

    /// Sends once; after a 401 once more, signed in anew.
    async fn signed(&self, request: &Request, access: &Access) -> Result<StreamingResponse, RegistryErrorKind> {
        if request.url.origin() != self.base.origin() {
            self.requests.fetch_add(1, Ordering::Relaxed);
            return self.client.send_streaming(request, None).await.map_err(network);
        }
        self.pass_gate().await;
        let (response, used) = self.once(request, access, None).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.reject(&response, used.as_ref(), access).await?;
        let (response, used) = self.once(request, access, None).await?;
        if response.status == StatusCode::UNAUTHORIZED {
            let (missing, detail) = (self.missing(access).await, said(response).await);
            return Err(match (used, missing) {
                (Some(_), Some(missing)) if !missing.is_empty() => RegistryErrorKind::Denied { missing, detail },
                _ => RegistryErrorKind::Unauthorized { detail },
            });
        }
        Ok(response)
    }

    /// Sends once, with a body that is streamed. A 401 makes the next attempt sign in anew.
    pub(crate) async fn stream(
        &self,
        request: &Request,
        access: &Access,
        body: UploadBody,
    ) -> Result<StreamingResponse, RegistryErrorKind> {
        if request.url.origin() != self.base.origin() {
            self.requests.fetch_add(1, Ordering::Relaxed);
            return self.client.send_streaming(request, Some(body)).await.map_err(network);
        }
        self.pass_gate().await;
        let (response, used) = self.once(request, access, Some(body)).await?;
        if response.status == StatusCode::UNAUTHORIZED {
            self.reject(&response, used.as_ref(), access).await?;
        }
        Ok(response)
    }

    async fn once(
        &self,
        request: &Request,
        access: &Access,
        body: Option<UploadBody>,
    ) -> Result<(StreamingResponse, Option<HeaderValue>), RegistryErrorKind> {
        let mut request = request.clone();
        let used = self.authorization(access).await?;
        if let Some(value) = &used {
            request.headers.insert(AUTHORIZATION, value.clone());
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok((self.client.send_streaming(&request, body).await.map_err(network)?, used))
    }

    /// What to send as `Authorization`; nothing as long as the registry has not asked for it.
    async fn authorization(&self, access: &Access) -> Result<Option<HeaderValue>, RegistryErrorKind> {
        let mut session = self.session.lock().await;
        match session.scheme.clone() {
            None => Ok(None),
            Some(Scheme::Basic) => match &self.credential {
                Credential::Basic { username, password } => Ok(Some(auth::basic(username, password, &*self.sink)?)),
                _ => Err(RegistryErrorKind::Unauthorized { detail: "it wants a user and a password".to_owned() }),
            },
            Some(Scheme::Bearer { realm, service }) => {
                if let Some(token) = session.token(access, Clock::System.now()) {
                    return Ok(Some(auth::bearer(token)?));
                }
                let (token, expires_at) = self.fetch_token(&realm, service.as_deref(), access).await?;
                let value = auth::bearer(&token)?;
                session.keep(access, token, expires_at);
                Ok(Some(value))
            }
        }
    }

    /// After a 401: forgets what was refused and learns how to sign in. An error when signing in again is no use.
    async fn reject(&self, response: &StreamingResponse, used: Option<&HeaderValue>, access: &Access) -> Result<(), RegistryErrorKind> {
        let mut session = self.session.lock().await;
        let scheme = match auth::challenge(&response.headers) {
            Ok(scheme) => scheme,
            Err(_) if session.scheme.is_some() => session.scheme.clone().unwrap_or(Scheme::Basic),
            Err(detail) => return Err(RegistryErrorKind::Unauthorized { detail }),
        };
        if let Some(used) = used {
            if scheme == Scheme::Basic {
                return Err(RegistryErrorKind::Unauthorized { detail: "the user or the password is wrong".to_owned() });
            }
            // A registry answers 401 with `insufficient_scope` to a good token that grants too little: another one would grant no more.
            let lacks =
                session.token(access, Clock::System.now()).and_then(|token| lacking(token, access)).filter(|missing| !missing.is_empty());
            if let Some(missing) = lacks {
                return Err(RegistryErrorKind::Denied { missing, detail: String::new() });
            }
            session.forget(used);
        }
        session.scheme = Some(scheme);
        Ok(())
    }

    async fn missing(&self, access: &Access) -> Option<Vec<String>> {
        lacking(self.session.lock().await.token(access, Clock::System.now())?, access)
    }

    async fn fetch_token(
        &self,
        realm: &Url,
        service: Option<&str>,
        access: &Access,
    ) -> Result<(Secret, time::OffsetDateTime), RegistryErrorKind> {
        let refresh = match &self.credential {
            Credential::RefreshToken(source) => Some(source.token(&self.host).await.map_err(RegistryErrorKind::Token)?.token),
            _ => None,
        };
        let request = auth::token_request(&self.host, &self.credential, refresh.as_ref(), (realm, service), access, &*self.sink)?;
        let response = self.client.send(&request).await.map_err(network)?;
        match response.status.as_u16() {
            200 => auth::read_token(&response.body, Clock::System.now(), &*self.sink).ok_or_else(|| RegistryErrorKind::Protocol {
                what: "the request for a token",
                status: Some(200),
                detail: "there is no token in the answer".to_owned(),
            }),
            429 => Err(RegistryErrorKind::TooManyRequests { detail: problem(&response).1 }),
            400 | 401 | 403 => Err(RegistryErrorKind::Unauthorized { detail: problem(&response).1 }),
            status => {
                Err(RegistryErrorKind::Protocol { what: "the request for a token", status: Some(status), detail: problem(&response).1 })
            }
        }
    }

    /// Compares the rights that a token grants with `actions`. `/v2/` is asked only to learn how to sign in.
    pub(crate) async fn check_access(&self, repository: &str, actions: &[&str]) -> Result<(), RegistryErrorKind> {
        let push = actions.contains(&"push");
        let access = if push { Access::push(repository) } else { Access::pull(repository) };
        if self.session.lock().await.scheme.is_none() {
            let mut url = self.base.clone();
            url.set_path("/v2/");
            self.retried(&Request::get(url), &access).await?;
        }
        self.authorization(&access).await?;
        let session = self.session.lock().await;
        let missing = session.token(&access, Clock::System.now()).and_then(|token| auth::missing(token, repository, actions));
        match missing {
            Some(missing) if !missing.is_empty() => Err(RegistryErrorKind::Denied { missing, detail: String::new() }),
            _ => Ok(()),
        }
    }
}

fn lacking(token: &Secret, access: &Access) -> Option<Vec<String>> {
    let (repository, push) = access.first()?;
    auth::missing(token, repository, if push { &["pull", "push"] } else { &["pull"] })
}

/// No answer came.
pub(crate) fn network(error: SendError) -> RegistryErrorKind {
    RegistryErrorKind::Network(Box::new(error))
}

/// What a refusal means. The body of `response` is read.
pub(crate) async fn refusal(response: StreamingResponse, what: &'static str) -> RegistryErrorKind {
    let status = response.status;
    let (code, detail) = match response.read(SMALL).await {
        Ok(response) => problem(&response),
        Err(error) => return network(error),
    };
    match (status.as_u16(), code.as_str()) {
        (_, "NAME_UNKNOWN") => RegistryErrorKind::RepositoryNotFound,
        (429, _) => RegistryErrorKind::TooManyRequests { detail },
        (401, _) => RegistryErrorKind::Unauthorized { detail },
        (403, _) => RegistryErrorKind::Denied { missing: Vec::new(), detail },
        (status, _) => RegistryErrorKind::Protocol { what, status: Some(status), detail },
    }
}

async fn said(response: StreamingResponse) -> String {
    match response.read(SMALL).await {
        Ok(response) => problem(&response).1,
        Err(_) => String::new(),
    }
}

/// Code and message of a registry's error (distribution specification, "Error Codes"), else the beginning of the body.
pub(crate) fn problem(response: &Response) -> (String, String) {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<Problem>,
    }
    #[derive(Deserialize)]
    struct Problem {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    match serde_json::from_slice::<Envelope>(&response.body).ok().and_then(|envelope| envelope.errors.into_iter().next()) {
        Some(problem) if problem.message.is_empty() => (problem.code.clone(), problem.code),
        Some(problem) => (problem.code.clone(), format!("{}: {}", problem.code, problem.message)),
        None => (String::new(), response.excerpt()),
    }
}
