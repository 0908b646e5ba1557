use std::error::Error as _;

use slipway_standin::{Control, Fault, FaultKind, Refusal};

use crate::support::{JOB_TOKEN, VAULT_SCOPE, World};

const URL: &str = "https://shop.vault.azure.net/secrets/password?api-version=7.4";

fn fault(host: &str, kind: FaultKind) -> Fault {
    Fault { host: host.to_owned(), path: "*".to_owned(), method: None, kind, times: 1 }
}

#[tokio::test]
async fn a_throttled_vault_says_when_to_come_back() {
    let world = World::start().await;
    let token = world.token("by-secret", VAULT_SCOPE).await;
    world.standin.faults().push(Fault { times: 2, ..fault("*.vault.azure.net", FaultKind::Throttle { retry_after: 7 }) }).unwrap();
    for _ in 0..2 {
        let answer = world.get(URL, &token).await;
        assert_eq!(answer.code(), (429, "Throttled".to_owned(), String::new()));
        assert_eq!(answer.header("retry-after"), "7");
    }
    assert_eq!(world.get(URL, &token).await.status, 200);
    let log = world.standin.requests().entries();
    let statuses: Vec<_> = log.iter().map(|request| (request.status, request.faulty)).collect();
    assert_eq!(statuses, [(200, false), (429, true), (429, true), (200, false)]);
}

#[tokio::test]
async fn each_refusal_can_be_ordered() {
    let world = World::start().await;
    let token = world.token("by-secret", VAULT_SCOPE).await;
    for (refusal, code) in [
        (Refusal::Rbac, "ForbiddenByRbac"),
        (Refusal::Policy, "ForbiddenByPolicy"),
        (Refusal::Firewall, "ForbiddenByFirewall"),
        (Refusal::Connection, "ForbiddenByConnection"),
    ] {
        world.standin.faults().push(fault("shop.vault.azure.net", FaultKind::Forbidden(refusal))).unwrap();
        let answer = world.get(URL, &token).await;
        assert_eq!(answer.code(), (403, "Forbidden".to_owned(), code.to_owned()));
        assert!(answer.message().contains("Caller: appid="), "{}", answer.message());
    }
    world.standin.faults().push(fault("login.microsoftonline.com", FaultKind::Forbidden(Refusal::Rbac))).unwrap();
    assert_eq!(world.sign_in("by-secret", VAULT_SCOPE).await.json()["error_codes"][0], 53003);
}

#[tokio::test]
async fn a_reset_ends_the_connection_before_or_within_the_answer() {
    let world = World::start().await;
    let token = world.token("by-secret", VAULT_SCOPE).await;
    for only_http1 in [false, true] {
        let client = if only_http1 {
            let authority = reqwest::Certificate::from_pem(&std::fs::read(&world.endpoint().ca_file).unwrap()).unwrap();
            let proxy = reqwest::Proxy::https(&world.endpoint().proxy_url).unwrap();
            // Retries of the client itself would hide the fault.
            reqwest::Client::builder().proxy(proxy).tls_certs_only([authority]).http1_only().build().unwrap()
        } else {
            world.client.clone()
        };
        let send = || client.get(URL).bearer_auth(&token).send();
        assert_eq!(send().await.unwrap().status(), 200);

        world.standin.faults().push(fault("shop.vault.azure.net", FaultKind::Reset { after_bytes: 0 })).unwrap();
        let error = send().await.unwrap_err();
        let mut causes = vec![error.to_string()];
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        assert!(
            causes.iter().any(|cause| cause.contains("reset") || cause.contains("closed") || cause.contains("broken pipe")),
            "{causes:?}"
        );

        world.standin.faults().push(fault("shop.vault.azure.net", FaultKind::Reset { after_bytes: 20 })).unwrap();
        let mut response = send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut received = 0;
        let broken = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => received += chunk.len(),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken, "the answer ended well");
        assert!(received <= 20, "{received}");
        assert_eq!(send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_delay_and_what_follows_it_happen_to_the_same_request() {
    let world = World::start().await;
    let faults = world.standin.faults();
    faults.push(fault("dev.azure.com", FaultKind::Delay { milliseconds: 40 })).unwrap();
    faults.push(fault("dev.azure.com", FaultKind::Status { code: 503, body: "{\"sorry\":true}".to_owned() })).unwrap();
    let before = std::time::Instant::now();
    let answer = world.get("https://dev.azure.com/contoso/_apis/projects", "").await;
    assert!(before.elapsed().as_millis() >= 40);
    assert_eq!((answer.status.as_u16(), &answer.json()["sorry"]), (503, &serde_json::json!(true)));
}

#[tokio::test]
async fn a_page_comes_instead_of_an_answer() {
    let world = World::start().await;
    world.standin.faults().push(fault("login.microsoftonline.com", FaultKind::Html { status: 502 })).unwrap();
    let answer = world.sign_in("by-secret", VAULT_SCOPE).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text.contains("<h1>502 Bad Gateway</h1>"));
}

#[tokio::test]
async fn tokens_and_assertions_expire_on_order() {
    let world = World::start().await;
    let token = world.token("by-secret", VAULT_SCOPE).await;
    world.standin.faults().push(fault("*.vault.azure.net", FaultKind::ExpireTokens)).unwrap();
    let expired = world.get(URL, &token).await;
    assert_eq!(expired.status, 401);
    assert!(expired.message().starts_with("[TokenExpired]"));
    assert_eq!(world.get(URL, &token).await.status, 200);

    world.register_job(&["federated"]);
    let good = world.oidc_token("federated").await;
    world.standin.faults().push(fault("login.microsoftonline.com", FaultKind::ExpiredAssertion)).unwrap();
    assert_eq!(world.sign_in_with("federated", &good).await.json()["error_codes"][0], 700024);
    assert_eq!(world.sign_in_with("federated", &good).await.status, 200);

    world.standin.faults().push(fault("dev.azure.com", FaultKind::ExpiredAssertion)).unwrap();
    let old = world.call(reqwest::Method::POST, &world.oidc_url("federated"), JOB_TOKEN, None).await.json()["oidcToken"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(world.sign_in_with("federated", &old).await.json()["error_codes"][0], 700024);
}

#[tokio::test]
async fn another_process_orders_faults_and_reads_the_log() {
    let world = World::start().await;
    let control = Control::new(world.endpoint()).unwrap();
    let ordered = Fault { path: "/secrets/*".to_owned(), ..fault("shop.vault.azure.net", FaultKind::Throttle { retry_after: 1 }) };
    control.order(&ordered).await.unwrap();
    assert_eq!(control.faults().await.unwrap(), std::slice::from_ref(&ordered));
    assert_eq!(world.get(URL, "").await.status, 429);
    let requests = control.requests().await.unwrap();
    assert_eq!((requests.len(), requests[0].path.as_str(), requests[0].status), (1, "/secrets/password", 429));

    control.order(&ordered).await.unwrap();
    control.clear_faults().await.unwrap();
    assert_eq!(world.get(URL, "").await.status, 401);
    let error = control.order(&Fault { times: 0, ..ordered }).await.unwrap_err().to_string();
    assert_eq!(error, "the local Azure refused: this fault cannot be ordered: `times` is 0, 1 or more is expected");
    control.set_clock_skew(-60).await.unwrap();
    assert_eq!(world.standin.clock().skew(), -60);

    let mut stranger = world.endpoint().clone();
    stranger.identity_header = "guessed".to_owned();
    let error = Control::new(&stranger).unwrap().requests().await.unwrap_err().to_string();
    assert!(error.contains("X-IDENTITY-HEADER"), "{error}");
}
