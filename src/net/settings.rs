use std::path::PathBuf;

use regex_lite::Regex;
use slipway_secret::Secret;
use url::Url;

/// How this process reaches the network: everything that one HTTP client is built from. In a task it comes from the
/// agent's own settings (`slipway_agent`), in `slipway` from the user's environment.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The proxy, if requests go through one. Loopback and link-local addresses never do.
    pub proxy: Option<ProxySettings>,
    /// PEM file of certificate authorities to trust in addition to the platform's.
    pub ca_file: Option<PathBuf>,
    /// Certificate to present to servers that ask for one.
    pub client_certificate: Option<ClientCertificate>,
    /// Accept any server certificate (the agent's `Agent.SkipCertValidation`).
    pub accept_any_certificate: bool,
    /// `User-Agent`.
    pub user_agent: String,
}

/// A proxy.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Its address, without credentials.
    pub url: Url,
    /// User name, empty without authentication.
    pub username: String,
    /// Password.
    pub password: Option<Secret>,
    /// Requests to a URL that one of these matches go directly. The agent tests them, ignoring case, against the whole
    /// URL (facts/azure-pipelines-tasks.md 3.9).
    pub bypass: Vec<Regex>,
}

/// A client certificate with its key, as PEM files.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// PEM file with the certificate and its chain.
    pub certificate_file: PathBuf,
    /// PEM file with the private key.
    pub key_file: PathBuf,
    /// Password of the key, if it is encrypted.
    pub key_password: Option<Secret>,
}
