//! The challenge of a registry and its tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{ACR_SCOPE, ARM_SCOPE, Answer, VAULT_SCOPE, World, parameter};

const HOST: &str = "shopnonprod.azurecr.io";

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["errors"][0]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_challenge_says_where_to_get_a_token_and_for_what() {
    let world = World::start().await;
    let base = world.get(&format!("https://{HOST}/v2/"), "").await;
    assert_eq!(code(&base), (401, "UNAUTHORIZED".to_owned()));
    assert_eq!(
        base.header("www-authenticate"),
        r#"Bearer realm="https://shopnonprod.azurecr.io/oauth2/token",service="shopnonprod.azurecr.io""#
    );
    assert_eq!(base.header("docker-distribution-api-version"), "registry/2.0");
    let resource = world.get(&format!("https://{HOST}/v2/shop/orders/manifests/1"), "nonsense").await;
    assert_eq!(
        resource.header("www-authenticate"),
        r#"Bearer realm="https://shopnonprod.azurecr.io/oauth2/token",service="shopnonprod.azurecr.io",scope="repository:shop/orders:pull",error="invalid_token""#
    );
    assert_eq!(resource.json()["errors"][0]["detail"], json!([{ "Type": "repository", "Name": "shop/orders", "Action": "pull" }]));
    // The Entra token itself is no token of the registry.
    let token = world.token("writer", ACR_SCOPE).await;
    assert_eq!(world.get(&format!("https://{HOST}/v2/"), &token).await.status, 401);
}

#[tokio::test]
async fn an_entra_token_becomes_an_access_token_with_the_actions_of_the_roles() {
    let world = World::start().await;
    for (connection, scope, granted) in [
        ("writer", "repository:a:pull,push", json!(["pull", "push"])),
        ("by-secret", "repository:a:pull,push", json!(["pull"])),
        ("writer", "repository:a:delete", json!([])),
    ] {
        let refresh = world.registry_refresh_token(HOST, connection, ACR_SCOPE).await.unwrap();
        let refreshed = claims(&refresh);
        assert_eq!(refreshed["exp"].as_i64().unwrap() - refreshed["iat"].as_i64().unwrap(), 3 * 3600);
        let access = claims(&world.registry_access_token(HOST, &refresh, &[scope]).await);
        assert_eq!(access["access"], json!([{ "type": "repository", "name": "a", "actions": granted }]), "{connection}");
        assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 4500);
        assert_eq!((&access["aud"], &access["iss"]), (&json!(HOST), &json!("Azure Container Registry")));
    }
    // A token for Resource Manager is taken as well; one for a vault is not, nor one of a principal without a role.
    world.registry_refresh_token(HOST, "writer", ARM_SCOPE).await.unwrap();
    for (connection, scope) in [("writer", VAULT_SCOPE), ("stranger", ACR_SCOPE)] {
        let refused = world.registry_refresh_token(HOST, connection, scope).await.unwrap_err();
        assert_eq!(code(&refused), (401, "UNAUTHORIZED".to_owned()), "{connection}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_registry_its_scopes_and_its_time() {
    let world = World::start().await;
    let refresh = world.registry_refresh_token(HOST, "writer", ACR_SCOPE).await.unwrap();
    let token = world.registry_access_token(HOST, &refresh, &["repository:a:pull", "repository:b:pull,push repository:c:pull"]).await;
    let names: Vec<_> = claims(&token)["access"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(world.get(&format!("https://{HOST}/v2/"), &token).await.status, 200);
    let other = world.get(&format!("https://{HOST}/v2/d/tags/list"), &token).await;
    assert_eq!(other.status, 401);
    assert!(other.header("www-authenticate").ends_with(r#"scope="repository:d:pull",error="insufficient_scope""#), "{other:?}");
    // A refresh token is none for access, and none of another registry.
    assert_eq!(world.get(&format!("https://{HOST}/v2/"), &refresh).await.status, 401);
    let elsewhere = world.get("https://shopprod.azurecr.io/v2/", &token).await;
    assert!(elsewhere.header("www-authenticate").ends_with(r#"error="invalid_token""#), "{elsewhere:?}");

    world.standin.clock().set_skew(4500 + 60);
    assert_eq!(world.get(&format!("https://{HOST}/v2/"), &token).await.status, 401);
    let renewed = world.registry_access_token(HOST, &refresh, &[]).await;
    assert_eq!(world.get(&format!("https://{HOST}/v2/"), &renewed).await.status, 200);
    world.standin.clock().set_skew(3 * 3600 + 60);
    let form = [("grant_type", "refresh_token"), ("service", HOST), ("refresh_token", &refresh)];
    let expired = world.send(world.client.post(format!("https://{HOST}/oauth2/token")).form(&form)).await;
    assert_eq!(code(&expired), (401, "UNAUTHORIZED".to_owned()));
}

#[tokio::test]
async fn a_name_and_a_password_sign_in_where_there_are_such() {
    let world = World::start().await;
    let connection = world.connection("registry");
    let (id, key) = (parameter(&connection, "serviceprincipalid"), parameter(&connection, "serviceprincipalkey"));
    let wrong = parameter(&world.connection("registry-wrong"), "serviceprincipalkey");
    let refresh = world.registry_refresh_token(HOST, "writer", ACR_SCOPE).await.unwrap();
    let null = "00000000-0000-0000-0000-000000000000";
    let url = format!("https://{HOST}/oauth2/token?service={HOST}&scope=repository:a:pull,push");
    for (name, password, granted) in [
        (id.as_str(), key.as_str(), Some(json!(["pull"]))),
        (id.as_str(), wrong.as_str(), None),
        (null, refresh.as_str(), Some(json!(["pull", "push"]))),
    ] {
        let answer = world.send(world.client.get(&url).basic_auth(name, Some(password))).await;
        let token = answer.json()["access_token"].as_str().map(claims);
        assert_eq!(token.map(|token| token["access"][0]["actions"].clone()), granted, "{answer:?}");
        // The same straight at the API.
        let base = world.send(world.client.get(format!("https://{HOST}/v2/")).basic_auth(name, Some(password))).await;
        assert_eq!(base.status == 200, granted.is_some(), "{base:?}");
    }
    assert_eq!(world.send(world.client.get(&url)).await.status, 401);
    // No admin user here.
    assert_eq!(world.send(world.client.get(&url).basic_auth("shopnonprod", Some("x"))).await.status, 401);
}

#[tokio::test]
async fn a_registry_that_does_not_exist_has_no_host() {
    let world = World::start().await;
    let error = world.client.get("https://shopnonprd.azurecr.io/v2/").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let log = world.standin.requests().entries();
    assert_eq!((log[0].method.as_str(), log[0].status, log[0].not_simulated), ("CONNECT", 502, false));
}
