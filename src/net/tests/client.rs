//! The client against a real TLS server and a real CONNECT proxy on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use slipway_net::{Client, ClientCertificate, ClientError, FailureKind, Request, SendError, Settings};
use support::{Answer, ProxyRules, World, quick, secret};
use tokio::net::TcpListener;
use url::Url;

const HOST: &str = "v.vault.azure.net";

fn get(url: &str) -> Request {
    Request::get(Url::parse(url).unwrap())
}

async fn fails(client: &Client, url: &str) -> SendError {
    client.with_policy_quick().send(&get(url)).await.unwrap_err()
}

trait Quick {
    fn with_policy_quick(&self) -> Client;
}

impl Quick for Client {
    fn with_policy_quick(&self) -> Client {
        self.clone().with_policy(quick())
    }
}

#[tokio::test]
async fn a_host_is_reached_through_the_proxy_with_the_agents_authority() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    let response = world.client().send(&get("https://v.vault.azure.net/secrets?api-version=7.4")).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"{}"[..]));
    assert_eq!(world.connects(), ["v.vault.azure.net:443"]);
    assert_eq!(world.lines(), ["GET v.vault.azure.net/secrets?api-version=7.4"]);
    assert_eq!(world.seen()[0].header("user-agent"), "slipway-test");
}

#[tokio::test]
async fn loopback_and_bypassed_urls_go_directly() {
    let world = World::start(&["bypassed.example"], |_| Answer::json(200, "{}")).await;
    let client = world.client();
    client.send(&get(&format!("https://localhost:{}/near", world.direct.port()))).await.unwrap();
    assert_eq!(world.connects(), [""; 0]);

    let mut settings = world.settings();
    settings.proxy.as_mut().unwrap().bypass = vec![regex_lite::Regex::new(r"BYPASSED\.example/direct").unwrap()];
    let client = Client::new(&settings).unwrap().with_policy(quick());
    client.send(&get("https://bypassed.example/proxied")).await.unwrap();
    assert_eq!(world.connects(), ["bypassed.example:443"]);
    // The name is not in any DNS, so that the direct way shows as a failure to look it up.
    let error = client.send(&get("https://bypassed.example/direct")).await.unwrap_err();
    assert!(matches!(error.kind, FailureKind::NameNotFound | FailureKind::NameLookup), "{error:?}");
    assert_eq!(error.proxy, None);
    assert_eq!(world.connects().len(), 1);
}

