use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{ARM_SCOPE, Answer, VAULT_SCOPE, World, parameter};

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str, code: u64) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), body["error"].as_str().unwrap(), &body["error_codes"]), (status, error, &json!([code])), "{body}");
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    for part in [" Trace ID: ", " Correlation ID: ", " Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
    assert_eq!(body["error_uri"], format!("https://login.microsoftonline.com/error?code={code}"));
}

/// Signs as a client with a certificate does.
struct Signer {
    key: RsaKeyPair,
    certificate: CertificateDer<'static>,
}

impl Signer {
    fn of(world: &World, connection: &str) -> Self {
        let pem = parameter(&world.connection(connection), "servicePrincipalCertificate");
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
        Self {
            key: RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap(),
            certificate: CertificateDer::from_pem_slice(pem.as_bytes()).unwrap(),
        }
    }

    fn sign(&self, header: &Value, claims: &Value, padding: &'static dyn RsaEncoding) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// PS256 with the SHA-256 of the certificate, the documented form.
    fn assertion(&self, claims: &Value) -> String {
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(&self.certificate)) });
        self.sign(&header, claims, &RSA_PSS_SHA256)
    }
}

fn assertion_claims(world: &World, client: &str) -> Value {
    let now = world.standin.clock().now().unix_timestamp();
    let audience = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world.tenant());
    json!({ "aud": audience, "iss": client, "sub": client, "jti": "1", "nbf": now, "iat": now, "exp": now + 300 })
}

