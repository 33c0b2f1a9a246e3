//! A small HTTP client: one GET a connection, the reply as it came, and between which addresses it went. No redirect
//! is followed. HTTPS goes through `curl`: TLS of our own would make each start of a CGI dearer (ARCHITECTURE.md).

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::bounds::{Bounds, Deadline};
use super::curl;
use super::failed::{Failed, is_timeout};
use super::reply::{Incoming, Reply, Way};
use super::request::Request;
use super::resolve::{in_turn, resolve};
use crate::protocol::HttpUrl;

/// Fetches what is at an address.
///
/// # Errors
/// When no reply comes within the bounds. One that is too long comes as far as it was read.
pub fn get(url: &HttpUrl, headers: &[(&str, &str)], bounds: &Bounds) -> Result<Reply, Failed> {
    let deadline = Deadline::after(bounds.time);
    let port = url.port().ok_or_else(|| Failed::Unresolved {
        host: url.host().into(),
        reason: "the port is none".into(),
    })?;
    let addresses = resolve(url.host(), port, bounds.targets, deadline)?;
    let get = Request { url, headers, bounds, deadline };
    in_turn(&addresses, deadline, |address, to_connect| match url.scheme() {
        "https" => curl::get(&get, address, to_connect),
        _ => plainly(&get, address, to_connect),
    })
}

fn plainly(get: &Request<'_>, address: SocketAddr, to_connect: Duration) -> Result<Reply, Failed> {
    let stream = TcpStream::connect_timeout(&address, to_connect);
    let mut stream = stream.map_err(|problem| Failed::Unreachable {
        to: address.to_string(),
        reason: problem.to_string(),
    })?;
    let way = stream.local_addr().and_then(|from| Ok((from, stream.peer_addr()?)));
    let way =
        way.map(|(from, to)| Way { from: from.ip().to_canonical(), to: to.ip().to_canonical() });
    let mut incoming = Incoming::default();
    let done = write_request(get, &mut stream).and_then(|()| {
        incoming.read(&mut stream, get.bounds.bytes, |stream| {
            stream.set_read_timeout(Some(get.deadline.left()?))
        })
    });
    let reason = match done {
        Err(problem) if is_timeout(&problem) => return Err(get.silent()),
        Err(problem) => problem.to_string(),
        Ok(()) if incoming.is_empty() => "it closes the connection".into(),
        Ok(()) => "another protocol".into(),
    };
    Ok(Reply { way: way.ok(), ..get.reply(incoming, &reason)? })
}

fn write_request(get: &Request<'_>, stream: &mut TcpStream) -> std::io::Result<()> {
    let (target, host) = (get.target(), get.url.authority());
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in get.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.set_write_timeout(Some(get.deadline.left()?))?;
    stream.write_all(head.as_bytes())
}

#[cfg(test)]
mod tests;
