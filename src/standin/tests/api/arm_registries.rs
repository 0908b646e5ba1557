use reqwest::Method;
use serde_json::json;

use crate::support::{ARM_SCOPE, World};

#[tokio::test]
async fn a_registry_is_found_from_the_subscription_down() {
    let world = World::start().await;
    let token = world.token("by-secret", ARM_SCOPE).await;
    let arm = "https://management.azure.com";
    let get = async |path: &str| {
        world.get(&format!("{arm}{path}{}api-version=2025-11-01", if path.contains('?') { '&' } else { '?' }), &token).await
    };
    let id = get("/subscriptions").await.json()["value"][0]["id"].as_str().unwrap().to_owned();
    let listed = get(&format!("{id}/providers/Microsoft.ContainerRegistry/registries")).await.json();
    let names: Vec<_> = listed["value"].as_array().unwrap().iter().map(|registry| registry["name"].clone()).collect();
    assert_eq!(names, ["ShopNonprod", "shopprod"]);
    let found = get(&format!("{id}/resources?$filter=resourceType eq 'Microsoft.ContainerRegistry/registries' and name eq 'shopnonprod'"))
        .await
        .json();
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    let registry = get(found["value"][0]["id"].as_str().unwrap()).await.json();
    assert_eq!(registry["properties"]["loginServer"], "shopnonprod.azurecr.io");
    assert_eq!(registry["properties"]["adminUserEnabled"], json!(false));
    let group = get(&format!("{id}/resourceGroups/shop-group/providers/Microsoft.ContainerRegistry/registries")).await.json();
    assert_eq!(group["value"].as_array().unwrap().len(), 2);
    let missing = get(&format!("{id}/resourceGroups/Shop-Group/providers/Microsoft.ContainerRegistry/registries/shopnonprd")).await;
    assert_eq!(missing.code().1, "ResourceNotFound");
    assert!(missing.message().contains("'Microsoft.ContainerRegistry/registries/shopnonprd'"), "{missing:?}");
}

#[tokio::test]
async fn the_admin_user_signs_in_and_deletes_where_it_is_enabled() {
    let world = World::start().await;
    let token = world.token("by-secret", ARM_SCOPE).await;
    let arm = "https://management.azure.com";
    let subscriptions = world.get(&format!("{arm}/subscriptions?api-version=2022-12-01"), &token).await.json();
    let id = subscriptions["value"][0]["id"].as_str().unwrap();
    let credentials = async |registry: &str, token: &str| {
        let url = format!(
            "{arm}{id}/resourceGroups/Shop-Group/providers/Microsoft.ContainerRegistry/registries/{registry}/listCredentials?api-version=2025-11-01"
        );
        world.call(Method::POST, &url, token, None).await
    };
    let shown = credentials("shopprod", &token).await.json();
    assert_eq!((&shown["username"], &shown["passwords"][1]["name"]), (&json!("shopprod"), &json!("password2")));
    let password = shown["passwords"][0]["value"].as_str().unwrap();
    let base = world.send(world.client.get("https://shopprod.azurecr.io/v2/").basic_auth("shopprod", Some(password))).await;
    assert_eq!(base.status, 200);
    let wrong = world.send(world.client.get("https://shopprod.azurecr.io/v2/").basic_auth("shopprod", Some("password"))).await;
    assert_eq!(wrong.status, 401);

    // `reader` may only pull from the other one, and `writer` has no role here.
    assert_eq!(credentials("shopnonprod", &token).await.code().1, "AuthorizationFailed");
    let writer = world.token("writer", ARM_SCOPE).await;
    assert_eq!(credentials("shopprod", &writer).await.code().1, "AuthorizationFailed");
    assert_eq!(credentials("shopnonprod", &writer).await.code().1, "UnAuthorizedForCredentialOperations");
    assert_eq!(credentials("shopnonprd", &writer).await.code().1, "ResourceNotFound");
}
