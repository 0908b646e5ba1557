//! The job's OIDC token, which Entra ID takes as a federated assertion (facts/azure-pipelines-tasks.md 4).

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use slipway_net::{Client, Request, Response, SendError};
use slipway_secret::{Secret, SecretSink};
use url::Url;

/// Where the job's OIDC tokens are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcAddress {
    /// What the agent gives as `SYSTEM_OIDCREQUESTURI`.
    RequestUri(Url),
    /// Where the agent does not: put together from the job's variables, as older tasks do.
    Job {
        /// `System.CollectionUri`, or `System.TeamFoundationServerUri`.
        collection: Url,
        /// `System.TeamProjectId`.
        project_id: String,
        /// `System.HostType`: `build` or `release`.
        hub: String,
        /// `System.PlanId`.
        plan_id: String,
        /// `System.JobId`.
        job_id: String,
    },
}

impl OidcAddress {
    /// The whole address for a service connection.
    ///
    /// # Errors
    /// When the collection's address cannot have a path.
    fn url(&self, connection_id: &str) -> Result<Url, url::ParseError> {
        let (mut url, version) = match self {
            Self::RequestUri(url) => (url.clone(), "7.1"),
            Self::Job { collection, project_id, hub, plan_id, job_id } => {
                let mut url = collection.clone();
                url.path_segments_mut().map_err(|()| url::ParseError::RelativeUrlWithCannotBeABaseBase)?.pop_if_empty().extend([
                    project_id.as_str(),
                    "_apis",
                    "distributedtask",
                    "hubs",
                    hub,
                    "plans",
                    plan_id,
                    "jobs",
                    job_id,
                    "oidctoken",
                ]);
                (url, "7.1-preview.1")
            }
        };
        url.query_pairs_mut().append_pair("api-version", version).append_pair("serviceConnectionId", connection_id);
        Ok(url)
    }
}

/// In which way there is no token.
#[derive(Clone, Debug)]
pub enum OidcErrorKind {
    /// No answer came.
    Transport(SendError),
    /// The job's token was refused (401).
    Unauthorized,
    /// The job may not use the connection (403), or it is not there (404).
    Connection,
    /// Azure DevOps answered otherwise.
    Answer,
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub struct OidcError {
    /// In which way.
    pub kind: OidcErrorKind,
    /// What failed, because of what.
    pub message: String,
    /// What a person can do.
    pub next_step: String,
    /// `X-VSS-E2EID`, by which Microsoft's support finds the request.
    pub activity_id: Option<String>,
}

impl fmt::Display for OidcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(id) = &self.activity_id {
            write!(f, " (activity id `{id}`)")?;
        }
        Ok(())
    }
}

impl std::error::Error for OidcError {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    oidc_token: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    message: String,
}

/// Asks for OIDC tokens of one service connection. Each call is a new token: they live for about ten minutes.
pub struct OidcClient {
    address: OidcAddress,
    connection_id: String,
    job_token: Secret,
    client: Client,
    sink: Arc<dyn SecretSink>,
}

impl OidcClient {
    /// A client for the connection with the GUID `connection_id`. `job_token` is the token of the job's own connection.
    pub fn new(address: OidcAddress, connection_id: String, job_token: Secret, client: Client, sink: Arc<dyn SecretSink>) -> Self {
        Self { address, connection_id, job_token, client, sink }
    }

    /// A fresh token.
    ///
    /// # Errors
    /// When Azure DevOps does not give one.
    pub async fn token(&self) -> Result<Secret, OidcError> {
        let plain =
            |kind, message: String, next_step: &str| OidcError { kind, message, next_step: next_step.to_owned(), activity_id: None };
        let unusable =
            |problem: String| plain(OidcErrorKind::Answer, format!("The request for the job's OIDC token cannot be made: {problem}."), "");
        let url = self.address.url(&self.connection_id).map_err(|error| unusable(error.to_string()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = Request::post(url).replayable().body("application/json", "{}");
        // Without it Azure DevOps answers a refused token with a redirect to its sign-in page.
        request.headers.insert("x-tfs-fedauthredirect", http::HeaderValue::from_static("Suppress"));
        let request = request
            .bearer(&self.job_token)
            .map_err(|_| unusable("the job's token has characters that a header cannot carry".to_owned()))?;
        let response = self.client.send(&request).await.map_err(|error| OidcError {
            message: format!("Azure DevOps gave no OIDC token. {error}"),
            next_step: error.next_step(),
            kind: OidcErrorKind::Transport(error),
            activity_id: None,
        })?;
        if !response.status.is_success() || response.is_html() {
            return Err(self.refusal(&host, &response));
        }
        match serde_json::from_slice::<Answer>(&response.body) {
            Ok(answer) => Ok(Secret::new(answer.oidc_token, self.sink.as_ref())),
            // Where it fails, not why: the reason would quote the answer, which may be the token in another form.
            Err(error) => Err(plain(
                OidcErrorKind::Answer,
                format!("The answer of `{host}` holds no OIDC token (line {} column {}).", error.line(), error.column()),
                "Run the step again; if it stays, look at what answers in the place of Azure DevOps.",
            )),
        }
    }

    fn refusal(&self, host: &str, response: &Response) -> OidcError {
        let status = response.status.as_u16();
        let said = serde_json::from_slice::<Failure>(&response.body).unwrap_or_default().message;
        let said = if said.is_empty() { response.excerpt() } else { said };
        let (kind, next_step) = match status {
            _ if response.is_html() => (
                OidcErrorKind::Answer,
                "Something on the way (a proxy, a sign-in page) answers in the place of Azure DevOps; look at what is between.".to_owned(),
            ),
            401 => (OidcErrorKind::Unauthorized, "The job's own token was refused; it ends with the job. Run the job again.".to_owned()),
            403 | 404 => (
                OidcErrorKind::Connection,
                format!(
                    "Check that the service connection `{}` exists, uses workload identity federation, and that this pipeline is authorized to use it.",
                    self.connection_id
                ),
            ),
            _ => (OidcErrorKind::Answer, String::new()),
        };
        let activity_id = response.header("x-vss-e2eid").map(str::to_owned);
        OidcError {
            kind,
            message: format!("`{host}` gave no OIDC token for the service connection `{}`: {status}, {said}", self.connection_id),
            next_step,
            activity_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_address_gets_the_connection() {
        let uri = Url::parse("https://dev.azure.com/o/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken").unwrap();
        assert_eq!(
            OidcAddress::RequestUri(uri).url("c-1").unwrap().as_str(),
            "https://dev.azure.com/o/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken?api-version=7.1&serviceConnectionId=c-1"
        );
    }

    #[test]
    fn without_it_the_address_is_put_together() {
        for collection in ["https://dev.azure.com/org", "https://dev.azure.com/org/"] {
            let job = OidcAddress::Job {
                collection: Url::parse(collection).unwrap(),
                project_id: "p-1".to_owned(),
                hub: "release".to_owned(),
                plan_id: "plan".to_owned(),
                job_id: "job".to_owned(),
            };
            assert_eq!(
                job.url("c-1").unwrap().as_str(),
                "https://dev.azure.com/org/p-1/_apis/distributedtask/hubs/release/plans/plan/jobs/job/oidctoken?api-version=7.1-preview.1&serviceConnectionId=c-1"
            );
        }
    }
}
