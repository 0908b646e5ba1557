//! From a request to its answer: faults first, then the service; and the request log.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::sync::Notify;

use super::Server;
use super::body::Reply;
use crate::exchange::{Answer, Request};
use crate::faults::FaultKind;
use crate::inflow::Inflow;
use crate::request_log::LoggedRequest;
use crate::services::{Service, not_simulated};

/// Answers a request, faultily where that was ordered. `inflow` is its body where the service takes streams.
pub(super) async fn respond(
    server: &Server,
    service: Service<'_>,
    mut request: Request,
    mut inflow: Inflow,
    reset: &Arc<Notify>,
) -> hyper::Response<Reply> {
    let world = &server.world;
    let faults = world.faults.take(&request.host, &request.path, request.method.as_str());
    let faulty = !faults.is_empty();
    let mut instead = None;
    let mut torn = None;
    let (mut corrupt, mut lying) = (false, false);
    for fault in faults {
        match fault {
            FaultKind::Delay { milliseconds } => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            FaultKind::Throttle { retry_after } => {
                instead = Some(service.throttle(world, &request).with("retry-after", &retry_after.to_string()));
            }
            FaultKind::Forbidden(refusal) => instead = Some(service.refuse(world, &request, refusal)),
            FaultKind::Reset { after_bytes: 0 } => {
                Entry::new(server, &request, faulty).answered(0, false);
                reset.notify_one();
                // The connection ends with this still waiting.
                return std::future::pending().await;
            }
            FaultKind::Reset { after_bytes } => torn = Some(after_bytes),
            FaultKind::ResetUpload { after_bytes } => inflow.reset_after(after_bytes, reset.clone()),
            FaultKind::Corrupt => corrupt = true,
            FaultKind::LyingDigest => lying = true,
            FaultKind::Html { status } => instead = Some(page(status)),
            FaultKind::ExpireTokens => request.twists.tokens_expired = true,
            FaultKind::ExpiredAssertion => request.twists.assertions_expired = true,
            FaultKind::Status { code, body } => instead = Some(Answer::text(status(code), "application/json; charset=utf-8", body)),
        }
    }
    let mut entry = Entry::new(server, &request, faulty);
    let answer = match instead {
        Some(answer) => Some(answer),
        None => service.answer(world, &request, &mut inflow).await,
    };
    // Who asks first whether to send the body has not sent it.
    if request.header("expect").is_none() {
        inflow.drain().await;
    }
    let missing = answer.is_none();
    let mut answer = answer.unwrap_or_else(|| not_simulated(&request));
    if corrupt {
        answer = answer.corrupted();
    }
    if lying {
        answer = answer.with("docker-content-digest", &format!("sha256:{}", "0".repeat(64)));
    }
    if request.method == Method::HEAD {
        answer = answer.without_body();
    }
    entry.answered(answer.status.as_u16(), missing);
    let reply = reply(answer);
    match torn {
        None => reply,
        Some(after) => reply.map(|body| Reply::torn(body, after, reset.clone())),
    }
}

/// An answer as HTTP.
pub(super) fn reply(answer: Answer) -> hyper::Response<Reply> {
    let body = answer.file.map_or_else(|| Reply::whole(answer.body), Reply::File);
    let mut response = hyper::Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// 413.
pub(super) fn too_large() -> hyper::Response<Reply> {
    reply(Answer::text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "the request's body is larger than 1 MiB, or broke off\n"))
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn page(code: u16) -> Answer {
    let status = status(code);
    let reason = status.canonical_reason().unwrap_or("Error");
    let html = format!(
        "<!DOCTYPE html>\n<html><head><title>{code} {reason}</title></head><body><h1>{code} {reason}</h1><p>This page comes from a proxy on \
         the way, not from Azure.</p></body></html>\n"
    );
    Answer::text(status, "text/html; charset=utf-8", html)
}

/// The request's entry in the log: made when it is answered, or with status 0 when the client broke off before.
struct Entry<'a> {
    server: &'a Server,
    entry: Option<LoggedRequest>,
}

impl<'a> Entry<'a> {
    fn new(server: &'a Server, request: &Request, faulty: bool) -> Self {
        let entry = LoggedRequest {
            method: request.method.to_string(),
            host: request.host.clone(),
            path: request.path.clone(),
            status: 0,
            faulty,
            not_simulated: false,
        };
        Self { server, entry: Some(entry) }
    }

    fn answered(&mut self, status: u16, not_simulated: bool) {
        if let Some(entry) = self.entry.take() {
            self.server.world.requests.push(LoggedRequest { status, not_simulated, ..entry });
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.server.world.requests.push(entry);
        }
    }
}
