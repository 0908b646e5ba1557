//! The engine over small packages, with the real tools.
#![expect(clippy::unwrap_used, reason = "a test")]

mod checks;
mod formats;
mod nextest;
mod tests;
mod world;
