use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use crate::{ClientCertificate, Settings};

/// Why TLS cannot be set up as the agent asks.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{what} `{path}` cannot be read: {cause}.")]
    Read {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// A file does not hold what it should.
    #[error("{what} `{path}` {problem}.")]
    Content {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// rustls does not take it.
    #[error("TLS cannot be set up: {0}.")]
    Setup(String),
}

const AUTHORITIES: &str = "The file of certificate authorities (Agent.CAInfo, else `NODE_EXTRA_CA_CERTS`)";
const CERTIFICATE: &str = "The client certificate (Agent.ClientCert)";
const KEY: &str = "The key of the client certificate (Agent.ClientCertKey)";

/// The TLS side of `settings`: the platform's roots and the additional ones, the client certificate, HTTP/2 offered. One
/// configuration serves every client of the process, so that roots are read once.
///
/// # Errors
/// When a file that the settings name cannot be used.
pub fn tls_config(settings: &Settings) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let setup = |error: rustls::Error| TlsError::Setup(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(setup)?;
    let builder = if settings.accept_any_certificate {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider.signature_verification_algorithms)))
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier(settings, provider)?))
    };
    let mut config = match &settings.client_certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let (chain, key) = client_certificate(certificate)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| TlsError::Content {
                what: KEY,
                path: certificate.key_file.clone(),
                problem: format!("does not belong to the certificate `{}` ({error})", certificate.certificate_file.display()),
            })?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(settings: &Settings, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
    let verifier = match &settings.ca_file {
        None => Verifier::new(provider),
        Some(path) => {
            let roots = certificates(AUTHORITIES, path)?;
            Verifier::new_with_extra_roots(roots, provider)
        }
    };
    verifier.map_err(|error| TlsError::Setup(error.to_string()))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Read { what, path: path.to_owned(), cause: error.to_string() })
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(what, path)?;
    let content = |problem: String| TlsError::Content { what, path: path.to_owned(), problem };
    let found =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| content(format!("is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(content("holds no `-----BEGIN CERTIFICATE-----`; a PEM file is expected".to_owned()));
    }
    Ok(found)
}

type Chain = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(certificate: &ClientCertificate) -> Result<Chain, TlsError> {
    let chain = certificates(CERTIFICATE, &certificate.certificate_file)?;
    let pem = read(KEY, &certificate.key_file)?;
    let content = |problem: &str| TlsError::Content { what: KEY, path: certificate.key_file.clone(), problem: problem.to_owned() };
    let text = String::from_utf8_lossy(&pem);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(content(
            "is encrypted, which Slipway does not read; configure the agent with an unencrypted key file that only the agent's user can read (`openssl pkcs8 -topk8 -nocrypt`)",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| content("holds no private key in PEM"))?;
    Ok((chain, key))
}

/// Accepts every certificate, as `Agent.SkipCertValidation` asks; signatures are still checked.
#[derive(Debug)]
struct AcceptAny(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.supported_schemes()
    }
}
