use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use slipway_net::{AccessToken, Client, FailureKind, Request, RetryPolicy};
use slipway_secret::{Secret, SecretSink};
use time::OffsetDateTime;
use url::Url;

use super::{IdentityError, IdentityErrorKind as Kind};
use crate::UnexpectedAnswer;
use crate::transport::json_position;

const API_VERSION: &str = "2019-08-01";
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// Where the identity of the machine is asked for.
#[derive(Clone, Debug)]
pub enum ManagedIdentityEndpoint {
    /// The metadata service of a virtual machine.
    Imds,
    /// The endpoint that the host names (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`).
    Named {
        /// Its address.
        url: Url,
        /// Value of its `X-IDENTITY-HEADER`.
        header: Secret,
    },
}

/// Our own client of the managed identity endpoint: the SDK's reads the process environment and answers every 400 with
/// one fixed text.
pub(crate) struct ManagedIdentity {
    pub(crate) endpoint: ManagedIdentityEndpoint,
    pub(crate) client_id: Option<String>,
    pub(crate) client: Client,
    pub(crate) sink: Arc<dyn SecretSink>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_on: Number,
}

/// Documented as a string; some hosts send a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(i64),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    error: String,
    error_description: String,
    message: String,
}

impl ManagedIdentity {
    pub(crate) async fn token(&self, scope: &str) -> Result<AccessToken, IdentityError> {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let mut url = match &self.endpoint {
            ManagedIdentityEndpoint::Imds => Url::parse(IMDS).map_err(|error| refused(error.to_string()))?,
            ManagedIdentityEndpoint::Named { url, .. } => url.clone(),
        };
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("api-version", API_VERSION).append_pair("resource", resource);
            if let Some(id) = &self.client_id {
                query.append_pair("client_id", id);
            }
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = Request::get(url).header(HeaderName::from_static("metadata"), HeaderValue::from_static("true"));
        if let ManagedIdentityEndpoint::Named { header, .. } = &self.endpoint {
            let mut value = HeaderValue::from_str(header.expose())
                .map_err(|_| refused("`IDENTITY_HEADER` has characters that a header cannot carry".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static("x-identity-header"), value);
        }
        let response = self.client.send(&request).await.map_err(|error| match error.kind {
            FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable => IdentityError::new(
                Kind::ManagedIdentity,
                format!("No managed identity endpoint answers at `{host}`. {error}"),
                "A service connection with managed identity works only on agents that run in Azure (a virtual machine, a scale set, App Service, Container Apps) and have an identity assigned.",
            ),
            _ => IdentityError::transport(&error),
        })?;
        if let Some(answer) = UnexpectedAnswer::find(&host, &response) {
            return Err(IdentityError::answer(&answer));
        }
        if !response.status.is_success() {
            return Err(self.refusal(response.status.as_u16(), &response.body));
        }
        let token: Token = serde_json::from_slice(&response.body)
            .map_err(|error| refused(format!("its answer is not a token ({})", json_position(&error))))?;
        let seconds = match token.expires_on {
            Number::Number(seconds) => Some(seconds),
            Number::Text(text) => text.parse().ok(),
        };
        let expires_at = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let expires_at = expires_at.ok_or_else(|| refused("its answer does not say when the token expires".to_owned()))?;
        Ok(AccessToken { token: Secret::new(token.access_token, self.sink.as_ref()), expires_at })
    }

    fn refusal(&self, status: u16, body: &[u8]) -> IdentityError {
        let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
        let said =
            [failure.error_description, failure.message, failure.error].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        let who = match &self.client_id {
            Some(id) => format!("the user-assigned identity `{id}`"),
            None => "the system-assigned identity".to_owned(),
        };
        IdentityError::new(
            Kind::ManagedIdentity,
            format!("The managed identity endpoint answered {status} for {who}: {said}"),
            "Check that this identity is assigned to the machine that the agent runs on.",
        )
    }
}

/// The policy for this endpoint: 404 and 410 are passing states of it (facts/azure-apis.md 2.4), and where nothing answers
/// nothing will.
pub(crate) fn policy(base: &RetryPolicy) -> RetryPolicy {
    let deadline = Duration::from_secs(72);
    RetryPolicy { attempts: 7, connect_attempts: 1, deadline, more_statuses: &[404, 410], ..base.clone() }
}

fn refused(problem: String) -> IdentityError {
    IdentityError::new(
        Kind::ManagedIdentity,
        format!("The managed identity endpoint cannot be used: {problem}."),
        "Look at what answers in its place on the agent's machine; or use a service connection with workload identity federation.",
    )
}
