//! `slipway azure up` beside the runs of a test, with faults that are ordered of it and its log of requests.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::thread::JoinHandle;

use serde_json::Value;
use slipway_tests::{Finished, World};

/// The local Azure of a world; it ends with the value.
pub(crate) struct LocalAzure<'a> {
    world: &'a World,
    child: Child,
    output: Option<JoinHandle<()>>,
}

impl<'a> LocalAzure<'a> {
    /// Starts it and waits until it serves.
    pub(crate) fn up(world: &'a World) -> Self {
        let mut child = World::start(world.command(&["azure", "up"]));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut said = String::new();
        // It is the last line of what it prints when all else is done.
        while !said.contains("Ctrl-C ends it.") {
            assert_ne!(lines.read_line(&mut said).expect("readable output"), 0, "the local Azure has ended: {said}");
        }
        let output = std::thread::spawn(move || {
            let _ = lines.read_to_string(&mut said);
        });
        Self { world, child, output: Some(output) }
    }

    /// The environment of a foreign client.
    pub(crate) fn network(&self) -> [(&'static str, String); 2] {
        let endpoint = self.endpoint();
        let text = |name: &str| endpoint[name].as_str().unwrap_or_else(|| panic!("{name}: {endpoint}")).to_owned();
        [("HTTPS_PROXY", text("proxyUrl")), ("SSL_CERT_FILE", text("caBundleFile"))]
    }

    /// `slipway azure fault` with these arguments.
    pub(crate) fn fault(&self, arguments: &[&str]) {
        let command = self.world.command(&[&["azure", "fault"], arguments].concat());
        let finished = Finished::of(World::start(command));
        assert_eq!(finished.status, 0, "{}", finished.text(self.world));
    }

    /// The faults that have not happened.
    pub(crate) fn pending(&self) -> Value {
        self.asked("faults")
    }

    /// The requests to a host so far, as `METHOD status`.
    pub(crate) fn requests(&self, host: &str) -> Vec<String> {
        let log = self.asked("requests");
        let of_host = log.as_array().expect("a list").iter().filter(|request| request["host"] == host);
        of_host.map(|request| format!("{} {}", request["method"].as_str().unwrap_or("?"), request["status"])).collect()
    }

    /// The process id, which stands in what a run prints.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn endpoint(&self) -> Value {
        let file = self.world.state().join("azure/endpoint.json");
        serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).expect("valid JSON")
    }

    fn asked(&self, what: &str) -> Value {
        let endpoint = self.endpoint();
        let address = endpoint["proxyUrl"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address").trim_end_matches('/');
        let identity = endpoint["identityHeader"].as_str().expect("a text");
        let mut stream = TcpStream::connect(address).expect("a connection");
        write!(stream, "GET /slipway/{what} HTTP/1.0\r\nHost: {address}\r\nX-IDENTITY-HEADER: {identity}\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        assert!(head.starts_with("HTTP/1.") && head.contains(" 200 "), "{answer}");
        serde_json::from_str::<Value>(body).unwrap_or_else(|error| panic!("{error}: {body}"))[what].clone()
    }
}

impl Drop for LocalAzure<'_> {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.child.wait();
        if let Some(output) = self.output.take() {
            let _ = output.join();
        }
    }
}
