use std::fmt;

use slipway_net::SendError;

use crate::UnexpectedAnswer;

/// Why signing in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityErrorKind {
    /// The client secret is wrong (AADSTS7000215).
    WrongSecret,
    /// The client secret or certificate has expired (7000222).
    ExpiredSecret,
    /// The application is not in the tenant (700016).
    UnknownApplication,
    /// The certificate is not registered with the application (700027).
    UnknownCertificate,
    /// The assertion is outside of its time (700024).
    AssertionTime,
    /// No federated credential of the application matches (70021, 700211, 700212, 700213).
    NoFederatedCredential,
    /// The tenant does not exist (90002, 900023).
    UnknownTenant,
    /// The resource has no principal in the tenant: most often the wrong cloud (500011).
    UnknownResource,
    /// Conditional access blocks the sign-in (53003, 530003).
    ConditionalAccess,
    /// The application has no service principal in the tenant (7000229).
    NoServicePrincipal,
    /// The application is disabled (7000112).
    Disabled,
    /// Refused for another reason.
    Refused,
    /// The managed identity endpoint refused or is not there.
    ManagedIdentity,
    /// The connection's own values cannot be used: empty ids, a certificate that is none.
    Unusable,
    /// The federated assertion could not be had.
    Assertion,
    /// No answer came.
    Transport,
    /// Something else than Entra answered.
    Answer,
}

impl IdentityErrorKind {
    /// Whether the same sign-in cannot succeed a moment later.
    pub fn is_definitive(self) -> bool {
        !matches!(self, Self::AssertionTime | Self::Refused | Self::ManagedIdentity | Self::Assertion | Self::Transport | Self::Answer)
    }
}

/// Why signing in failed, with the next step. Cheap to copy: it travels through Azure's SDK and back.
#[derive(Clone, Debug)]
pub struct IdentityError {
    /// In which way.
    pub kind: IdentityErrorKind,
    /// Entra's number, `AADSTS` left out.
    pub code: Option<u32>,
    /// What failed, because of what.
    pub message: String,
    /// What a person can do.
    pub next_step: String,
    /// By which Microsoft's support finds the request.
    pub correlation_id: Option<String>,
}

impl IdentityError {
    pub(crate) fn new(kind: IdentityErrorKind, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), next_step: next_step.into(), correlation_id: None }
    }

    pub(crate) fn transport(error: &SendError) -> Self {
        Self::new(IdentityErrorKind::Transport, format!("Signing in failed. {error}"), error.next_step())
    }

    pub(crate) fn answer(answer: &UnexpectedAnswer) -> Self {
        let next = format!("Ask whoever runs the network to let this agent reach `{}`.", answer.host);
        Self::new(IdentityErrorKind::Answer, format!("Signing in failed. {answer}"), next)
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(id) = &self.correlation_id {
            write!(f, " (correlation id `{id}`)")?;
        }
        Ok(())
    }
}

impl std::error::Error for IdentityError {}
