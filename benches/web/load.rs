//! The load: clients on connections that they keep, each announce of another peer, each answer looked
//! at. A wrong one stops the benchmark: what is fast and wrong is worth nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tracker_cgi::protocol::InfoHash;

use crate::crowd::{Crowd, Random, scramble};

/// What each full answer has in it: 50 peers in the compact form.
const FULL: &[u8] = b"5:peers300:";

/// The request of each peer, made before anything is measured.
pub struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    host: SocketAddr,
}

impl Requests {
    pub fn new(crowd: Crowd, host: SocketAddr, path: &str) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for number in 0..crowd.peers {
            let announce = crowd.announce(number);
            // All come from one address, so their ports are what tells those of a swarm apart.
            let port = 1024 + number / crowd.swarms;
            let (hash, id) = (escaped(&announce.info_hash.0), escaped(&announce.peer_id.0));
            let left = announce.left.unwrap_or(0);
            let request = format!(
                "GET {path}?info_hash={hash}&peer_id={id}&port={port}&uploaded=0&downloaded=0\
                 &left={left}&compact=1&numwant=50 HTTP/1.1\r\nHost: {host}\r\n\
                 User-Agent: Transmission/4.0\r\n\r\n"
            );
            bytes.extend_from_slice(request.as_bytes());
            ends.push(bytes.len());
        }
        Self { bytes, ends, host }
    }

    fn count(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }
}

/// The info-hashes of a crowd.
pub fn info_hashes(crowd: Crowd) -> impl Iterator<Item = InfoHash> {
    (0..crowd.swarms).map(move |number| crowd.announce(number).info_hash)
}

fn escaped(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What a run came to.
pub struct Outcome {
    pub answers: u64,
    pub took: Duration,
    /// Of each answer, in nanoseconds.
    pub latencies: Vec<u32>,
}

impl Outcome {
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }

    /// In microseconds.
    pub fn percentile(&mut self, share: f64) -> f64 {
        self.latencies.sort_unstable();
        let place = (self.latencies.len().saturating_sub(1) as f64 * share) as usize;
        self.latencies.get(place).map_or(0.0, |&nanoseconds| f64::from(nanoseconds) / 1000.0)
    }
}

/// How many clients there are: on each of some threads, some that ask one after the other and are then
/// answered one after the other, which costs less of the machine than a thread for each.
#[derive(Clone, Copy)]
pub struct Clients {
    pub threads: usize,
    pub each: usize,
}

/// Announces every peer once.
pub fn fill(requests: &Requests, clients: Clients) {
    let all = AtomicUsize::new(0);
    let next = |_: &mut Random| {
        let number = all.fetch_add(1, Relaxed);
        (number < requests.count()).then_some(number)
    };
    run(requests, clients, b"5:peers", 0, &next);
}

/// Announces random peers for a time.
pub fn announce(requests: &Requests, clients: Clients, time: Duration, seed: u64) -> Outcome {
    let until = Instant::now() + time;
    let next = |random: &mut Random| {
        let number = random.next() % requests.count() as u64;
        (Instant::now() < until).then_some(number as usize)
    };
    run(requests, clients, FULL, seed, &next)
}

/// Asks what `next` says until it says nothing more.
fn run(
    requests: &Requests,
    clients: Clients,
    needle: &[u8],
    seed: u64,
    next: &(dyn Fn(&mut Random) -> Option<usize> + Sync),
) -> Outcome {
    let begun = Instant::now();
    let latencies = std::thread::scope(|scope| {
        let work = |thread: usize| {
            let mut random = Random(seed ^ scramble(thread as u64));
            let mut all: Vec<Client> =
                (0..clients.each).map(|_| Client::new(requests.host)).collect();
            let mut latencies = Vec::new();
            all.iter_mut().for_each(|client| client.ask(requests, next(&mut random)));
            while all.iter().any(|client| client.asked.is_some()) {
                for client in &mut all {
                    latencies.extend(client.hear(requests, needle));
                    client.ask(requests, next(&mut random));
                }
            }
            latencies
        };
        let threads: Vec<_> =
            (0..clients.threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let all =
            threads.into_iter().flat_map(|thread| thread.join().expect("a thread of clients"));
        all.collect::<Vec<u32>>()
    });
    Outcome { answers: latencies.len() as u64, took: begun.elapsed(), latencies }
}

/// A client, its connection, and what it asked last.
struct Client {
    host: SocketAddr,
    connection: BufReader<TcpStream>,
    asked: Option<(usize, Instant)>,
    line: Vec<u8>,
    body: Vec<u8>,
}

impl Client {
    fn new(host: SocketAddr) -> Self {
        let connection = connect(host);
        Self { host, connection, asked: None, line: Vec::new(), body: Vec::new() }
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
        self.connection = connect(self.host);
        let asked = self.connection.get_mut().write_all(requests.get(number));
        asked.expect("a new connection takes a request");
    }

    /// The nanoseconds that an answer took, if there was a question.
    fn hear(&mut self, requests: &Requests, needle: &[u8]) -> Option<u32> {
        let (number, begun) = self.asked.take()?;
        let mut is_kept = self.read();
        if is_kept.is_none() {
            self.ask_again(requests, number);
            is_kept = self.read();
        }
        let took = begun.elapsed().as_nanos();
        let is_right = self.body.windows(needle.len()).any(|part| part == needle);
        assert!(is_right, "a wrong answer: {}", String::from_utf8_lossy(&self.body));
        if !is_kept.expect("an answer on a new connection") {
            self.connection = connect(self.host);
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

fn connect(host: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(host).expect("a connection to the web server");
    stream.set_nodelay(true).expect("small packets are sent at once");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("nobody waits for ever");
    BufReader::new(stream)
}
