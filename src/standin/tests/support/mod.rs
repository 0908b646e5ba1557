//! A local Azure for tests, and a client that reaches it as any other would: through its proxy, trusting its authority.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use slipway_model::{AzureEndpoint, ConnectionGrant, JobRegistration, ServiceConnection};
use slipway_standin::{
    AccessModel, Config, Connection, ConnectionKind, CredentialKind, Options, Principal, Registry, SecretSource, StandIn, StartError,
    Store, Vault, VaultSecret,
};
use tempfile::TempDir;

pub(crate) const VAULT_SCOPE: &str = "https://vault.azure.net/.default";
pub(crate) const ARM_SCOPE: &str = "https://management.azure.com/.default";
pub(crate) const ACR_SCOPE: &str = "https://containerregistry.azure.net/.default";
pub(crate) const JOB: &str = "12f1170f-54f2-53f3-20dd-22fc7dff55f9";
pub(crate) const PLAN: &str = "5e1b8a1d-9f0f-4b0a-8a65-0b5c6b0f0d11";
pub(crate) const JOB_TOKEN: &str = "the-token-of-the-job";

/// Principals with every kind of credential, vaults that refuse in every way, connections of every scheme.
pub(crate) fn config() -> Config {
    let principal = |name: &str, credentials: &[CredentialKind]| Principal { name: name.to_owned(), credentials: credentials.to_vec() };
    let connection = |name: &str, principal: &str, credential, wrong_secret| Connection {
        name: name.to_owned(),
        principal: principal.to_owned(),
        credential,
        wrong_secret,
        kind: ConnectionKind::AzureResourceManager,
    };
    let registry_connection = |name: &str, principal: &str, credential, wrong_secret| Connection {
        kind: ConnectionKind::ContainerRegistry { registry: "shopnonprod".to_owned() },
        ..connection(name, principal, credential, wrong_secret)
    };
    use CredentialKind::{Certificate, ExpiredSecret, Federated, ManagedIdentity, Secret};
    Config {
        organization: "contoso".to_owned(),
        project: "shop".to_owned(),
        tenant: "contoso".to_owned(),
        subscription: "shop-nonprod".to_owned(),
        principals: vec![
            principal("reader", &[Secret, ExpiredSecret, Federated]),
            principal("writer", &[Secret]),
            principal("certified", &[Certificate]),
            principal("machine", &[ManagedIdentity]),
            principal("stranger", &[Secret]),
        ],
        vaults: vec![
            Vault {
                readers: vec!["reader".to_owned(), "certified".to_owned(), "machine".to_owned()],
                writers: vec!["writer".to_owned()],
                secrets: vec![
                    secret("password", SecretSource::RandomText { length: 32 }),
                    secret("signing-key", SecretSource::KeyPair { public_variable: "PUBLIC_KEY".to_owned() }),
                    VaultSecret { enabled: false, ..secret("disabled", SecretSource::RandomText { length: 8 }) },
                    VaultSecret { expires: Some(1_000_000_000), ..secret("outdated", SecretSource::RandomText { length: 8 }) },
                ],
                ..vault("shop")
            },
            Vault { access_model: AccessModel::AccessPolicy, readers: vec!["reader".to_owned()], ..vault("policies") },
            Vault { firewall_refuses: true, readers: vec!["reader".to_owned()], ..vault("walled") },
        ],
        registries: vec![
            Registry { pull: vec!["reader".to_owned(), "machine".to_owned()], push: vec!["writer".to_owned()], ..registry("ShopNonprod") },
            Registry { push: vec!["reader".to_owned()], admin_user: true, ..registry("shopprod") },
        ],
        connections: vec![
            connection("federated", "reader", Federated, false),
            connection("renamed", "reader", Federated, true),
            connection("by-secret", "reader", Secret, false),
            connection("by-wrong-secret", "reader", Secret, true),
            connection("by-expired-secret", "reader", ExpiredSecret, false),
            connection("by-certificate", "certified", Certificate, false),
            connection("by-wrong-certificate", "certified", Certificate, true),
            connection("by-machine", "machine", ManagedIdentity, false),
            connection("writer", "writer", Secret, false),
            connection("stranger", "stranger", Secret, false),
            registry_connection("registry", "reader", Secret, false),
            registry_connection("registry-wrong", "reader", Secret, true),
            registry_connection("registry-federated", "reader", Federated, false),
            Connection {
                kind: ConnectionKind::RegistryAdmin { registry: "shopprod".to_owned() },
                ..connection("registry-admin", "", Secret, false)
            },
            registry_connection("registry-machine", "machine", ManagedIdentity, false),
        ],
    }
}

