//! Bodies that are streamed, over the same way as every other request.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod support;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use http::{HeaderName, HeaderValue, Method};
use slipway_net::{FailureKind, Request, UploadBody};
use support::{Answer, ProxyRules, World};
use url::Url;

const HOST: &str = "shop.azurecr.io";

fn request(method: Method, path: &str) -> Request {
    Request::new(method, Url::parse(&format!("https://{HOST}{path}")).unwrap())
}

fn body(pieces: Vec<std::io::Result<&'static str>>) -> UploadBody {
    let length = pieces.iter().flatten().map(|piece| piece.len() as u64).sum();
    UploadBody { length, stream: stream::iter(pieces).map(|piece| piece.map(|piece| Bytes::from_static(piece.as_bytes()))).boxed() }
}

#[tokio::test]
async fn an_upload_has_its_length_and_goes_through_the_proxy() {
    let world = World::start(&[HOST], |_| Answer::json(202, "{\"a\":1}")).await;
    let request = request(Method::PATCH, "/upload").header(HeaderName::from_static("x-kept"), HeaderValue::from_static("yes"));
    let response = world.client().send_streaming(&request, Some(body(vec![Ok("one "), Ok("two")]))).await.unwrap();
    assert_eq!(response.status, 202);
    assert_eq!(response.read(100).await.unwrap().body, "{\"a\":1}");
    assert_eq!(world.connects(), ["shop.azurecr.io:443"]);
    let seen = &world.seen()[0];
    assert_eq!((seen.body.as_str(), seen.header("content-length"), seen.header("x-kept")), ("one two", "7", "yes"));
    assert_eq!(seen.header("transfer-encoding"), "");
    assert!(!seen.http2);
}

#[tokio::test]
async fn a_download_is_read_piece_by_piece_and_an_early_end_is_told() {
    let world = World::start(&[HOST], |seen| if seen.path == "/torn" { Answer::Torn } else { Answer::json(200, "whole") }).await;
    let client = world.client();
    let mut response = client.send_streaming(&request(Method::GET, "/whole"), None).await.unwrap();
    let mut got = Vec::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        got.extend_from_slice(&piece);
    }
    assert_eq!(got, b"whole");
    let mut response = client.send_streaming(&request(Method::GET, "/torn"), None).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "{");
    let error = response.chunk().await.unwrap_err();
    assert_eq!((error.kind, error.host.as_str()), (FailureKind::Interrupted, HOST));
    assert!(error.proxy.is_some());
}

#[tokio::test]
async fn an_answer_that_is_larger_than_expected_is_not_read_to_its_end() {
    let world = World::start(&[HOST], |_| Answer::json(200, "0123456789")).await;
    let client = world.client();
    let read = async |limit| client.send_streaming(&request(Method::GET, "/"), None).await.unwrap().read(limit).await;
    assert_eq!(read(9).await.unwrap_err().kind, FailureKind::TooLarge);
    assert_eq!(read(10).await.unwrap().body, "0123456789");
}

#[tokio::test]
async fn a_redirect_is_the_callers_and_a_failing_source_ends_the_request() {
    let world = World::start(&[HOST], |_| Answer::Reply {
        status: 307,
        headers: vec![("location".to_owned(), "https://elsewhere.example/".to_owned())],
        body: String::new(),
    })
    .await;
    let client = world.client();
    let response = client.send_streaming(&request(Method::GET, "/"), None).await.unwrap();
    assert_eq!((response.status.as_u16(), response.header("location")), (307, Some("https://elsewhere.example/")));
    let broken = UploadBody { length: 10, ..body(vec![Ok("one"), Err(std::io::Error::other("the source failed"))]) };
    client.send_streaming(&request(Method::PUT, "/"), Some(broken)).await.unwrap_err();
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let refused =
        ProxyRules { refused: Some((HOST.to_owned(), "403 Forbidden".to_owned(), "not on the list".to_owned())), ..ProxyRules::default() };
    let world = World::start_with(&[HOST], refused, |_| Answer::json(200, "{}")).await;
    let error = world.client().send_streaming(&request(Method::PUT, "/"), Some(body(vec![Ok("one")]))).await.unwrap_err();
    assert_eq!((error.kind, error.detail.as_str()), (FailureKind::ProxyRefused(403), "not on the list"));
}

/// The address of a blob on a storage host has its credential in the query.
#[tokio::test]
async fn no_failure_tells_the_query_of_an_address() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&told);
    let signed = request(Method::GET, "/blob?sig=planted");
    assert!(signed.url.as_str().contains("planted"));

    let world = World::start(&[HOST], |_| Answer::Torn).await;
    let client = world.client().with_observer(Arc::new(move |event| observed.lock().unwrap().push(format!("{event} {event:?}"))));
    let mut torn = client.send_streaming(&signed, None).await.unwrap();
    torn.chunk().await.unwrap();
    let refused = ProxyRules { refused: Some((HOST.to_owned(), "403 Forbidden".to_owned(), String::new())), ..ProxyRules::default() };
    let walled = World::start_with(&[HOST], refused, |_| Answer::json(200, "{}")).await;
    let errors = [
        torn.chunk().await.unwrap_err(),
        client.send(&signed).await.unwrap_err(),
        walled.client().send_streaming(&signed, None).await.unwrap_err(),
    ];
    let mut told = told.lock().unwrap().clone();
    // the attempts of `send`
    assert!(!told.is_empty());
    told.extend(errors.map(|error| format!("{error} {error:?} {}", error.next_step())));
    for text in told {
        assert!(text.contains(HOST) && !text.contains("planted"), "{text}");
    }
}
