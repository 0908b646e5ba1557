use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::send_error::is_tunnel_answer;
use crate::stream::{Began, Way, within_silence};
use crate::{
    Clock, Decision, FailureKind, Finding, Request, Response, RetryPolicy, Route, SendError, Settings, StreamingResponse, TlsError,
    UploadBody, proxy_answer, tls_config,
};

/// Time within which a connection must come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest silence of a server.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest body of an API's answer.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// Is told of every retry before the wait.
pub type RetryObserver = Arc<dyn Fn(&RetryEvent) + Send + Sync>;

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up as asked.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The proxy's address cannot be used.
    #[error("The proxy address `{url}` cannot be used: {cause}.")]
    Proxy {
        /// The address.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The HTTP library does not take the settings.
    #[error("The HTTP client cannot be set up: {0}.")]
    Setup(String),
}

/// A retry that is about to be waited for.
#[derive(Clone, Debug)]
pub struct RetryEvent {
    /// Host that was asked.
    pub host: String,
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// The wait before the next one.
    pub wait: Duration,
    /// Status of the answer, if there was one.
    pub status: Option<StatusCode>,
    /// What failed, if there was no answer.
    pub failure: Option<SendError>,
}

impl fmt::Display for RetryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.failure, self.status) {
            (Some(failure), _) => write!(f, "{}", failure.to_string().trim_end_matches('.'))?,
            (None, Some(StatusCode::TOO_MANY_REQUESTS)) => write!(f, "Throttled by `{}`", self.host)?,
            (None, Some(status)) => write!(f, "`{}` answered {}", self.host, status.as_u16())?,
            (None, None) => write!(f, "`{}` did not answer", self.host)?,
        }
        write!(f, "; waiting {} before attempt {}.", seconds(self.wait), self.attempt + 1)
    }
}

/// `2 s`, `0.5 s`.
fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis().div_ceil(100);
    if tenths.is_multiple_of(10) { format!("{} s", tenths / 10) } else { format!("{}.{} s", tenths / 10, tenths % 10) }
}

/// The HTTP client of this process. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    policy: RetryPolicy,
    clock: Clock,
    observer: Option<RetryObserver>,
}

struct Shared {
    settings: Settings,
    tls: rustls::ClientConfig,
    /// For API requests.
    api: Pool,
    /// For bodies that are streamed.
    bulk: Pool,
}

/// Two clients over one TLS configuration, because an agent's bypass list looks at whole URLs and a connection pool only at
/// hosts.
struct Pool {
    direct: reqwest::Client,
    proxied: Option<reqwest::Client>,
}

