//! The way out: one HTTP client for everything, built from [`Settings`]; retry and throttling; tokens.
//!
//! Used by the engines (`azure`, `devops`, ...), by `agent` (which makes [`Settings`] from what the agent gives) and by
//! the stand-in.

mod settings;

pub use settings::{ClientCertificate, ProxySettings, Settings};
