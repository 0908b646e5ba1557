use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Sensitive;
use crate::crypto::KeyProblem;

/// The certificate authority as the store keeps it. It is made once, so that trust in it outlives a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Authority {
    schema: u32,
    pub(crate) certificate: String,
    key: Sensitive,
}

/// Makes certificates for host names.
pub(crate) struct Certifier {
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
}

fn problem(error: rcgen::Error) -> KeyProblem {
    KeyProblem(format!("the certificate authority: {error}"))
}

impl Authority {
    pub(super) fn make(now: OffsetDateTime) -> Result<Self, KeyProblem> {
        let key = KeyPair::generate().map_err(problem)?;
        let mut parameters = CertificateParams::new(Vec::new()).map_err(problem)?;
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Slipway local Azure (this machine only)");
        parameters.distinguished_name = name;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        parameters.not_before = now - Duration::days(1);
        parameters.not_after = now + Duration::days(3650);
        let certificate = parameters.self_signed(&key).map_err(problem)?.pem();
        Ok(Self { schema: 1, certificate, key: Sensitive::new(key.serialize_pem()) })
    }

    /// Ready to make certificates.
    pub(crate) fn certifier(&self) -> Result<Certifier, KeyProblem> {
        let ca_key = KeyPair::from_pem(self.key.expose()).map_err(problem)?;
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, ca_key).map_err(problem)?;
        Ok(Certifier { issuer, key: KeyPair::generate().map_err(problem)? })
    }
}

impl Certifier {
    /// A certificate for `host`, DER. All have the same key, [`Self::key_der`].
    pub(crate) fn certificate(&self, host: &str, now: OffsetDateTime) -> Result<Vec<u8>, KeyProblem> {
        let mut parameters = CertificateParams::new(vec![host.to_owned()]).map_err(problem)?;
        let mut name = DistinguishedName::new();
        // A common name has at most 64 characters.
        name.push(DnType::CommonName, host.chars().take(64).collect::<String>());
        parameters.distinguished_name = name;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        parameters.not_before = now - Duration::days(1);
        parameters.not_after = now + Duration::days(365);
        Ok(parameters.signed_by(&self.key, &self.issuer).map_err(problem)?.der().to_vec())
    }

    pub(crate) fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }
}
