use slipway_secret::{Secret, SecretSink};
use url::Url;

use super::azure_rm::managed_identity;
use super::reader::Reader;
use super::{AzureIdentity, ConnectionProblem};
use crate::Env;

/// A service connection of type Docker Registry, with all that the agent hands over of it
/// (facts/azure-pipelines-tasks.md 5.2).
#[derive(Clone, Debug)]
pub struct DockerRegistryConnection {
    /// GUID.
    pub id: String,
    /// Host of the registry, lower case, with its port where it has one: `contoso.azurecr.io`.
    pub registry: String,
    /// `registrytype`: `ACR`, `Others`, ...
    pub registry_type: String,
    /// Who signs in.
    pub identity: RegistryIdentity,
    /// Address of a person, as the connection's form asks for it; nothing uses it.
    pub email: Option<String>,
    /// Where a person edits the connection.
    pub settings_page: Option<String>,
}

/// Who signs in to a registry.
#[derive(Clone, Debug)]
pub enum RegistryIdentity {
    /// A user with a password; for an Azure registry an application with its secret.
    Password {
        /// User name, or application id.
        username: String,
        /// Password.
        password: Secret,
    },
    /// An Entra identity, whose token the registry exchanges for its own.
    Entra {
        /// The Entra tenant; empty for a managed identity whose connection does not say.
        tenant_id: String,
        /// Who it is.
        identity: AzureIdentity,
    },
}

/// Docker Hub's addresses in connections, all of which mean this host.
const DOCKER_HUB: &str = "registry-1.docker.io";
const DOCKER_HUB_NAMES: &[&str] = &["docker.io", "index.docker.io", "hub.docker.com", "registry.hub.docker.com"];

impl DockerRegistryConnection {
    pub(crate) fn read(env: &Env, id: &str, sink: &dyn SecretSink) -> Result<Self, ConnectionProblem> {
        let mut reader = Reader::open(env, id, "of type Docker Registry", sink)?;
        let (id, at) = (reader.endpoint.key().to_owned(), reader.at.clone());
        let problem = |got: String, expected: &str, hint: String| Err(ConnectionProblem { got, expected: expected.to_owned(), hint });
        // The form of a registry in Azure may give the scheme as a parameter beside `UsernamePassword`.
        let said = reader.endpoint.parameter("scheme").or(reader.endpoint.scheme()).unwrap_or_default().to_owned();
        let registry_type = reader.endpoint.data("registrytype").unwrap_or("Others").to_owned();
        let azure = registry_type.eq_ignore_ascii_case("ACR");
        let identity = match (azure, said.to_ascii_lowercase().as_str()) {
            (true, "serviceprincipal" | "") => RegistryIdentity::Password {
                username: reader.needed("serviceprincipalid"),
                password: reader.needed_secret("serviceprincipalkey"),
            },
            (true, "managedserviceidentity") => RegistryIdentity::Entra {
                tenant_id: reader.endpoint.parameter("tenantid").unwrap_or_default().to_owned(),
                identity: managed_identity(&reader, env),
            },
            (true, "workloadidentityfederation") => RegistryIdentity::Entra {
                tenant_id: reader.needed("tenantid"),
                identity: AzureIdentity::WorkloadIdentityFederation {
                    client_id: reader.needed("serviceprincipalid"),
                    subject: reader.endpoint.parameter("workloadIdentityFederationSubject").map(str::to_owned),
                    issuer: reader.endpoint.parameter("workloadIdentityFederationIssuer").map(str::to_owned),
                },
            },
            (false, "usernamepassword" | "") => {
                RegistryIdentity::Password { username: reader.needed("username"), password: reader.needed_secret("password") }
            }
            _ => {
                return problem(
                    format!("a connection to a registry of the type `{registry_type}` with the authentication scheme `{said}`"),
                    "a user name with password, or for an Azure registry a service principal, a managed identity, or workload identity federation",
                    format!("{at} and choose one of these"),
                );
            }
        };
        let address = if azure { "loginServer" } else { "registry" };
        let given = reader.endpoint.parameter(address).or(reader.endpoint.url()).unwrap_or_default().to_owned();
        reader.complete(&format!("`{id}`, a connection to a registry of the type `{registry_type}`"), "fill them in and verify it")?;
        let Some(registry) = host(&given) else {
            return problem(
                format!("`{id}`, a connection with the registry `{given}`"),
                "the registry's host, or its address that starts with `https://`",
                format!("{at} and correct it"),
            );
        };
        Ok(Self {
            id,
            registry,
            registry_type,
            identity,
            email: reader.endpoint.parameter("email").map(str::to_owned),
            settings_page: reader.settings_page,
        })
    }
}

