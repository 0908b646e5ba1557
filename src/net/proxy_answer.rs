use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::ProxySettings;
use crate::request::excerpt;

/// Longest answer that is read.
const LIMIT: usize = 8 * 1024;
/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest silence within its body.
const BODY_PATIENCE: Duration = Duration::from_millis(500);

/// Asks the proxy once more to connect to `target` (`host:port`), to learn its answer: status and text. The HTTP client
/// drops both, and they are what a person needs to see. `tls` is for a proxy that speaks TLS itself. `None` where the
/// answer is now another.
pub(crate) async fn ask(proxy: &ProxySettings, target: &str, tls: &ClientConfig) -> Option<(u16, String)> {
    let answer = tokio::time::timeout(2 * PATIENCE, reach(proxy, target, tls)).await.ok()?.ok()?;
    parse(&answer)
}

async fn reach(proxy: &ProxySettings, target: &str, tls: &ClientConfig) -> std::io::Result<Vec<u8>> {
    let host = proxy.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((host.as_str(), proxy.url.port_or_known_default().unwrap_or(80))).await?;
    if proxy.url.scheme() == "http" {
        return exchange(stream, proxy, target).await;
    }
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
    exchange(TlsConnector::from(Arc::new(tls)).connect(name, stream).await?, proxy, target).await
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, proxy: &ProxySettings, target: &str) -> std::io::Result<Vec<u8>> {
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(value) = basic_auth(proxy) {
        head.push_str(&format!("Proxy-Authorization: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while answer.len() < LIMIT && !is_complete(&answer) {
        // A body whose end is not announced, on a connection that stays open, is not waited for: the head says enough.
        let patience = if split(&answer).is_some() { BODY_PATIENCE } else { PATIENCE };
        match tokio::time::timeout(patience, stream.read_buf(&mut answer)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
        }
    }
    Ok(answer)
}

fn basic_auth(proxy: &ProxySettings) -> Option<String> {
    if proxy.username.is_empty() {
        return None;
    }
    let password = proxy.password.as_ref().map(slipway_secret::Secret::expose).unwrap_or_default();
    Some(format!("Basic {}", STANDARD.encode(format!("{}:{password}", proxy.username))))
}

fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]))
}

/// Whether the head is there with all the body that it announces. (A body of unknown length ends with the connection.)
fn is_complete(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else { return false };
    if status(head) == Some(200) {
        return true;
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

fn status(head: &str) -> Option<u16> {
    head.split_whitespace().nth(1)?.parse().ok()
}

fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let (head, body) = split(answer)?;
    let status = status(head).filter(|status| *status != 200)?;
    let text = excerpt(&String::from_utf8_lossy(body));
    let reason = head.lines().next().and_then(|line| line.splitn(3, ' ').nth(2)).unwrap_or_default();
    Some((status, if text.is_empty() { reason.to_owned() } else { text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_its_status_and_its_text_or_its_reason() {
        let page = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html><body><h1>Blocked</h1> by policy</body></html>";
        assert_eq!(parse(page), Some((403, "Blocked by policy".to_owned())));
        assert_eq!(parse(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), Some((502, "Bad Gateway".to_owned())));
        assert_eq!(parse(b"HTTP/1.1 200 Connection established\r\n\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 502 Bad"), None);
    }

    #[test]
    fn reading_stops_when_the_announced_body_is_there() {
        assert!(is_complete(b"HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\nab"));
        assert!(!is_complete(b"HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\na"));
        assert!(!is_complete(b"HTTP/1.1 502 Bad\r\n\r\na"));
        assert!(is_complete(b"HTTP/1.1 200 Connection established\r\n\r\n"));
    }
}
