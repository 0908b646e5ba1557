use serde::{Deserialize, Serialize};

/// A running job, as the runner announces it to the stand-in for Azure DevOps: the stand-in issues OIDC tokens only to
/// a registered job that presents its access token, and only for the service connections that the job may use.
///
/// One file per job, `<state>/azure/jobs/<jobId>.json`, mode 0600, written before the job's first step starts and
/// removed when the job ends. It holds the SHA-256 of the job's access token, never the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobRegistration {
    /// Version of this format, 1.
    pub schema: u32,
    /// `build` for pipelines, `release` for classic releases: the `hubs/{hub}` segment of the token's address.
    pub hub: String,
    /// The run's plan (GUID).
    pub plan_id: String,
    /// The job (GUID).
    pub job_id: String,
    /// Lower-case hexadecimal SHA-256 of the job's access token.
    pub access_token_sha256: String,
    /// The service connections that this job may use.
    pub connections: Vec<ConnectionGrant>,
}

/// A service connection that a job may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionGrant {
    /// GUID.
    pub id: String,
    /// Name, part of the subject of federated tokens.
    pub name: String,
}
