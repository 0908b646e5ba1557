use serde::{Deserialize, Serialize};

/// Where a running stand-in for Azure is reached. Written to `<state>/azure/endpoint.json` while it runs; a
/// `slipway run` on the same state reads it to attach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AzureEndpoint {
    /// Version of this format, 1.
    pub schema: u32,
    /// Process that serves it.
    pub pid: u32,
    /// The CONNECT proxy: `http://127.0.0.1:PORT`.
    pub proxy_url: String,
    /// The certificate authority, PEM, alone: what `AGENT_CAINFO` or `NODE_EXTRA_CA_CERTS` take.
    pub ca_file: String,
    /// The authority together with the system's roots, PEM: what variables take that replace the roots
    /// (`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`).
    pub ca_bundle_file: String,
    /// Value of `IDENTITY_ENDPOINT` for managed identity.
    pub identity_endpoint: String,
    /// Value of `IDENTITY_HEADER`. Valid only on this machine, for this run of the stand-in.
    pub identity_header: String,
    /// `https://dev.azure.com/<organization>/`.
    pub collection_uri: String,
    /// Name of the team project.
    pub project: String,
    /// GUID of the team project.
    pub project_id: String,
    /// Folder into which running jobs are registered.
    pub jobs_folder: String,
}
