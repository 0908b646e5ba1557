//! A way to a registry that stops in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Passes connections on to a host. While it holds, nothing more is passed on to it after a number of bytes.
pub(crate) struct Relay {
    pub(crate) host: String,
    state: Arc<State>,
}

struct State {
    to: String,
    holds: AtomicBool,
    left: AtomicUsize,
    held: Notify,
}

impl Relay {
    /// One that holds after this number of bytes to the host, over all connections.
    pub(crate) async fn start(to: &str, bytes: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State { to: to.to_owned(), holds: AtomicBool::new(true), left: AtomicUsize::new(bytes), held: Notify::new() });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&shared)));
            }
        });
        Self { host, state }
    }

    /// Ends when it has begun to hold.
    pub(crate) async fn held(&self) {
        self.state.held.notified().await;
    }

    /// From now on everything on new connections is passed on.
    pub(crate) fn release(&self) {
        self.state.holds.store(false, Ordering::SeqCst);
    }
}

async fn pass(client: TcpStream, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(&state.to).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
        if state.holds.load(Ordering::SeqCst)
            && state.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(count)).is_err()
        {
            state.held.notify_one();
            // until the client goes away
            while matches!(from_client.read(&mut buffer).await, Ok(1..)) {}
            break;
        }
        if to_server.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    back.abort();
}
