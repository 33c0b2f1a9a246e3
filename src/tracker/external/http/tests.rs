//! The HTTP client and servers that mean it no good.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;
use crate::tracker::external::bounds::Targets;
use crate::tracker::external::reply::Ended;

const BOUNDS: Bounds =
    Bounds { bytes: 1 << 20, time: Duration::from_secs(2), targets: Targets::Any };

/// For what is to be there before its time is over, however busy the machine is.
const PATIENT: Bounds = Bounds { time: Duration::from_secs(20), ..BOUNDS };

/// A server that sends this, then goes on, and keeps the connection.
fn server(reply: Vec<u8>, mut go_on: impl FnMut(&mut TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(&reply);
        go_on(&mut stream);
        // Until the client closes.
        let _ = stream.read(&mut request);
    });
    address
}

fn fetch(address: SocketAddr, bounds: &Bounds) -> Result<Reply, Failed> {
    get(&format!("http://{address}/").parse().unwrap(), &[], bounds)
}

#[test]
fn a_reply_ends_where_it_says_although_the_connection_is_kept() {
    let started = Instant::now();
    for reply in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ] {
        assert_eq!(fetch(server(reply.into(), |_| ()), &PATIENT).unwrap().text(), "ab");
    }
    assert!(started.elapsed() < PATIENT.time);
}

#[test]
fn a_server_that_never_comes_to_an_end_is_silent() {
    for reply in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let started = Instant::now();
        let drip = |stream: &mut TcpStream| {
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        };
        let outcome = fetch(server(reply.into(), drip), &BOUNDS);
        assert!(matches!(outcome, Err(Failed::Silent { .. })), "{outcome:?}");
        assert!(started.elapsed() < BOUNDS.time * 2);
    }
}

#[test]
fn of_a_reply_that_is_too_long_no_more_is_read() {
    let reply = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 2 << 20]].concat();
    let reply = fetch(server(reply, |_| ()), &PATIENT).unwrap();
    assert_eq!(reply.ended, Ended::TooLong);
    assert!(reply.body.len() < BOUNDS.bytes + (64 << 10), "{}", reply.body.len());
}

#[test]
fn a_name_is_not_looked_up_once_more_for_the_connection() {
    let address = server(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".into(), |_| ());
    let url: HttpUrl = format!("http://tracker.invalid:{}/", address.port()).parse().unwrap();
    let deadline = Deadline::after(PATIENT.time);
    let get = Request { url: &url, headers: &[], bounds: &PATIENT, deadline };
    let reply = plainly(&get, address, PATIENT.time).unwrap();
    assert_eq!((reply.text().as_str(), reply.way.unwrap().to), ("x", address.ip()));
    assert!(matches!(super::get(&url, &[], &BOUNDS), Err(Failed::Unresolved { .. })));
}

#[test]
fn curl_asks_the_address_that_it_is_given_whatever_the_name() {
    let address = server(b"no TLS\r\n".into(), |_| ());
    let url: HttpUrl = "https://tracker.invalid:444/".parse().unwrap();
    let within = |bounds: &'static Bounds| {
        let deadline = Deadline::after(bounds.time);
        Request { url: &url, headers: &[], bounds, deadline }
    };
    let outcome = curl::get(&within(&PATIENT), address, PATIENT.time);
    assert!(matches!(outcome, Err(Failed::Tls(_))), "{outcome:?}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = silent.local_addr().unwrap();
    let outcome = curl::get(&within(&BOUNDS), closed, BOUNDS.time);
    assert!(matches!(outcome, Err(Failed::Silent { .. })), "{outcome:?}");
    drop(silent);
    let outcome = curl::get(&within(&PATIENT), closed, PATIENT.time);
    assert!(matches!(outcome, Err(Failed::Unreachable { .. })), "{outcome:?}");
}

#[test]
fn nobody_is_asked_in_a_private_network_for_strangers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let bounds = Bounds { targets: Targets::Public, ..BOUNDS };
    for scheme in ["http", "https"] {
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "a@127.0.0.1"] {
            let url = format!("{scheme}://{host}:{port}/").parse().unwrap();
            let outcome = super::get(&url, &[], &bounds);
            assert!(matches!(outcome, Err(Failed::Forbidden { .. })), "{url}: {outcome:?}");
        }
    }
    assert!(listener.accept().is_err(), "nobody was there");
}
