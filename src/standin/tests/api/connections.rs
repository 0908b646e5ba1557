use slipway_model::ServiceConnection;
use slipway_standin::{Store, connection_id};
use tempfile::TempDir;

use crate::support::{World, config, parameter};

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

fn datum<'a>(connection: &'a ServiceConnection, name: &str) -> Option<&'a str> {
    connection.data.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn each_scheme_has_what_the_service_gives_for_it() {
    let world = World::start().await;
    let principal = ["tenantid", "serviceprincipalid"];
    let key = [&principal[..], &["authenticationType", "serviceprincipalkey"]].concat();
    let certificate = [&principal[..], &["authenticationType", "servicePrincipalCertificate"]].concat();
    let federated = [&principal[..], &["workloadIdentityFederationSubject", "workloadIdentityFederationIssuer"]].concat();
    for (name, scheme, parameters) in [
        ("by-secret", "ServicePrincipal", key),
        ("by-certificate", "ServicePrincipal", certificate),
        ("federated", "WorkloadIdentityFederation", federated),
        ("by-machine", "ManagedServiceIdentity", vec!["tenantid"]),
    ] {
        let connection = world.connection(name);
        assert_eq!((connection.kind.as_str(), connection.scheme.as_str()), ("AzureRM", scheme));
        assert_eq!(connection.url, "https://management.azure.com/");
        assert_eq!(names(&connection.parameters), parameters, "{name}");
        assert_eq!(connection.id, connection_id(&world.config, name));
        for (key, value) in [
            ("subscriptionname", "shop-nonprod"),
            ("environment", "AzureCloud"),
            ("scopeLevel", "Subscription"),
            ("activeDirectoryAuthority", "https://login.microsoftonline.com/"),
            ("AzureKeyVaultDnsSuffix", "vault.azure.net"),
            ("AzureKeyVaultServiceEndpointResourceId", "https://vault.azure.net"),
        ] {
            assert_eq!(datum(&connection, key), Some(value), "{name}");
        }
        assert_eq!(datum(&connection, "msiclientId").is_some(), scheme == "ManagedServiceIdentity", "{name}");
    }
}

#[tokio::test]
async fn connections_to_registries_have_what_the_service_gives_for_them() {
    let world = World::start().await;
    for (name, scheme, kind, parameters) in [
        (
            "registry",
            "ServicePrincipal",
            "ACR",
            vec!["tenantid", "serviceprincipalid", "authenticationType", "serviceprincipalkey", "loginServer"],
        ),
        (
            "registry-federated",
            "WorkloadIdentityFederation",
            "ACR",
            vec!["tenantid", "serviceprincipalid", "workloadIdentityFederationSubject", "workloadIdentityFederationIssuer", "loginServer"],
        ),
        ("registry-machine", "ManagedServiceIdentity", "ACR", vec!["tenantid", "loginServer", "msiclientId"]),
        ("registry-admin", "UsernamePassword", "Others", vec!["username", "password", "registry"]),
    ] {
        let connection = world.connection(name);
        assert_eq!((connection.kind.as_str(), connection.scheme.as_str()), ("dockerregistry", scheme));
        assert_eq!(datum(&connection, "registrytype"), Some(kind));
        assert_eq!(names(&connection.parameters), parameters, "{name}");
        let host = if kind == "ACR" { "shopnonprod" } else { "shopprod" };
        assert_eq!(connection.url, format!("https://{host}.azurecr.io/"));
    }
    assert_eq!(parameter(&world.connection("registry"), "loginServer"), "shopnonprod.azurecr.io");
    let admin = world.connection("registry-admin");
    let base = world.client.get(format!("{}v2/", admin.url)).basic_auth(parameter(&admin, "username"), Some(parameter(&admin, "password")));
    assert_eq!(world.send(base).await.status, 200);
}

#[tokio::test]
async fn a_store_that_was_never_served_has_no_connections() {
    let state = TempDir::new().unwrap();
    let config = config();
    assert_eq!(Store::open(state.path()).unwrap().service_connections(&config), []);
    let world = World::start().await;
    assert_eq!(Store::open(world.state.path()).unwrap().service_connections(&config).len(), config.connections.len());
}
