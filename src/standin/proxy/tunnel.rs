//! What is inside a tunnel: TLS with a certificate for the host, and HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::StatusCode;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;

use super::body::{Reply, collect};
use super::{Server, respond};
use crate::exchange::{Answer, Request};
use crate::inflow::Inflow;
use crate::services::Service;

/// Tasks of one connection (HTTP/2 has one per stream); they end with it.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, future: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            future.await;
        });
    }
}

/// Serves a tunnel to its end. `host` is where it was asked to lead; the name in the TLS greeting counts, where there is one.
pub(super) async fn serve(server: &Arc<Server>, host: &str, upgraded: Upgraded, reset: &Arc<Notify>) {
    // A client that does not trust the certificate, or speaks no TLS, ends the connection and tells its user.
    let Ok(greeting) = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), TokioIo::new(upgraded)).await else { return };
    let host = greeting.client_hello().server_name().unwrap_or(host).to_lowercase();
    if Service::of(&server.world, &host, server.strict).is_err() {
        return;
    }
    let Ok(tls) = server.certificates.tls(&host) else { return };
    let Ok(stream) = greeting.into_stream(tls).await else { return };
    let service = service_fn(|request| {
        let (server, host, reset) = (server.clone(), host.clone(), reset.clone());
        async move { Ok::<_, Infallible>(answer(&server, &host, request, &reset).await) }
    });
    let _ = auto::Builder::new(Tasks::default()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(server: &Arc<Server>, host: &str, request: hyper::Request<Incoming>, reset: &Arc<Notify>) -> hyper::Response<Reply> {
    let (parts, body) = request.into_parts();
    let named = parts.uri.host().or_else(|| {
        let value = parts.headers.get(http::header::HOST)?.to_str().ok()?;
        Some(value.rsplit_once(':').map_or(value, |(host, _)| host))
    });
    if !named.unwrap_or_default().eq_ignore_ascii_case(host) {
        let text = format!("The connection is to `{host}`, the request to `{}`.\n", named.unwrap_or_default());
        return respond::reply(Answer::text(StatusCode::MISDIRECTED_REQUEST, "text/plain", text));
    }
    let service = match Service::of(&server.world, host, server.strict) {
        Ok(service) => service,
        Err(problem) => return respond::reply(Answer::text(StatusCode::MISDIRECTED_REQUEST, "text/plain", problem.to_string())),
    };
    let (body, inflow) = if service.takes_streams() {
        (Bytes::new(), Inflow::new(body))
    } else {
        let Some(body) = collect(body).await else { return respond::too_large() };
        (body, Inflow::default())
    };
    respond::respond(server, service, Request::new(host, parts.method, &parts.uri, parts.headers, body), inflow, reset).await
}
