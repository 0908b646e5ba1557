use std::fmt;
use std::sync::Arc;

use slipway_net::TokenSource;
use slipway_secret::Secret;

/// How to sign in to a registry.
#[derive(Clone)]
pub enum Credential {
    /// Not at all.
    Anonymous,
    /// With a user and a password, or a token in place of one.
    Basic {
        /// User.
        username: String,
        /// Password.
        password: Secret,
    },
    /// With an ACR refresh token, which the source renews (facts/registries-and-acr.md 4.1). The scope that the source is asked for
    /// is the registry's host.
    RefreshToken(Arc<dyn TokenSource>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { username, .. } => write!(f, "Basic({username})"),
            Self::RefreshToken(_) => f.write_str("RefreshToken"),
        }
    }
}
