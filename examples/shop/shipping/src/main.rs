//! The shipping service: `POST /quotes` answers with price and time for a parcel; `GET /healthz` and `GET /version` are for whoever
//! runs it.
//!
//! Environment: `PORT` (8080; 0 = any free port). SIGTERM ends it at once.

use std::env;
use std::error::Error;
use std::io::Read;

use shipping::end_on_sigterm;
use shipping::parcel::Parcel;
use shipping::quote::quote;
use tiny_http::{Header, Method, Request, Response, Server};

/// Longer descriptions of a parcel are refused unread.
const MAX_BODY: u64 = 4 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    end_on_sigterm()?;
    let port = env::var("PORT").unwrap_or_else(|_| "8080".into());
    let server =
        Server::http(format!("0.0.0.0:{port}")).map_err(|error| format!("port {port}: {error}"))?;
    println!("listening on {}", server.server_addr());
    for mut request in server.incoming_requests() {
        let (status, body) = answer(&mut request);
        let json = Header::from_bytes("Content-Type", "application/json").expect("a valid header");
        // A client that went away is no concern of the next one.
        let _ = request.respond(
            Response::from_string(body)
                .with_status_code(status)
                .with_header(json),
        );
    }
    Ok(())
}

fn answer(request: &mut Request) -> (u16, String) {
    match (request.method(), request.url()) {
        (Method::Get, "/healthz") => (200, r#"{"status":"ok"}"#.into()),
        (Method::Get, "/version") => (200, version()),
        (Method::Post, "/quotes") => give_quote(request),
        (_, "/healthz" | "/version" | "/quotes") => {
            (405, problem("this method is not allowed here"))
        }
        (_, path) => (404, problem(&format!("there is no `{path}`"))),
    }
}

fn give_quote(request: &mut Request) -> (u16, String) {
    let mut body = String::new();
    if let Err(error) = request.as_reader().take(MAX_BODY).read_to_string(&mut body) {
        return (400, problem(&error.to_string()));
    }
    let parcel: Parcel = match serde_json::from_str(&body) {
        Ok(parcel) => parcel,
        Err(error) => return (400, problem(&error.to_string())),
    };
    match quote(&parcel) {
        Ok(quote) => (
            200,
            serde_json::to_string(&quote).expect("a quote is always valid JSON"),
        ),
        Err(error) => (422, problem(&error.to_string())),
    }
}

fn version() -> String {
    serde_json::json!({ "service": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
        .to_string()
}

fn problem(text: &str) -> String {
    serde_json::json!({ "error": text }).to_string()
}