impl Client {
    /// Builds the client that `settings` describe. Proxies from the environment never apply; redirects are not followed.
    ///
    /// # Errors
    /// When a file or an address of the settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ClientError> {
        let tls = tls_config(settings)?;
        let builder = || {
            reqwest::Client::builder()
                .user_agent(settings.user_agent.clone())
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
        };
        let mut bulk_tls = tls.clone();
        bulk_tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let api = pool(settings, || builder().tls_backend_preconfigured(tls.clone()).read_timeout(READ_TIMEOUT))?;
        // reqwest's limit of reading begins with the request, so a body that takes longer to send would end it: see `within_silence`.
        let bulk = pool(settings, || builder().tls_backend_preconfigured(bulk_tls.clone()).http1_only())?;
        let shared = Shared { settings: settings.clone(), tls, api, bulk };
        Ok(Self { shared: Arc::new(shared), policy: RetryPolicy::default(), clock: Clock::System, observer: None })
    }

    /// The same client with another retry policy.
    #[must_use]
    pub fn with_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same client with someone who is told of retries.
    #[must_use]
    pub fn with_observer(mut self, observer: RetryObserver) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The retry policy.
    pub fn policy(&self) -> &RetryPolicy {
        &self.policy
    }

    /// The settings that this client was built from.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Sends `request`, again where the policy allows, and reads the whole response. A response of any status is `Ok`.
    ///
    /// # Errors
    /// When no response came.
    pub async fn send(&self, request: &Request) -> Result<Response, SendError> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let result = self.attempt(request).await;
            let finding = match &result {
                Ok(response) => Finding::Status(response.status, &response.headers),
                Err(error) => Finding::Failure(error.kind),
            };
            let decision = self.policy.decide(finding, request.replayable, attempt, started.elapsed(), self.clock.now(), random());
            let Decision::Retry(wait) = decision else {
                return result.map_err(|error| SendError { attempts: attempt, ..error });
            };
            if let Some(observer) = &self.observer {
                let host = host(&request.url);
                let (status, failure) = match result {
                    Ok(response) => (Some(response.status), None),
                    Err(error) => (None, Some(error)),
                };
                observer(&RetryEvent { host, attempt, wait, status, failure });
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Response, SendError> {
        let Began { way, incoming } = self.begin(&self.shared.api, request, request.body.clone().into(), None).await?;
        let (status, headers) = (incoming.status(), incoming.headers().clone());
        let body = read(incoming).await.map_err(|error| match error {
            Some(error) => way.classified(&error),
            None => way.failure(FailureKind::TooLarge, format!("more than {} MiB", BODY_LIMIT / 1024 / 1024)),
        })?;
        Ok(Response { status, headers, body })
    }

    /// Sends `request` once and does not read the answer's body: `body`, if there is one, is read while it is sent, and the
    /// answer's body as it comes, so that memory does not depend on sizes. For blobs; what is small goes through
    /// [`Client::send`], which also retries (a stream cannot be sent twice: whoever has the stream's source decides).
    ///
    /// The way is that of [`Client::send`]: proxy, authorities, client certificate; redirects are not followed. The
    /// connections are others (HTTP/1.1, several at a time, since one connection's flow control limits bulk data), and the time limit
    /// is one of silence: a minute in which neither a piece of the body was taken nor an answer came.
    ///
    /// # Errors
    /// When no answer came, or the body's stream failed.
    pub async fn send_streaming(&self, request: &Request, body: Option<UploadBody>) -> Result<StreamingResponse, SendError> {
        let Some(upload) = body else {
            let began = self.begin(&self.shared.bulk, request, request.body.clone().into(), Some(&AtomicU64::new(0))).await?;
            return Ok(StreamingResponse::new(began));
        };
        let mut request = request.clone();
        request.headers.insert(CONTENT_LENGTH, upload.length.into());
        let taken = Arc::new(AtomicU64::new(0));
        let counter = taken.clone();
        let stream = upload.stream.inspect(move |_| _ = counter.fetch_add(1, Ordering::Relaxed));
        let began = self.begin(&self.shared.bulk, &request, reqwest::Body::wrap_stream(stream), Some(&taken)).await?;
        Ok(StreamingResponse::new(began))
    }

    /// For a caller with retries of its own: the wait before the next attempt, of which the observer was told; `None` where
    /// the result is final. Attempts count from 1.
    pub fn plan_retry(
        &self,
        host: &str,
        attempt: u32,
        elapsed: Duration,
        replayable: bool,
        answer: Result<(StatusCode, &HeaderMap), &SendError>,
    ) -> Option<Duration> {
        let finding = match answer {
            Ok((status, headers)) => Finding::Status(status, headers),
            Err(error) => Finding::Failure(error.kind),
        };
        let Decision::Retry(wait) = self.policy.decide(finding, replayable, attempt, elapsed, self.clock.now(), random()) else {
            return None;
        };
        if let Some(observer) = &self.observer {
            let (status, failure) = (answer.ok().map(|(status, _)| status), answer.err().cloned());
            observer(&RetryEvent { host: host.to_owned(), attempt, wait, status, failure });
        }
        Some(wait)
    }

    /// Sends the head and the body of a request on its way, and returns when the head of the answer is there. With `taken`, a
    /// count of pieces of the body, silence is limited here.
    async fn begin(&self, pool: &Pool, request: &Request, body: reqwest::Body, taken: Option<&AtomicU64>) -> Result<Began, SendError> {
        let (client, proxy) = match (self.shared.settings.route(&request.url), &pool.proxied, &self.shared.settings.proxy) {
            (Route::Proxy, Some(client), Some(proxy)) => (client, Some(proxy)),
            _ => (&pool.direct, None),
        };
        let way = Way {
            host: host(&request.url),
            proxy: proxy.map(|proxy| {
                format!("{}:{}", proxy.url.host_str().unwrap_or_default(), proxy.url.port_or_known_default().unwrap_or_default())
            }),
        };
        let outgoing = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone()).body(body).send();
        let answer = match taken {
            None => outgoing.await,
            Some(taken) => within_silence(outgoing, taken, READ_TIMEOUT).await.ok_or_else(|| way.silence())?,
        };
        let incoming = match answer {
            Ok(incoming) => incoming,
            Err(error) => {
                if let Some(proxy) = proxy
                    && is_tunnel_answer(&error)
                {
                    let answer = proxy_answer::ask(proxy, &target(&request.url), &self.shared.tls).await;
                    return Err(match answer {
                        Some((407, text)) => way.failure(FailureKind::ProxyAuthentication, text),
                        Some((status, text)) => way.failure(FailureKind::ProxyRefused(status), text),
                        None => way.failure(FailureKind::ProxyRefused(503), "it answers otherwise now".to_owned()),
                    });
                }
                return Err(way.classified(&error));
            }
        };
        if incoming.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && proxy.is_some() {
            return Err(way.failure(FailureKind::ProxyAuthentication, String::new()));
        }
        Ok(Began { way, incoming })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("policy", &self.policy).finish_non_exhaustive()
    }
}

