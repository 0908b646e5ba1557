use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::crypto::KeyProblem;
use crate::store::Certifier;

/// Certificates by host name, made when they are first asked for.
pub(crate) struct Certificates {
    certifier: Certifier,
    made: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Certificates {
    pub(crate) fn new(certifier: Certifier) -> Self {
        Self { certifier, made: Mutex::default() }
    }

    /// TLS for `host`, HTTP/2 offered. Only hosts that are served get here, so their number is small.
    pub(super) fn tls(&self, host: &str) -> Result<Arc<ServerConfig>, KeyProblem> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(host) {
            return Ok(config.clone());
        }
        // Certificates follow the machine's clock, which is what clients verify them with.
        let certificate = self.certifier.certificate(host, slipway_net::Clock::System.now())?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.certifier.key_der()));
        let problem = |error: rustls::Error| KeyProblem(format!("TLS for `{host}`: {error}"));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(problem)?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .map_err(problem)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        made.insert(host.to_owned(), config.clone());
        Ok(config)
    }
}
