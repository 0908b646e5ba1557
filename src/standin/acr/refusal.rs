use http::StatusCode;
use serde_json::{Value, json};

use crate::crypto::KeyProblem;
use crate::exchange::Answer;
use crate::inflow::NotRead;
use crate::store::StoreError;

/// A request that a registry refuses: an error of the distribution specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Box<Value>,
    headers: Vec<(&'static str, String)>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: Box::default(), headers: Vec::new() }
    }

    /// 400.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 404.
    pub(super) fn unknown(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// 401.
    pub(super) fn unauthorized() -> Self {
        let message = "authentication required, visit https://aka.ms/acr/authorization for more information.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }

    pub(super) fn detail(mut self, detail: Value) -> Self {
        self.detail = Box::new(detail);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn answer(&self) -> Answer {
        let error = json!({ "code": self.code, "message": self.message, "detail": self.detail });
        let answer = Answer::json(self.status, &json!({ "errors": [error] }));
        self.headers.iter().fold(answer, |answer, (name, value)| answer.with(name, value))
    }
}

/// The disk refuses.
fn failed(cause: &str) -> Refused {
    Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", format!("unknown error: {cause}"))
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        failed(&error.to_string())
    }
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        failed(&error.to_string())
    }
}

impl From<KeyProblem> for Refused {
    fn from(problem: KeyProblem) -> Self {
        failed(&problem.to_string())
    }
}

impl From<NotRead> for Refused {
    fn from(problem: NotRead) -> Self {
        match problem {
            NotRead::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "the body is larger than is allowed here"),
            // Nobody is there to read it.
            NotRead::Broken => Self::bad("SIZE_INVALID", "the body broke off"),
        }
    }
}
