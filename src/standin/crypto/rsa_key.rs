use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rsa::pkcs8::EncodePrivateKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::random::SystemRng;
use super::{KeyProblem, Signature};

const BITS: usize = 2048;

/// An RSA key of the stand-in: signs tokens.
pub(crate) struct RsaKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl RsaKey {
    /// Makes a key: PKCS#8 DER.
    pub(crate) fn generate() -> Result<Vec<u8>, KeyProblem> {
        let key = rsa::PrivateKey::new(&mut SystemRng, BITS).map_err(|error| KeyProblem(format!("an RSA key cannot be made: {error}")))?;
        let der = key.to_pkcs8_der().map_err(|error| KeyProblem(format!("an RSA key cannot be written: {error}")))?;
        Ok(der.as_bytes().to_vec())
    }

    /// Reads a key from PKCS#8 DER.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyProblem> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|error| KeyProblem(format!("not an RSA key in PKCS#8 ({error})")))?;
        let public = PublicKey::from(pair.public());
        Ok(Self { pair, public })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signature of `message`, RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyProblem> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| KeyProblem("signing failed".to_owned()))?;
        Ok(signature)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey").field("key_id", &self.public.key_id()).finish_non_exhaustive()
    }
}

/// The public part of an RSA key: modulus and exponent, big-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl PublicKey {
    /// Whether `signature` is this key's for `message`.
    pub(crate) fn verify(&self, algorithm: Signature, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match algorithm {
            Signature::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Signature::Ps256 => &RSA_PSS_2048_8192_SHA256,
        };
        RsaPublicKeyComponents { n: &self.n, e: &self.e }.verify(algorithm, message, signature).is_ok()
    }

    /// `kid` of this key: the start of the hash of its modulus.
    pub(crate) fn key_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(&self.n)[..20])
    }

    /// The key as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_id(),
            "n": URL_SAFE_NO_PAD.encode(&self.n),
            "e": URL_SAFE_NO_PAD.encode(&self.e),
        })
    }
}

impl From<&ring::rsa::PublicKey> for PublicKey {
    fn from(key: &ring::rsa::PublicKey) -> Self {
        let components: RsaPublicKeyComponents<Vec<u8>> = key.into();
        Self { n: components.n, e: components.e }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_signs_what_its_public_part_verifies() {
        let key = RsaKey::from_pkcs8(&RsaKey::generate().unwrap()).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(key.public().verify(Signature::Rs256, b"message", &signature));
        assert!(!key.public().verify(Signature::Rs256, b"Message", &signature));
        assert!(!key.public().verify(Signature::Ps256, b"message", &signature));
        let other = RsaKey::from_pkcs8(&RsaKey::generate().unwrap()).unwrap();
        assert!(!other.public().verify(Signature::Rs256, b"message", &signature));
    }
}
