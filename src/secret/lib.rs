//! Secrets and URLs that are safe to print.
//!
//! A [`Secret`] comes into being only through a [`SecretSink`], which registers its value with whatever masks the
//! output of this process: in a task the agent's masker (`##vso[task.setsecret]`), in `slipway` the runner's own.
//! So there is no moment at which a secret exists and could be printed in clear.
//!
//! Used by every crate. docs/ARCHITECTURE.md, "Secrets".

mod safe_url;
mod secret;

pub use safe_url::SafeUrl;
pub use secret::{Secret, SecretSink};
