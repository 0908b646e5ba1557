use std::collections::BTreeMap;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::Sensitive;
use crate::config::{Config, CredentialKind};
use crate::crypto::{KeyProblem, PublicKey, RsaKey, random_text};

/// The credentials of all principals, by name, as the store keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Principals {
    pub(crate) principals: BTreeMap<String, StoredPrincipal>,
}

/// What a principal signs in with. The `wrong` ones are those that Entra does not know, for service connections that are
/// wrong on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StoredPrincipal {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Sensitive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expired_secret: Option<Sensitive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<StoredCertificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_secret: Option<Sensitive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_certificate: Option<StoredCertificate>,
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StoredCertificate {
    pub(crate) certificate: String,
    pub(crate) key: Sensitive,
}

/// What Entra knows of a registered certificate.
#[derive(Clone, Debug)]
pub(crate) struct RegisteredCertificate {
    pub(crate) sha1: Vec<u8>,
    pub(crate) sha256: Vec<u8>,
    pub(crate) key: PublicKey,
}

impl StoredCertificate {
    fn make(name: &str, now: OffsetDateTime) -> Result<Self, KeyProblem> {
        let problem = |error: rcgen::Error| KeyProblem(format!("a certificate for `{name}`: {error}"));
        let der = RsaKey::generate()?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &PKCS_RSA_SHA256).map_err(problem)?;
        let mut parameters = CertificateParams::new(Vec::new()).map_err(problem)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        parameters.distinguished_name = subject;
        parameters.not_before = now - Duration::days(1);
        parameters.not_after = now + Duration::days(730);
        let certificate = parameters.self_signed(&key).map_err(problem)?.pem();
        Ok(Self { certificate, key: Sensitive::new(key.serialize_pem()) })
    }

    /// Certificate and key in one text, as service connections hold them and `az login` reads them.
    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.key.expose(), self.certificate)
    }

    pub(crate) fn registered(&self) -> Result<RegisteredCertificate, KeyProblem> {
        let certificate =
            CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(|_| KeyProblem("not a certificate".to_owned()))?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.key.expose().as_bytes()).map_err(|_| KeyProblem("not a key".to_owned()))?;
        Ok(RegisteredCertificate {
            sha1: ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate).as_ref().to_vec(),
            sha256: Sha256::digest(&certificate).to_vec(),
            key: RsaKey::from_pkcs8(key.secret_pkcs8_der())?.public().clone(),
        })
    }
}

impl Principals {
    /// Makes what `config` asks for and is not there yet. A client secret has the length of Entra's.
    pub(super) fn complete(&mut self, config: &Config, now: OffsetDateTime) -> Result<(), KeyProblem> {
        let secret = || random_text(40).map(Sensitive::new);
        for principal in &config.principals {
            let stored = self.principals.entry(principal.name.clone()).or_default();
            for credential in &principal.credentials {
                match credential {
                    CredentialKind::Secret if stored.secret.is_none() => stored.secret = Some(secret()?),
                    CredentialKind::ExpiredSecret if stored.expired_secret.is_none() => stored.expired_secret = Some(secret()?),
                    CredentialKind::Certificate if stored.certificate.is_none() => {
                        stored.certificate = Some(StoredCertificate::make(&principal.name, now)?);
                    }
                    _ => {}
                }
            }
        }
        for connection in config.connections.iter().filter(|connection| connection.wrong_secret) {
            let stored = self.principals.entry(connection.principal.clone()).or_default();
            match connection.credential {
                CredentialKind::Secret | CredentialKind::ExpiredSecret if stored.wrong_secret.is_none() => {
                    stored.wrong_secret = Some(secret()?);
                }
                CredentialKind::Certificate if stored.wrong_certificate.is_none() => {
                    stored.wrong_certificate = Some(StoredCertificate::make(&connection.principal, now)?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}
