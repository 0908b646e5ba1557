use slipway_model::ServiceConnection;

use super::Store;
use crate::config::{Config, Connection, ConnectionKind, CredentialKind};
use crate::directory::{Directory, login_server};

impl Store {
    /// The service connections of `config`, as Azure DevOps hands them to tasks (facts/azure-pipelines-tasks.md 5.1, 5.2). A
    /// connection whose credential the store does not have (the stand-in was not started with it yet) is left out.
    pub fn service_connections(&self, config: &Config) -> Vec<ServiceConnection> {
        let directory = Directory::new(config.clone());
        config.connections.iter().filter_map(|connection| self.service_connection(&directory, connection)).collect()
    }

    fn service_connection(&self, directory: &Directory, connection: &Connection) -> Option<ServiceConnection> {
        if let ConnectionKind::RegistryAdmin { registry } = &connection.kind {
            return self.admin_connection(directory, connection, registry);
        }
        let stored = self.principals().principals.get(&connection.principal)?;
        let application_id = directory.application_id(&connection.principal);
        let secret = |right| if connection.wrong_secret { stored.wrong_secret.as_ref() } else { right };
        let mut parameters = vec![("tenantid", directory.tenant_id.clone())];
        let scheme = match connection.credential {
            CredentialKind::Secret | CredentialKind::ExpiredSecret => {
                let right = if connection.credential == CredentialKind::Secret { &stored.secret } else { &stored.expired_secret };
                parameters.push(("serviceprincipalid", application_id.clone()));
                parameters.push(("authenticationType", "spnKey".to_owned()));
                parameters.push(("serviceprincipalkey", secret(right.as_ref())?.expose().to_owned()));
                "ServicePrincipal"
            }
            CredentialKind::Certificate => {
                let certificate = if connection.wrong_secret { &stored.wrong_certificate } else { &stored.certificate };
                parameters.push(("serviceprincipalid", application_id.clone()));
                parameters.push(("authenticationType", "spnCertificate".to_owned()));
                parameters.push(("servicePrincipalCertificate", certificate.as_ref()?.pem()));
                "ServicePrincipal"
            }
            CredentialKind::Federated => {
                parameters.push(("serviceprincipalid", application_id.clone()));
                parameters.push(("workloadIdentityFederationSubject", directory.oidc_subject(&connection.name)));
                parameters.push(("workloadIdentityFederationIssuer", directory.oidc_issuer()));
                "WorkloadIdentityFederation"
            }
            CredentialKind::ManagedIdentity => "ManagedServiceIdentity",
        };
        if let ConnectionKind::ContainerRegistry { registry } = &connection.kind {
            let registry = directory.registry(registry)?;
            let host = login_server(&registry.name);
            parameters.push(("loginServer", host.clone()));
            if connection.credential == CredentialKind::ManagedIdentity {
                parameters.push(("msiclientId", application_id));
            }
            let data = vec![
                ("registrytype", "ACR".to_owned()),
                ("registryId", directory.registry_id(registry)),
                ("subscriptionId", directory.subscription_id.clone()),
                ("subscriptionName", directory.config.subscription.clone()),
            ];
            return Some(ServiceConnection {
                id: directory.connection_id(&connection.name),
                name: connection.name.clone(),
                kind: "dockerregistry".to_owned(),
                url: format!("https://{host}/"),
                scheme: scheme.to_owned(),
                parameters: owned(parameters),
                data: owned(data),
            });
        }
        let mut data = vec![
            ("subscriptionid", directory.subscription_id.clone()),
            ("subscriptionname", directory.config.subscription.clone()),
            ("environment", "AzureCloud".to_owned()),
            ("scopeLevel", "Subscription".to_owned()),
            ("creationMode", "Manual".to_owned()),
            ("environmentUrl", "https://management.azure.com/".to_owned()),
            ("environmentAuthorityUrl", "https://login.microsoftonline.com/".to_owned()),
            ("activeDirectoryAuthority", "https://login.microsoftonline.com/".to_owned()),
            ("activeDirectoryServiceEndpointResourceId", "https://management.core.windows.net/".to_owned()),
            ("AzureKeyVaultServiceEndpointResourceId", "https://vault.azure.net".to_owned()),
            ("AzureKeyVaultDnsSuffix", "vault.azure.net".to_owned()),
            ("graphUrl", "https://graph.windows.net/".to_owned()),
            ("microsoftGraphUrl", "https://graph.microsoft.com/".to_owned()),
        ];
        if connection.credential == CredentialKind::ManagedIdentity {
            data.push(("msiclientId", application_id));
        }
        Some(ServiceConnection {
            id: directory.connection_id(&connection.name),
            name: connection.name.clone(),
            kind: "AzureRM".to_owned(),
            url: "https://management.azure.com/".to_owned(),
            scheme: scheme.to_owned(),
            parameters: owned(parameters),
            data: owned(data),
        })
    }

    /// A connection to a registry by user name and password.
    fn admin_connection(&self, directory: &Directory, connection: &Connection, registry: &str) -> Option<ServiceConnection> {
        let registry = directory.registry(registry)?;
        let password = self.registry_passwords(&registry.name)?.first()?.expose().to_owned();
        let url = format!("https://{}/", login_server(&registry.name));
        let parameters = vec![("username", registry.name.clone()), ("password", password), ("registry", url.clone())];
        Some(ServiceConnection {
            id: directory.connection_id(&connection.name),
            name: connection.name.clone(),
            kind: "dockerregistry".to_owned(),
            url,
            scheme: "UsernamePassword".to_owned(),
            parameters: owned(parameters),
            data: owned(vec![("registrytype", "Others".to_owned())]),
        })
    }
}

fn owned(pairs: Vec<(&str, String)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
