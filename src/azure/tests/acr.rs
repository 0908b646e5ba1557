//! Finding a registry and exchanging tokens, with a scripted Azure behind TLS and proxy as in earnest.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../../net/tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use slipway_azure::acr::{AcrErrorKind, LoginServer, RefreshTokens, SCOPE, find};
use slipway_azure::{Cloud, CloudData};
use slipway_net::{AccessToken, Clock, TokenError, TokenSource};
use support::{Answer, Seen, Sink, World, secret};

const ARM: &str = "management.azure.com";
const REGISTRY: &str = "contoso.azurecr.io";

/// Entra: a token that names its scope.
struct Entra;

#[async_trait::async_trait]
impl TokenSource for Entra {
    async fn token(&self, scope: &str) -> Result<AccessToken, TokenError> {
        Ok(AccessToken { token: secret(&format!("entra-for-{scope}")), expires_at: Clock::System.now() + time::Duration::hours(1) })
    }
}

fn cloud() -> Cloud {
    Cloud::resolve("AzureCloud", CloudData::default()).unwrap()
}

async fn world(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> World {
    World::start(&[ARM, REGISTRY], handler).await
}

/// Two pages of registries.
fn registries(seen: &Seen) -> Answer {
    assert_eq!((seen.host.as_str(), seen.header("authorization")), (ARM, "Bearer entra-for-https://management.azure.com/.default"));
    let registry = |name: &str, host: &str| serde_json::json!({"name": name, "properties": {"loginServer": host}});
    let page = if seen.path.contains("page=2") {
        serde_json::json!({"value": [registry("contosoProd", "contosoprod-a1b2.azurecr.io")]})
    } else {
        let next =
            format!("https://{ARM}/subscriptions/sub-1/providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01&page=2");
        serde_json::json!({"value": [registry("contoso", REGISTRY)], "nextLink": next})
    };
    Answer::json(200, page.to_string())
}

#[tokio::test]
async fn the_login_server_is_what_azure_says() {
    let world = world(registries).await;
    let found = find(&world.client(), &Entra, &cloud(), Some("sub-1"), "contosoprod").await.unwrap();
    assert_eq!(found, LoginServer { host: "contosoprod-a1b2.azurecr.io".to_owned(), confirmed: true, seen: Vec::new() });
}

#[tokio::test]
async fn a_registry_that_is_not_seen_is_its_name_with_the_domain() {
    let world = world(registries).await;
    let found = find(&world.client(), &Entra, &cloud(), Some("sub-1"), "Contosso").await.unwrap();
    assert_eq!((found.host.as_str(), found.confirmed, found.nearest("Contosso")), ("contosso.azurecr.io", false, Some("contoso")));
}

#[tokio::test]
async fn not_to_be_allowed_to_list_is_no_error() {
    let world = world(|_| Answer::json(403, r#"{"error":{"code":"AuthorizationFailed","message":"no"}}"#)).await;
    let found = find(&world.client(), &Entra, &cloud(), Some("sub-1"), "contoso").await.unwrap();
    assert_eq!((found.host.as_str(), found.confirmed), (REGISTRY, false));
}

fn tokens(world: &World, sink: &Sink) -> RefreshTokens {
    RefreshTokens::new(world.client(), Arc::new(Entra), REGISTRY, "tenant-1", Clock::System, Arc::new(sink.clone()))
}

#[tokio::test]
async fn an_entra_token_becomes_a_refresh_token_that_is_kept_and_masked() {
    let expires = Clock::System.now().unix_timestamp() + 3 * 60 * 60;
    let jwt = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{expires}}}")));
    let body = serde_json::json!({ "refresh_token": jwt }).to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let world = world(move |seen| {
        count.fetch_add(1, Ordering::SeqCst);
        assert_eq!((seen.host.as_str(), seen.path.as_str()), (REGISTRY, "/oauth2/exchange"));
        let scope = "entra-for-https%3A%2F%2Fcontainerregistry.azure.net%2F.default";
        let form = format!("grant_type=access_token&service={REGISTRY}&tenant=tenant-1&access_token={scope}");
        assert_eq!(seen.body, form);
        Answer::json(200, body.clone())
    })
    .await;
    let sink = Sink::default();
    let source = tokens(&world, &sink);
    for _ in 0..2 {
        let token = source.token("anything").await.unwrap();
        assert_eq!((token.token.expose(), token.expires_at.unix_timestamp()), (jwt.as_str(), expires));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(sink.registered().contains(&jwt));
    assert_eq!(SCOPE, "https://containerregistry.azure.net/.default");
}

#[tokio::test]
async fn a_refused_exchange_says_what_the_registry_said() {
    let world = world(|_| Answer::json(401, r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#)).await;
    let error = tokens(&world, &Sink::default()).refresh_token().await.unwrap_err();
    assert!(matches!(error.kind, AcrErrorKind::Refused), "{error:?}");
    assert_eq!(
        error.to_string(),
        "The container registry `contoso.azurecr.io` does not accept the token of the service connection's principal: 401 UNAUTHORIZED: authentication required."
    );
    assert!(error.next_step.contains("az acr show --name contoso"), "{}", error.next_step);
}

#[tokio::test]
async fn a_registry_that_is_out_of_order_is_no_refusal_of_the_token() {
    let world = world(|_| Answer::json(503, r#"{"errors":[{"code":"UNAVAILABLE","message":"try again"}]}"#)).await;
    let error = tokens(&world, &Sink::default()).refresh_token().await.unwrap_err();
    assert!(matches!(error.kind, AcrErrorKind::Answer), "{error:?}");
    assert_eq!(error.to_string(), "The container registry `contoso.azurecr.io` gave no token: 503 UNAVAILABLE: try again.");
    assert!(!error.next_step.contains("role"), "{}", error.next_step);
}
