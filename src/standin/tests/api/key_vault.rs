use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ARM_SCOPE, VAULT_SCOPE, World};

const BASE: &str = "https://shop.vault.azure.net";

fn url(path: &str) -> String {
    format!("{BASE}/{path}{}api-version=7.4", if path.contains('?') { '&' } else { '?' })
}

fn names(page: &Value) -> Vec<String> {
    page["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_secret_is_read_after_a_challenge() {
    let world = World::start().await;
    let challenged = world.get(&url("secrets/password"), "").await;
    assert_eq!(challenged.code(), (401, "Unauthorized".to_owned(), String::new()));
    assert_eq!(challenged.message(), "AKV10000: Request is missing a Bearer or PoP token.");
    assert_eq!(
        challenged.header("www-authenticate"),
        format!("Bearer authorization=\"https://login.microsoftonline.com/{}\", resource=\"https://vault.azure.net\"", world.tenant())
    );

    let token = world.token("by-secret", VAULT_SCOPE).await;
    let request = world.client.get(url("secrets/password/")).bearer_auth(&token).header("x-ms-client-request-id", "my-id");
    let answer = world.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.version, reqwest::Version::HTTP_2);
    let body = answer.json();
    assert_eq!(body["value"].as_str().unwrap().len(), 32);
    let version = body["id"].as_str().unwrap().strip_prefix("https://shop.vault.azure.net/secrets/password/").unwrap().to_owned();
    assert_eq!(version.len(), 32);
    assert_eq!(body["attributes"]["enabled"], true);
    assert_eq!(body["attributes"]["recoveryLevel"], "Recoverable+Purgeable");
    assert_eq!(answer.header("x-ms-client-request-id"), "my-id");
    for header in ["x-ms-request-id", "x-ms-keyvault-region", "x-ms-keyvault-service-version"] {
        assert_ne!(answer.header(header), "", "{header}");
    }

    // The same by version, and with the name in other letters, as Azure has it.
    let by_version = world.get(&url(&format!("secrets/PASSWORD/{version}")), &token).await;
    assert_eq!(by_version.json()["value"], body["value"]);
    assert_eq!(world.get(&url("secrets/outdated"), &token).await.status, 200);
}

