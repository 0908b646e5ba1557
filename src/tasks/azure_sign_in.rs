//! From the service connection that the agent hands over to what `azure` signs in with. For every task that uses Azure.

use std::sync::Arc;

use async_trait::async_trait;
use slipway_agent::connections::{AzureIdentity, AzureRmConnection, SystemConnection};
use slipway_agent::{TaskError, Variables};
use slipway_azure::identity::{AssertionError, AssertionSource, Identity, ManagedIdentityEndpoint};
use slipway_azure::{Cloud, CloudData};
use slipway_devops::oidc::{OidcAddress, OidcClient};
use slipway_net::Client;
use slipway_secret::{Secret, SecretSink};
use url::Url;

use crate::codes;

/// The cloud of the connection.
pub(crate) fn cloud(connection: &AzureRmConnection) -> Result<Cloud, TaskError> {
    let said = &connection.cloud;
    let data = CloudData {
        authority: said.active_directory_authority.as_deref().or(said.environment_authority_url.as_deref()),
        resource_manager: Some(connection.url.as_str()),
        key_vault_suffix: said.key_vault_dns_suffix.as_deref(),
        key_vault_resource: said.key_vault_audience.as_deref(),
    };
    Cloud::resolve(&said.environment, data).map_err(|error| at_page(TaskError::new(codes::CLOUD, error.to_string()), connection))
}

/// Who signs in, by the connection's scheme. `system` is asked for only where the scheme needs the job's own connection.
pub(crate) fn identity(
    connection: &AzureRmConnection,
    variables: &Variables<'_>,
    system: impl FnOnce() -> Result<SystemConnection, TaskError>,
    client: &Client,
    sink: &Arc<dyn SecretSink>,
) -> Result<Identity, TaskError> {
    identity_of((&connection.id, &connection.tenant_id, &connection.identity), variables, system, client, sink)
}

/// The same for a connection of any type, given as its id, tenant and identity.
pub(crate) fn identity_of(
    (connection_id, tenant_id, identity): (&str, &str, &AzureIdentity),
    variables: &Variables<'_>,
    system: impl FnOnce() -> Result<SystemConnection, TaskError>,
    client: &Client,
    sink: &Arc<dyn SecretSink>,
) -> Result<Identity, TaskError> {
    let tenant_id = tenant_id.to_owned();
    Ok(match identity {
        AzureIdentity::ServicePrincipalSecret { client_id, secret } => {
            Identity::ServicePrincipalSecret { tenant_id, client_id: client_id.clone(), secret: secret.clone() }
        }
        AzureIdentity::ServicePrincipalCertificate { client_id, pem } => {
            Identity::ServicePrincipalCertificate { tenant_id, client_id: client_id.clone(), pem: pem.clone() }
        }
        AzureIdentity::ManagedIdentity { client_id, endpoint } => {
            let endpoint = match endpoint {
                None => ManagedIdentityEndpoint::Imds,
                Some(endpoint) => {
                    let url = Url::parse(&endpoint.url);
                    let (Ok(url), Some(header)) = (url, &endpoint.header) else {
                        return Err(TaskError::new(
                            codes::ID_MANAGED,
                            format!("The managed identity endpoint `{}` of this machine cannot be used: an address with `IDENTITY_HEADER` beside it is expected.", endpoint.url),
                        )
                        .hint("Machines of Azure Arc are not supported yet; use a service connection with workload identity federation."));
                    };
                    ManagedIdentityEndpoint::Named { url, header: header.clone() }
                }
            };
            Identity::ManagedIdentity { endpoint, client_id: client_id.clone() }
        }
        AzureIdentity::WorkloadIdentityFederation { client_id, .. } => {
            let oidc = OidcClient::new(oidc_address(variables)?, connection_id.to_owned(), system()?.token, client.clone(), sink.clone());
            Identity::Federated { tenant_id, client_id: client_id.clone(), assertions: Arc::new(Assertions(oidc)) }
        }
    })
}

/// Where the job's OIDC tokens are asked for: what the agent says, else put together from the job's variables.
fn oidc_address(variables: &Variables<'_>) -> Result<OidcAddress, TaskError> {
    if let Some(uri) = variables.oidc_request_uri() {
        return Url::parse(uri).map(OidcAddress::RequestUri).map_err(|error| {
            TaskError::new(codes::ID_OIDC, format!("The agent's `SYSTEM_OIDCREQUESTURI` is `{uri}`, which is no address ({error})."))
        });
    }
    let parts = (variables.collection_uri(), variables.team_project_id(), variables.plan_id(), variables.job_id());
    let (Some(collection), Some(project_id), Some(plan_id), Some(job_id)) = parts else {
        return Err(TaskError::new(
            codes::ID_OIDC,
            "The agent names no place to ask for the job's OIDC token: neither `System.OidcRequestUri` nor all of `System.CollectionUri`, `System.TeamProjectId`, `System.PlanId` and `System.JobId` are set.",
        )
        .hint("Update the agent, or use a service connection with a secret or a certificate."));
    };
    Ok(OidcAddress::Job {
        collection,
        project_id: project_id.to_owned(),
        hub: variables.hub().to_owned(),
        plan_id: plan_id.to_owned(),
        job_id: job_id.to_owned(),
    })
}

fn at_page(error: TaskError, connection: &AzureRmConnection) -> TaskError {
    match &connection.settings_page {
        Some(page) => error.hint(format!("Check the service connection: {page}")),
        None => error,
    }
}

/// Azure DevOps as the source of federated assertions.
struct Assertions(OidcClient);

#[async_trait]
impl AssertionSource for Assertions {
    async fn assertion(&self) -> Result<Secret, AssertionError> {
        self.0.token().await.map_err(|error| AssertionError { message: error.to_string(), next_step: error.next_step })
    }
}
