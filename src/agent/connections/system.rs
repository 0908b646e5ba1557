use slipway_model::SYSTEM_CONNECTION;
use slipway_secret::{Secret, SecretSink};
use url::Url;

use super::Endpoint;
use crate::{Env, TaskError, codes};

/// The job's own connection to Azure DevOps. The agent always hands it over, also where scripts may not have the token
/// as a variable (facts/azure-pipelines-tasks.md 2.12, 3.10).
#[derive(Clone, Debug)]
pub struct SystemConnection {
    /// Address of the collection.
    pub url: Url,
    /// The job's token, for `Authorization: Bearer`.
    pub token: Secret,
}

impl SystemConnection {
    /// Reads it.
    ///
    /// # Errors
    /// When a part of it is missing.
    pub fn read(env: &Env, sink: &dyn SecretSink) -> Result<Self, TaskError> {
        let endpoint = Endpoint::new(env, SYSTEM_CONNECTION);
        let fail = |what: &str| {
            TaskError::new(codes::CONNECTION, format!("The job's own connection to Azure DevOps cannot be used: {what}."))
                .hint("Run the task by an Azure Pipelines agent; if it does run there, report this with the agent's version.")
        };
        let address = endpoint.url().ok_or_else(|| fail("the agent gave no `ENDPOINT_URL_SYSTEMVSSCONNECTION`"))?;
        let url = Url::parse(address).map_err(|error| fail(&format!("`{address}` is no address ({error})")))?;
        let token = endpoint
            .secret("AccessToken", sink)
            .ok_or_else(|| fail("the agent gave no `ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN`"))?;
        Ok(Self { url, token })
    }
}
