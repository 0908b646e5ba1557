//! The network side: a CONNECT proxy on loopback, and behind it TLS for every host that the stand-in serves.
//!
//! A connection is one task, from the CONNECT to the last request in its tunnel; when it is dropped nothing of it is left.

mod body;
mod certificates;
mod connection;
mod passthrough;
mod respond;
mod tunnel;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub(crate) use certificates::Certificates;

use crate::world::World;

/// What every connection needs.
pub(crate) struct Server {
    pub(crate) world: Arc<World>,
    pub(crate) certificates: Certificates,
    pub(crate) address: SocketAddr,
    pub(crate) passthrough: bool,
    pub(crate) strict: bool,
}

/// Serves until `stop` is told (or dropped). All connections have ended when this returns.
pub(crate) async fn serve(server: Arc<Server>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // What cannot be accepted (the client has gone, no file handles are left) is the client's to try again.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection::serve(server.clone(), stream));
                } else {
                    tokio::task::yield_now().await;
                }
            }
            Some(_) = connections.join_next() => {}
            _ = &mut stop => break,
        }
    }
    connections.shutdown().await;
}
