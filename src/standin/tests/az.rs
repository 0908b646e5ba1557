//! The Azure CLI against the local Azure: unmodified, with its own verification of certificates. It judges what our own
//! clients could agree on wrongly.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[expect(dead_code, reason = "the tests of the API use the rest of it")]
mod support;

use std::path::PathBuf;

use serde_json::Value;
use slipway_standin::{Fault, FaultKind};
use support::{World, parameter};
use tempfile::TempDir;

/// `az` with a configuration of its own.
struct Az {
    program: PathBuf,
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Finished {
    success: bool,
    stdout: String,
    stderr: String,
}

impl Finished {
    #[track_caller]
    fn json(&self) -> Value {
        assert!(self.success, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Az {
    fn for_world(world: &World) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the tests' set-up says where it installed az")]
        let program = std::env::var_os("SLIPWAY_TEST_AZ");
        let program = program.expect("SLIPWAY_TEST_AZ is not set: run ./scripts/test, which installs the Azure CLI and sets it");
        let endpoint = world.endpoint();
        let environment = vec![
            ("HTTPS_PROXY", endpoint.proxy_url.clone()),
            ("REQUESTS_CA_BUNDLE", endpoint.ca_bundle_file.clone()),
            ("IDENTITY_ENDPOINT", endpoint.identity_endpoint.clone()),
            ("IDENTITY_HEADER", endpoint.identity_header.clone()),
        ];
        Self { program: program.into(), folder: TempDir::new().unwrap(), environment }
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        #[expect(clippy::disallowed_methods, reason = "a foreign program, started as a user would start it")]
        let mut command = tokio::process::Command::new(&self.program);
        let output = command
            .args(arguments)
            .args(["--output", "json"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("AZURE_CONFIG_DIR", self.folder.path())
            .env("AZURE_CORE_COLLECT_TELEMETRY", "false")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Signs in with the secret of a connection.
    async fn sign_in(&self, world: &World, connection: &str) -> Finished {
        let connection = world.connection(connection);
        let (tenant, id) = (parameter(&connection, "tenantid"), parameter(&connection, "serviceprincipalid"));
        let key = parameter(&connection, "serviceprincipalkey");
        self.run(&["login", "--service-principal", "--tenant", &tenant, "--username", &id, "--password", &key]).await
    }
}

const SHOW: &[&str] = &["keyvault", "secret", "show", "--vault-name", "shop", "--name", "password"];

#[tokio::test]
async fn az_signs_in_with_a_secret_and_uses_a_vault() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    let accounts = az.sign_in(&world, "writer").await.json();
    assert_eq!(accounts[0]["name"], "shop-nonprod");
    assert_eq!(accounts[0]["tenantId"], world.tenant());
    assert_eq!(accounts[0]["user"]["type"], "servicePrincipal");

    let shown = az.run(SHOW).await.json();
    assert_eq!(shown["value"].as_str().unwrap().len(), 32);
    assert_eq!(shown["attributes"]["recoveryLevel"], "Recoverable+Purgeable");
    let set = az.run(&["keyvault", "secret", "set", "--vault-name", "shop", "--name", "password", "--value", "changed"]).await.json();
    assert_ne!(set["id"], shown["id"]);
    assert_eq!(az.run(SHOW).await.json()["value"], "changed");
    let listed = az.run(&["keyvault", "secret", "list", "--vault-name", "shop"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 4);
    let vault = az.run(&["keyvault", "show", "--name", "shop"]).await.json();
    assert_eq!(vault["properties"]["vaultUri"], "https://shop.vault.azure.net/");
    assert_eq!(vault["resourceGroup"], "Shop-Group");

    let missing = az.run(&["keyvault", "secret", "show", "--vault-name", "shop", "--name", "passwort"]).await;
    assert!(missing.stderr.contains("(SecretNotFound) A secret with (name/id) passwort was not found"), "{missing:?}");
    let nowhere = az.run(&["keyvault", "secret", "show", "--vault-name", "shopp", "--name", "password"]).await;
    assert!(!nowhere.success);
    assert!(nowhere.stderr.contains("502 No such host"), "{nowhere:?}");
    let unknown: Vec<_> = world.standin.requests().entries().into_iter().filter(|request| request.not_simulated).collect();
    assert_eq!(unknown, []);
}

#[tokio::test]
async fn az_signs_in_with_a_certificate() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    let connection = world.connection("by-certificate");
    let file = world.state.path().join("certificate.pem");
    std::fs::write(&file, parameter(&connection, "servicePrincipalCertificate")).unwrap();
    let (tenant, id) = (parameter(&connection, "tenantid"), parameter(&connection, "serviceprincipalid"));
    let file = file.to_str().unwrap();
    az.run(&["login", "--service-principal", "--tenant", &tenant, "--username", &id, "--certificate", file]).await.json();
    assert_eq!(az.run(SHOW).await.json()["value"].as_str().unwrap().len(), 32);

    // az keeps tokens by client, whatever certificate it is given next.
    let az = Az::for_world(&world);
    std::fs::write(file, parameter(&world.connection("by-wrong-certificate"), "servicePrincipalCertificate")).unwrap();
    let refused = az.run(&["login", "--service-principal", "--tenant", &tenant, "--username", &id, "--certificate", file]).await;
    assert!(refused.stderr.contains("AADSTS700027"), "{refused:?}");
}

#[tokio::test]
async fn az_signs_in_with_a_federated_token() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    world.register_job(&["federated"]);
    let token = world.oidc_token("federated").await;
    let connection = world.connection("federated");
    let (tenant, id) = (parameter(&connection, "tenantid"), parameter(&connection, "serviceprincipalid"));
    az.run(&["login", "--service-principal", "--tenant", &tenant, "--username", &id, "--federated-token", &token]).await.json();
    assert_eq!(az.run(SHOW).await.json()["value"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn az_uses_the_machines_identity() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    az.run(&["login", "--identity"]).await.json();
    assert_eq!(az.run(SHOW).await.json()["value"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn az_finds_a_registry_and_signs_in_to_it() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    az.sign_in(&world, "by-secret").await.json();
    let listed = az.run(&["acr", "list"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let shown = az.run(&["acr", "show", "--name", "shopnonprod"]).await.json();
    assert_eq!(shown["loginServer"], "shopnonprod.azurecr.io");
    let login = az.run(&["acr", "login", "--name", "shopnonprod", "--expose-token"]).await.json();
    assert_eq!(login["loginServer"], "shopnonprod.azurecr.io");
    let refresh = login["accessToken"].as_str().unwrap();
    let token = world.registry_access_token("shopnonprod.azurecr.io", refresh, &["repository:a:pull,push"]).await;
    assert_eq!(world.get("https://shopnonprod.azurecr.io/v2/", &token).await.status, 200);
    assert_eq!(az.run(&["acr", "repository", "list", "--name", "shopnonprod"]).await.json(), serde_json::json!([]));
    let admin = az.run(&["acr", "credential", "show", "--name", "shopprod"]).await.json();
    assert_eq!(admin["username"], "shopprod");
    let missing = az.run(&["acr", "show", "--name", "shopnonprd"]).await;
    assert!(
        missing.stderr.contains("The resource with name 'shopnonprd' and type 'Microsoft.ContainerRegistry/registries' could not be found"),
        "{missing:?}"
    );
    let unknown: Vec<_> = world.standin.requests().entries().into_iter().filter(|request| request.not_simulated).collect();
    assert_eq!(unknown, []);
}

#[tokio::test]
async fn az_understands_what_goes_wrong() {
    let world = World::start().await;
    let az = Az::for_world(&world);
    let wrong = az.sign_in(&world, "by-wrong-secret").await;
    assert!(!wrong.success);
    assert!(wrong.stderr.contains("AADSTS7000215: Invalid client secret provided."), "{wrong:?}");
    let expired = az.sign_in(&world, "by-expired-secret").await;
    assert!(expired.stderr.contains("AADSTS7000222"), "{expired:?}");

    az.sign_in(&world, "stranger").await.json();
    let forbidden = az.run(SHOW).await;
    assert!(forbidden.stderr.contains("ForbiddenByRbac"), "{forbidden:?}");

    // A throttled request is sent again by its own decision.
    az.sign_in(&world, "by-secret").await.json();
    let kind = FaultKind::Throttle { retry_after: 1 };
    world
        .standin
        .faults()
        .push(Fault { host: "shop.vault.azure.net".to_owned(), path: "*".to_owned(), method: None, kind, times: 1 })
        .unwrap();
    az.run(SHOW).await.json();
    assert_eq!(world.standin.requests().entries().iter().filter(|request| request.status == 429).count(), 1);
}