fn pool(settings: &Settings, builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Pool, ClientError> {
    let build = |builder: reqwest::ClientBuilder| builder.build().map_err(|error| ClientError::Setup(error.to_string()));
    let direct = build(builder().no_proxy())?;
    let proxied = match &settings.proxy {
        None => None,
        Some(proxy) => {
            let refuse = |cause: String| ClientError::Proxy { url: proxy.url.to_string(), cause };
            if !matches!(proxy.url.scheme(), "http" | "https") {
                return Err(refuse("only `http://` and `https://` proxies are supported".to_owned()));
            }
            let mut route = reqwest::Proxy::all(proxy.url.clone()).map_err(|error| refuse(error.to_string()))?;
            if !proxy.username.is_empty() {
                route = route.basic_auth(&proxy.username, proxy.password.as_ref().map(slipway_secret::Secret::expose).unwrap_or_default());
            }
            Some(build(builder().proxy(route))?)
        }
    };
    Ok(Pool { direct, proxied })
}

/// The whole body; `Err(None)` when it is too large.
async fn read(mut incoming: reqwest::Response) -> Result<Bytes, Option<reqwest::Error>> {
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.chunk().await.map_err(Some)? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn target(url: &Url) -> String {
    format!("{}:{}", host(url), url.port_or_known_default().unwrap_or(443))
}

/// A number from 0 to 1. The standard library seeds its hashers from the system's random source; for spreading retries
/// that is enough.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_told_in_words() {
        let event = RetryEvent {
            host: "v.vault.azure.net".to_owned(),
            attempt: 1,
            wait: Duration::from_secs(2),
            status: Some(StatusCode::TOO_MANY_REQUESTS),
            failure: None,
        };
        assert_eq!(event.to_string(), "Throttled by `v.vault.azure.net`; waiting 2 s before attempt 2.");
        let event = RetryEvent { status: Some(StatusCode::BAD_GATEWAY), wait: Duration::from_millis(420), ..event };
        assert_eq!(event.to_string(), "`v.vault.azure.net` answered 502; waiting 0.5 s before attempt 2.");
    }

    #[test]
    fn jitter_is_between_zero_and_one() {
        for _ in 0..100 {
            let number = random();
            assert!((0.0..=1.0).contains(&number));
        }
    }
}