#[tokio::test]
async fn an_unknown_authority_is_named_and_not_retried() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    let settings = Settings { ca_file: None, ..world.settings() };
    let error = fails(&Client::new(&settings).unwrap(), "https://v.vault.azure.net/").await;
    assert_eq!((error.kind, error.attempts), (FailureKind::UnknownIssuer, 1), "{error}");
    assert!(error.to_string().starts_with("The certificate of `v.vault.azure.net` through the proxy `127.0.0.1:"), "{error}");
    assert!(error.next_step().contains("Agent.CAInfo"));

    let settings = Settings { accept_any_certificate: true, ..settings };
    assert_eq!(Client::new(&settings).unwrap().send(&get("https://v.vault.azure.net/")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    let error = fails(&world.client(), "https://other.vault.azure.net/").await;
    assert_eq!(error.kind, FailureKind::Certificate, "{error}");
}

#[tokio::test]
async fn the_client_certificate_is_presented() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    world.client().send(&get("https://v.vault.azure.net/without")).await.unwrap();
    let certificate = ClientCertificate {
        certificate_file: world.client_pem.path().to_owned(),
        key_file: world.client_pem.path().to_owned(),
        key_password: None,
    };
    let settings = Settings { client_certificate: Some(certificate), ..world.settings() };
    Client::new(&settings).unwrap().send(&get("https://v.vault.azure.net/with")).await.unwrap();
    assert_eq!(world.seen().iter().map(|seen| seen.client_certificate).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn the_proxys_user_and_password_are_sent_and_their_absence_is_named() {
    let rules = ProxyRules { credentials: Some("agent:pass word".to_owned()), ..ProxyRules::default() };
    let world = World::start_with(&[HOST], rules, |_| Answer::json(200, "{}")).await;
    let error = fails(&world.client(), "https://v.vault.azure.net/").await;
    assert_eq!((error.kind, error.attempts), (FailureKind::ProxyAuthentication, 1), "{error}");
    assert!(error.to_string().contains("(407)"), "{error}");

    let mut settings = world.settings();
    let proxy = settings.proxy.as_mut().unwrap();
    proxy.username = "agent".to_owned();
    proxy.password = Some(secret("pass word"));
    assert_eq!(Client::new(&settings).unwrap().send(&get("https://v.vault.azure.net/")).await.unwrap().status, 200);
    assert!(!format!("{settings:?}").contains("pass word"));
}

#[tokio::test]
async fn a_proxy_that_speaks_tls_is_as_definitive() {
    let rules = ProxyRules { http1_only: true, ..ProxyRules::default() };
    for (status, kind) in [(407, FailureKind::ProxyAuthentication), (403, FailureKind::ProxyRefused(403))] {
        // The server that is reached directly stands for the proxy: it answers CONNECT with this status.
        let world = World::start_with(&[HOST], rules.clone(), move |_| Answer::json(status, "{}")).await;
        let mut settings = world.settings();
        settings.proxy.as_mut().unwrap().url = Url::parse(&format!("https://localhost:{}", world.direct.port())).unwrap();
        let error = fails(&Client::new(&settings).unwrap(), "https://v.vault.azure.net/").await;
        assert_eq!((error.kind, error.attempts), (kind, 1), "{error}");
        assert_eq!(world.seen()[0].method, "CONNECT");
    }
}

#[tokio::test]
async fn the_proxys_own_words_reach_the_message() {
    let rules = ProxyRules {
        refused: Some((
            "unknown.example".to_owned(),
            "502 Bad Gateway".to_owned(),
            "<html><body>Nothing stands in for unknown.example</body></html>".to_owned(),
        )),
        ..ProxyRules::default()
    };
    let world = World::start_with(&[HOST], rules, |_| Answer::json(200, "{}")).await;
    let error = fails(&world.client(), "https://unknown.example/").await;
    assert_eq!((error.kind, error.attempts), (FailureKind::ProxyRefused(502), 1));
    assert!(
        error.to_string().ends_with("did not connect to `unknown.example`: it answered 502 (Nothing stands in for unknown.example)."),
        "{error}"
    );
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    // A port that was free a moment ago and that nobody listens on.
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let mut settings = world.settings();
    settings.proxy.as_mut().unwrap().url = Url::parse(&format!("http://{free}")).unwrap();
    let error = fails(&Client::new(&settings).unwrap(), "https://v.vault.azure.net/").await;
    assert_eq!((error.kind, error.attempts), (FailureKind::Refused, 3));
    assert!(error.to_string().contains(&format!("No connection to the proxy `{free}` (on the way to `v.vault.azure.net`)")), "{error}");
}

#[tokio::test]
async fn throttling_is_waited_out_and_told() {
    for http1_only in [true, false] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let rules = ProxyRules { http1_only, ..ProxyRules::default() };
        let world = World::start_with(&[HOST], rules, move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::json(429, "{}").with("retry-after-ms", "5"),
            1 => Answer::json(503, "{}"),
            2 => Answer::Reset,
            3 => Answer::Torn,
            _ => Answer::json(200, "{}"),
        })
        .await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = told.clone();
        let client = world.client().with_observer(Arc::new(move |event| log.lock().unwrap().push(event.to_string())));
        assert_eq!(client.send(&get("https://v.vault.azure.net/")).await.unwrap().status, 200);
        assert_eq!(calls.load(Ordering::SeqCst), 5);
        assert!(world.seen().iter().all(|seen| seen.http2 != http1_only));
        let told = told.lock().unwrap();
        assert!(told[0].starts_with("Throttled by `v.vault.azure.net`; waiting "), "{told:?}");
        assert!(told[1].starts_with("`v.vault.azure.net` answered 503; waiting "), "{told:?}");
        assert!(told[2].contains("ended before the response was complete"), "{told:?}");
        assert!(told[3].contains("ended before the response was complete"), "{told:?}");
        assert_eq!(told.len(), 4);
    }
}

#[tokio::test]
async fn a_request_that_must_not_be_sent_twice_is_not() {
    for http1_only in [true, false] {
        let rules = ProxyRules { http1_only, ..ProxyRules::default() };
        let world = World::start_with(&[HOST], rules, |_| Answer::Reset).await;
        let url = Url::parse("https://v.vault.azure.net/").unwrap();
        let error = world.client().send(&Request::post(url.clone())).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (FailureKind::Interrupted, 1), "{error}");
        let error = world.client().send(&Request::post(url).replayable()).await.unwrap_err();
        assert_eq!(error.attempts, 8);
        assert_eq!(world.seen().len(), 9);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::start(&[HOST], |_| Answer::json(302, "").with("location", "https://elsewhere.example/")).await;
    assert_eq!(world.client().send(&get("https://v.vault.azure.net/")).await.unwrap().status, 302);
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_with_the_file() {
    let world = World::start(&[HOST], |_| Answer::json(200, "{}")).await;
    let empty = tempfile::NamedTempFile::new().unwrap();
    let message = |settings: Settings| match Client::new(&settings) {
        Err(error @ ClientError::Tls(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let missing = message(Settings { ca_file: Some("/nowhere/ca.pem".into()), ..world.settings() });
    assert!(
        missing
            .starts_with("The file of certificate authorities (Agent.CAInfo, else `NODE_EXTRA_CA_CERTS`) `/nowhere/ca.pem` cannot be read"),
        "{missing}"
    );
    let without = message(Settings { ca_file: Some(empty.path().to_owned()), ..world.settings() });
    assert!(without.contains("holds no `-----BEGIN CERTIFICATE-----`"), "{without}");
    std::fs::write(empty.path(), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n").unwrap();
    let certificate = ClientCertificate {
        certificate_file: world.client_pem.path().to_owned(),
        key_file: empty.path().to_owned(),
        key_password: Some(secret("x")),
    };
    let encrypted = message(Settings { client_certificate: Some(certificate), ..world.settings() });
    assert!(encrypted.contains("is encrypted, which Slipway does not read"), "{encrypted}");
}
