use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use slipway_secret::Secret;
use time::OffsetDateTime;
use url::Url;

use super::{IdentityError, IdentityErrorKind};

/// How long an assertion is valid, in seconds (as in Microsoft's own libraries).
const LIFETIME: i64 = 300;

/// A service principal's certificate with its key, and the assertions signed with it: PS256 with the certificate's
/// SHA-256 thumbprint, the documented form (facts/azure-apis.md 2.3). Our own, since the SDK's needs OpenSSL and takes
/// only PKCS#12, while service connections deliver PEM.
pub(crate) struct Certificate {
    key: RsaKeyPair,
    thumbprint: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads PEM with a certificate (and perhaps its chain) and an RSA key, in any order.
    pub(crate) fn read(pem: &Secret) -> Result<Self, IdentityError> {
        let text = pem.expose();
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(unusable("its private key is encrypted"));
        }
        let key = match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            Ok(_) => return Err(unusable("its private key is not RSA, which is all that Entra ID takes")),
            Err(_) => return Err(unusable("it has no `-----BEGIN PRIVATE KEY-----`")),
        }
        .map_err(|error| unusable(&format!("its private key is not an RSA key of 2048 bits or more ({error})")))?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).flatten().collect();
        if certificates.is_empty() {
            return Err(unusable("it has no `-----BEGIN CERTIFICATE-----`"));
        }
        // The certificate of a key holds the public key in the very bytes that the key itself gives.
        let public = key.public_key().as_ref();
        let own = certificates.iter().find(|der| der.as_ref().windows(public.len()).any(|window| window == public));
        let own = own.ok_or_else(|| unusable("its private key belongs to none of its certificates"))?;
        Ok(Self { thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(own.as_ref())), key })
    }

    /// The SHA-256 thumbprint, base64url as in the assertion's header.
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// An assertion for `audience`, the token endpoint's address.
    pub(crate) fn assertion(&self, client_id: &str, audience: &Url, now: OffsetDateTime) -> Result<String, IdentityError> {
        let now = now.unix_timestamp();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience.as_str(),
            "iss": client_id,
            "sub": client_id,
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now,
            "iat": now,
            "exp": now + LIFETIME,
        });
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| unusable("its key could not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn unusable(problem: &str) -> IdentityError {
    IdentityError::new(
        IdentityErrorKind::Unusable,
        format!("The certificate of the service connection cannot be used: {problem}."),
        "Put a PEM text with the certificate and its unencrypted RSA key into the service connection, or convert it to workload identity federation.",
    )
}
