use http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;

/// A request that Key Vault refuses: facts/azure-apis.md 3.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) inner: Option<&'static str>,
}

impl Refused {
    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "BadParameter", message: message.into(), inner: None }
    }

    pub(super) fn forbidden(inner: &'static str, message: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "Forbidden", message, inner: Some(inner) }
    }

    pub(super) fn not_found(name: &str) -> Self {
        let message = format!(
            "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover \
             it using the correct recovery command. For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        Self { status: StatusCode::NOT_FOUND, code: "SecretNotFound", message, inner: None }
    }

    pub(super) fn conflict(inner: &'static str, message: String) -> Self {
        Self { status: StatusCode::CONFLICT, code: "Conflict", message, inner: Some(inner) }
    }

    pub(super) fn throttled() -> Self {
        let message = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached".to_owned();
        Self { status: StatusCode::TOO_MANY_REQUESTS, code: "Throttled", message, inner: None }
    }

    /// The store could not be written.
    pub(super) fn failed(message: String) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "InternalServerError", message, inner: None }
    }

    pub(super) fn answer(&self) -> Answer {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(inner) = self.inner {
            error["innererror"] = json!({ "code": inner });
        }
        Answer::json(self.status, &json!({ "error": error }))
    }
}
