use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use slipway_secret::Secret;
use time::OffsetDateTime;

/// A source of access tokens that refreshes them by itself. `azure` has one; engines that need tokens (registries,
/// clusters) take one, so that they need not know who signs in.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token for `scope` (`https://vault.azure.net/.default`) that is valid for at least a few minutes.
    ///
    /// # Errors
    /// When signing in fails; the inner error names the place and the next step.
    async fn token(&self, scope: &str) -> Result<AccessToken, TokenError>;
}

/// An access token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// When it ends to be valid.
    pub expires_at: OffsetDateTime,
}

/// Why there is no token: the error of whoever signs in. It can be looked into with [`TokenError::downcast_ref`].
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(#[source] Arc<dyn Error + Send + Sync>);

impl TokenError {
    /// Wraps the error of a token source.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    /// The inner error, if it is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}
