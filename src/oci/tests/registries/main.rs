//! Registries: real ones with other people's clients, and one that misbehaves.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its world has failed; tests start other people's programs themselves"
)]

mod fake;
mod faults;
mod publish;
mod real;
mod support;
