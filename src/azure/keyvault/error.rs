use std::fmt;

use crate::identity::IdentityError;

/// In which way a vault or a secret could not be read.
#[derive(Clone, Debug)]
pub enum VaultErrorKind {
    /// Signing in failed.
    Identity(Box<IdentityError>),
    /// No vault of this name: its host name does not exist.
    VaultNotFound,
    /// No answer came.
    Unreachable,
    /// Something else than the vault answered.
    Answer,
    /// The caller has no role that allows it.
    ForbiddenByRbac,
    /// The vault's access policies do not allow it.
    ForbiddenByPolicy,
    /// The vault's firewall does not let this address in.
    ForbiddenByFirewall,
    /// The vault takes only private connections.
    ForbiddenByConnection,
    /// The secret is disabled.
    SecretDisabled,
    /// No such secret, or no such version of it.
    SecretNotFound,
    /// The secret was deleted and can be recovered.
    SecretDeleted,
    /// The vault belongs to another tenant than the caller.
    TenantMismatch,
    /// The token was refused.
    Unauthorized,
    /// Still throttled after all attempts.
    Throttled,
    /// The vault answered with a failure that the others do not cover.
    Other,
}

impl VaultErrorKind {
    /// Whether it concerns the vault as a whole, so that no other secret can be read either.
    pub(crate) fn is_about_the_vault(&self) -> bool {
        matches!(
            self,
            Self::Identity(_)
                | Self::VaultNotFound
                | Self::Unreachable
                | Self::Answer
                | Self::ForbiddenByFirewall
                | Self::ForbiddenByConnection
                | Self::TenantMismatch
                | Self::Unauthorized
        )
    }
}

/// Why a vault or a secret could not be read, with the command that mends it.
#[derive(Clone, Debug)]
pub struct VaultError {
    /// In which way.
    pub kind: VaultErrorKind,
    /// What failed, because of what.
    pub message: String,
    /// What a person can do; commands are complete.
    pub next_step: String,
    /// By which Microsoft's support finds the request.
    pub request_id: Option<String>,
}

impl VaultError {
    pub(crate) fn new(kind: VaultErrorKind, message: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { kind, message: message.into(), next_step: next_step.into(), request_id: None }
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id `{id}`)")?;
        }
        Ok(())
    }
}

impl std::error::Error for VaultError {}
