//! A small internet for tests, on loopback: a CONNECT proxy behind which every host name is one TLS server with a
//! certificate of a test authority, and that server without the proxy. The engines' tests use it too (by path).
#![expect(dead_code, reason = "each test uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use slipway_net::{ProxySettings, RetryPolicy, Settings};
use slipway_secret::{Secret, SecretSink};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
    /// Whether the client presented a certificate.
    pub(crate) client_certificate: bool,
    /// Whether it came by HTTP/2.
    pub(crate) http2: bool,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// Ends the connection without an answer.
    Reset,
    /// Announces a longer body than it sends.
    Torn,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Reply { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body: body.into() }
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: vec![("content-type".to_owned(), "text/html".to_owned())], body: body.to_owned() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// How the proxy behaves.
#[derive(Clone, Default)]
pub(crate) struct ProxyRules {
    /// `user:password` that it wants.
    pub(crate) credentials: Option<String>,
    /// Host that it refuses, with status line and body.
    pub(crate) refused: Option<(String, String, String)>,
    /// Whether the servers behind it speak HTTP/1.1 only; else HTTP/2, as Azure does.
    pub(crate) http1_only: bool,
}

type Handler = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

pub(crate) struct World {
    pub(crate) proxy: SocketAddr,
    pub(crate) direct: SocketAddr,
    pub(crate) ca_file: tempfile::NamedTempFile,
    pub(crate) client_pem: tempfile::NamedTempFile,
    seen: Arc<Mutex<Vec<Seen>>>,
    connects: Arc<Mutex<Vec<String>>>,
}

struct Shared {
    acceptor: TlsAcceptor,
    handler: Handler,
    seen: Arc<Mutex<Vec<Seen>>>,
    connects: Arc<Mutex<Vec<String>>>,
    rules: ProxyRules,
}

impl World {
    /// Starts it for these host names.
    pub(crate) async fn start(hosts: &[&str], handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(hosts, ProxyRules::default(), handler).await
    }

    pub(crate) async fn start_with(hosts: &[&str], rules: ProxyRules, handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.clone().self_signed(&ca_key).unwrap().pem();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> =
            hosts.iter().map(|host| (*host).to_owned()).chain(["localhost".to_owned(), "127.0.0.1".to_owned()]).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let client_key = KeyPair::generate().unwrap();
        let mut client = CertificateParams::new(vec!["agent".to_owned()]).unwrap();
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client_certificate = client.signed_by(&client_key, &issuer).unwrap();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .unwrap();
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap())
            .unwrap();
        config.alpn_protocols = if rules.http1_only { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };

        let seen = Arc::new(Mutex::new(Vec::new()));
        let connects = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new(Shared {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            handler: Arc::new(handler),
            seen: seen.clone(),
            connects: connects.clone(),
            rules,
        });
        let proxy = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let direct = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (proxy_address, direct_address) = (proxy.local_addr().unwrap(), direct.local_addr().unwrap());
        let for_proxy = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = proxy.accept().await {
                tokio::spawn(connect(for_proxy.clone(), stream));
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = direct.accept().await {
                tokio::spawn(serve(shared.clone(), stream));
            }
        });
        let file = |text: String| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            file
        };
        let client_pem = file(format!("{}{}", client_certificate.pem(), client_key.serialize_pem()));
        Self { proxy: proxy_address, direct: direct_address, ca_file: file(ca_pem), client_pem, seen, connects }
    }

    /// Settings as an agent would give them: everything through the proxy, the test authority trusted.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            proxy: Some(ProxySettings {
                url: Url::parse(&format!("http://{}", self.proxy)).unwrap(),
                username: String::new(),
                password: None,
                bypass: Vec::new(),
            }),
            ca_file: Some(self.ca_file.path().to_owned()),
            user_agent: "slipway-test".to_owned(),
            ..Settings::default()
        }
    }

    /// A client with these settings that retries without waiting for long.
    pub(crate) fn client(&self) -> slipway_net::Client {
        slipway_net::Client::new(&self.settings()).unwrap().with_policy(quick())
    }

    /// The requests that arrived.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// `METHOD host path` of each request that arrived.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}{}", seen.method, seen.host, seen.path)).collect()
    }

    /// The targets that the proxy was asked for.
    pub(crate) fn connects(&self) -> Vec<String> {
        self.connects.lock().unwrap().clone()
    }
}

/// The usual policy with waits of a millisecond.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy { first_delay: std::time::Duration::from_millis(1), ..RetryPolicy::default() }
}

/// Records what was registered as a secret.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<String>>>);

impl SecretSink for Sink {
    fn register(&self, value: &str) {
        self.0.lock().unwrap().push(value.to_owned());
    }
}

impl Sink {
    pub(crate) fn registered(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) fn secret(value: &str) -> Secret {
    Secret::new(value, &Sink::default())
}

async fn connect(shared: Arc<Shared>, mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    shared.connects.lock().unwrap().push(target.clone());
    if let Some(credentials) = &shared.rules.credentials {
        use base64::Engine as _;
        let wanted = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials));
        if !head.lines().any(|line| line.to_ascii_lowercase().starts_with("proxy-authorization:") && line.ends_with(&wanted)) {
            let _ = stream
                .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n")
                .await;
            return;
        }
    }
    if let Some((host, status, body)) = &shared.rules.refused
        && target.starts_with(host)
    {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    }
    if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        serve(shared, stream).await;
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let Ok(stream) = shared.acceptor.clone().accept(stream).await else { return };
    let client_certificate = stream.get_ref().1.peer_certificates().is_some();
    let name = stream.get_ref().1.server_name().unwrap_or("127.0.0.1").to_owned();
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (shared, host) = (shared.clone(), name.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = String::from_utf8(collect(body).await).unwrap();
            let http2 = parts.version == http::Version::HTTP_2;
            let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let seen = Seen { host, method: parts.method.to_string(), path, headers: parts.headers, body, client_certificate, http2 };
            shared.seen.lock().unwrap().push(seen.clone());
            match (shared.handler)(&seen) {
                Answer::Reset => Err("reset"),
                Answer::Torn => {
                    let response = hyper::Response::builder().header("content-length", "100").body(Text(Some(Bytes::from_static(b"{"))));
                    Ok(response.unwrap())
                }
                Answer::Reply { status, headers, body } => {
                    let mut response = hyper::Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok(response.body(Text(Some(Bytes::from(body)))).unwrap())
                }
            }
        }
    });
    let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn collect(mut body: Incoming) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(Ok(frame)) = std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await {
        if let Some(data) = frame.data_ref() {
            all.extend_from_slice(data);
        }
    }
    all
}

struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
