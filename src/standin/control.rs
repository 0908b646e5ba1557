//! The control API on the proxy's own port: faults, the request log and the clock, for `slipway azure fault` and for tests in
//! another process. Who calls presents the identity header in `X-IDENTITY-HEADER`.
//!
//! | | |
//! |---|---|
//! | `GET`, `POST`, `DELETE /slipway/faults` | faults still to happen; orders one ([`Fault`] as JSON); forgets all |
//! | `GET`, `DELETE /slipway/requests` | the request log; empties it |
//! | `GET`, `PUT /slipway/clock` | `{"skewSeconds": N}` |

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slipway_model::AzureEndpoint;
use slipway_net::{Client, ClientError, SendError, Settings};
use url::Url;

use crate::exchange::{Answer, Request};
use crate::faults::Fault;
use crate::request_log::LoggedRequest;
use crate::world::World;

/// What all addresses begin with.
pub(crate) const PREFIX: &str = "/slipway/";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockBody {
    skew_seconds: i64,
}

/// Answers a request.
pub(crate) fn answer(world: &World, request: &Request) -> Answer {
    if request.header("x-identity-header") != Some(world.identity_header.as_str()) {
        return said(StatusCode::UNAUTHORIZED, "the header X-IDENTITY-HEADER is missing or wrong; its value is in endpoint.json");
    }
    match (&request.method, &request.path[PREFIX.len()..]) {
        (&Method::GET, "faults") => Answer::json(StatusCode::OK, &json!({ "faults": world.faults.pending() })),
        (&Method::POST, "faults") => match serde_json::from_slice::<Fault>(&request.body) {
            Err(error) => said(StatusCode::BAD_REQUEST, &format!("this is not a fault: {error}")),
            Ok(fault) => match world.faults.push(fault) {
                Ok(()) => Answer::empty(StatusCode::NO_CONTENT),
                Err(error) => said(StatusCode::BAD_REQUEST, &error.to_string()),
            },
        },
        (&Method::DELETE, "faults") => {
            world.faults.clear();
            Answer::empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "requests") => Answer::json(StatusCode::OK, &json!({ "requests": world.requests.entries() })),
        (&Method::DELETE, "requests") => {
            world.requests.clear();
            Answer::empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, "clock") => Answer::json(StatusCode::OK, &json!({ "skewSeconds": world.clock.skew() })),
        (&Method::PUT, "clock") => match serde_json::from_slice::<ClockBody>(&request.body) {
            Err(error) => said(StatusCode::BAD_REQUEST, &format!("this is not a clock: {error}")),
            Ok(clock) => {
                world.clock.set_skew(clock.skew_seconds);
                Answer::empty(StatusCode::NO_CONTENT)
            }
        },
        _ => said(StatusCode::NOT_FOUND, "there is no such thing to control"),
    }
}

fn said(status: StatusCode, message: &str) -> Answer {
    Answer::json(status, &json!({ "message": message }))
}

/// Controls a stand-in that runs in another process.
#[derive(Clone, Debug)]
pub struct Control {
    client: Client,
    base: String,
    header: http::HeaderValue,
}

/// A running stand-in could not be controlled.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The client cannot be built.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nothing answers.
    #[error("the local Azure does not answer: {0}")]
    Send(#[from] SendError),
    /// `endpoint.json` is not one of a stand-in.
    #[error("the local Azure's endpoint cannot be used: {0}")]
    Endpoint(String),
    /// It refused.
    #[error("the local Azure refused: {0}")]
    Refused(String),
}

impl Control {
    /// For the stand-in that `endpoint` describes.
    ///
    /// # Errors
    /// When the endpoint has no identity header that can be sent, or no client can be built.
    pub fn new(endpoint: &AzureEndpoint) -> Result<Self, ControlError> {
        let settings = Settings { user_agent: "slipway".to_owned(), ..Settings::default() };
        let mut header =
            http::HeaderValue::from_str(&endpoint.identity_header).map_err(|error| ControlError::Endpoint(error.to_string()))?;
        header.set_sensitive(true);
        Ok(Self { client: Client::new(&settings)?, base: endpoint.proxy_url.trim_end_matches('/').to_owned(), header })
    }

    /// Orders a fault.
    ///
    /// # Errors
    /// When the stand-in does not answer or does not take it.
    pub async fn order(&self, fault: &Fault) -> Result<(), ControlError> {
        self.call(Method::POST, "faults", Some(json!(fault))).await.map(drop)
    }

    /// The faults that are still to happen.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn faults(&self) -> Result<Vec<Fault>, ControlError> {
        let body = self.call(Method::GET, "faults", None).await?;
        serde_json::from_value(body["faults"].clone()).map_err(|error| ControlError::Refused(error.to_string()))
    }

    /// Forgets all faults.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn clear_faults(&self) -> Result<(), ControlError> {
        self.call(Method::DELETE, "faults", None).await.map(drop)
    }

    /// The requests that it answered, oldest first.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn requests(&self) -> Result<Vec<LoggedRequest>, ControlError> {
        let body = self.call(Method::GET, "requests", None).await?;
        serde_json::from_value(body["requests"].clone()).map_err(|error| ControlError::Refused(error.to_string()))
    }

    /// Sets its clock ahead of the machine's.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn set_clock_skew(&self, seconds: i64) -> Result<(), ControlError> {
        self.call(Method::PUT, "clock", Some(json!(ClockBody { skew_seconds: seconds }))).await.map(drop)
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ControlError> {
        let url = Url::parse(&format!("{}{PREFIX}{path}", self.base)).map_err(|error| ControlError::Endpoint(error.to_string()))?;
        let mut request =
            slipway_net::Request::new(method, url).header(http::HeaderName::from_static("x-identity-header"), self.header.clone());
        if let Some(body) = body {
            request = request.body("application/json", body.to_string());
        }
        let response = self.client.send(&request).await?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status.is_success() {
            Ok(body)
        } else {
            Err(ControlError::Refused(body["message"].as_str().map_or_else(|| response.status.to_string(), str::to_owned)))
        }
    }
}