pub(crate) fn vault(name: &str) -> Vault {
    Vault {
        name: name.to_owned(),
        resource_group: "Shop-Group".to_owned(),
        access_model: AccessModel::Rbac,
        readers: Vec::new(),
        writers: Vec::new(),
        firewall_refuses: false,
        secrets: Vec::new(),
    }
}

pub(crate) fn registry(name: &str) -> Registry {
    Registry { name: name.to_owned(), resource_group: "Shop-Group".to_owned(), pull: Vec::new(), push: Vec::new(), admin_user: false }
}

pub(crate) fn secret(name: &str, source: SecretSource) -> VaultSecret {
    VaultSecret { name: name.to_owned(), source, content_type: None, enabled: true, expires: None, not_before: None }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) version: reqwest::Version,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of an error of Key Vault or ARM, and that within.
    #[track_caller]
    pub(crate) fn code(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text(&error["code"]), text(&error["innererror"]["code"]))
    }

    #[track_caller]
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// A running local Azure in a folder of its own.
pub(crate) struct World {
    pub(crate) standin: StandIn,
    pub(crate) state: TempDir,
    pub(crate) config: Config,
    pub(crate) client: reqwest::Client,
}

pub(crate) async fn start_on(state: &Path, config: Config) -> Result<StandIn, StartError> {
    let options = Options { state: state.to_owned(), passthrough: false, strict: false };
    StandIn::start(config, options, |vault, secret| panic!("nobody is to be asked for {secret} of {vault}")).await
}

