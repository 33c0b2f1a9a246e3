//! Load: clients on connections that they keep, which look at each answer. A wrong one is a panic.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Requests, made before they are needed.
pub struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    host: SocketAddr,
}

impl Requests {
    /// Of clients that ask for targets, paths with their queries, each with an address of its own, of
    /// which a web server behind a proxy is told.
    pub fn from_many(host: SocketAddr, requests: impl Iterator<Item = (String, IpAddr)>) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (target, address) in requests {
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Transmission/4.0\r\n\
                 X-Real-IP: {address}\r\n\r\n"
            );
            bytes.extend_from_slice(request.as_bytes());
            ends.push(bytes.len());
        }
        Self { bytes, ends, host }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// A new connection to who is asked.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host).expect("a connection to the web server");
        stream.set_nodelay(true).expect("small packets are sent at once");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("nobody waits for ever");
        stream
    }

    /// One of them, as it is sent.
    pub fn get(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }
}

/// How many clients there are: on each of some threads, some that ask one after the other and are then
/// answered one after the other, which costs less of the machine than a thread for each.
#[derive(Clone, Copy)]
pub struct Clients {
    pub threads: usize,
    pub each: usize,
    /// What a thread waits between two turns.
    pub pause: Duration,
}

impl Clients {
    /// All of them.
    #[allow(dead_code, reason = "a benchmark uses it")]
    pub fn count(self) -> usize {
        self.threads * self.each
    }
}

/// What every body must be.
type IsRight<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// Asks what `next` says until it says nothing more; returns the nanoseconds that each answer took.
pub fn run(
    requests: &Requests,
    clients: Clients,
    is_right: IsRight<'_>,
    next: &(dyn Fn() -> Option<usize> + Sync),
) -> Vec<u32> {
    let work = || {
        let mut all: Vec<Client> = (0..clients.each).map(|_| Client::new(requests)).collect();
        let mut latencies = Vec::new();
        all.iter_mut().for_each(|client| client.ask(requests, next()));
        while all.iter().any(|client| client.asked.is_some()) {
            for client in &mut all {
                latencies.extend(client.hear(requests, is_right));
                client.ask(requests, next());
            }
            std::thread::sleep(clients.pause);
        }
        latencies
    };
    in_threads(clients.threads, work)
}

/// Asks with one client on each of some threads, who pauses between an answer and the next question, so
/// that no answer waits for another; returns the nanoseconds that each answer took.
#[allow(dead_code, reason = "a benchmark uses it")]
pub fn run_at_leisure(
    requests: &Requests,
    threads: usize,
    pause: Duration,
    is_right: IsRight<'_>,
    next: &(dyn Fn() -> Option<usize> + Sync),
) -> Vec<u32> {
    in_threads(threads, || {
        let mut client = Client::new(requests);
        let answers = std::iter::from_fn(|| {
            client.ask(requests, next());
            let took = client.hear(requests, is_right);
            std::thread::sleep(pause);
            took
        });
        answers.collect()
    })
}

/// What all threads that do the same have to tell.
fn in_threads(count: usize, work: impl Fn() -> Vec<u32> + Copy + Send) -> Vec<u32> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let all =
            threads.into_iter().flat_map(|thread| thread.join().expect("a thread of clients"));
        all.collect()
    })
}

/// A client, its connection, and what it asked last.
struct Client {
    connection: BufReader<TcpStream>,
    asked: Option<(usize, Instant)>,
    line: Vec<u8>,
    body: Vec<u8>,
}

impl Client {
    fn new(requests: &Requests) -> Self {
        let connection = BufReader::new(requests.connect());
        Self { connection, asked: None, line: Vec::new(), body: Vec::new() }
    }

    fn ask(&mut self, requests: &Requests, number: Option<usize>) {
        self.asked = number.map(|number| (number, Instant::now()));
        if let Some(number) = number
            && self.connection.get_mut().write_all(requests.get(number)).is_err()
        {
            self.ask_again(requests, number);
        }
    }

    /// On a new connection: servers close those that were kept for long.
    fn ask_again(&mut self, requests: &Requests, number: usize) {
        self.connection = BufReader::new(requests.connect());
        let asked = self.connection.get_mut().write_all(requests.get(number));
        asked.expect("a new connection takes a request");
    }

    /// The nanoseconds that an answer took, if there was a question.
    fn hear(&mut self, requests: &Requests, is_right: IsRight<'_>) -> Option<u32> {
        let (number, begun) = self.asked.take()?;
        let mut is_kept = self.read();
        if is_kept.is_none() {
            self.ask_again(requests, number);
            is_kept = self.read();
        }
        let took = begun.elapsed().as_nanos();
        assert!(is_right(&self.body), "wrong: {}", String::from_utf8_lossy(&self.body));
        if !is_kept.expect("an answer on a new connection") {
            self.connection = BufReader::new(requests.connect());
        }
        Some(u32::try_from(took).unwrap_or(u32::MAX))
    }

    /// Reads an answer, and says whether the connection is kept; nothing where it was closed.
    fn read(&mut self) -> Option<bool> {
        let (mut length, mut is_kept, mut is_first) = (None, true, true);
        loop {
            self.line.clear();
            if self.connection.read_until(b'\n', &mut self.line).ok()? == 0 {
                return None;
            }
            let line = self.line.trim_ascii().to_ascii_lowercase();
            if std::mem::take(&mut is_first) {
                assert!(line.starts_with(b"http/1.1 200"), "{}", String::from_utf8_lossy(&line));
            }
            if let Some(value) = line.strip_prefix(b"content-length:") {
                length =
                    std::str::from_utf8(value.trim_ascii()).ok().and_then(|text| text.parse().ok());
            }
            is_kept &= line != b"connection: close";
            if line.is_empty() {
                break;
            }
        }
        self.body.resize(length.expect("an answer with a length"), 0);
        self.connection.read_exact(&mut self.body).ok()?;
        Some(is_kept)
    }
}
