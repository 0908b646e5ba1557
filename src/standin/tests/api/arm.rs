use serde_json::json;

use crate::support::{ARM_SCOPE, VAULT_SCOPE, World};

const ARM: &str = "https://management.azure.com";

#[tokio::test]
async fn a_vault_is_found_from_the_subscription_down() {
    let world = World::start().await;
    let token = world.token("by-secret", ARM_SCOPE).await;
    let get = async |path: &str| {
        world.get(&format!("{ARM}{path}{}api-version=2022-12-01", if path.contains('?') { '&' } else { '?' }), &token).await
    };
    let tenants = get("/tenants").await.json();
    assert_eq!(
        (&tenants["value"][0]["tenantId"], &tenants["value"][0]["defaultDomain"]),
        (&json!(world.tenant()), &json!("contoso.onmicrosoft.com"))
    );
    let subscription = get("/subscriptions").await.json()["value"][0].clone();
    assert_eq!((&subscription["displayName"], &subscription["state"]), (&json!("shop-nonprod"), &json!("Enabled")));
    let id = subscription["id"].as_str().unwrap();
    assert_eq!(get(id).await.json(), subscription);

    let groups = get(&format!("{id}/resourcegroups")).await.json();
    assert_eq!(groups["value"].as_array().unwrap().len(), 1);
    assert_eq!(groups["value"][0]["name"], "Shop-Group");
    let resources = get(&format!("{id}/resources?$filter=resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'shop'")).await.json();
    assert_eq!(resources["value"].as_array().unwrap().len(), 1);
    let none = get(&format!("{id}/resources?$filter=resourceType eq 'Microsoft.Web/sites'")).await.json();
    assert_eq!(none["value"], json!([]));
    let listed = get(&format!("{id}/providers/Microsoft.KeyVault/vaults")).await.json();
    assert_eq!(listed["value"].as_array().unwrap().len(), 3);

    let vault = get(resources["value"][0]["id"].as_str().unwrap()).await.json();
    assert_eq!(vault["properties"]["vaultUri"], "https://shop.vault.azure.net/");
    assert_eq!((&vault["properties"]["enableRbacAuthorization"], &vault["properties"]["accessPolicies"]), (&json!(true), &json!([])));
    let policies = get(&format!("{id}/RESOURCEGROUPS/shop-group/providers/Microsoft.KeyVault/vaults/policies")).await.json();
    assert_eq!(policies["properties"]["accessPolicies"][0]["permissions"]["secrets"], json!(["get", "list"]));

    let missing = get(&format!("{id}/resourceGroups/Shop-Group/providers/Microsoft.KeyVault/vaults/other")).await;
    assert_eq!(missing.code().1, "ResourceNotFound");
    assert_eq!(get(&format!("{id}/resourceGroups/other")).await.code().1, "ResourceGroupNotFound");
    assert_eq!(get("/subscriptions/11111111-1111-1111-1111-111111111111").await.code().1, "SubscriptionNotFound");
    assert_eq!(get(&format!("{id}/providers/Microsoft.Web/sites")).await.code().1, "NotSimulated");
}

#[tokio::test]
async fn tokens_are_judged_in_the_words_of_arm() {
    let world = World::start().await;
    let url = format!("{ARM}/subscriptions?api-version=2022-12-01");
    assert_eq!(world.get(&url, "").await.code(), (401, "AuthenticationFailed".to_owned(), String::new()));
    assert_eq!(world.get(&url, "nonsense").await.code().1, "InvalidAuthenticationToken");
    let vault = world.get(&url, &world.token("by-secret", VAULT_SCOPE).await).await;
    assert_eq!(vault.code().1, "InvalidAuthenticationTokenAudience");
    assert!(vault.message().contains("'https://vault.azure.net'"));
    let token = world.token("by-secret", "https://management.core.windows.net//.default").await;
    assert_eq!(world.get(&url, &token).await.status, 200);
    assert_eq!(world.get(&format!("{ARM}/subscriptions"), &token).await.code().1, "MissingApiVersionParameter");
    world.standin.clock().set_skew(3600);
    assert_eq!(world.get(&url, &token).await.code().1, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn the_cloud_is_described_without_a_token() {
    let world = World::start().await;
    let clouds = world.get(&format!("{ARM}/metadata/endpoints?api-version=2022-09-01"), "").await.json();
    assert_eq!(clouds[0]["suffixes"]["keyVaultDns"], "vault.azure.net");
}
