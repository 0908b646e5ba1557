//! Reading a scripted key vault, with sign-in, challenge, proxy and TLS as in earnest.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../../net/tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slipway_azure::identity::{Credential, Identity, IdentityErrorKind};
use slipway_azure::keyvault::{Listing, SecretReference, Vault, VaultAddress, VaultErrorKind};
use slipway_azure::{Cloud, CloudData};
use slipway_net::Clock;
use support::{Answer, ProxyRules, Seen, Sink, World, secret};

const LOGIN: &str = "login.microsoftonline.com";
const HOST: &str = "shop-kv.vault.azure.net";
const V1: &str = "11111111111111111111111111111111";

fn sign_in() -> Answer {
    Answer::json(200, r#"{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"the-token"}"#)
}

fn challenge() -> Answer {
    Answer::json(401, r#"{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}"#).with(
        "www-authenticate",
        r#"Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://vault.azure.net""#,
    )
}

fn refusal(status: u16, code: &str, inner: &str, message: &str) -> Answer {
    let body = serde_json::json!({"error": {"code": code, "message": message, "innererror": {"code": inner}}});
    Answer::json(status, body.to_string()).with("x-ms-request-id", "request-7")
}

/// A handler in front of which sign-in and challenge work.
fn vault(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| {
        if seen.host == LOGIN {
            return sign_in();
        }
        match seen.header("authorization") {
            "Bearer the-token" => handler(seen),
            "" => challenge(),
            _ => Answer::json(401, r#"{"error":{"code":"Unauthorized","message":"another token"}}"#),
        }
    }
}

/// `/secrets/NAME/VERSION?...` as its parts.
fn parts(seen: &Seen) -> Vec<String> {
    seen.path.split('?').next().unwrap().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn value(name: &str, text: &str) -> Answer {
    let body = serde_json::json!({"value": text, "id": format!("https://{HOST}/secrets/{name}/{V1}"), "attributes": {"enabled": true, "exp": 4_102_444_800_i64, "created": 1, "updated": 1}});
    Answer::json(200, body.to_string())
}

fn missing(name: &str) -> Answer {
    Answer::json(
        404,
        format!(r#"{{"error":{{"code":"SecretNotFound","message":"A secret with (name/id) {name} was not found in this key vault."}}}}"#),
    )
}

fn listed(names: &[&str]) -> Answer {
    let items: Vec<_> = names
        .iter()
        .map(|name| serde_json::json!({"id": format!("https://{HOST}/secrets/{name}"), "attributes": {"enabled": *name != "off"}}))
        .collect();
    Answer::json(200, serde_json::json!({"value": items}).to_string())
}

fn open(world: &World, sink: &Sink) -> Vault {
    let cloud = Cloud::resolve("AzureCloud", CloudData::default()).unwrap();
    let identity =
        Identity::ServicePrincipalSecret { tenant_id: "tenant-1".to_owned(), client_id: "client-1".to_owned(), secret: secret("s") };
    let sink = Arc::new(sink.clone());
    let client = world.client();
    let credential = Credential::new(identity, &cloud, &client, Clock::System, sink.clone()).unwrap();
    let address = VaultAddress::parse("shop-kv", &cloud).unwrap();
    Vault::new(address, &cloud, credential, &client, sink).unwrap()
}

fn wanted(texts: &[&str]) -> Vec<SecretReference> {
    texts.iter().map(|text| SecretReference::parse(text).unwrap()).collect()
}

#[tokio::test]
async fn secrets_are_read_in_order_after_one_challenge_and_one_sign_in() {
    let world = World::start(&[LOGIN, HOST], vault(|seen| value(&parts(seen)[1], &format!("value of {}", parts(seen)[1])))).await;
    let sink = Sink::default();
    let names: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
    let wanted = wanted(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let results = open(&world, &sink).fetch(&wanted).await.unwrap();
    let values: Vec<_> = results.iter().map(|result| result.as_ref().unwrap().value.expose().to_owned()).collect();
    assert_eq!(values, names.iter().map(|name| format!("value of {name}")).collect::<Vec<_>>());
    assert_eq!(results[0].as_ref().unwrap().version, V1);
    assert_eq!(results[0].as_ref().unwrap().expires.unwrap().unix_timestamp(), 4_102_444_800);
    let lines = world.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST")).count(), 1, "{lines:?}");
    assert_eq!(lines.len(), 1 + 41);
    assert_eq!(world.seen().iter().filter(|seen| seen.host == HOST && seen.header("authorization").is_empty()).count(), 1);
    assert!(values.iter().all(|value| sink.registered().contains(value)));
}

#[tokio::test]
async fn a_pinned_version_is_the_one_asked_for() {
    let world = World::start(&[LOGIN, HOST], vault(|seen| value("db", &parts(seen)[2]))).await;
    let results = open(&world, &Sink::default()).fetch(&wanted(&[&format!("db@{V1}")])).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().value.expose(), V1);
}

#[tokio::test]
async fn every_problem_of_every_secret_is_told_at_once() {
    let world = World::start(
        &[LOGIN, HOST],
        vault(|seen| match parts(seen).iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["secrets", "good"] => value("good", "v"),
            ["secrets", "off"] => refusal(403, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret."),
            ["secrets", name @ ("db-pasword" | "gone" | "other")] => missing(name),
            ["secrets", "db-password", _] => missing("db-password"),
            ["secrets"] => listed(&["good", "db-password", "off"]),
            ["deletedsecrets", "gone"] => Answer::json(
                200,
                format!(r#"{{"recoveryId":"r","deletedDate":1767225600,"scheduledPurgeDate":1775001600,"id":"https://{HOST}/secrets/gone/{V1}","attributes":{{}}}}"#),
            ),
            ["deletedsecrets", name] => missing(name),
            ref other => panic!("{other:?}"),
        }),
    )
    .await;
    let pinned = format!("db-password@{V1}");
    let results = open(&world, &Sink::default()).fetch(&wanted(&["good", "off", "db-pasword", "gone", "other", &pinned])).await.unwrap();
    assert!(results[0].is_ok());
    let told: Vec<_> = results[1..]
        .iter()
        .map(|result| result.as_ref().unwrap_err())
        .map(|error| (format!("{:?}", error.kind), error.to_string(), error.next_step.clone()))
        .collect();
    assert_eq!(told[0].0, "SecretDisabled");
    assert_eq!(told[0].1, "The latest version of the secret `off` in the vault `shop-kv` is disabled. (request id `request-7`)");
    assert_eq!(told[1].1, "The vault `shop-kv` has no secret `db-pasword`.");
    assert!(told[1].2.starts_with("Was `db-password` meant?"), "{}", told[1].2);
    assert_eq!(told[2].0, "SecretDeleted");
    assert_eq!(told[2].1, "The secret `gone` of the vault `shop-kv` was deleted on 2026-01-01 and will be purged on 2026-04-01.");
    assert!(told[2].2.contains("az keyvault secret recover --vault-name shop-kv --name gone"));
    assert_eq!((told[3].0.as_str(), told[3].1.as_str()), ("SecretNotFound", "The vault `shop-kv` has no secret `other`."));
    assert!(told[4].1.contains(&format!("no version `{V1}` of a secret `db-password`")), "{}", told[4].1);
    assert!(told[4].2.contains("list-versions"), "{}", told[4].2);
}

#[tokio::test]
async fn a_firewall_concerns_the_whole_vault_and_is_met_once() {
    let message = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 20.1.2.3\r\nCaller: appid=a;oid=o;iss=i\r\nVault: shop-kv";
    let world = World::start(&[LOGIN, HOST], vault(move |_| refusal(403, "Forbidden", "ForbiddenByFirewall", message))).await;
    let errors = open(&world, &Sink::default()).fetch(&wanted(&["a", "b", "c"])).await.unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("`20.1.2.3`"), "{}", errors[0]);
    assert_eq!(world.seen().iter().filter(|seen| seen.host == HOST).count(), 2);
}

#[tokio::test]
async fn a_missing_role_is_told_for_each_secret() {
    let world = World::start(
        &[LOGIN, HOST],
        vault(|_| refusal(403, "Forbidden", "ForbiddenByRbac", "Caller: appid=a;oid=o;iss=i\r\nDecisionReason: 'x'")),
    )
    .await;
    let results = open(&world, &Sink::default()).fetch(&wanted(&["a", "b"])).await.unwrap();
    assert!(results.iter().all(|result| matches!(result.as_ref().unwrap_err().kind, VaultErrorKind::ForbiddenByRbac)));
}

#[tokio::test]
async fn a_wrong_secret_and_a_vault_that_is_not_there_are_told_together() {
    let rules =
        ProxyRules { refused: Some((HOST.to_owned(), "502 Bad Gateway".to_owned(), "no such host".to_owned())), ..ProxyRules::default() };
    let world =
        World::start_with(&[LOGIN, HOST], rules, |_| Answer::json(401, r#"{"error":"invalid_client","error_codes":[7000215]}"#)).await;
    let errors = open(&world, &Sink::default()).fetch(&wanted(&["a"])).await.unwrap_err();
    assert!(matches!(&errors[0].kind, VaultErrorKind::Identity(error) if error.kind == IdentityErrorKind::WrongSecret), "{errors:?}");
    assert!(matches!(errors[1].kind, VaultErrorKind::Unreachable));
    assert!(errors[1].message.contains("The key vault `shop-kv` was not reached. The proxy `127.0.0.1:"), "{}", errors[1]);
    assert!(errors[1].message.contains("no such host"));
    assert_eq!(errors.len(), 2);
}

#[tokio::test]
async fn a_refused_sign_in_is_told_once() {
    let world = World::start(&[LOGIN, HOST], |seen| match seen.host.as_str() {
        LOGIN => Answer::json(401, r#"{"error":"invalid_client","error_codes":[7000222]}"#),
        _ => challenge(),
    })
    .await;
    let errors = open(&world, &Sink::default()).fetch(&wanted(&["a", "b"])).await.unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(world.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn throttling_is_waited_out_and_a_page_is_shown() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let world = World::start(
        &[LOGIN, HOST],
        vault(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::json(429, r#"{"error":{"code":"Throttled","message":"m"}}"#).with("retry-after-ms", "3"),
            1 => value("a", "v"),
            _ => Answer::html(403, "<h1>Blocked</h1>"),
        }),
    )
    .await;
    let vault = open(&world, &Sink::default());
    assert!(vault.fetch(&wanted(&["a"])).await.unwrap()[0].is_ok());
    let errors = vault.fetch(&wanted(&["a"])).await.unwrap_err();
    assert!(errors[0].message.contains("answered 403 with a web page instead of JSON: `Blocked`"), "{}", errors[0]);
}

#[tokio::test]
async fn a_vault_of_another_tenant_is_told_with_both() {
    let world = World::start(
        &[LOGIN, HOST],
        vault(|_| {
            Answer::json(
                401,
                r#"{"error":{"code":"Unauthorized","message":"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/aaaaaaaa-1111-2222-3333-444444444444/, found https://sts.windows.net/bbbbbbbb-1111-2222-3333-444444444444/."}}"#,
            )
            .with("www-authenticate", r#"Bearer authorization="https://login.microsoftonline.com/aaaaaaaa-1111-2222-3333-444444444444", resource="https://vault.azure.net""#)
        }),
    )
    .await;
    let errors = open(&world, &Sink::default()).fetch(&wanted(&["a"])).await.unwrap_err();
    assert!(matches!(errors[0].kind, VaultErrorKind::TenantMismatch), "{errors:?}");
}

#[tokio::test]
async fn a_challenge_for_another_resource_gets_no_token() {
    let world = World::start(&[LOGIN, HOST], |seen| match seen.host.as_str() {
        LOGIN => sign_in(),
        _ => Answer::json(401, "{}")
            .with("www-authenticate", r#"Bearer authorization="https://login.evil.example/t", resource="https://evil.example""#),
    })
    .await;
    let errors = open(&world, &Sink::default()).fetch(&wanted(&["a"])).await;
    assert!(format!("{errors:?}").contains("doesn't match the requested domain"), "{errors:?}");
    assert!(world.seen().iter().all(|seen| seen.header("authorization").is_empty()));
}

#[tokio::test]
async fn a_look_reads_no_value() {
    let world = World::start(
        &[LOGIN, HOST],
        vault(|seen| match parts(seen).iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["secrets"] if seen.path.contains("skiptoken") => listed(&["off"]),
            // An empty page in between, as Key Vault gives them, and a relative link.
            ["secrets"] if seen.path.contains("empty") => Answer::json(200, r#"{"value":[],"nextLink":"/secrets?$skiptoken=2"}"#),
            ["secrets"] => Answer::json(
                200,
                format!(r#"{{"value":[{{"id":"https://{HOST}/secrets/db","attributes":{{"enabled":true,"exp":7}}}}],"nextLink":"https://{HOST}/secrets?empty=1"}}"#),
            ),
            ["secrets", "db", "versions"] => Answer::json(200, format!(r#"{{"value":[{{"id":"https://{HOST}/secrets/db/{V1}","attributes":{{"enabled":true}}}}]}}"#)),
            ["deletedsecrets", name] => missing(name),
            ref other => panic!("{other:?}"),
        }),
    )
    .await;
    let (there, not_there) = (format!("db@{V1}"), format!("db@{}", V1.replace('1', "2")));
    let listing = open(&world, &Sink::default()).look(&wanted(&["db", &there, &not_there, "off", "none"])).await.unwrap();
    let Listing::Secrets(states) = listing else { panic!("{listing:?}") };
    assert_eq!(states[0].as_ref().unwrap().expires.unwrap().unix_timestamp(), 7);
    assert!(states[1].is_ok());
    let kinds: Vec<_> = states[2..].iter().map(|state| format!("{:?}", state.as_ref().unwrap_err().kind)).collect();
    assert_eq!(kinds, ["SecretNotFound", "SecretDisabled", "SecretNotFound"]);
}

#[tokio::test]
async fn a_list_that_is_not_permitted_is_not_a_failure_of_the_vault() {
    let world = World::start(&[LOGIN, HOST], vault(|_| refusal(403, "Forbidden", "ForbiddenByRbac", "DecisionReason: 'x'"))).await;
    let listing = open(&world, &Sink::default()).look(&wanted(&["db"])).await.unwrap();
    assert!(matches!(&listing, Listing::NotPermitted(error) if error.message.contains("list the secrets of the vault")), "{listing:?}");
}

#[tokio::test]
async fn a_look_that_fails_otherwise_is_not_called_a_missing_permission() {
    let world = World::start(&[LOGIN, HOST], vault(|_| refusal(400, "BadParameter", "", "no such api-version"))).await;
    let errors = open(&world, &Sink::default()).look(&wanted(&["db"])).await.unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(matches!(errors[0].kind, VaultErrorKind::Other) && errors[0].message.contains("400"), "{errors:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_not_repeated() {
    for body in [r#"{"value":271828182845}"#, r#"{"value":"planted","attributes":"planted"}"#, r#""planted""#] {
        let body = body.to_owned();
        let world = World::start(&[LOGIN, HOST], vault(move |_| Answer::json(200, body.clone()))).await;
        let errors = open(&world, &Sink::default()).fetch(&wanted(&["db"])).await.unwrap_err();
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert!(matches!(error.kind, VaultErrorKind::Answer), "{error:?}");
        assert!(error.message.contains("line 1 column "), "{error}");
        assert!(!error.message.contains("planted") && !error.message.contains("271828182845"), "{error}");
    }
}
