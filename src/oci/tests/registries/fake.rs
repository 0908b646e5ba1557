//! A registry in this process that misbehaves as it is told, with what docker-registry does not have: a list of referrers, tokens,
//! blobs that lie elsewhere.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use slipway_oci::digest_of;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::form_urlencoded::parse;

use crate::support::{AUTHORITY, INDEX};

/// What happens to a request that matches, once.
#[derive(Clone)]
pub(crate) enum Fault {
    /// The answer, with a header.
    Status(u16, &'static str, &'static str),
    /// The answer, with the code of an error.
    Error(u16, &'static str),
    /// The connection ends after so many bytes of the request's body, which are kept.
    ResetAfter(usize),
    /// The connection ends after so many bytes of the answer's body.
    CutAfter(usize),
    /// Another body.
    Lie(Vec<u8>),
    /// It is worked on, and the answer is lost.
    LoseAnswer,
    /// No token is valid any more.
    ExpireTokens,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) blobs: HashMap<(String, String), Bytes>,
    pub(crate) manifests: HashMap<(String, String), (String, Bytes)>,
    uploads: BTreeMap<String, Vec<u8>>,
    next_upload: usize,
    /// `METHOD path`, without upload ids and queries.
    pub(crate) log: Vec<String>,
    /// Method, part of the path, what happens.
    pub(crate) faults: Vec<(&'static str, &'static str, Fault)>,
    /// Tokens are wanted, and grant these actions.
    pub(crate) grants: Option<Vec<&'static str>>,
    pub(crate) tokens: HashSet<String>,
    pub(crate) tokens_made: usize,
    /// Blobs are redirected to another host.
    pub(crate) redirects: bool,
    /// The storage got a credential.
    pub(crate) leaked: bool,
    /// No list of referrers.
    pub(crate) no_referrers: bool,
    /// Referrers on a page.
    pub(crate) page: usize,
    port: u16,
}

#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    pub(crate) host: String,
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    cut: bool,
}

