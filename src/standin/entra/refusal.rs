use http::StatusCode;
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::exchange::Answer;

/// A sign-in that Entra refuses (facts/azure-apis.md 2.5: the body; 2.6: the codes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// OAuth's word for it.
    pub(crate) error: &'static str,
    /// The number after `AADSTS`.
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn bad_request(code: u32, error: &'static str, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, code, message }
    }

    /// The credential is not accepted.
    pub(crate) fn client(code: u32, message: String) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", code, message }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::bad_request(900144, "invalid_request", format!("The request body must contain the following parameter: '{parameter}'."))
    }

    pub(crate) fn answer(&self, now: OffsetDateTime, correlation_id: Option<&str>) -> Answer {
        let trace_id = Uuid::new_v4().to_string();
        let correlation_id = correlation_id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let timestamp = now.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z")).unwrap_or_default();
        let description =
            format!("AADSTS{}: {} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}", self.code, self.message);
        Answer::json(
            self.status,
            &json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [self.code],
                "timestamp": timestamp,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
            }),
        )
    }
}
