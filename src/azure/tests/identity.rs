//! Signing in against a scripted Entra ID, through the real client, proxy and TLS.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../../net/tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use slipway_azure::identity::{
    AssertionError, AssertionSource, Credential, Identity, IdentityError, IdentityErrorKind, ManagedIdentityEndpoint,
};
use slipway_azure::{Cloud, CloudData};
use slipway_net::{Clock, TokenSource as _};
use slipway_secret::Secret;
use support::{Answer, Seen, Sink, World, secret};
use url::Url;

const LOGIN: &str = "login.microsoftonline.com";
const SCOPE: &str = "https://vault.azure.net/.default";
const PEM: &str = include_str!("fixtures/service-principal.pem");

fn cloud() -> Cloud {
    Cloud::resolve("AzureCloud", CloudData::default()).unwrap()
}

fn token(value: &str, seconds: u32) -> Answer {
    Answer::json(200, format!(r#"{{"token_type":"Bearer","expires_in":{seconds},"ext_expires_in":{seconds},"access_token":"{value}"}}"#))
}

fn form(seen: &Seen) -> HashMap<String, String> {
    url::form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect()
}

fn refused(code: u32) -> Answer {
    // Real descriptions have line breaks, on which the SDK's own reading fails.
    let body = serde_json::json!({
        "error": "invalid_client",
        "error_description": format!("AADSTS{code}: Told in words.\r\nTrace ID: t\r\nCorrelation ID: c"),
        "error_codes": [code],
        "correlation_id": "c0ffee00",
    });
    Answer::json(401, body.to_string())
}

fn with_secret() -> Identity {
    Identity::ServicePrincipalSecret { tenant_id: "tenant-1".to_owned(), client_id: "client-1".to_owned(), secret: secret("p w&d") }
}

fn credential(world: &World, identity: Identity, sink: &Sink) -> Arc<Credential> {
    Credential::new(identity, &cloud(), &world.client(), Clock::System, Arc::new(sink.clone())).unwrap()
}

async fn error(world: &World, identity: Identity) -> IdentityError {
    credential(world, identity, &Sink::default()).sign_in(SCOPE).await.unwrap_err()
}

#[tokio::test]
async fn a_secret_is_exchanged_for_a_token_which_is_masked_and_kept() {
    let world = World::start(&[LOGIN], |_| token("the-token", 3600)).await;
    let sink = Sink::default();
    let credential = credential(&world, with_secret(), &sink);
    let (first, second) = tokio::join!(credential.sign_in(SCOPE), credential.sign_in(SCOPE));
    assert_eq!(first.unwrap().token.expose(), "the-token");
    assert_eq!(second.unwrap().token.expose(), "the-token");
    assert_eq!(sink.registered(), ["the-token"]);
    assert_eq!(world.lines(), ["POST login.microsoftonline.com/tenant-1/oauth2/v2.0/token"]);
    let form = form(&world.seen()[0]);
    for (name, value) in [("client_id", "client-1"), ("client_secret", "p w&d"), ("grant_type", "client_credentials"), ("scope", SCOPE)] {
        assert_eq!(form[name], value);
    }
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_that_its_public_key_verifies() {
    let world = World::start(&[LOGIN], |_| token("t", 3600)).await;
    let identity =
        Identity::ServicePrincipalCertificate { tenant_id: "tenant-1".to_owned(), client_id: "client-1".to_owned(), pem: secret(PEM) };
    credential(&world, identity, &Sink::default()).sign_in(SCOPE).await.unwrap();
    let form = form(&world.seen()[0]);
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert!(!form.contains_key("client_secret"));

    let parts: Vec<_> = form["client_assertion"].split('.').collect();
    let json = |part: &str| -> serde_json::Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let der = CertificateDer::from_pem_slice(PEM.as_bytes()).unwrap();
    let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(der.as_ref()));
    assert_eq!(json(parts[0]), serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}));
    let claims = json(parts[1]);
    assert_eq!(claims["aud"], "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("client-1"), Some("client-1")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 300);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);

    let key = ring::signature::RsaKeyPair::from_pkcs8(
        rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(PEM.as_bytes()).unwrap().secret_pkcs8_der(),
    )
    .unwrap();
    let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, ring::signature::KeyPair::public_key(&key).as_ref().to_vec());
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    public.verify(signed.as_bytes(), &signature).unwrap();
    assert!(public.verify(b"something else", &signature).is_err());
}

