use slipway_secret::{Secret, SecretSink};
use url::Url;

use super::ConnectionProblem;
use super::reader::Reader;
use crate::Env;

/// A service connection of type Azure Resource Manager, with all that the agent hands over of it
/// (facts/azure-pipelines-tasks.md 5.1). Its name is not among it.
///
/// The agent masks the client id in the log, since it takes all but a few authentication parameters for secrets (6.4).
#[derive(Clone, Debug)]
pub struct AzureRmConnection {
    /// GUID.
    pub id: String,
    /// Address of Azure Resource Manager.
    pub url: Url,
    /// What the connection says of its cloud.
    pub cloud: CloudData,
    /// The subscription's GUID, where the scope is one.
    pub subscription_id: Option<String>,
    /// The subscription's name.
    pub subscription_name: Option<String>,
    /// What the connection is for.
    pub scope_level: ScopeLevel,
    /// The Entra tenant. Empty only for a managed identity whose connection does not say.
    pub tenant_id: String,
    /// Who signs in.
    pub identity: AzureIdentity,
    /// `Automatic` or `Manual`.
    pub creation_mode: Option<String>,
    /// A token of the service itself, where it gives one.
    pub api_token: Option<Secret>,
    /// Where a person edits the connection.
    pub settings_page: Option<String>,
}

/// What a connection says of its cloud. Whatever is absent follows from the environment's name
/// (facts/azure-apis.md 2.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudData {
    /// `AzureCloud`, `AzureUSGovernment`, `AzureChinaCloud`, `AzureStack`, ...
    pub environment: String,
    /// `activeDirectoryAuthority`: where tokens are asked for.
    pub active_directory_authority: Option<String>,
    /// `environmentAuthorityUrl`: its older form.
    pub environment_authority_url: Option<String>,
    /// `activeDirectoryServiceEndpointResourceId`: audience of Azure Resource Manager.
    pub resource_manager_audience: Option<String>,
    /// `AzureKeyVaultServiceEndpointResourceId`: audience of Key Vault.
    pub key_vault_audience: Option<String>,
    /// `AzureKeyVaultDnsSuffix`: `vault.azure.net`.
    pub key_vault_dns_suffix: Option<String>,
    /// `graphUrl`.
    pub graph_url: Option<String>,
    /// `microsoftGraphUrl`.
    pub microsoft_graph_url: Option<String>,
    /// `EnableAdfsAuthentication`: Azure Stack with AD FS in place of Entra ID.
    pub uses_adfs: bool,
}

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeLevel {
    /// A subscription.
    Subscription,
    /// A management group.
    ManagementGroup,
    /// A workspace of Azure Machine Learning.
    MachineLearningWorkspace,
    /// Something newer than this program.
    Other(String),
}

/// Who signs in.
#[derive(Clone, Debug)]
pub enum AzureIdentity {
    /// A service principal with a client secret.
    ServicePrincipalSecret {
        /// Application (client) id.
        client_id: String,
        /// Client secret.
        secret: Secret,
    },
    /// A service principal with a certificate.
    ServicePrincipalCertificate {
        /// Application (client) id.
        client_id: String,
        /// Certificate and private key, PEM.
        pem: Secret,
    },
    /// The managed identity of the agent's machine.
    ManagedIdentity {
        /// Client id of a user-assigned identity; absent for the system-assigned one.
        client_id: Option<String>,
        /// Where tokens are asked for, if not at the machine's own metadata service.
        endpoint: Option<IdentityEndpoint>,
    },
    /// A service principal or an identity that trusts tokens of Azure DevOps.
    WorkloadIdentityFederation {
        /// Application (client) id.
        client_id: String,
        /// `workloadIdentityFederationSubject`, where the service gives it.
        subject: Option<String>,
        /// `workloadIdentityFederationIssuer`, where the service gives it.
        issuer: Option<String>,
    },
}

/// The managed identity endpoint of hosts that set `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`.
#[derive(Clone, Debug)]
pub struct IdentityEndpoint {
    /// Address.
    pub url: String,
    /// Value of the header `X-IDENTITY-HEADER`.
    pub header: Option<Secret>,
}