#[tokio::test]
async fn every_token_that_is_not_good_is_told_how() {
    let world = World::start().await;
    let arm = world.get(&url("secrets/password"), &world.token("by-secret", ARM_SCOPE).await).await;
    assert_eq!(arm.status, 401);
    assert_eq!(arm.message(), "AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com.");
    assert!(arm.header("www-authenticate").starts_with("Bearer authorization="));

    let good = world.token("by-secret", VAULT_SCOPE).await;
    let parts: Vec<_> = good.split('.').collect();
    let first = if parts[2].starts_with('A') { "B" } else { "A" };
    let forged = format!("{}.{}.{first}{}", parts[0], parts[1], &parts[2][1..]);
    assert!(world.get(&url("secrets/password"), &forged).await.message().contains("signature"));
    assert!(world.get(&url("secrets/password"), "nonsense").await.message().contains("three parts"));

    world.register_job(&["federated"]);
    let foreign = world.get(&url("secrets/password"), &world.oidc_token("federated").await).await;
    assert!(foreign.message().starts_with("AKV10032: Invalid issuer. Expected one of https://sts.windows.net/"), "{}", foreign.text);

    assert_eq!(world.get(&url("secrets/password"), &good).await.status, 200);
    world.standin.clock().set_skew(3600);
    let expired = world.get(&url("secrets/password"), &good).await;
    assert_eq!(expired.status, 401);
    assert!(expired.message().starts_with("[TokenExpired]"), "{}", expired.text);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let world = World::start().await;
    let stranger = world.token("stranger", VAULT_SCOPE).await;
    let reader = world.token("by-secret", VAULT_SCOPE).await;

    let rbac = world.get(&url("secrets/password"), &stranger).await;
    assert_eq!(rbac.code(), (403, "Forbidden".to_owned(), "ForbiddenByRbac".to_owned()));
    for part in [
        "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
        "/resourcegroups/shop-group/providers/microsoft.keyvault/vaults/shop/secrets/password'",
        "DecisionReason: 'DeniedWithNoValidRBAC'",
        "Vault: shop;location=westeurope",
        "Caller: appid=",
    ] {
        assert!(rbac.message().contains(part), "{part}: {}", rbac.message());
    }
    // A list is refused as well, and writing by who may only read.
    assert_eq!(world.get(&url("secrets"), &stranger).await.code().2, "ForbiddenByRbac");
    let written = world.call(Method::PUT, &url("secrets/new"), &reader, Some(json!({ "value": "x" }))).await;
    assert_eq!(written.code().2, "ForbiddenByRbac");

    let policy = "https://policies.vault.azure.net/secrets/x?api-version=7.4";
    assert_eq!(world.get(policy, &stranger).await.code(), (403, "Forbidden".to_owned(), "ForbiddenByPolicy".to_owned()));
    let answer = world.call(Method::PUT, policy, &reader, Some(json!({ "value": "x" }))).await;
    assert_eq!(answer.code(), (403, "Forbidden".to_owned(), "AccessDenied".to_owned()));
    assert!(answer.message().contains("does not have secrets set permission"), "{}", answer.message());

    let firewall = world.get("https://walled.vault.azure.net/secrets/x?api-version=7.4", &reader).await;
    assert_eq!(firewall.code(), (403, "Forbidden".to_owned(), "ForbiddenByFirewall".to_owned()));
    assert!(firewall.message().contains("Client address: 127.0.0.1"));

    let disabled = world.get(&url("secrets/disabled"), &reader).await;
    assert_eq!(disabled.code(), (403, "Forbidden".to_owned(), "SecretDisabled".to_owned()));
    assert_eq!(disabled.message(), "Operation get is not allowed on a disabled secret.");

    let missing = world.get(&url("secrets/passwort"), &reader).await;
    assert_eq!(missing.code(), (404, "SecretNotFound".to_owned(), String::new()));
    assert!(missing.message().starts_with("A secret with (name/id) passwort was not found in this key vault."));
    let version = world.get(&url("secrets/password/00000000000000000000000000000000"), &reader).await;
    assert_eq!(version.code().1, "SecretNotFound");
}

#[tokio::test]
async fn bad_parameters_are_refused() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    for (path, part) in [
        (format!("{BASE}/secrets/password"), "api-version must be specified"),
        (format!("{BASE}/secrets/password?api-version=1.0"), "The specified version (1.0) is not recognized"),
        (url("secrets/under_score"), "contains an invalid name: under_score"),
        (url("secrets?maxresults=26"), "maxresults"),
        (url("secrets?maxresults=0"), "maxresults"),
        (url("secrets?$skiptoken=nonsense"), "$skiptoken"),
    ] {
        let answer = world.get(&path, &token).await;
        assert_eq!(answer.code(), (400, "BadParameter".to_owned(), String::new()), "{path}");
        assert!(answer.message().contains(part), "{}", answer.message());
    }
    for body in [json!({}), json!({ "value": 1 }), json!({ "value": "x".repeat(25_001) })] {
        let answer = world.call(Method::PUT, &url("secrets/new"), &token, Some(body)).await;
        assert_eq!(answer.code().1, "BadParameter");
    }
    assert_eq!(world.get(&url("secrets/new"), &token).await.status, 404);
}

#[tokio::test]
async fn a_list_comes_in_pages_and_the_last_may_be_empty() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    // With the four that the vault has: fifty.
    for number in 0..46 {
        let set = world.call(Method::PUT, &url(&format!("secrets/s{number:02}")), &token, Some(json!({ "value": "v" }))).await;
        assert_eq!(set.status, 200);
    }
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut next = url("secrets");
    loop {
        let page = world.get(&next, &token).await.json();
        sizes.push(page["value"].as_array().unwrap().len());
        found.extend(names(&page));
        assert!(page["value"].as_array().unwrap().iter().all(|item| item.get("value").is_none()));
        match page["nextLink"].as_str() {
            None => break,
            Some(link) => next = link.to_owned(),
        }
        assert!(next.starts_with("https://shop.vault.azure.net:443/secrets?api-version=7.4&$skiptoken="), "{next}");
    }
    assert_eq!(sizes, [25, 25, 0]);
    let mut sorted = found.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((found.len(), sorted.len()), (50, 50));
    let page = world.get(&url("secrets?maxresults=3"), &token).await.json();
    assert_eq!(names(&page).len(), 3);
    assert!(page["nextLink"].as_str().unwrap().contains("maxresults=3"));
}

