//! The service as a customer sees it, signing with the shop's own key.
//!
//! `RECEIPT_SIGNING_KEY` comes from the key vault, `RECEIPT_PUBLIC_KEY` from the pipeline's variables. Only the right
//! private key makes a receipt that the public key confirms.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use orders::receipt::Receipt;

struct Service {
    process: Child,
    address: String,
}

impl Service {
    fn start() -> Self {
        let key = setting("RECEIPT_SIGNING_KEY");
        let mut process = Command::new(env!("CARGO_BIN_EXE_orders"))
            .env("RECEIPT_SIGNING_KEY", key)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .trim()
            .rsplit(':')
            .next()
            .expect("the service names its port")
            .to_owned();
        Self {
            process,
            address: format!("127.0.0.1:{port}"),
        }
    }

    /// Status and body of the answer.
    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "POST {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole HTTP answer");
        (
            head.split(' ').nth(1).unwrap().parse().unwrap(),
            body.to_owned(),
        )
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: in the pipeline, the step maps it (azure-pipelines/ci.yml)")
    })
}

#[test]
fn a_receipt_is_confirmed_by_the_shops_public_key() {
    let service = Service::start();
    let (status, body) = service.post(
        "/orders",
        r#"{"customer":"Ada","lines":[{"article":"tea","pieces":2,"price":350}]}"#,
    );
    assert_eq!(status, 201, "{body}");
    let receipt: Receipt = serde_json::from_str(&body).unwrap();
    assert_eq!(receipt.total, 700);
    assert!(
        receipt.is_genuine(&setting("RECEIPT_PUBLIC_KEY")),
        "the shop's public key does not confirm this receipt: {receipt:?}"
    );
}

#[test]
fn an_empty_order_is_refused() {
    let service = Service::start();
    let (status, body) = service.post("/orders", r#"{"customer":"Ada","lines":[]}"#);
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("no lines"), "{body}");
}
