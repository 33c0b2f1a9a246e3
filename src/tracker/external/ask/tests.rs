//! One good tracker among many that mean it no good.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::protocol::InfoHash;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn asking(targets: Targets) -> Asking {
    let each = Bounds { bytes: 1 << 20, time: Duration::from_secs(2), targets };
    Asking { interval: Seconds(900), at_once: 16, each, all: Duration::from_secs(6) }
}

fn entry(url: &str) -> External {
    External::new(InfoHash([b'a'; 20]), url.to_owned().try_into().unwrap(), true)
}

/// A web server that does this with each connection, once it has read a request.
fn server(serve: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> External {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    // Ends with the test's process.
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                serve(&mut stream);
            });
        }
    });
    entry(&format!("http://{address}/announce"))
}

fn replying(body: &[u8]) -> External {
    let reply = [b"HTTP/1.0 200 OK\r\n\r\n", body].concat();
    server(move |stream| drop(stream.write_all(&reply)))
}

fn good() -> External {
    let torrent = "20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e10:incompletei3ee";
    replying(format!("d5:filesd{torrent}ee").as_bytes())
}

/// Sends something every tenth of a second.
fn drip(stream: &mut TcpStream) {
    while stream.write_all(b"d").is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
}

fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..8).for_each(|_| packed.write_all(&vec![b'd'; 1 << 20]).unwrap());
    packed.finish().unwrap()
}

/// Replies with a transaction id that was not asked with.
fn wrong_transaction() -> External {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}", socket.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((_, from)) = socket.recv_from(&mut [0; 2048]) {
            let _ = socket.send_to(&[0; 16], from);
        }
    });
    entry(&url)
}

#[test]
fn hostile_trackers_cost_their_bound_and_harm_no_other() {
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let location = format!("http://{}/scrape", inside.local_addr().unwrap());
    let redirect = format!("HTTP/1.0 302 Found\r\nLocation: {location}\r\n\r\n");
    let hostile = [
        (server(|stream| drop(stream.read(&mut [0; 1]))), "does not answer within 2 seconds"),
        (server(drip), "does not answer within 2 seconds"),
        (
            server(|stream| {
                let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
                drip(stream);
            }),
            "does not answer within 2 seconds",
        ),
        (
            server(|stream| {
                let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
                while stream.write_all(&[b'd'; 4096]).is_ok() {}
            }),
            "more than 1048576 bytes",
        ),
        (server(|stream| while stream.write_all(&[b'x'; 4096]).is_ok() {}), "no HTTP comes from"),
        (replying(&vec![b'd'; 2 << 20]), "more than 1048576 bytes"),
        (replying(&bomb()), "more than 1048576 bytes"),
        (server(move |stream| drop(stream.write_all(redirect.as_bytes()))), "is not followed"),
        (wrong_transaction(), "not that of the request"),
        (entry("http://tracker.invalid/announce"), "has no address"),
        (entry("http://127.0.0.1/a"), "no scrape URL"),
        (entry("wss://127.0.0.1/announce"), "no scrape URL"),
    ];
    let entries: Vec<External> =
        hostile.iter().map(|(entry, _)| entry.clone()).chain([good()]).collect();
    let started = Instant::now();
    let asked = ask_external(&entries, &asking(Targets::Any), NOW);
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    assert_eq!(asked.len(), entries.len());
    for (entry, fault) in &hostile {
        let after = asked.iter().find(|it| it.tracker == entry.tracker).unwrap();
        let told = after.fault.as_deref().unwrap();
        assert!(told.contains(fault) && after.failures == 1, "{}: {told}", entry.tracker);
    }
    let good = asked.iter().find(|it| it.figures.is_some()).unwrap();
    assert_eq!((good.figures.unwrap().complete, &good.fault), (1, &None));
    assert!(inside.accept().is_err(), "nobody was led there");
}

#[test]
fn the_inside_of_a_network_is_not_asked() {
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    let hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0", "2130706433"];
    let http = hosts.map(|host| entry(&format!("http://{host}:{port}/announce")));
    let udp = hosts.map(|host| entry(&format!("udp://{host}:{port}/announce")));
    let entries = [http, udp].concat();
    let asked = ask_external(&entries, &asking(Targets::Public), NOW);
    assert_eq!(asked.len(), entries.len());
    for entry in asked {
        let told = entry.fault.unwrap();
        assert!(told.contains("is not asked"), "{}: {told}", entry.tracker);
    }
    assert!(inside.accept().is_err(), "nobody was there");
    let refresh = Asking::of_a_refresh(Seconds(60));
    assert_eq!((refresh.each.targets, refresh.interval), (Targets::Public, Seconds(900)));
}

#[test]
fn whose_turn_does_not_come_is_due_still() {
    let entries: Vec<External> =
        (0..5).map(|_| server(|stream| drop(stream.read(&mut [0; 1])))).collect();
    let one = Asking { at_once: 1, ..asking(Targets::Any) };
    let started = Instant::now();
    let asked = ask_external(&entries, &one, NOW);
    // Two of two seconds each, and a third one where they took a little less.
    assert!((2..=3).contains(&asked.len()), "{}", asked.len());
    assert!(started.elapsed() < Duration::from_secs(7));
    assert!(ask_external(&[], &one, NOW).is_empty());
}
