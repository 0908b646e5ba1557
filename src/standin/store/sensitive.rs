use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that the store keeps in clear in its 0600 files, and that nothing prints. (`slipway_secret::Secret` cannot be
/// written to a file, on purpose.)
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sensitive(String);

impl Sensitive {
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `other` is the same, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &str) -> bool {
        ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes()).as_ref()
            == ring::digest::digest(&ring::digest::SHA256, other.as_bytes()).as_ref()
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
