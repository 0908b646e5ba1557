use serde::Deserialize;
use slipway_net::{Client, Request, TokenSource};
use url::Url;

use super::error::{AcrError, AcrErrorKind};
use crate::nearest::nearest;
use crate::{Cloud, UnexpectedAnswer};

const API_VERSION: &str = "2025-11-01";

/// A registry's login server, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginServer {
    /// Host name, lower case.
    pub host: String,
    /// Whether Azure Resource Manager said so. Else it is the name with the cloud's domain: a principal with a role for data
    /// alone (AcrPull, AcrPush) sees no registries there.
    pub confirmed: bool,
    /// Names of the registries that the principal sees, for a hint where this one does not exist.
    pub seen: Vec<String>,
}

impl LoginServer {
    /// The registry that was perhaps meant by `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, &self.seen)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    value: Vec<Resource>,
    #[serde(default)]
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    login_server: String,
}

/// The login server of the registry `name`: of the subscription's registries, else the name with the cloud's domain.
///
/// # Errors
/// When signing in fails, Azure Resource Manager is not reached or does not answer as it should, or there is neither such a
/// registry nor a known domain.
pub async fn find(
    client: &Client,
    tokens: &dyn TokenSource,
    cloud: &Cloud,
    subscription_id: Option<&str>,
    name: &str,
) -> Result<LoginServer, AcrError> {
    let registries = match subscription_id {
        Some(id) => list(client, tokens, cloud, id).await?,
        None => Vec::new(),
    };
    if let Some(found) = registries.iter().find(|registry| registry.name.eq_ignore_ascii_case(name)) {
        let host = found.properties.login_server.to_ascii_lowercase();
        if !host.is_empty() {
            return Ok(LoginServer { host, confirmed: true, seen: Vec::new() });
        }
    }
    if cloud.container_registry_suffix.is_empty() {
        return Err(AcrError {
            kind: AcrErrorKind::NotFound,
            message: format!(
                "The service connection's principal sees no container registry `{name}`, and the domain of registries in the cloud `{}` is not known.",
                cloud.name
            ),
            next_step: "Give the registry's login server (its page in the portal shows it) in place of its name.".to_owned(),
        });
    }
    let host = format!("{}.{}", name.to_ascii_lowercase(), cloud.container_registry_suffix);
    Ok(LoginServer { host, confirmed: false, seen: registries.into_iter().map(|registry| registry.name).collect() })
}

/// The registries of a subscription that the principal sees; none where it may not list them.
async fn list(client: &Client, tokens: &dyn TokenSource, cloud: &Cloud, subscription_id: &str) -> Result<Vec<Resource>, AcrError> {
    let scope = format!("{}/.default", cloud.resource_manager.as_str().trim_end_matches('/'));
    let token = tokens.token(&scope).await.map_err(AcrError::identity)?;
    let path = format!("subscriptions/{subscription_id}/providers/Microsoft.ContainerRegistry/registries?api-version={API_VERSION}");
    let mut next = cloud.resource_manager.join(&path).ok();
    let mut registries = Vec::new();
    while let Some(url) = next.take() {
        let host = url.host_str().unwrap_or_default().to_owned();
        let request =
            Request::get(url).bearer(&token.token).map_err(|_| unreadable(&host, "the token has characters that no header has"))?;
        let response = client.send(&request).await.map_err(AcrError::unreachable)?;
        if let Some(answer) = UnexpectedAnswer::find(&host, &response) {
            return Err(AcrError::unexpected(&answer));
        }
        if !response.status.is_success() {
            // Not to be allowed to list (403), or a subscription that is not seen (404), is no reason: a role for data is enough.
            return Ok(registries);
        }
        let page: Page =
            serde_json::from_slice(&response.body).map_err(|error| unreadable(&host, &crate::transport::json_position(&error)))?;
        registries.extend(page.value);
        // The token goes to no other host than the one that was asked.
        next = page.next_link.and_then(|link| Url::parse(&link).ok()).filter(|url| url.origin() == cloud.resource_manager.origin());
    }
    Ok(registries)
}

fn unreadable(host: &str, position: &str) -> AcrError {
    AcrError {
        kind: AcrErrorKind::Answer,
        message: format!("The list of registries that `{host}` answered cannot be read ({position})."),
        next_step: "Give the registry's login server in place of its name.".to_owned(),
    }
}
