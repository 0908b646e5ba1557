use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{KeyProblem, PublicKey, RsaKey};

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PSS with SHA-256.
    Ps256,
}

/// Why a text is not a token that could be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtProblem {
    #[error("it is not three parts in base64url, separated by dots")]
    Form,
    #[error("its {0} is not a JSON object")]
    Json(&'static str),
    #[error("`{0}` is not a signature algorithm that is supported (`RS256` and `PS256` are)")]
    Algorithm(String),
}

/// A signed token (JWS in compact form), its signature not yet verified.
#[derive(Clone, Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    algorithm: Signature,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Signs `claims` with RS256; `kid` is the key's.
    pub(crate) fn sign(key: &RsaKey, claims: &Value) -> Result<String, KeyProblem> {
        let id = key.public().key_id();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5t": id, "kid": id });
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = key.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, JwtProblem> {
        let (signed, signature) = text.rsplit_once('.').ok_or(JwtProblem::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(JwtProblem::Form)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| JwtProblem::Form);
        let object = |part: &str, name| {
            let value: Value = serde_json::from_slice(&decode(part)?).map_err(|_| JwtProblem::Json(name))?;
            if value.is_object() { Ok(value) } else { Err(JwtProblem::Json(name)) }
        };
        let header = object(header, "header")?;
        let claims = object(claims, "payload")?;
        let algorithm = match header["alg"].as_str().unwrap_or_default() {
            "RS256" => Signature::Rs256,
            "PS256" => Signature::Ps256,
            other => return Err(JwtProblem::Algorithm(other.to_owned())),
        };
        Ok(Self { header, claims, algorithm, signed: signed.to_owned(), signature: decode(signature)? })
    }

    /// Whether `key` signed it.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verify(self.algorithm, self.signed.as_bytes(), &self.signature)
    }

    /// A claim that is text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims[claim].as_str()
    }

    /// A claim that is a time, seconds since 1970.
    pub(crate) fn time(&self, claim: &str) -> Option<i64> {
        let value = &self.claims[claim];
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_changed_is_not_signed_any_more() {
        let key = RsaKey::from_pkcs8(&RsaKey::generate().unwrap()).unwrap();
        let token = Jwt::sign(&key, &json!({ "sub": "me", "exp": 12 })).unwrap();
        let parsed = Jwt::parse(&token).unwrap();
        assert_eq!((parsed.text("sub"), parsed.time("exp"), parsed.text("exp")), (Some("me"), Some(12), None));
        assert!(parsed.is_signed_by(key.public()));

        let parts: Vec<_> = token.split('.').collect();
        let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(r#"{"sub":"you"}"#), parts[2]);
        assert!(!Jwt::parse(&forged).unwrap().is_signed_by(key.public()));
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        assert_eq!(Jwt::parse("abc").unwrap_err(), JwtProblem::Form);
        assert_eq!(Jwt::parse("a.b").unwrap_err(), JwtProblem::Form);
        assert_eq!(Jwt::parse(&format!("{}.{}.", part("[]"), part("{}"))).unwrap_err(), JwtProblem::Json("header"));
        let none = format!("{}.{}.", part(r#"{"alg":"none"}"#), part("{}"));
        assert_eq!(Jwt::parse(&none).unwrap_err(), JwtProblem::Algorithm("none".to_owned()));
    }
}
