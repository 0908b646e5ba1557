use slipway_net::{SendError, TokenError};

use crate::UnexpectedAnswer;

/// In which way a registry could not be found or signed in to.
#[derive(Clone, Debug)]
pub enum AcrErrorKind {
    /// Signing in to Entra failed; the inner error says all.
    Identity(TokenError),
    /// No registry of this name.
    NotFound,
    /// No answer came.
    Unreachable(SendError),
    /// Something else than the registry, or than Azure Resource Manager, answered.
    Answer,
    /// The registry refused the Entra token.
    Refused,
}

/// Why a registry could not be found or signed in to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct AcrError {
    /// In which way.
    pub kind: AcrErrorKind,
    /// What failed, because of what.
    pub message: String,
    /// What to do next.
    pub next_step: String,
}

impl AcrError {
    pub(super) fn identity(error: TokenError) -> Self {
        Self { message: error.to_string(), next_step: String::new(), kind: AcrErrorKind::Identity(error) }
    }

    pub(super) fn unreachable(error: SendError) -> Self {
        Self { message: error.to_string(), next_step: error.next_step(), kind: AcrErrorKind::Unreachable(error) }
    }

    pub(super) fn unexpected(answer: &UnexpectedAnswer) -> Self {
        Self {
            kind: AcrErrorKind::Answer,
            message: answer.to_string(),
            next_step: format!("Let the agent's machine reach `{}` without it.", answer.host),
        }
    }
}