#[tokio::test]
async fn versions_are_kept_and_attributes_changed() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    let body =
        json!({ "value": "two", "contentType": "text/plain", "tags": { "team": "shop" }, "attributes": { "exp": 4_000_000_000_i64 } });
    let set = world.call(Method::PUT, &url("secrets/password"), &token, Some(body)).await.json();
    assert_eq!((&set["value"], &set["contentType"], &set["tags"]), (&json!("two"), &json!("text/plain"), &json!({ "team": "shop" })));
    assert_eq!(set["attributes"]["exp"], 4_000_000_000_i64);
    assert_eq!(world.get(&url("secrets/password"), &token).await.json()["value"], "two");
    let versions = names(&world.get(&url("secrets/password/versions"), &token).await.json());
    assert_eq!(versions.len(), 2);
    let first = world.get(&url(&format!("secrets/password/{}", versions[0])), &token).await.json();
    assert_ne!(first["value"], "two");

    // A disabled latest version is refused though an older one is enabled.
    let path = url(&format!("secrets/password/{}", versions[1]));
    let patched = world.call(Method::PATCH, &path, &token, Some(json!({ "attributes": { "enabled": false } }))).await;
    assert_eq!((patched.status.as_u16(), &patched.json()["attributes"]["enabled"]), (200, &json!(false)));
    assert!(patched.json().get("value").is_none());
    assert_eq!(world.get(&url("secrets/password"), &token).await.code().2, "SecretDisabled");
    assert_eq!(world.get(&url(&format!("secrets/password/{}", versions[0])), &token).await.status, 200);
}

#[tokio::test]
async fn a_deleted_secret_can_be_recovered_until_it_is_purged() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    let value = world.get(&url("secrets/password"), &token).await.json()["value"].clone();
    let deleted = world.call(Method::DELETE, &url("secrets/password"), &token, None).await.json();
    assert_eq!(deleted["recoveryId"], "https://shop.vault.azure.net/deletedsecrets/password");
    assert_eq!(deleted["scheduledPurgeDate"].as_i64().unwrap() - deleted["deletedDate"].as_i64().unwrap(), 90 * 24 * 3600);
    assert_eq!(world.get(&url("secrets/password"), &token).await.code().1, "SecretNotFound");
    assert_eq!(world.get(&url("deletedsecrets/password"), &token).await.json()["recoveryId"], deleted["recoveryId"]);
    assert_eq!(names(&world.get(&url("deletedsecrets"), &token).await.json()), ["password"]);

    let conflict = world.call(Method::PUT, &url("secrets/password"), &token, Some(json!({ "value": "x" }))).await;
    assert_eq!(conflict.code(), (409, "Conflict".to_owned(), "ObjectIsDeletedButRecoverable".to_owned()));

    assert_eq!(world.call(Method::POST, &url("deletedsecrets/password/recover"), &token, None).await.status, 200);
    assert_eq!(world.get(&url("secrets/password"), &token).await.json()["value"], value);

    world.call(Method::DELETE, &url("secrets/password"), &token, None).await;
    assert_eq!(world.call(Method::DELETE, &url("deletedsecrets/password"), &token, None).await.status, 204);
    assert_eq!(world.get(&url("deletedsecrets/password"), &token).await.status, 404);
    assert_eq!(world.call(Method::PUT, &url("secrets/password"), &token, Some(json!({ "value": "x" }))).await.status, 200);
}

#[tokio::test]
async fn what_is_not_simulated_says_so() {
    let world = World::start().await;
    let token = world.token("writer", VAULT_SCOPE).await;
    let answer = world.get(&url("keys/x"), &token).await;
    assert_eq!(answer.code(), (501, "NotSimulated".to_owned(), String::new()));
    assert!(answer.message().contains("`GET https://shop.vault.azure.net/keys/x`"), "{}", answer.message());
    let logged = world.standin.requests().entries();
    assert_eq!(logged.iter().map(|request| request.not_simulated).collect::<Vec<_>>(), [false, true]);
}
