use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use slipway_model::AzureEndpoint;
use slipway_standin::{Options, SecretSource, StandIn, StartError, Store};
use tempfile::TempDir;

use crate::support::{VAULT_SCOPE, World, client, config, parameter, secret, start_on, vault};

const URL: &str = "https://shop.vault.azure.net/secrets/password?api-version=7.4";

async fn value(client: &reqwest::Client, token: &str) -> String {
    let body: serde_json::Value =
        serde_json::from_str(&client.get(URL).bearer_auth(token).send().await.unwrap().text().await.unwrap()).unwrap();
    body["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    let first = value(&world.client, &token).await;
    let connection = world.connection("by-certificate");
    let ca = std::fs::read(&world.endpoint().ca_file).unwrap();
    let put = world.client.put(URL).bearer_auth(&token).json(&serde_json::json!({ "value": "changed" })).send().await.unwrap();
    assert_eq!(put.status(), 200);
    let World { standin, state, config, client: before } = world;
    let proxy = standin.endpoint().proxy_url.clone();
    standin.stop().await;
    before.get(URL).send().await.unwrap_err();
    std::net::TcpStream::connect(proxy.strip_prefix("http://").unwrap()).unwrap_err();
    assert!(!state.path().join("azure/endpoint.json").exists());

    let standin = start_on(state.path(), config.clone()).await.unwrap();
    assert_eq!(std::fs::read(&standin.endpoint().ca_file).unwrap(), ca);
    // The old token, the changed secret, the same credentials.
    assert_eq!(value(&client(standin.endpoint()), &token).await, "changed");
    assert_ne!(first, "changed");
    let again =
        Store::open(state.path()).unwrap().service_connections(&config).into_iter().find(|known| known.id == connection.id).unwrap();
    assert_eq!(parameter(&again, "servicePrincipalCertificate"), parameter(&connection, "servicePrincipalCertificate"));
}

#[tokio::test]
async fn a_second_one_on_the_same_state_is_told_who_serves_it() {
    let world = World::start().await;
    let error = start_on(world.state.path(), config()).await.unwrap_err();
    assert!(matches!(error, StartError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(error.to_string().contains(&format!("already served by process {}", std::process::id())), "{error}");
    assert!(world.state.path().join("azure/endpoint.json").exists(), "the refused one must not remove the file of the other");
    let World { standin, state, .. } = world;
    standin.stop().await;
    start_on(state.path(), config()).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_dropped_one_leaves_nothing() {
    let world = World::start().await;
    let World { standin, state, client, .. } = world;
    assert_eq!(client.get(URL).send().await.unwrap().status(), 401);
    drop(standin);
    assert!(!state.path().join("azure/endpoint.json").exists());
    start_on(state.path(), config()).await.unwrap().stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_open_connections() {
    let world = World::start().await;
    world
        .standin
        .faults()
        .push(slipway_standin::Fault {
            host: "*".to_owned(),
            path: "*".to_owned(),
            method: None,
            kind: slipway_standin::FaultKind::Delay { milliseconds: 600_000 },
            times: 1,
        })
        .unwrap();
    let World { standin, client, .. } = world;
    let waiting = tokio::spawn(async move { client.get(URL).send().await });
    while !standin.faults().pending().is_empty() {
        tokio::task::yield_now().await;
    }
    standin.stop().await;
    waiting.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn the_endpoint_file_says_where_it_is_and_files_are_for_their_owner_only() {
    let world = World::start().await;
    let folder = world.state.path().join("azure");
    let endpoint: AzureEndpoint = serde_json::from_slice(&std::fs::read(folder.join("endpoint.json")).unwrap()).unwrap();
    assert_eq!(&endpoint, world.endpoint());
    assert_eq!((endpoint.pid, endpoint.collection_uri.as_str()), (std::process::id(), "https://dev.azure.com/contoso/"));
    let bundle = std::fs::read_to_string(&endpoint.ca_bundle_file).unwrap();
    assert!(bundle.starts_with(&std::fs::read_to_string(&endpoint.ca_file).unwrap()));

    let mut folders = vec![folder];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 8, "{files}");
}

fn files_with(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, text, found);
        } else if std::fs::read_to_string(&path).unwrap().contains(text) {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[tokio::test]
async fn secrets_are_in_the_store_and_nowhere_else() {
    let world = World::start().await;
    let token = world.token("by-secret", VAULT_SCOPE).await;
    let password = value(&world.client, &token).await;
    for (text, expected) in [(password, "shop.json"), (parameter(&world.connection("by-secret"), "serviceprincipalkey"), "principals.json")]
    {
        let mut found = Vec::new();
        files_with(world.state.path(), &text, &mut found);
        assert_eq!(found, [expected]);
        let said = format!("{:?} {:?} {:?}", world.standin, Store::open(world.state.path()).unwrap(), world.standin.requests());
        assert!(!said.contains(&text));
    }
}

#[tokio::test]
async fn public_parts_of_key_pairs_are_variables() {
    let world = World::start().await;
    let variables = Store::open(world.state.path()).unwrap().public_variables(&world.config);
    assert_eq!(variables.len(), 1);
    assert_eq!(variables[0].0, "PUBLIC_KEY");
    assert_eq!(STANDARD.decode(&variables[0].1).unwrap().len(), 32);
}

#[tokio::test]
async fn a_person_is_asked_once_and_all_that_is_missing_is_told() {
    let state = TempDir::new().unwrap();
    let mut config = config();
    let mut prompted = vault("prompted");
    prompted.secrets = vec![secret("one", SecretSource::Prompt), secret("two", SecretSource::Prompt)];
    config.vaults.push(prompted);
    let options = || Options { state: state.path().to_owned(), passthrough: false, strict: false };
    let error = StandIn::start(config.clone(), options(), |_, _| Err("there is no terminal".to_owned())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no value for `one` of the vault `prompted` (there is no terminal), `two` of the vault `prompted` (there is no terminal)."
    );
    let mut asked = Vec::new();
    let answer = |vault: &str, secret: &str| {
        asked.push(format!("{vault}/{secret}"));
        Ok(format!("value of {secret}"))
    };
    StandIn::start(config.clone(), options(), answer).await.unwrap().stop().await;
    assert_eq!(asked, ["prompted/one", "prompted/two"]);
    start_on(state.path(), config).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_description_that_cannot_be_served_is_refused_whole() {
    let state = TempDir::new().unwrap();
    let mut config = config();
    config.vaults[0].readers.push("nobody".to_owned());
    config.connections[0].principal = "nobody".to_owned();
    let error = start_on(state.path(), config).await.unwrap_err();
    assert!(matches!(&error, StartError::Config(problems) if problems.len() == 2), "{error}");
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_store_is_told_with_its_place() {
    let world = World::start().await;
    let World { standin, state, config, .. } = world;
    standin.stop().await;
    std::fs::write(state.path().join("azure/store/vaults/shop.json"), "{\"secrets\":").unwrap();
    let error = start_on(state.path(), config).await.unwrap_err().to_string();
    assert!(error.contains("shop.json` is damaged: line 1"), "{error}");
    assert!(error.contains(&format!("remove the folder `{}`", state.path().join("azure").display())), "{error}");
}
