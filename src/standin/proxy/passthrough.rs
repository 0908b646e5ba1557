//! Hosts that the stand-in does not stand in for, when they are let through: straight to the network, through no other proxy.

use std::io;

use http::uri::PathAndQuery;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Carries a tunnel's bytes both ways until one side ends.
pub(super) async fn copy(upgraded: Upgraded, mut stream: TcpStream) {
    // How a foreign connection ends is the business of its two ends.
    let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut stream).await;
}

/// Sends a request for an `http://` address to its host. The connection ends with the response.
pub(super) async fn forward(mut request: hyper::Request<Incoming>) -> Result<hyper::Response<Incoming>, io::Error> {
    let host = request.uri().host().unwrap_or_default().to_owned();
    let stream = TcpStream::connect((host.as_str(), request.uri().port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    *request.uri_mut() = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")).into();
    for name in ["proxy-authorization", "proxy-connection"] {
        request.headers_mut().remove(name);
    }
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(io::Error::other)
}
