//! A connection to the proxy: CONNECT, plain requests through it, and requests to its own port.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::body::{Reply, collect};
use super::{Server, passthrough, respond, tunnel};
use crate::exchange::{Answer, Request};
use crate::inflow::Inflow;
use crate::request_log::LoggedRequest;
use crate::services::{NoService, Service};
use crate::{control, managed_identity};

/// What a CONNECT was granted.
enum Granted {
    /// To a host that is served here.
    Here { host: String, upgrade: OnUpgrade },
    /// To another, which is connected already.
    Through { stream: TcpStream, upgrade: OnUpgrade },
}

/// Serves a connection to its end.
pub(super) async fn serve(server: Arc<Server>, stream: TcpStream) {
    // A second handle on the socket: what serves the connection owns the first, and a reset needs one.
    let Ok((stream, spare)) = with_spare(stream) else { return };
    let reset = Arc::new(Notify::new());
    let work = async {
        let granted = Arc::new(Mutex::new(None));
        let service = {
            let (server, granted, reset) = (server.clone(), granted.clone(), reset.clone());
            service_fn(move |request| {
                let (server, granted, reset) = (server.clone(), granted.clone(), reset.clone());
                async move { Ok::<_, Infallible>(answer(&server, request, &granted, &reset).await) }
            })
        };
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
        // A client that breaks off or does not speak HTTP has nobody to be told of it.
        let _ = connection.await;
        let granted = granted.lock().unwrap_or_else(PoisonError::into_inner).take();
        match granted {
            Some(Granted::Here { host, upgrade }) => {
                if let Ok(upgraded) = upgrade.await {
                    tunnel::serve(&server, &host, upgraded, &reset).await;
                }
            }
            Some(Granted::Through { stream, upgrade }) => {
                if let Ok(upgraded) = upgrade.await {
                    passthrough::copy(upgraded, stream).await;
                }
            }
            None => {}
        }
    };
    tokio::select! {
        () = work => {}
        () = reset.notified() => {
            // With no time to linger, closing sends a reset.
            if let Ok(socket) = TcpStream::from_std(spare) {
                let _ = socket.set_zero_linger();
            }
        }
    }
}

fn with_spare(stream: TcpStream) -> std::io::Result<(TcpStream, std::net::TcpStream)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let spare = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, spare))
}

async fn answer(
    server: &Arc<Server>,
    request: hyper::Request<Incoming>,
    granted: &Mutex<Option<Granted>>,
    reset: &Arc<Notify>,
) -> hyper::Response<Reply> {
    if request.method() == Method::CONNECT {
        return connect(server, request, granted).await;
    }
    // A client that has no exception for loopback asks the proxy for the proxy.
    let own = request.uri().authority().is_none_or(|authority| authority.as_str() == server.address.to_string());
    let host = request.uri().host().unwrap_or_default().to_lowercase();
    if !own && host != managed_identity::HOST {
        return plain(server, request, &host).await;
    }
    let (parts, body) = request.into_parts();
    let Some(body) = collect(body).await else { return respond::too_large() };
    let request = Request::new(managed_identity::HOST, parts.method, &parts.uri, parts.headers, body);
    if own && request.path.starts_with(control::PREFIX) {
        return respond::reply(control::answer(&server.world, &request));
    }
    if own && request.path != managed_identity::PATH {
        let text = "This is the port of the local stand-in for Azure: an HTTP proxy (CONNECT), and a managed identity endpoint. docs/local-azure.md tells how to use it.\n";
        return respond::reply(Answer::text(StatusCode::NOT_FOUND, "text/plain", text));
    }
    respond::respond(server, Service::ManagedIdentity, request, Inflow::default(), reset).await
}

async fn connect(server: &Server, mut request: hyper::Request<Incoming>, granted: &Mutex<Option<Granted>>) -> hyper::Response<Reply> {
    let Some(authority) = request.uri().authority().cloned() else {
        return respond::reply(Answer::text(StatusCode::BAD_REQUEST, "text/plain", "CONNECT needs host and port\n"));
    };
    let host = authority.host().to_lowercase();
    let port = authority.port_u16().unwrap_or(443);
    let upgrade = hyper::upgrade::on(&mut request);
    let grant = match Service::of(&server.world, &host, server.strict) {
        Ok(_) if port == 443 => Granted::Here { host, upgrade },
        Ok(_) => return refuse(server, &host, &NoService::Foreign { host: format!("{host}:{port}") }),
        Err(NoService::Foreign { .. }) if server.passthrough => match TcpStream::connect((authority.host(), port)).await {
            Ok(stream) => Granted::Through { stream, upgrade },
            Err(error) => return unreachable(server, &host, &error.to_string()),
        },
        Err(problem) => return refuse(server, &host, &problem),
    };
    *granted.lock().unwrap_or_else(PoisonError::into_inner) = Some(grant);
    hyper::Response::new(Reply::Whole(None))
}

/// A request for an `http://` address.
async fn plain(server: &Server, request: hyper::Request<Incoming>, host: &str) -> hyper::Response<Reply> {
    if server.passthrough && Service::of(&server.world, host, server.strict).is_err() {
        return match passthrough::forward(request).await {
            Ok(response) => response.map(Reply::Passed),
            Err(error) => unreachable(server, host, &error.to_string()),
        };
    }
    refuse(server, host, &NoService::Foreign { host: format!("http://{host}") })
}

/// 502. Many clients show the reason in the status line and nothing else.
fn refuse(server: &Server, host: &str, problem: &NoService) -> hyper::Response<Reply> {
    let reason = match problem {
        NoService::NoVault { .. } | NoService::NoRegistry { .. } => "No such host",
        NoService::Foreign { .. } => "Not simulated by the local Azure",
    };
    bad_gateway(server, host, reason, &problem.to_string(), matches!(problem, NoService::Foreign { .. }))
}

fn unreachable(server: &Server, host: &str, cause: &str) -> hyper::Response<Reply> {
    bad_gateway(server, host, "Not reachable", &format!("`{host}` is not reachable: {cause}"), false)
}

fn bad_gateway(server: &Server, host: &str, reason: &'static str, message: &str, not_simulated: bool) -> hyper::Response<Reply> {
    server.world.requests.push(LoggedRequest {
        method: Method::CONNECT.to_string(),
        host: host.to_owned(),
        path: String::new(),
        status: 502,
        faulty: false,
        not_simulated,
    });
    let mut response = respond::reply(Answer::text(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", format!("{message}\n")));
    response.extensions_mut().insert(ReasonPhrase::from_static(reason.as_bytes()));
    response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}
