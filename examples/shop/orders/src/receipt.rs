use std::fmt;

use ct_codecs::{Base64, Decoder, Encoder};
use ed25519_compact::{KeyPair, PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderError};

/// What the shop gives a customer for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub customer: String,
    /// In cents.
    pub total: u64,
    /// Ed25519 signature of [`Receipt::signed_text`], base64.
    pub signature: String,
}

/// Signs receipts.
pub struct Signer(KeyPair);

/// A key that cannot be used.
#[derive(Debug)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the signing key is not an Ed25519 private key (PKCS#8 DER in base64)"
        )
    }
}

impl std::error::Error for KeyError {}

impl Signer {
    /// A signer from a private key: PKCS#8 DER in base64, one line.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        let der = Base64::decode_to_vec(key.trim(), None).map_err(|_| KeyError)?;
        KeyPair::from_der(&der).map(Self).map_err(|_| KeyError)
    }

    /// The receipt for an order.
    pub fn receipt(&self, order: &Order) -> Result<Receipt, OrderError> {
        let total = order.total()?;
        let signature = self.0.sk.sign(signed_text(&order.customer, total), None);
        let signature =
            Base64::encode_to_string(signature.as_ref()).expect("a signature always fits");
        Ok(Receipt {
            customer: order.customer.clone(),
            total,
            signature,
        })
    }
}

impl Receipt {
    /// Whether the shop with this public key (32 bytes in base64) issued the receipt.
    pub fn is_genuine(&self, public_key: &str) -> bool {
        let check = || {
            let key = PublicKey::from_slice(&Base64::decode_to_vec(public_key.trim(), None).ok()?)
                .ok()?;
            let signature =
                Signature::from_slice(&Base64::decode_to_vec(&self.signature, None).ok()?).ok()?;
            key.verify(signed_text(&self.customer, self.total), &signature)
                .ok()
        };
        check().is_some()
    }
}

fn signed_text(customer: &str, total: u64) -> String {
    format!("{total} cents from {customer}")
}

#[cfg(test)]
mod tests {
    use ed25519_compact::Seed;

    use super::*;
    use crate::order::OrderLine;

    /// A key for unit tests alone; the real one is in the vault.
    fn key_pair() -> (Signer, String) {
        let pair = KeyPair::from_seed(Seed::new([7; 32]));
        let public = Base64::encode_to_string(pair.pk.as_ref()).unwrap();
        (Signer(pair), public)
    }

    fn order() -> Order {
        Order {
            customer: "Ada".into(),
            lines: vec![OrderLine {
                article: "tea".into(),
                pieces: 2,
                price: 350,
            }],
        }
    }

    #[test]
    fn a_receipt_is_genuine() {
        let (signer, public) = key_pair();
        assert!(signer.receipt(&order()).unwrap().is_genuine(&public));
    }

    #[test]
    fn a_changed_receipt_is_not_genuine() {
        let (signer, public) = key_pair();
        let mut receipt = signer.receipt(&order()).unwrap();
        receipt.total -= 1;
        assert!(!receipt.is_genuine(&public));
    }

    #[test]
    fn a_wrong_key_is_refused() {
        assert!(Signer::new("bm90IGEga2V5").is_err());
    }
}