/// The host of an address, or of a host name alone; not of an address without TLS.
fn host(given: &str) -> Option<String> {
    let with_scheme = if given.contains("://") { given.to_owned() } else { format!("https://{given}") };
    let url = Url::parse(&with_scheme).ok().filter(|url| url.scheme() == "https")?;
    let name = url.host_str()?.to_ascii_lowercase();
    if DOCKER_HUB_NAMES.contains(&name.as_str()) {
        return Some(DOCKER_HUB.to_owned());
    }
    Some(url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_sink::Recorder;

    const ID: &str = "11111111-2222-3333-4444-555555555555";

    fn read(url: &str, variables: &[(&str, &str)]) -> Result<DockerRegistryConnection, ConnectionProblem> {
        let base = [(format!("ENDPOINT_URL_{ID}"), url.to_owned())];
        let more = variables.iter().map(|(name, value)| {
            let name = match name.split_once(':') {
                Some(("parameter", name)) => format!("ENDPOINT_AUTH_PARAMETER_{ID}_{name}"),
                Some(("data", name)) => format!("ENDPOINT_DATA_{ID}_{name}"),
                _ => format!("ENDPOINT_AUTH_SCHEME_{ID}"),
            };
            (name, (*value).to_owned())
        });
        DockerRegistryConnection::read(&Env::new(base.into_iter().chain(more)), ID, &Recorder::default())
    }

    #[test]
    fn a_user_with_password_at_another_registry() {
        let user =
            [("scheme", "UsernamePassword"), ("parameter:USERNAME", "ada"), ("parameter:PASSWORD", "planted"), ("parameter:EMAIL", "a@b")];
        let connection = read("https://registry.example.com:5443/v2/", &user).unwrap();
        assert_eq!((connection.registry.as_str(), connection.registry_type.as_str()), ("registry.example.com:5443", "Others"));
        assert_eq!(connection.email.as_deref(), Some("a@b"));
        assert!(!format!("{connection:?}").contains("planted"));
        match connection.identity {
            RegistryIdentity::Password { username, password } => assert_eq!((username.as_str(), password.expose()), ("ada", "planted")),
            other => panic!("{other:?}"),
        }
        let named = [&user[..], &[("parameter:REGISTRY", "https://index.docker.io/v1/")]].concat();
        assert_eq!(read("https://elsewhere/", &named).unwrap().registry, "registry-1.docker.io");
    }

    #[test]
    fn the_three_ways_into_an_azure_registry() {
        let base = [("data:REGISTRYTYPE", "ACR"), ("parameter:LOGINSERVER", "Contoso.azurecr.io"), ("parameter:TENANTID", "tenant-1")];
        let with = |more: &[(&str, &str)]| read("https://contoso.azurecr.io/", &[&base[..], more].concat()).unwrap();
        let principal = with(&[
            ("scheme", "UsernamePassword"),
            ("parameter:SCHEME", "ServicePrincipal"),
            ("parameter:SERVICEPRINCIPALID", "app"),
            ("parameter:SERVICEPRINCIPALKEY", "planted"),
        ]);
        assert_eq!(principal.registry, "contoso.azurecr.io");
        assert!(matches!(principal.identity, RegistryIdentity::Password { username, .. } if username == "app"));
        let federated = with(&[("scheme", "WorkloadIdentityFederation"), ("parameter:SERVICEPRINCIPALID", "app")]);
        match federated.identity {
            RegistryIdentity::Entra { tenant_id, identity: AzureIdentity::WorkloadIdentityFederation { client_id, .. } } => {
                assert_eq!((tenant_id.as_str(), client_id.as_str()), ("tenant-1", "app"));
            }
            other => panic!("{other:?}"),
        }
        let managed = with(&[("scheme", "ManagedServiceIdentity"), ("parameter:MSICLIENTID", "client-2")]);
        match managed.identity {
            RegistryIdentity::Entra { identity: AzureIdentity::ManagedIdentity { client_id, endpoint: None }, .. } => {
                assert_eq!(client_id.as_deref(), Some("client-2"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let missing = read("https://contoso.azurecr.io/", &[("data:REGISTRYTYPE", "ACR"), ("scheme", "ServicePrincipal")]).unwrap_err();
        assert_eq!(
            missing.got,
            format!("`{ID}`, a connection to a registry of the type `ACR` without `serviceprincipalid`, `serviceprincipalkey`")
        );
        let user = [("scheme", "UsernamePassword"), ("parameter:USERNAME", "ada"), ("parameter:PASSWORD", "p")];
        let plain = read("http://registry.example.com/", &user).unwrap_err();
        assert_eq!(plain.got, format!("`{ID}`, a connection with the registry `http://registry.example.com/`"));
        let scheme = read("https://r.example.com/", &[("scheme", "OAuth")]).unwrap_err();
        assert_eq!(scheme.got, "a connection to a registry of the type `Others` with the authentication scheme `OAuth`");
        let nothing = DockerRegistryConnection::read(&Env::new([("A", "b")]), "shop", &Recorder::default()).unwrap_err();
        assert_eq!(nothing.expected, "a service connection of type Docker Registry that the agent hands to this job");
    }
}