impl AzureRmConnection {
    pub(crate) fn read(env: &Env, id: &str, sink: &dyn SecretSink) -> Result<Self, ConnectionProblem> {
        let mut reader = Reader::open(env, id, "of type Azure Resource Manager", sink)?;
        let (id, at) = (reader.endpoint.key().to_owned(), reader.at.clone());
        let scheme = reader.endpoint.scheme().unwrap_or_default();
        let problem = |got: String, expected: String, hint: String| Err(ConnectionProblem { got, expected, hint });
        let url = match reader.endpoint.url().map(Url::parse) {
            Some(Ok(url)) => url,
            other => {
                let got = match other {
                    None => format!("`{id}`, a connection without an address"),
                    Some(_) => format!("`{id}`, a connection with the address `{}`", reader.endpoint.url().unwrap_or_default()),
                };
                return problem(
                    got,
                    "the address of Azure Resource Manager (`https://management.azure.com/`)".to_owned(),
                    format!("{at} and save it again"),
                );
            }
        };
        let identity = match scheme.to_ascii_lowercase().as_str() {
            "serviceprincipal" => service_principal(&mut reader),
            "managedserviceidentity" => Ok(managed_identity(&reader, env)),
            "workloadidentityfederation" => Ok(AzureIdentity::WorkloadIdentityFederation {
                client_id: reader.needed("serviceprincipalid"),
                subject: reader.endpoint.parameter("workloadIdentityFederationSubject").map(str::to_owned),
                issuer: reader.endpoint.parameter("workloadIdentityFederationIssuer").map(str::to_owned),
            }),
            "publishprofile" => Err("a connection by publish profile (`PublishProfile`), which opens one web app only".to_owned()),
            _ => Err(format!("a connection with the authentication scheme `{scheme}`")),
        };
        let identity = match identity {
            Ok(identity) => identity,
            Err(got) => {
                return problem(
                    got,
                    "a service principal (with secret or certificate), a managed identity, or workload identity federation".to_owned(),
                    format!("{at} and choose one of these"),
                );
            }
        };
        let tenant_id = match identity {
            AzureIdentity::ManagedIdentity { .. } => reader.endpoint.parameter("tenantid").unwrap_or_default().to_owned(),
            _ => reader.needed("tenantid"),
        };
        reader.complete(
            &format!("`{id}`, a connection with the scheme `{scheme}` and"),
            "fill them in (for an automatic connection: save it again) and verify it",
        )?;
        let endpoint = reader.endpoint;
        let data = |name: &str| endpoint.data(name).map(str::to_owned);
        Ok(Self {
            id,
            url,
            cloud: CloudData {
                environment: data("environment").unwrap_or_else(|| "AzureCloud".to_owned()),
                active_directory_authority: data("activeDirectoryAuthority"),
                environment_authority_url: data("environmentAuthorityUrl"),
                resource_manager_audience: data("activeDirectoryServiceEndpointResourceId"),
                key_vault_audience: data("AzureKeyVaultServiceEndpointResourceId"),
                key_vault_dns_suffix: data("AzureKeyVaultDnsSuffix"),
                graph_url: data("graphUrl"),
                microsoft_graph_url: data("microsoftGraphUrl"),
                uses_adfs: endpoint.data("EnableAdfsAuthentication").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            },
            subscription_id: data("subscriptionid"),
            subscription_name: data("subscriptionname"),
            scope_level: scope_level(endpoint.data("scopeLevel").unwrap_or("Subscription")),
            tenant_id,
            identity,
            creation_mode: data("creationMode"),
            api_token: endpoint.secret("apitoken", sink),
            settings_page: reader.settings_page,
        })
    }
}

fn service_principal(reader: &mut Reader<'_>) -> Result<AzureIdentity, String> {
    let kind = reader.endpoint.parameter("authenticationType").unwrap_or("spnKey");
    match kind.to_ascii_lowercase().as_str() {
        "spnkey" => Ok(AzureIdentity::ServicePrincipalSecret {
            client_id: reader.needed("serviceprincipalid"),
            secret: reader.needed_secret("serviceprincipalkey"),
        }),
        "spncertificate" => Ok(AzureIdentity::ServicePrincipalCertificate {
            client_id: reader.needed("serviceprincipalid"),
            pem: reader.needed_secret("servicePrincipalCertificate"),
        }),
        _ => Err(format!("a service principal with the credential type `{kind}`")),
    }
}