#[tokio::test]
async fn a_secret_gets_a_token_that_the_published_key_verifies() {
    let world = World::start().await;
    let answer = world.sign_in("by-secret", VAULT_SCOPE).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"], &body["ext_expires_in"]), (&json!("Bearer"), &json!(3599), &json!(3599)));
    let token = body["access_token"].as_str().unwrap();
    let claims = claims(token);
    let connection = world.connection("by-secret");
    assert_eq!(claims["aud"], "https://vault.azure.net");
    assert_eq!(claims["appid"], parameter(&connection, "serviceprincipalid"));
    assert_eq!(claims["tid"], world.tenant());
    assert_eq!(claims["appidacr"], "1");
    assert_ne!(claims["oid"], claims["appid"]);

    let discovery = world.get(&format!("https://sts.windows.net/{}/.well-known/openid-configuration", world.tenant()), "").await.json();
    assert_eq!(discovery["issuer"], claims["iss"]);
    let keys = world.get(discovery["jwks_uri"].as_str().unwrap(), "").await.json();
    let key = &keys["keys"][0];
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(key["kid"], header["kid"]);
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    RsaPublicKeyComponents { n: part("n"), e: part("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
}

#[tokio::test]
async fn discovery_leads_to_the_token_endpoint() {
    let world = World::start().await;
    let tenant = world.tenant();
    for name in [tenant.as_str(), "contoso.onmicrosoft.com"] {
        let configuration =
            world.get(&format!("https://login.microsoftonline.com/{name}/v2.0/.well-known/openid-configuration"), "").await.json();
        assert_eq!(configuration["token_endpoint"], format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"));
        assert_eq!(configuration["issuer"], format!("https://login.microsoftonline.com/{tenant}/v2.0"));
    }
    let endpoint = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize");
    let instance = format!("https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}");
    let instance = world.get(&instance, "").await.json();
    assert_eq!(
        instance["tenant_discovery_endpoint"],
        format!("https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration")
    );
}

#[tokio::test]
async fn secrets_that_are_wrong_or_expired_are_told_apart() {
    let world = World::start().await;
    assert_refused(&world.sign_in("by-wrong-secret", VAULT_SCOPE).await, 401, "invalid_client", 7000215);
    assert_refused(&world.sign_in("by-expired-secret", VAULT_SCOPE).await, 401, "invalid_client", 7000222);
    // One principal's secret is not another's.
    let (reader, writer) = (world.connection("by-secret"), world.connection("writer"));
    let (id, key) = (parameter(&writer, "serviceprincipalid"), parameter(&reader, "serviceprincipalkey"));
    let form = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*key), ("scope", VAULT_SCOPE)];
    assert_refused(&world.token_request(&world.tenant(), &form).await, 401, "invalid_client", 7000215);
}

#[tokio::test]
async fn what_the_request_lacks_is_told_in_the_order_of_entra() {
    let world = World::start().await;
    let tenant = world.tenant();
    let id = parameter(&world.connection("by-secret"), "serviceprincipalid");
    let grant = ("grant_type", "client_credentials");
    let client = ("client_id", id.as_str());
    let unknown = ("client_id", "00000000-0000-0000-0000-000000000001");
    let scope = ("scope", VAULT_SCOPE);
    for (form, status, error, code) in [
        (&[][..], 400, "invalid_request", 900144),
        (&[("grant_type", "password")][..], 400, "unsupported_grant_type", 70003),
        (&[grant][..], 400, "invalid_request", 900144),
        (&[grant, unknown, scope][..], 400, "unauthorized_client", 700016),
        (&[grant, client][..], 400, "invalid_request", 900144),
        (&[grant, client, ("scope", "https://vault.azure.net")][..], 400, "invalid_scope", 1002012),
        (&[grant, client, ("scope", "https://vault.azure.us/.default")][..], 400, "invalid_resource", 500011),
        (&[grant, client, scope][..], 401, "invalid_client", 7000218),
    ] {
        assert_refused(&world.token_request(&tenant, form).await, status, error, code);
    }
    let other = "11111111-1111-1111-1111-111111111111";
    assert_refused(&world.token_request(other, &[]).await, 400, "invalid_request", 90002);
    assert_refused(&world.token_request("fabrikam.onmicrosoft.com", &[]).await, 400, "invalid_request", 90002);
    assert_refused(&world.token_request("nonsense", &[]).await, 400, "invalid_request", 900023);
}

#[tokio::test]
async fn a_certificate_signs_in_in_both_forms() {
    let world = World::start().await;
    let signer = Signer::of(&world, "by-certificate");
    let id = parameter(&world.connection("by-certificate"), "serviceprincipalid");
    let claims_ = assertion_claims(&world, &id);
    let answer = world.sign_in_with("by-certificate", &signer.assertion(&claims_)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(claims(answer.json()["access_token"].as_str().unwrap())["appidacr"], "2");

    let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &signer.certificate);
    let header = json!({ "alg": "RS256", "typ": "JWT", "x5t": URL_SAFE_NO_PAD.encode(sha1) });
    let answer = world.sign_in_with("by-certificate", &signer.sign(&header, &claims_, &RSA_PKCS1_SHA256)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn an_assertion_of_a_certificate_that_is_wrong_is_told_how() {
    let world = World::start().await;
    let signer = Signer::of(&world, "by-certificate");
    let id = parameter(&world.connection("by-certificate"), "serviceprincipalid");
    let good = assertion_claims(&world, &id);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let now = world.standin.clock().now().unix_timestamp();
    for (claims, code) in [
        (with("aud", json!("https://login.microsoftonline.com/common/oauth2/v2.0/token")), 700023),
        (with("sub", json!("another")), 700021),
        (with("exp", json!(now - 301)), 700024),
        (with("nbf", json!(now + 600)), 700024),
    ] {
        assert_refused(&world.sign_in_with("by-certificate", &signer.assertion(&claims)).await, 401, "invalid_client", code);
    }
    // Clocks may differ by five minutes.
    assert_eq!(world.sign_in_with("by-certificate", &signer.assertion(&with("exp", json!(now - 200)))).await.status, 200);

    let stranger = Signer::of(&world, "by-wrong-certificate");
    let answer = world.sign_in_with("by-certificate", &stranger.assertion(&good)).await;
    assert_refused(&answer, 401, "invalid_client", 700027);
    let used = Sha256::digest(&stranger.certificate).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    assert!(answer.text.contains(&used), "{}", answer.text);

    // The right thumbprint with another key's signature.
    let mixed = Signer { key: stranger.key, certificate: signer.certificate };
    let answer = world.sign_in_with("by-certificate", &mixed.assertion(&good)).await;
    assert_refused(&answer, 401, "invalid_client", 700027);
    assert!(answer.text.contains("signature"), "{}", answer.text);

    assert_refused(&world.sign_in_with("by-certificate", "no.token").await, 400, "invalid_request", 50027);
}

#[tokio::test]
async fn a_federated_assertion_signs_in() {
    let world = World::start().await;
    world.register_job(&["federated"]);
    let assertion = world.oidc_token("federated").await;
    let answer = world.sign_in_with("federated", &assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let claims = claims(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(claims["appid"], parameter(&world.connection("federated"), "serviceprincipalid"));
}

#[tokio::test]
async fn a_federated_assertion_that_does_not_match_is_told_how() {
    let world = World::start().await;
    world.register_job(&["renamed", "federated"]);
    // The subject that Entra knows is that of the connection's old name.
    assert_refused(&world.sign_in_with("renamed", &world.oidc_token("renamed").await).await, 401, "invalid_client", 700213);

    // A signature that is not the issuer's, an audience and an issuer that are others'.
    let good = world.oidc_token("federated").await;
    let signer = Signer::of(&world, "by-certificate");
    let forge = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims(&good);
        change(&mut claims);
        signer.sign(&json!({ "alg": "RS256", "typ": "JWT" }), &claims, &RSA_PKCS1_SHA256)
    };
    let forged = forge(&|_| ());
    assert_refused(&world.sign_in_with("federated", &forged).await, 401, "invalid_client", 50013);
    let issuer = forge(&|claims| claims["iss"] = json!("https://token.actions.githubusercontent.com"));
    let answer = world.sign_in_with("federated", &issuer).await;
    assert_refused(&answer, 401, "invalid_client", 700211);
    assert!(answer.text.contains("'https://token.actions.githubusercontent.com'"));

    // A principal without federated credentials.
    assert_refused(&world.sign_in_with("writer", &good).await, 401, "invalid_client", 70025);

    // The token of ten minutes ago, and what differs in clocks.
    world.standin.clock().set_skew(600 + 301);
    assert_refused(&world.sign_in_with("federated", &good).await, 401, "invalid_client", 700024);
    world.standin.clock().set_skew(600 + 200);
    assert_eq!(world.sign_in_with("federated", &good).await.status, 200);
}

#[tokio::test]
async fn a_correlation_id_is_repeated() {
    let world = World::start().await;
    let request = world.client.post(format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world.tenant()));
    let answer = world.send(request.header("client-request-id", "c0ffee")).await;
    assert_eq!(answer.json()["correlation_id"], "c0ffee");
    assert_ne!(answer.header("x-ms-request-id"), "");
    assert_eq!(claims(&world.token("by-secret", ARM_SCOPE).await)["aud"], "https://management.azure.com");
}
