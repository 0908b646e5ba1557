use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use slipway_standin::{Options, StandIn};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{World, client, config};

/// Writes `request` to the proxy and reads its answer to the end.
async fn raw(world: &World, request: String) -> String {
    let address: SocketAddr = world.endpoint().proxy_url.strip_prefix("http://").unwrap().parse().unwrap();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_vault_that_does_not_exist_has_no_host() {
    let world = World::start().await;
    let answer = raw(&world, "CONNECT shopp.vault.azure.net:443 HTTP/1.1\r\nHost: shopp.vault.azure.net:443\r\n\r\n".to_owned()).await;
    assert!(answer.starts_with("HTTP/1.1 502 No such host\r\n"), "{answer}");
    assert!(answer.contains("no such host (NXDOMAIN): the local Azure has no key vault `shopp`"), "{answer}");
    assert!(answer.contains("`shop`, `policies`, `walled`"), "{answer}");
    // Clients cut what is longer, and the end is the next step.
    assert!(answer.split("\r\n\r\n").nth(1).unwrap().len() < 200, "{answer}");
    world.client.get("https://shopp.vault.azure.net/").send().await.unwrap_err();
    let log = world.standin.requests().entries();
    assert_eq!((log[0].method.as_str(), log[0].host.as_str(), log[0].status), ("CONNECT", "shopp.vault.azure.net", 502));
}

#[tokio::test]
async fn a_host_that_nobody_stands_in_for_is_named() {
    let world = World::start().await;
    for target in ["example.com:443", "management.azure.com:8443"] {
        let answer = raw(&world, format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 502 Not simulated by the local Azure\r\n"), "{answer}");
        assert!(answer.contains(target.trim_end_matches(":443")), "{answer}");
    }
    let plain = raw(&world, "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n".to_owned()).await;
    assert!(plain.starts_with("HTTP/1.1 502 "), "{plain}");
    assert!(plain.contains("`http://example.com`"), "{plain}");
    let own = raw(&world, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".to_owned()).await;
    assert!(own.starts_with("HTTP/1.1 404 "), "{own}");
}

#[tokio::test]
async fn what_az_can_do_without_is_answered_unless_strict() {
    let world = World::start().await;
    let answer = world.get("https://azcliprod.blob.core.windows.net/cli/vm/aliases.json", "").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("BlobNotFound"));

    let state = TempDir::new().unwrap();
    let options = Options { state: state.path().to_owned(), passthrough: false, strict: true };
    let strict = StandIn::start(config(), options, |_, _| Err("nobody is asked".to_owned())).await.unwrap();
    client(strict.endpoint()).get("https://azcliprod.blob.core.windows.net/").send().await.unwrap_err();
    let log = strict.requests().entries();
    assert_eq!((log[0].status, log[0].not_simulated), (502, true));
}

#[tokio::test]
async fn passthrough_lets_other_hosts_out_and_keeps_its_own() {
    let foreign = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = foreign.local_addr().unwrap();
    let server = tokio::spawn(async move {
        // One tunnel, which echoes, then one plain request.
        let (mut stream, _) = foreign.accept().await.unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        drop(stream);
        let (mut stream, _) = foreign.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut head).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nforeign").await.unwrap();
        String::from_utf8(head).unwrap()
    });
    let state = TempDir::new().unwrap();
    let options = Options { state: state.path().to_owned(), passthrough: true, strict: false };
    let standin = StandIn::start(config(), options, |_, _| Err("nobody is asked".to_owned())).await.unwrap();
    let proxy: SocketAddr = standin.endpoint().proxy_url.strip_prefix("http://").unwrap().parse().unwrap();

    let mut tunnel = tokio::net::TcpStream::connect(proxy).await.unwrap();
    tunnel.write_all(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        tunnel.read_buf(&mut answer).await.unwrap();
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    tunnel.write_all(b"ping").await.unwrap();
    let mut echo = [0; 4];
    tunnel.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"ping");

    let plain = reqwest::Client::builder().proxy(reqwest::Proxy::http(&standin.endpoint().proxy_url).unwrap()).build().unwrap();
    assert_eq!(plain.get(format!("http://{address}/path?q=1")).send().await.unwrap().text().await.unwrap(), "foreign");
    let head = server.await.unwrap();
    assert!(head.starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{head}");

    // A vault that does not exist still has no host: nothing of a test may reach the real Azure.
    client(standin.endpoint()).get("https://other.vault.azure.net/").send().await.unwrap_err();
}

#[tokio::test]
async fn a_request_for_another_host_than_the_tunnels_is_refused() {
    let world = World::start().await;
    let client = reqwest::Client::builder()
        .proxy(reqwest::Proxy::https(&world.endpoint().proxy_url).unwrap())
        .tls_certs_only([reqwest::Certificate::from_pem(&std::fs::read(&world.endpoint().ca_file).unwrap()).unwrap()])
        .http1_only()
        .build()
        .unwrap();
    let request = client.get("https://shop.vault.azure.net/secrets?api-version=7.4");
    assert_eq!(request.try_clone().unwrap().send().await.unwrap().status(), 401);
    assert_eq!(request.header("host", "policies.vault.azure.net").send().await.unwrap().status(), 421);
}