pub(super) fn managed_identity(reader: &Reader<'_>, env: &Env) -> AzureIdentity {
    AzureIdentity::ManagedIdentity {
        client_id: reader.endpoint.data("msiclientId").or_else(|| reader.endpoint.parameter("msiclientId")).map(str::to_owned),
        endpoint: env.filled("IDENTITY_ENDPOINT").map(|url| IdentityEndpoint {
            url: url.to_owned(),
            header: env.filled("IDENTITY_HEADER").map(|header| Secret::new(header, reader.sink)),
        }),
    }
}

fn scope_level(value: &str) -> ScopeLevel {
    match value.to_ascii_lowercase().as_str() {
        "subscription" => ScopeLevel::Subscription,
        "managementgroup" => ScopeLevel::ManagementGroup,
        "azuremlworkspace" => ScopeLevel::MachineLearningWorkspace,
        _ => ScopeLevel::Other(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_sink::Recorder;

    const ID: &str = "11111111-2222-3333-4444-555555555555";

    fn env(variables: &[(&str, &str)]) -> Env {
        let base = [
            ("ENDPOINT_URL_".to_owned() + ID, "https://management.azure.com/".to_owned()),
            (format!("ENDPOINT_DATA_{ID}_SUBSCRIPTIONID"), "sub".to_owned()),
            ("SYSTEM_COLLECTIONURI".to_owned(), "https://dev.azure.com/contoso/".to_owned()),
            ("SYSTEM_TEAMPROJECT".to_owned(), "My Shop".to_owned()),
        ];
        let more = variables.iter().map(|(name, value)| (name.replace("{id}", ID), (*value).to_owned()));
        Env::new(base.into_iter().chain(more))
    }

    fn read(variables: &[(&str, &str)]) -> Result<AzureRmConnection, ConnectionProblem> {
        AzureRmConnection::read(&env(variables), ID, &Recorder::default())
    }

    const SCHEME: &str = "ENDPOINT_AUTH_SCHEME_{id}";
    const CLIENT: (&str, &str) = ("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALID", "client");
    const TENANT: (&str, &str) = ("ENDPOINT_AUTH_PARAMETER_{id}_TENANTID", "tenant");

    #[test]
    fn a_service_principal_with_secret() {
        let key = ("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALKEY", "planted");
        let connection = read(&[(SCHEME, "SERVICEPRINCIPAL"), CLIENT, TENANT, key]).unwrap();
        assert_eq!((connection.tenant_id.as_str(), connection.subscription_id.as_deref()), ("tenant", Some("sub")));
        assert_eq!(connection.scope_level, ScopeLevel::Subscription);
        assert_eq!(connection.cloud, CloudData { environment: "AzureCloud".to_owned(), ..CloudData::default() });
        assert!(!format!("{connection:?}").contains("planted"));
        let page = "https://dev.azure.com/contoso/My%20Shop/_settings/adminservices?resourceId=11111111-2222-3333-4444-555555555555";
        assert_eq!(connection.settings_page.as_deref(), Some(page));
        match connection.identity {
            AzureIdentity::ServicePrincipalSecret { client_id, secret } => {
                assert_eq!((client_id.as_str(), secret.expose()), ("client", "planted"))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn secrets_are_registered() {
        let sink = Recorder::default();
        let key = ("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALKEY", "planted");
        AzureRmConnection::read(&env(&[(SCHEME, "ServicePrincipal"), CLIENT, TENANT, key]), ID, &sink).unwrap();
        assert_eq!(sink.values(), ["planted"]);
    }

    #[test]
    fn a_service_principal_with_certificate() {
        let kind = ("ENDPOINT_AUTH_PARAMETER_{id}_AUTHENTICATIONTYPE", "spnCertificate");
        let pem = ("ENDPOINT_AUTH_PARAMETER_{id}_SERVICEPRINCIPALCERTIFICATE", "-----BEGIN");
        let connection = read(&[(SCHEME, "ServicePrincipal"), CLIENT, TENANT, kind, pem]).unwrap();
        assert!(matches!(connection.identity, AzureIdentity::ServicePrincipalCertificate { pem, .. } if pem.expose() == "-----BEGIN"));
    }

    #[test]
    fn the_id_is_found_in_any_case() {
        let upper = "AAAAAAAA-2222-3333-4444-555555555555";
        let lower = upper.to_lowercase();
        let env = Env::new([
            (format!("ENDPOINT_URL_{lower}"), "https://management.azure.com/"),
            (format!("ENDPOINT_AUTH_SCHEME_{lower}"), "ManagedServiceIdentity"),
        ]);
        assert_eq!(AzureRmConnection::read(&env, upper, &Recorder::default()).unwrap().id, lower);
    }

    #[test]
    fn a_managed_identity() {
        let connection = read(&[(SCHEME, "ManagedServiceIdentity")]).unwrap();
        assert!(matches!(connection.identity, AzureIdentity::ManagedIdentity { client_id: None, endpoint: None }));
        let user_assigned = ("ENDPOINT_DATA_{id}_MSICLIENTID", "user-assigned");
        let endpoint = [("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token"), ("IDENTITY_HEADER", "header-value")];
        let connection = read(&[(SCHEME, "ManagedServiceIdentity"), TENANT, user_assigned, endpoint[0], endpoint[1]]).unwrap();
        match connection.identity {
            AzureIdentity::ManagedIdentity { client_id: Some(client_id), endpoint: Some(endpoint) } => {
                assert_eq!((client_id.as_str(), endpoint.url.as_str()), ("user-assigned", "http://127.0.0.1:1/token"));
                assert_eq!(endpoint.header.unwrap().expose(), "header-value");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn workload_identity_federation_in_another_cloud() {
        let connection = read(&[
            (SCHEME, "WorkloadIdentityFederation"),
            CLIENT,
            TENANT,
            ("ENDPOINT_AUTH_PARAMETER_{id}_WORKLOADIDENTITYFEDERATIONSUBJECT", "sc://contoso/shop/azure"),
            ("ENDPOINT_DATA_{id}_ENVIRONMENT", "AzureUSGovernment"),
            ("ENDPOINT_DATA_{id}_ACTIVEDIRECTORYAUTHORITY", "https://login.microsoftonline.us/"),
            ("ENDPOINT_DATA_{id}_AZUREKEYVAULTDNSSUFFIX", "vault.usgovcloudapi.net"),
            ("ENDPOINT_DATA_{id}_SCOPELEVEL", "ManagementGroup"),
        ])
        .unwrap();
        assert_eq!(connection.cloud.environment, "AzureUSGovernment");
        assert_eq!(connection.cloud.key_vault_dns_suffix.as_deref(), Some("vault.usgovcloudapi.net"));
        assert_eq!(connection.cloud.active_directory_authority.as_deref(), Some("https://login.microsoftonline.us/"));
        assert_eq!(connection.scope_level, ScopeLevel::ManagementGroup);
        assert!(
            matches!(connection.identity, AzureIdentity::WorkloadIdentityFederation { subject: Some(subject), .. } if subject.starts_with("sc://"))
        );
    }

    #[test]
    fn what_is_missing_is_told_at_once() {
        let problem = read(&[(SCHEME, "ServicePrincipal")]).unwrap_err();
        assert!(problem.got.ends_with("without `serviceprincipalid`, `serviceprincipalkey`, `tenantid`"), "{problem:?}");
        assert!(problem.hint.contains("_settings/adminservices?resourceId="), "{problem:?}");
    }

    #[test]
    fn other_connections_are_refused() {
        for (variables, expected) in [
            (vec![(SCHEME, "PublishProfile")], "`PublishProfile`"),
            (vec![(SCHEME, "Token")], "scheme `Token`"),
            (vec![(SCHEME, "ServicePrincipal"), ("ENDPOINT_AUTH_PARAMETER_{id}_AUTHENTICATIONTYPE", "other")], "credential type `other`"),
        ] {
            let problem = read(&variables).unwrap_err();
            assert!(problem.got.contains(expected), "{problem:?}");
        }
        let unknown = AzureRmConnection::read(&env(&[]), "other-ID", &Recorder::default()).unwrap_err();
        assert!(unknown.got.contains("`other-id`") && unknown.expected.contains("hands to this job"), "{unknown:?}");
    }
}
