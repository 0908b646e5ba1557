//! The way out: one HTTP stack for everything, built from [`Settings`]; retry and throttling; tokens; time.
//!
//! Used by the engines (`azure`, `devops`, ...), by `agent` (which makes [`Settings`] from what the agent gives) and by
//! the stand-in.
//!
//! - [`Client`]: sends a [`Request`] and returns the whole [`Response`]; takes the proxy or goes directly; retries what
//!   [`RetryPolicy`] allows and tells its observer. A [`SendError`] says in words what failed, where.
//! - [`Client::send_streaming`]: a body of any size, in ([`UploadBody`]) or out ([`StreamingResponse`]), over the same way.
//! - [`tls_config`] and [`Settings::route`]: the same decisions for a client that is not ours (kube).
//! - [`TokenSource`]: what an engine takes that needs tokens of another engine.
//! - [`Clock`]: the door for time.

mod client;
mod clock;
mod proxy_answer;
mod request;
mod retry;
mod route;
mod send_error;
mod settings;
mod stream;
mod tls;
mod token;

pub use client::{Client, ClientError, RetryEvent, RetryObserver};
pub use clock::Clock;
pub use request::{Request, Response};
pub use retry::{Decision, Finding, RetryPolicy, retry_after};
pub use route::Route;
pub use send_error::{FailureKind, SendError};
pub use settings::{ClientCertificate, ProxySettings, Settings};
pub use stream::{StreamingResponse, UploadBody};
pub use tls::{TlsError, tls_config};
pub use token::{AccessToken, TokenError, TokenSource};
