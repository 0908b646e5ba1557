//! From a request to its answer: faults first, then the service; and the request log.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Notify;

use super::Server;
use super::body::Reply;
use crate::exchange::{Answer, Request};
use crate::faults::FaultKind;
use crate::request_log::LoggedRequest;
use crate::services::{Service, not_simulated};

/// Answers a request, faultily where that was ordered.
pub(super) async fn respond(server: &Server, service: Service<'_>, mut request: Request, reset: &Arc<Notify>) -> hyper::Response<Reply> {
    let world = &server.world;
    let faults = world.faults.take(&request.host, &request.path, request.method.as_str());
    let faulty = !faults.is_empty();
    let mut instead = None;
    let mut torn = None;
    for fault in faults {
        match fault {
            FaultKind::Delay { milliseconds } => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            FaultKind::Throttle { retry_after } => {
                instead = Some(service.throttle(world, &request).with("retry-after", &retry_after.to_string()));
            }
            FaultKind::Forbidden(refusal) => instead = Some(service.refuse(world, &request, refusal)),
            FaultKind::Reset { after_bytes: 0 } => {
                log(server, &request, 0, faulty, false);
                reset.notify_one();
                // The connection ends with this still waiting.
                return std::future::pending().await;
            }
            FaultKind::Reset { after_bytes } => torn = Some(after_bytes),
            FaultKind::Html { status } => instead = Some(page(status)),
            FaultKind::ExpireTokens => request.twists.tokens_expired = true,
            FaultKind::ExpiredAssertion => request.twists.assertions_expired = true,
            FaultKind::Status { code, body } => instead = Some(Answer::text(status(code), "application/json; charset=utf-8", body)),
        }
    }
    let answer = instead.or_else(|| service.answer(world, &request));
    let missing = answer.is_none();
    let answer = answer.unwrap_or_else(|| not_simulated(&request));
    log(server, &request, answer.status.as_u16(), faulty, missing);
    match torn {
        None => reply(answer),
        Some(after) => {
            let body = Reply::torn(&answer.body, after, reset.clone());
            reply(answer).map(|_| body)
        }
    }
}

/// An answer as HTTP.
pub(super) fn reply(answer: Answer) -> hyper::Response<Reply> {
    let mut response = hyper::Response::new(Reply::whole(answer.body));
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

fn log(server: &Server, request: &Request, status: u16, faulty: bool, not_simulated: bool) {
    server.world.requests.push(LoggedRequest {
        method: request.method.to_string(),
        host: request.host.clone(),
        path: request.path.clone(),
        status,
        faulty,
        not_simulated,
    });
}