/// A client of a stand-in.
pub(crate) fn client(endpoint: &AzureEndpoint) -> reqwest::Client {
    // There may be one already, of another test.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&endpoint.ca_file).unwrap()).unwrap();
    reqwest::Client::builder()
        .proxy(reqwest::Proxy::https(&endpoint.proxy_url).unwrap())
        .tls_certs_only([authority])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let state = TempDir::new().unwrap();
        let standin = start_on(state.path(), config.clone()).await.unwrap();
        let client = client(standin.endpoint());
        Self { standin, state, config, client }
    }

    pub(crate) fn endpoint(&self) -> &AzureEndpoint {
        self.standin.endpoint()
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers, version) = (response.status(), response.headers().clone(), response.version());
        Answer { status, headers, version, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, url: &str, token: &str) -> Answer {
        self.call(Method::GET, url, token, None).await
    }

    pub(crate) async fn call(&self, method: Method, url: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.send(request).await
    }

    /// A service connection as a task gets it.
    pub(crate) fn connection(&self, name: &str) -> ServiceConnection {
        let connections = Store::open(self.state.path()).unwrap().service_connections(&self.config);
        connections.into_iter().find(|connection| connection.name == name).unwrap()
    }

    pub(crate) fn tenant(&self) -> String {
        parameter(&self.connection("by-secret"), "tenantid")
    }

    /// Asks the token endpoint.
    pub(crate) async fn token_request(&self, tenant: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.client.post(format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")).form(form)).await
    }

    /// Asks the token endpoint with the secret of a connection.
    pub(crate) async fn sign_in(&self, connection: &str, scope: &str) -> Answer {
        let connection = self.connection(connection);
        let (id, key) = (parameter(&connection, "serviceprincipalid"), parameter(&connection, "serviceprincipalkey"));
        let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &key), ("scope", scope)];
        self.token_request(&parameter(&connection, "tenantid"), &form).await
    }

    /// Asks the token endpoint with an assertion.
    pub(crate) async fn sign_in_with(&self, connection: &str, assertion: &str) -> Answer {
        let connection = self.connection(connection);
        let id = parameter(&connection, "serviceprincipalid");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &id),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
            ("scope", VAULT_SCOPE),
        ];
        self.token_request(&parameter(&connection, "tenantid"), &form).await
    }

    /// An access token of a connection with a secret.
    pub(crate) async fn token(&self, connection: &str, scope: &str) -> String {
        let answer = self.sign_in(connection, scope).await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// Exchanges the Entra token of a connection for a refresh token of a registry.
    pub(crate) async fn registry_refresh_token(&self, host: &str, connection: &str, scope: &str) -> Result<String, Answer> {
        let token = self.token(connection, scope).await;
        let form = [("grant_type", "access_token"), ("service", host), ("tenant", &self.tenant()), ("access_token", &token)];
        let answer = self.send(self.client.post(format!("https://{host}/oauth2/exchange")).form(&form)).await;
        if answer.status == 200 { Ok(answer.json()["refresh_token"].as_str().unwrap().to_owned()) } else { Err(answer) }
    }

    /// An access token for pulling from and pushing to repositories of a registry.
    pub(crate) async fn registry_token(&self, host: &str, connection: &str, repositories: &[&str]) -> String {
        let refresh = self.registry_refresh_token(host, connection, ACR_SCOPE).await.unwrap();
        let scopes: Vec<_> = repositories.iter().map(|name| format!("repository:{name}:pull,push")).collect();
        self.registry_access_token(host, &refresh, &scopes.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// An access token of a registry.
    pub(crate) async fn registry_access_token(&self, host: &str, refresh: &str, scopes: &[&str]) -> String {
        let mut form = vec![("grant_type", "refresh_token"), ("service", host), ("refresh_token", refresh)];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let answer = self.send(self.client.post(format!("https://{host}/oauth2/token")).form(&form)).await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// Registers a running job that may use these connections.
    pub(crate) fn register_job(&self, connections: &[&str]) {
        let grant = |name: &&str| ConnectionGrant { id: self.connection(name).id, name: (*name).to_owned() };
        let registration = JobRegistration {
            schema: 1,
            hub: "build".to_owned(),
            plan_id: PLAN.to_owned(),
            job_id: JOB.to_owned(),
            access_token_sha256: Sha256::digest(JOB_TOKEN).iter().map(|byte| format!("{byte:02x}")).collect(),
            connections: connections.iter().map(grant).collect(),
        };
        let file = Path::new(&self.endpoint().jobs_folder).join(format!("{JOB}.json"));
        std::fs::write(file, serde_json::to_vec(&registration).unwrap()).unwrap();
    }

    /// Where a job asks for OIDC tokens.
    pub(crate) fn oidc_url(&self, connection: &str) -> String {
        let endpoint = self.endpoint();
        format!(
            "{}{}/_apis/distributedtask/hubs/build/plans/{PLAN}/jobs/{JOB}/oidctoken?api-version=7.1&serviceConnectionId={}",
            endpoint.collection_uri,
            endpoint.project_id,
            self.connection(connection).id
        )
    }

    /// An OIDC token of the registered job.
    pub(crate) async fn oidc_token(&self, connection: &str) -> String {
        let answer = self.call(Method::POST, &self.oidc_url(connection), JOB_TOKEN, None).await;
        answer.json()["oidcToken"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }
}

#[track_caller]
pub(crate) fn parameter(connection: &ServiceConnection, name: &str) -> String {
    let found = connection.parameters.iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{connection:?} has no {name}")).1.clone()
}
