//! A registry that misbehaves on order.

use reqwest::Method;
use slipway_standin::{Fault, FaultKind, Refusal};

use crate::registry::{Pusher, code, digest};

fn order(pusher: &Pusher, host: &str, method: &str, kind: FaultKind) {
    let fault = Fault { host: host.to_owned(), path: "/*".to_owned(), method: Some(method.to_owned()), kind, times: 1 };
    pusher.world.standin.faults().push(fault).unwrap();
}

#[tokio::test]
async fn an_upload_that_is_reset_goes_on_where_it_broke() {
    let pusher = Pusher::start().await;
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let location = pusher.begin("a").await;
    order(&pusher, "*.azurecr.io", "PATCH", FaultKind::ResetUpload { after_bytes: 100_000 });
    pusher.request(Method::PATCH, &location).body(content.clone()).send().await.unwrap_err();
    let asked = pusher.send(Method::GET, &location).await;
    assert_eq!((asked.status.as_u16(), asked.header("range")), (204, "0-99999"));
    let rest = pusher.patch(asked.header("location"), Some("100000-799999"), &content[100_000..]).await;
    assert_eq!(rest.status, 202, "{rest:?}");
    assert_eq!(pusher.finish(rest.header("location"), &digest(&content), b"").await.status, 201);
    let log = pusher.world.standin.requests().entries();
    let broken: Vec<_> =
        log.iter().filter(|request| request.status == 0).map(|request| (request.method.as_str(), request.faulty)).collect();
    assert_eq!(broken, [("PATCH", true)]);
    // A body that is shorter is broken off at its end.
    let location = pusher.begin("a").await;
    order(&pusher, "*.azurecr.io", "PATCH", FaultKind::ResetUpload { after_bytes: 100 });
    pusher.request(Method::PATCH, &location).body("short").send().await.unwrap_err();
    assert_eq!(pusher.send(Method::GET, &location).await.header("range"), "0-4");
}

#[tokio::test]
async fn a_token_can_expire_in_the_middle_of_an_upload() {
    let pusher = Pusher::start().await;
    let location = pusher.begin("a").await;
    order(&pusher, "*.azurecr.io", "PATCH", FaultKind::ExpireTokens);
    let refused = pusher.patch(&location, None, &vec![7; 3_000_000]).await;
    assert_eq!(code(&refused), (401, "UNAUTHORIZED".to_owned()));
    assert!(refused.header("www-authenticate").ends_with(r#"error="invalid_token""#), "{refused:?}");
    // The upload is as it was.
    let streamed = pusher.patch(&location, None, b"again").await;
    assert_eq!(pusher.finish(streamed.header("location"), &digest(b"again"), b"").await.status, 201);
}

#[tokio::test]
async fn limits_and_refusals_are_in_the_words_of_a_registry() {
    let pusher = Pusher::start().await;
    let location = pusher.begin("a").await;
    order(&pusher, "*.azurecr.io", "PATCH", FaultKind::Throttle { retry_after: 30 });
    let throttled = pusher.patch(&location, None, b"x").await;
    assert_eq!((code(&throttled), throttled.header("retry-after")), ((429, "TOOMANYREQUESTS".to_owned()), "30"));
    for refusal in [Refusal::Firewall, Refusal::Rbac, Refusal::Connection] {
        order(&pusher, "*.azurecr.io", "GET", FaultKind::Forbidden(refusal));
        assert_eq!(code(&pusher.manifest("a", "v1").await), (403, "DENIED".to_owned()));
    }
    for status in [413, 416] {
        order(&pusher, "*.azurecr.io", "PATCH", FaultKind::Status { code: status, body: "{}".to_owned() });
        assert_eq!(pusher.patch(&location, None, &vec![7; 3_000_000]).await.status, status);
    }
    let blob = pusher.blob("a", b"blob").await;
    let redirect = pusher.send(Method::GET, &format!("/v2/a/blobs/{blob}")).await;
    for (kind, status, text) in [
        (FaultKind::Throttle { retry_after: 2 }, 503, "ServerBusy"),
        (FaultKind::Forbidden(Refusal::Rbac), 403, "AuthenticationFailed"),
        (FaultKind::ExpireTokens, 403, "AuthenticationFailed"),
    ] {
        order(&pusher, "*.blob.core.windows.net", "GET", kind);
        let answer = pusher.world.send(pusher.world.client.get(redirect.header("location"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ms-error-code")), (status, text));
    }
}

#[tokio::test]
async fn content_can_be_changed_torn_or_lied_about() {
    let pusher = Pusher::start().await;
    let image = pusher.image("a", "v1", b"0123456789").await.to_string();
    order(&pusher, "*.azurecr.io", "GET", FaultKind::LyingDigest);
    let lie = pusher.manifest("a", "v1").await;
    assert_eq!(lie.text, image);
    assert_eq!(lie.header("docker-content-digest"), format!("sha256:{}", "0".repeat(64)));
    order(&pusher, "*.azurecr.io", "GET", FaultKind::Corrupt);
    let changed = pusher.manifest("a", "v1").await;
    assert_eq!(changed.text.len(), image.len());
    assert_ne!(changed.text, image);
    assert_eq!(changed.header("docker-content-digest"), digest(image.as_bytes()));

    let redirect = pusher.send(Method::GET, &format!("/v2/a/blobs/{}", digest(b"0123456789"))).await;
    let url = redirect.header("location");
    order(&pusher, "*.blob.core.windows.net", "GET", FaultKind::Corrupt);
    assert_eq!(pusher.world.send(pusher.world.client.get(url)).await.text, "0123446789");
    order(&pusher, "*.blob.core.windows.net", "GET", FaultKind::Reset { after_bytes: 4 });
    let mut response = pusher.world.client.get(url).send().await.unwrap();
    assert_eq!(response.content_length(), Some(10));
    assert_eq!(response.chunk().await.unwrap().unwrap(), "0123");
    response.chunk().await.unwrap_err();
    assert_eq!(pusher.world.send(pusher.world.client.get(url)).await.text, "0123456789");
}
