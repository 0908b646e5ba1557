use serde_json::Value;

use crate::support::{Answer, World};

async fn ask(world: &World, query: &str, header: Option<&str>) -> Answer {
    let endpoint = world.endpoint();
    let mut request = world.client.get(format!("{}?{query}", endpoint.identity_endpoint));
    if let Some(header) = header {
        request = request.header("X-IDENTITY-HEADER", header);
    }
    world.send(request).await
}

#[tokio::test]
async fn the_machines_identity_gets_a_token_for_a_vault() {
    let world = World::start().await;
    let header = world.endpoint().identity_header.clone();
    let query = "api-version=2019-08-01&resource=https://vault.azure.net";
    let answer = ask(&world, query, Some(&header)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    let expiry: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
    assert!(expiry > world.standin.clock().now().unix_timestamp());
    assert_eq!(body["resource"], "https://vault.azure.net");
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(world.get("https://shop.vault.azure.net/secrets/password?api-version=7.4", token).await.status, 200);

    let connection = world.connection("by-machine");
    assert_eq!(connection.scheme, "ManagedServiceIdentity");
    let (_, id) = connection.data.iter().find(|(name, _)| name == "msiclientId").unwrap();
    let named: Value = ask(&world, &format!("{query}&client_id={id}"), Some(&header)).await.json();
    assert_eq!(named["client_id"], *id);
}

#[tokio::test]
async fn who_does_not_know_the_header_or_the_identity_gets_none() {
    let world = World::start().await;
    let header = world.endpoint().identity_header.clone();
    let query = "api-version=2019-08-01&resource=https://vault.azure.net";
    assert_eq!(ask(&world, query, None).await.status, 401);
    assert_eq!(ask(&world, query, Some("guessed")).await.status, 401);
    for query in [
        "resource=https://vault.azure.net",
        "api-version=2019-08-01",
        "api-version=2019-08-01&resource=https://example.com",
        "api-version=2019-08-01&resource=https://vault.azure.net&client_id=00000000-0000-0000-0000-000000000001",
    ] {
        let answer = ask(&world, query, Some(&header)).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["message"].is_string());
    }
}
