//! Keys and tokens. RSA keys are made by `rsa`; signing and verifying are ring's.

mod jwt;
mod random;
mod rsa_key;

pub(crate) use jwt::{Jwt, Signature};
pub(crate) use random::{random_hex, random_text};
pub(crate) use rsa_key::{PublicKey, RsaKey};

use std::fmt;

/// A key could not be made or read. Says what for; never holds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyProblem(pub(crate) String);

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