#[tokio::test]
async fn a_certificate_that_cannot_sign_is_refused_before_anything_is_sent() {
    let world = World::start(&[LOGIN], |_| token("t", 3600)).await;
    let (certificate, key) = PEM.split_at(PEM.find("-----BEGIN PRIVATE KEY").unwrap());
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    for (pem, problem) in [
        (certificate.to_owned(), "no `-----BEGIN PRIVATE KEY-----`"),
        (key.to_owned(), "no `-----BEGIN CERTIFICATE-----`"),
        (format!("{}{key}", other.cert.pem()), "belongs to none of its certificates"),
        (format!("{certificate}{}", other.signing_key.serialize_pem()), "not an RSA key"),
        (key.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"), "encrypted"),
    ] {
        let identity = Identity::ServicePrincipalCertificate { tenant_id: "t".to_owned(), client_id: "c".to_owned(), pem: secret(&pem) };
        let error = Credential::new(identity, &cloud(), &world.client(), Clock::System, Arc::new(Sink::default())).unwrap_err();
        assert!(error.message.contains(problem), "{problem}: {error}");
        assert!(!error.message.contains("-----BEGIN PRIVATE KEY-----\n"));
    }
    assert!(world.seen().is_empty());
}

struct Counted(AtomicUsize);

#[async_trait]
impl AssertionSource for Counted {
    async fn assertion(&self) -> Result<Secret, AssertionError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let claims = URL_SAFE_NO_PAD
            .encode(r#"{"iss":"https://vstoken.dev.azure.com/o","sub":"sc://org/project/connection","aud":"api://AzureADTokenExchange"}"#);
        Ok(secret(&format!("e30.{claims}.{number}")))
    }
}

fn federated() -> Identity {
    Identity::Federated {
        tenant_id: "tenant-1".to_owned(),
        client_id: "client-1".to_owned(),
        assertions: Arc::new(Counted(AtomicUsize::new(0))),
    }
}

#[tokio::test]
async fn a_federated_assertion_is_made_anew_for_each_refresh() {
    // A token with less than five minutes left is not kept.
    let world = World::start(&[LOGIN], |_| token("t", 200)).await;
    let credential = credential(&world, federated(), &Sink::default());
    credential.sign_in(SCOPE).await.unwrap();
    credential.token(SCOPE).await.unwrap();
    let sent: Vec<_> = world.seen().iter().map(|seen| form(seen)["client_assertion"].rsplit('.').next().unwrap().to_owned()).collect();
    assert_eq!(sent, ["0", "1"]);
}

#[tokio::test]
async fn a_missing_federated_credential_is_told_with_what_to_create() {
    let world = World::start(&[LOGIN], |_| refused(700_213)).await;
    let error = error(&world, federated()).await;
    assert_eq!(error.kind, IdentityErrorKind::NoFederatedCredential);
    assert!(error.message.contains("subject `sc://org/project/connection`, audience `api://AzureADTokenExchange`"), "{error}");
    assert!(error.next_step.contains("az ad app federated-credential create --id client-1"));
}

struct Broken;

#[async_trait]
impl AssertionSource for Broken {
    async fn assertion(&self) -> Result<Secret, AssertionError> {
        Err(AssertionError { message: "Azure DevOps gave no token.".to_owned(), next_step: "Do this.".to_owned() })
    }
}

#[tokio::test]
async fn a_source_without_assertion_is_named() {
    let world = World::start(&[LOGIN], |_| token("t", 3600)).await;
    let identity = Identity::Federated { tenant_id: "t".to_owned(), client_id: "c".to_owned(), assertions: Arc::new(Broken) };
    let error = error(&world, identity).await;
    assert_eq!(
        (error.kind, error.message.as_str(), error.next_step.as_str()),
        (IdentityErrorKind::Assertion, "Azure DevOps gave no token.", "Do this.")
    );
    assert!(world.seen().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_sent_once_and_explained() {
    let world = World::start(&[LOGIN], |_| refused(7_000_215)).await;
    let credential = credential(&world, with_secret(), &Sink::default());
    for _ in 0..2 {
        let error = credential.sign_in(SCOPE).await.unwrap_err();
        assert_eq!((error.kind, error.code), (IdentityErrorKind::WrongSecret, Some(7_000_215)));
        assert!(error.next_step.contains("not the secret's ID"));
        assert!(error.to_string().contains("c0ffee00"));
        assert!(!format!("{error:?} {error}").contains("p w"));
    }
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_shown_with_its_status() {
    let world = World::start(&[LOGIN], |_| Answer::html(403, "<html><title>Corp proxy</title><body>Sign in first</body></html>")).await;
    let error = error(&world, with_secret()).await;
    assert_eq!(error.kind, IdentityErrorKind::Answer);
    assert!(
        error.message.contains("`login.microsoftonline.com` answered 403 with a web page instead of JSON: `Corp proxy Sign in first`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_that_is_not_reached_is_named() {
    let world = World::start(&["other.example"], |_| token("t", 3600)).await;
    let error = error(&world, with_secret()).await;
    assert_eq!(error.kind, IdentityErrorKind::Transport);
    assert!(error.message.contains("The certificate of `login.microsoftonline.com`"), "{error}");
}

#[tokio::test]
async fn a_transient_answer_is_retried() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let world = World::start(&[LOGIN], move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::json(503, r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#),
        _ => token("t", 3600),
    })
    .await;
    credential(&world, with_secret(), &Sink::default()).sign_in(SCOPE).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

fn managed(world: &World, client_id: Option<&str>) -> Identity {
    let url = Url::parse(&format!("https://localhost:{}/msi/token", world.direct.port())).unwrap();
    Identity::ManagedIdentity {
        endpoint: ManagedIdentityEndpoint::Named { url, header: secret("header-value") },
        client_id: client_id.map(str::to_owned),
    }
}

#[tokio::test]
async fn the_managed_identity_endpoint_is_asked_directly() {
    for expiry in [r#""4102444800""#, "4102444800"] {
        let world = World::start(&[], move |_| {
            Answer::json(200, format!(r#"{{"access_token":"m","expires_on":{expiry},"resource":"r","token_type":"Bearer"}}"#))
        })
        .await;
        let token = credential(&world, managed(&world, Some("id-1")), &Sink::default()).sign_in(SCOPE).await.unwrap();
        assert_eq!((token.token.expose(), token.expires_at.unix_timestamp()), ("m", 4_102_444_800));
        let seen = &world.seen()[0];
        assert_eq!(seen.path, "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&client_id=id-1");
        assert_eq!((seen.header("metadata"), seen.header("x-identity-header")), ("true", "header-value"));
        assert!(world.connects().is_empty());
    }
}

#[tokio::test]
async fn what_the_managed_identity_endpoint_says_is_kept() {
    let world = World::start(&[], |_| Answer::json(400, r#"{"error":"invalid_request","error_description":"Identity not found"}"#)).await;
    let error = error(&world, managed(&world, None)).await;
    assert_eq!(error.kind, IdentityErrorKind::ManagedIdentity);
    assert_eq!(error.message, "The managed identity endpoint answered 400 for the system-assigned identity: Identity not found");
}

#[tokio::test]
async fn a_token_in_an_unexpected_form_is_not_repeated() {
    for body in [r#""planted-token""#, r#"{"access_token":["planted-token"]}"#, r#"{"access_token":271828182845,"expires_on":"1"}"#] {
        let body = body.to_owned();
        let world = World::start(&[LOGIN], move |_| Answer::json(200, body.clone())).await;
        let url = Url::parse(&format!("https://localhost:{}/msi", world.direct.port())).unwrap();
        let managed = Identity::ManagedIdentity { endpoint: ManagedIdentityEndpoint::Named { url, header: secret("h") }, client_id: None };
        for identity in [managed, with_secret()] {
            let error = error(&world, identity).await;
            assert!(!error.message.contains("planted") && !error.message.contains("271828182845"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_refusal_that_has_no_meaning_of_its_own_is_met_once_too() {
    let world = World::start(&[LOGIN], |_| refused(7_000_218)).await;
    let credential = credential(&world, with_secret(), &Sink::default());
    for _ in 0..2 {
        // The second asks after the first was answered, as a vault's challenge does.
        assert_eq!(credential.sign_in(SCOPE).await.unwrap_err().kind, IdentityErrorKind::Refused);
    }
    assert_eq!(world.seen().len(), 1);
}