impl Answer {
    fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), cut: false }
    }

    fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn error(status: u16, code: &str) -> Self {
        Self::new(status).body(json!({ "errors": [{ "code": code, "message": "told" }] }).to_string())
    }
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let key = PrivateKeyDer::from_pem_slice(&fs::read(AUTHORITY.file("server.pem")).unwrap()).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(&fs::read(AUTHORITY.file("server.pub")).unwrap()).unwrap()];
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let state = State { page: 100, port: address.port(), ..State::default() };
        let fake = Self { state: Arc::new(Mutex::new(state)), host: address.to_string() };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (fake, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| fake.answer(request));
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        fake
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on the next request with `method` and `part` in its path meets `fault`.
    pub(crate) fn fault(&self, method: &'static str, part: &'static str, fault: Fault) {
        self.state().faults.push((method, part, fault));
    }

    /// How many requests there were with this beginning of `METHOD path`.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.state().log.iter().filter(|logged| logged.starts_with(line)).count()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Piece>, &'static str> {
        let (parts, mut body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query: HashMap<String, String> = parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let method = parts.method.as_str();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let fault = {
            let mut state = self.state();
            let shown = path.split("/uploads/").next().unwrap_or_default();
            let shown = if path.contains("/uploads/") { format!("{method} {shown}/uploads") } else { format!("{method} {shown}") };
            state.log.push(shown);
            let at = state.faults.iter().position(|(wanted, part, _)| *wanted == method && path.contains(part));
            at.map(|at| state.faults.remove(at).2)
        };
        if matches!(fault, Some(Fault::ExpireTokens)) {
            self.state().tokens.clear();
        }
        if let Some(Fault::Status(status, name, value)) = fault {
            return Ok(respond(method, Answer::error(status, if status == 429 { "TOOMANYREQUESTS" } else { "TOLD" }).header(name, value)));
        }
        if let Some(Fault::Error(status, code)) = fault {
            return Ok(respond(method, Answer::error(status, code)));
        }
        if let Some(refusal) = self.unauthorized(method, &path, header("authorization")) {
            return Ok(respond(method, refusal));
        }
        let upload = path.split("/blobs/uploads/").nth(1).filter(|id| !id.is_empty()).map(str::to_owned);
        let limit = match fault {
            Some(Fault::ResetAfter(bytes)) => bytes,
            _ => usize::MAX,
        };
        let mut received = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let Ok(frame) = frame else { break };
            received.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            if received.len() >= limit {
                received.truncate(limit);
                break;
            }
        }
        let answer = if let Some(id) = upload {
            self.upload(method, &path, &id, &query, header("content-range"), received)
        } else if path == "/oauth2/token" {
            self.token(&received)
        } else {
            self.plain(method, &path, &query, header("range"), header("content-type"), header("authorization"), received)
        };
        if limit != usize::MAX || matches!(fault, Some(Fault::LoseAnswer)) {
            return Err("told to end the connection");
        }
        Ok(respond(
            method,
            match fault {
                Some(Fault::Lie(body)) => answer.body(body),
                Some(Fault::CutAfter(bytes)) => {
                    let (length, body) = (answer.body.len(), answer.body.slice(..bytes));
                    Answer { body, cut: true, ..answer.header("content-length", length) }
                }
                _ => answer,
            },
        ))
    }

    /// 401, as ACR says it: without a valid token, and where the token does not grant what is asked for.
    fn unauthorized(&self, method: &str, path: &str, sent: Option<String>) -> Option<Answer> {
        let state = self.state();
        let grants = state.grants.as_ref()?;
        if !path.starts_with("/v2/") {
            return None;
        }
        let valid = sent.as_deref().and_then(|sent| sent.strip_prefix("Bearer ")).is_some_and(|token| state.tokens.contains(token));
        let wanted = if matches!(method, "GET" | "HEAD") { "pull" } else { "push" };
        let error = if valid && !grants.contains(&wanted) { ",error=\"insufficient_scope\"" } else { "" };
        let challenge = format!("Bearer realm=\"https://{}/oauth2/token\",service=\"{}\"{error}", self.host, self.host);
        (!valid || !error.is_empty()).then(|| Answer::error(401, "UNAUTHORIZED").header("www-authenticate", challenge))
    }

    fn token(&self, form: &[u8]) -> Answer {
        let form: Vec<(String, String)> = parse(form).into_owned().collect();
        let get = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if get("grant_type") != Some("refresh_token") || get("refresh_token") != Some("refresh") {
            return Answer::error(401, "UNAUTHORIZED");
        }
        let mut state = self.state();
        state.tokens_made += 1;
        let grants = state.grants.clone().unwrap_or_default();
        let access: Vec<Value> = form
            .iter()
            .filter(|(key, _)| key == "scope")
            .map(|(_, scope)| json!({ "type": "repository", "name": scope.split(':').nth(1), "actions": grants }))
            .collect();
        let claims = json!({ "exp": 4_102_444_800_u64, "jti": state.tokens_made, "access": access });
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        state.tokens.insert(token.clone());
        Answer::new(200).body(json!({ "access_token": token }).to_string())
    }

    fn upload(&self, method: &str, path: &str, id: &str, query: &HashMap<String, String>, range: Option<String>, body: Vec<u8>) -> Answer {
        let mut state = self.state();
        let repository = path.trim_start_matches("/v2/").split("/blobs/").next().unwrap().to_owned();
        let Some(upload) = state.uploads.get_mut(id) else { return Answer::error(404, "BLOB_UPLOAD_UNKNOWN") };
        if let Some(start) = range.as_deref().and_then(|range| range.split('-').next()?.parse::<usize>().ok())
            && start != upload.len()
        {
            return Answer::new(416).header("location", path);
        }
        upload.extend_from_slice(&body);
        let last = upload.len().saturating_sub(1);
        match method {
            "PATCH" => Answer::new(202).header("location", path).header("range", format!("0-{last}")),
            "GET" => Answer::new(204).header("location", path).header("range", format!("0-{last}")),
            _ => {
                let digest = query.get("digest").cloned().unwrap_or_default();
                if digest != digest_of(upload).as_str() {
                    return Answer::error(400, "DIGEST_INVALID");
                }
                let upload = state.uploads.remove(id).unwrap();
                state.blobs.insert((repository, digest), upload.into());
                Answer::new(201)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a request taken apart")]
    fn plain(
        &self,
        method: &str,
        path: &str,
        query: &HashMap<String, String>,
        range: Option<String>,
        content_type: Option<String>,
        authorization: Option<String>,
        body: Vec<u8>,
    ) -> Answer {
        let mut state = self.state();
        if let Some(blob) = path.strip_prefix("/storage/") {
            state.leaked |= authorization.is_some();
            let (repository, digest) = blob.rsplit_once('/').unwrap();
            return part(state.blobs.get(&(repository.to_owned(), digest.to_owned())), range);
        }
        if path == "/v2/" {
            return Answer::new(200).body("{}");
        }
        let path = path.trim_start_matches("/v2/");
        if let Some((repository, _)) = path.split_once("/blobs/uploads/") {
            let digest = query.get("mount").cloned().unwrap_or_default();
            let from = (query.get("from").cloned().unwrap_or_default(), digest.clone());
            if let Some(blob) = state.blobs.get(&from).cloned() {
                state.blobs.insert((repository.to_owned(), digest), blob);
                return Answer::new(201);
            }
            state.next_upload += 1;
            let id = format!("u{}", state.next_upload);
            state.uploads.insert(id.clone(), Vec::new());
            return Answer::new(202).header("location", format!("/v2/{repository}/blobs/uploads/{id}"));
        }
        if let Some((repository, digest)) = path.split_once("/blobs/") {
            if state.redirects && method == "GET" {
                let target = format!("https://localhost:{}/storage/{repository}/{digest}?sig=planted", state.port);
                return Answer::new(307).header("location", target);
            }
            return part(state.blobs.get(&(repository.to_owned(), digest.to_owned())), range);
        }
        if let Some((repository, digest)) = path.split_once("/referrers/") {
            if state.no_referrers {
                return Answer::new(404);
            }
            let mut found: Vec<_> = state
                .manifests
                .iter()
                .filter(|((place, reference), _)| place == repository && reference.starts_with("sha256:"))
                .filter_map(|((_, reference), (media_type, bytes))| {
                    let manifest: Value = serde_json::from_slice(bytes).unwrap();
                    (manifest["subject"]["digest"] == digest).then(|| {
                        json!({ "mediaType": media_type, "digest": reference, "size": bytes.len(), "artifactType": manifest["artifactType"] })
                    })
                })
                .collect();
            found.sort_by_key(|entry| entry["digest"].as_str().unwrap().to_owned());
            let start = query.get("start").and_then(|start| start.parse().ok()).unwrap_or(0);
            let next = start + state.page;
            let answer = Answer::new(200).header("content-type", INDEX);
            let answer = if next < found.len() {
                answer.header("link", format!("</v2/{repository}/referrers/{digest}?start={next}>; rel=\"next\""))
            } else {
                answer
            };
            let page: Vec<_> = found.into_iter().skip(start).take(state.page).collect();
            return answer.body(json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": page }).to_string());
        }
        let (repository, reference) = path.split_once("/manifests/").expect("a path of the distribution specification");
        let key = (repository.to_owned(), reference.to_owned());
        if method == "PUT" {
            let digest = digest_of(&body).to_string();
            let subject = serde_json::from_slice::<Value>(&body).unwrap()["subject"]["digest"].as_str().map(str::to_owned);
            let stored = (content_type.unwrap_or_default(), Bytes::from(body));
            state.manifests.insert((repository.to_owned(), digest.clone()), stored.clone());
            state.manifests.insert(key, stored);
            let answer = Answer::new(201).header("docker-content-digest", digest);
            return match subject {
                Some(subject) if !state.no_referrers => answer.header("oci-subject", subject),
                _ => answer,
            };
        }
        match state.manifests.get(&key) {
            Some((media_type, bytes)) => {
                let digest = digest_of(bytes);
                Answer::new(200).header("content-type", media_type).header("docker-content-digest", digest).body(bytes.clone())
            }
            None => Answer::error(404, "MANIFEST_UNKNOWN"),
        }
    }
}

fn part(blob: Option<&Bytes>, range: Option<String>) -> Answer {
    let Some(blob) = blob else { return Answer::error(404, "BLOB_UNKNOWN") };
    match range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse::<usize>().ok()) {
        Some(start) => {
            let range = format!("bytes {start}-{}/{}", blob.len() - 1, blob.len());
            Answer::new(206).header("content-range", range).body(blob.slice(start..))
        }
        None => Answer::new(200).body(blob.clone()),
    }
}

fn respond(method: &str, answer: Answer) -> Response<Piece> {
    let mut response = Response::builder().status(answer.status);
    let has_length = answer.headers.iter().any(|(name, _)| *name == "content-length");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    if !has_length && answer.status != 204 {
        response = response.header("content-length", answer.body.len());
    }
    let body = if method == "HEAD" { Bytes::new() } else { answer.body };
    response.body(Piece { bytes: Some(body), cut: answer.cut }).unwrap()
}

/// A body that may end too early.
struct Piece {
    bytes: Option<Bytes>,
    cut: bool,
}

impl Body for Piece {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.bytes.take().filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            // what was given has to leave before the connection ends
            None if self.cut => {
                self.cut = false;
                self.bytes = None;
                context.waker().wake_by_ref();
                Poll::Ready(Some(Err(std::io::Error::other("told to end the connection"))))
            }
            None => Poll::Ready(None),
        }
    }
}
