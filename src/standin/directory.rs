//! What the local Azure is called: the GUIDs and addresses that follow from the names in [`Config`]. All parts use it.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::config::{Config, Connection, CredentialKind, Principal, Registry, Vault};

/// Region in which everything is.
pub(crate) const REGION: &str = "westeurope";

/// The configuration, with the names that follow from it.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) config: Config,
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) organization_id: String,
    pub(crate) project_id: String,
}

/// A GUID that is the same for the same names, everywhere.
fn guid(kind: &str, names: &[&str]) -> String {
    let name = format!("https://slipway.local/{kind}/{}", names.join("/"));
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.to_lowercase().as_bytes()).to_string()
}

impl Directory {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            tenant_id: guid("tenant", &[&config.tenant]),
            subscription_id: guid("subscription", &[&config.tenant, &config.subscription]),
            organization_id: guid("organization", &[&config.organization]),
            project_id: guid("project", &[&config.organization, &config.project]),
            config,
        }
    }

    /// The tenant's domain.
    pub(crate) fn domain(&self) -> String {
        format!("{}.onmicrosoft.com", self.config.tenant)
    }

    /// Issuer of access tokens (of version 1, which Azure's own resources get).
    pub(crate) fn token_issuer(&self) -> String {
        format!("https://sts.windows.net/{}/", self.tenant_id)
    }

    /// Issuer of the OIDC tokens of Azure DevOps.
    pub(crate) fn oidc_issuer(&self) -> String {
        format!("https://vstoken.dev.azure.com/{}", self.organization_id)
    }

    /// Subject of the OIDC tokens for a service connection.
    pub(crate) fn oidc_subject(&self, connection: &str) -> String {
        format!("sc://{}/{}/{connection}", self.config.organization, self.config.project)
    }

    pub(crate) fn collection_uri(&self) -> String {
        format!("https://dev.azure.com/{}/", self.config.organization)
    }

    /// Application (client) id.
    pub(crate) fn application_id(&self, principal: &str) -> String {
        guid("application", &[&self.config.tenant, principal])
    }

    /// Object id of the service principal.
    pub(crate) fn object_id(&self, principal: &str) -> String {
        guid("service-principal", &[&self.config.tenant, principal])
    }

    pub(crate) fn connection_id(&self, connection: &str) -> String {
        guid("service-connection", &[&self.config.organization, &self.config.project, connection])
    }

    /// The principal with this application id.
    pub(crate) fn application(&self, id: &str) -> Option<&Principal> {
        self.config.principals.iter().find(|principal| self.application_id(&principal.name).eq_ignore_ascii_case(id))
    }

    /// The principal with this object id.
    pub(crate) fn object(&self, id: &str) -> Option<&Principal> {
        self.config.principals.iter().find(|principal| self.object_id(&principal.name).eq_ignore_ascii_case(id))
    }

    /// The vault of this name; names of vaults ignore case, as host names do.
    pub(crate) fn vault(&self, name: &str) -> Option<&Vault> {
        self.config.vaults.iter().find(|vault| vault.name.eq_ignore_ascii_case(name))
    }

    /// The service connections that sign in as `principal` with a federated credential.
    pub(crate) fn federated(&self, principal: &str) -> impl Iterator<Item = &Connection> {
        self.config
            .connections
            .iter()
            .filter(move |connection| connection.principal == principal && connection.credential == CredentialKind::Federated)
    }

    /// Subject of the federated credential that Entra holds for a connection: the connection's own, or that of another
    /// name where the connection is wrong on purpose.
    pub(crate) fn registered_subject(&self, connection: &Connection) -> String {
        let subject = self.oidc_subject(&connection.name);
        if connection.wrong_secret { format!("{subject}-before-it-was-renamed") } else { subject }
    }

    /// The registry of this name; names of registries ignore case.
    pub(crate) fn registry(&self, name: &str) -> Option<&Registry> {
        self.config.registries.iter().find(|registry| registry.name.eq_ignore_ascii_case(name))
    }

    /// The registry whose blobs are on this storage host.
    pub(crate) fn registry_of_storage(&self, host: &str) -> Option<&Registry> {
        self.config.registries.iter().find(|registry| storage_host(registry) == host)
    }

    /// ARM's id of a registry.
    pub(crate) fn registry_id(&self, registry: &Registry) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
            self.subscription_id, registry.resource_group, registry.name
        )
    }

    /// ARM's id of a vault.
    pub(crate) fn vault_id(&self, vault: &Vault) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.KeyVault/vaults/{}",
            self.subscription_id, vault.resource_group, vault.name
        )
    }
}

/// Host of a registry: its name in lower case, and the domain.
pub(crate) fn login_server(registry: &str) -> String {
    format!("{}.azurecr.io", registry.to_lowercase())
}

/// Host of the storage account that holds a registry's blobs. An account's name has at most 24 characters.
pub(crate) fn storage_host(registry: &Registry) -> String {
    let name = registry.name.to_lowercase();
    let hash: String = Sha256::digest(&name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{hash}sa.blob.core.windows.net", name.get(..14).unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(tenant: &str) -> Directory {
        let principal = Principal { name: "ci".to_owned(), credentials: vec![CredentialKind::Secret] };
        Directory::new(Config { tenant: tenant.to_owned(), principals: vec![principal], ..Config::default() })
    }

    #[test]
    fn names_give_the_same_guids_everywhere() {
        let directory = directory("contoso");
        assert_eq!(directory.tenant_id, "71f0feec-36a8-5d7f-9977-918c3b9be93e");
        let id = directory.application_id("ci");
        assert_eq!(directory.application(&id.to_uppercase()).map(|principal| principal.name.as_str()), Some("ci"));
        assert_ne!(id, directory.object_id("ci"));
    }

    #[test]
    fn other_names_give_other_guids() {
        assert_ne!(directory("contoso").tenant_id, directory("fabrikam").tenant_id);
        assert_ne!(directory("contoso").application_id("ci"), directory("fabrikam").application_id("ci"));
    }
}
