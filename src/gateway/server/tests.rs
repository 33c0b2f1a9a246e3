mod a_reload;
mod a_responder;
mod a_stop;
mod chores;
mod what_takes_long;
mod what_waits;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::control::STOP_LIMIT;
use super::*;
use crate::gateway::fastcgi::FastCgi;
use crate::gateway::fastcgi::record::Kind;
use crate::gateway::fastcgi::testing::{KEEP, Sent, begin, get, pairs, post, record, split_record};
use crate::gateway::{Answer, Chore, Handler, ListenAddress, Listening, Request, Response};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// A timeout of connections that no test reaches, and one that tests wait for.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

const MAX_BODY: usize = 1024 * 1024;
const LIMITS: Limits = Limits { params: 64 * 1024, connections: 100 };

const OPTIONS: Options = Options {
    workers: 1,
    pool_threads: 2,
    limits: LIMITS,
    timeout: LONG,
    web_servers: WebServers::Any,
};

/// What handlers cannot pass before a test opens it.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    moved: Condvar,
    come: AtomicUsize,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.moved.notify_all();
    }

    fn pass(&self) {
        self.come.fetch_add(1, Ordering::SeqCst);
        let open = self.is_open.lock().unwrap();
        drop(self.moved.wait_while(open, |open| !*open).unwrap());
    }

    /// How many have come here, those that have passed included.
    fn come(&self) -> usize {
        self.come.load(Ordering::SeqCst)
    }
}

/// What a test sees and steers of its handlers.
#[derive(Default)]
struct Stage {
    /// Before all that takes long.
    gate: Gate,
    /// Before what waits for others.
    lock: Gate,
    made: AtomicUsize,
    reloads: AtomicUsize,
    /// Those that are done.
    chores: AtomicUsize,
}

/// Waits until a condition holds.
fn until(holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Answers with query and body; some queries do more.
struct Echo {
    stage: Arc<Stage>,
    chores: bool,
}

impl Handler for Echo {
    fn body_limit(&mut self, request: &Request<'_>) -> usize {
        if request.query == b"bodiless" { 0 } else { MAX_BODY }
    }

    fn chores_log(&self) -> Option<std::path::PathBuf> {
        None
    }

    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        match request.query {
            b"panic" => panic!("asked to"),
            b"slow" | b"slow panic" | b"slow chores" | b"slow waits" => return Answer::Later,
            b"waits" => return Answer::WouldWait,
            b"chores" => self.chores = true,
            b"big" => response.body.resize(8_000_000, b'x'),
            b"medium" => response.body.resize(10_000, b'x'),
            _ => {}
        }
        response.body.extend_from_slice(request.query);
        response.body.extend_from_slice(request.body);
        Answer::Ready
    }

    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        assert_ne!(request.query, b"slow panic");
        if request.query == b"slow waits" {
            return Answer::WouldWait;
        }
        self.chores = request.query == b"slow chores";
        self.stage.gate.pass();
        response.body.extend_from_slice(b"slowly ");
        response.body.extend_from_slice(request.body);
        Answer::Ready
    }

    fn answer_patiently(&mut self, request: &Request<'_>, response: &mut Response) {
        self.stage.lock.pass();
        response.body.extend_from_slice(b"patiently ");
        response.body.extend_from_slice(request.body);
    }

    fn refuse(&mut self, request: &Request<'_>, response: &mut Response) {
        response.body.extend_from_slice(b"refused ");
        response.body.extend_from_slice(request.query);
    }

    fn is_due(&mut self, chore: Chore) -> bool {
        chore == Chore::Refresh && std::mem::take(&mut self.chores)
    }

    fn claim(&mut self, _chore: Chore) {}

    fn run_chore(&mut self, _chore: Chore) {
        self.stage.gate.pass();
        self.stage.chores.fetch_add(1, Ordering::SeqCst);
    }

    fn reload(&mut self) {
        self.stage.gate.pass();
        self.stage.reloads.fetch_add(1, Ordering::SeqCst);
    }
}

/// A socket on a path, and the folder that it is in.
fn listen() -> (Listening, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let address = ListenAddress::Unix(folder.path().join("socket"));
    (Listening::bind(&address).unwrap(), folder)
}

/// A responder that runs until it is dropped.
struct Running {
    stage: Arc<Stage>,
    control: Arc<Control>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    tcp: Option<SocketAddr>,
    path: PathBuf,
    _folder: TempDir,
}

impl Running {
    fn on(listening: Listening, folder: TempDir, options: Options) -> Self {
        let tcp = listening.tcp_address();
        let (stage, control) = (Arc::<Stage>::default(), Arc::<Control>::default());
        let (on_stage, controlled) = (Arc::clone(&stage), Arc::clone(&control));
        let make = move || {
            on_stage.made.fetch_add(1, Ordering::SeqCst);
            Echo { stage: Arc::clone(&on_stage), chores: false }
        };
        let thread =
            thread::spawn(move || serve_until::<FastCgi, _>(listening, controlled, options, make));
        let path = folder.path().join("socket");
        Self { stage, control, thread: Some(thread), tcp, path, _folder: folder }
    }

    fn start(options: Options) -> Self {
        let (listening, folder) = listen();
        Self::on(listening, folder, options)
    }

    fn start_tcp(address: &str) -> Option<Self> {
        std::net::TcpListener::bind(address).ok()?;
        let listening = Listening::bind(&address.parse().unwrap()).unwrap();
        Some(Self::on(listening, tempfile::tempdir().unwrap(), OPTIONS))
    }

    fn connect(&self) -> Peer {
        let stream: Box<dyn Stream> = match self.tcp {
            Some(address) => Box::new(TcpStream::connect(address).unwrap()),
            None => Box::new(UnixStream::connect(&self.path).unwrap()),
        };
        stream.be_patient(PATIENCE);
        Peer { stream, received: Vec::new() }
    }

    /// Tells it to stop, and waits for the end.
    fn stop(mut self) -> Result<(), ServeError> {
        self.control.stop();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.stop();
        self.stage.gate.open();
        self.stage.lock.open();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

trait Stream: Read + Write {
    fn be_patient(&self, time: Duration);
    fn end_writing(&self);
}

impl Stream for TcpStream {
    fn be_patient(&self, time: Duration) {
        self.set_read_timeout(Some(time)).unwrap();
    }

    fn end_writing(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl Stream for UnixStream {
    fn be_patient(&self, time: Duration) {
        self.set_read_timeout(Some(time)).unwrap();
    }

    fn end_writing(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

/// The web server's end of a connection.
struct Peer {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl Peer {
    fn ask(&mut self, bytes: &[u8]) -> String {
        self.send(bytes);
        self.reply()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next record; `None` at the end of the stream.
    fn record(&mut self) -> Option<Sent> {
        loop {
            if let Some(record) = split_record(&mut self.received) {
                return Some(record);
            }
            let mut piece = [0; 64 * 1024];
            match self.stream.read(&mut piece) {
                Ok(0) => {
                    assert!(self.received.is_empty(), "cut off in a record");
                    return None;
                }
                Ok(length) => self.received.extend_from_slice(&piece[..length]),
                Err(error) => panic!("no reply: {error}"),
            }
        }
    }

    /// The body of the next reply, or its whole text when it is no 200.
    fn reply(&mut self) -> String {
        let mut bytes = Vec::new();
        loop {
            let record = self.record().expect("a reply before the end");
            if record.type_byte == Kind::EndRequest as u8 {
                assert_eq!(record.content[4], 0);
                break;
            }
            bytes.extend(record.content);
        }
        let text = String::from_utf8(bytes).unwrap();
        match text.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("Status: 200 ") => body.to_owned(),
            _ => text,
        }
    }
}

mod a_panic {
    use super::*;

    #[test]
    fn is_an_answer_and_a_new_handler() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        for round in 1..4 {
            assert!(peer.ask(&get(1, KEEP, "panic")).starts_with("Status: 500 "));
            assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
            assert_eq!(responder.stage.made.load(Ordering::SeqCst), 1 + round);
        }
    }

    #[test]
    fn on_another_thread_is_one_too() {
        let responder = Running::start(OPTIONS);
        responder.stage.gate.open();
        let mut peer = responder.connect();
        assert!(peer.ask(&get(1, KEEP, "slow panic")).starts_with("Status: 500 "));
        assert_eq!(peer.ask(&get(1, KEEP, "slow")), "slowly ");
    }
}

mod the_pool {
    use super::*;

    #[test]
    fn has_as_many_threads_as_configured() {
        for pool_threads in [1, 3] {
            let responder = Running::start(Options { pool_threads, ..OPTIONS });
            let mut slow: Vec<_> = (0..5).map(|_| responder.connect()).collect();
            for peer in &mut slow {
                peer.send(&post(1, KEEP, "slow", b""));
            }
            until(|| responder.stage.gate.come() == pool_threads);
            // The worker's own handler is one more.
            assert_eq!(responder.stage.made.load(Ordering::SeqCst), 1 + pool_threads);
            responder.stage.gate.open();
            for peer in &mut slow {
                assert_eq!(peer.reply(), "slowly ");
            }
            assert_eq!(responder.stage.made.load(Ordering::SeqCst), 1 + pool_threads);
        }
    }
}

mod time {
    use super::*;

    #[test]
    fn closes_connections_on_which_nothing_moves() {
        let responder = Running::start(Options { timeout: SHORT, ..OPTIONS });
        let mut silent = responder.connect();
        let mut idle = responder.connect();
        idle.ask(&get(1, KEEP, "a"));
        let mut half_sent = responder.connect();
        half_sent.send(&get(1, KEEP, "a")[..20]);
        for peer in [&mut silent, &mut idle, &mut half_sent] {
            assert_eq!(peer.record(), None);
        }
    }

    #[test]
    fn closes_a_connection_whose_peer_does_not_read() {
        let responder = Running::start(Options { timeout: SHORT, ..OPTIONS });
        let mut peer = responder.connect();
        peer.send(&get(1, KEEP, "big"));
        // Another that is closed for being idle shows that the time has passed, twice.
        for _ in 0..2 {
            assert_eq!(responder.connect().record(), None);
        }
        let mut received = Vec::new();
        peer.stream.read_to_end(&mut received).unwrap();
        assert!(received.len() < 8_000_000, "{}", received.len());
    }

    #[test]
    fn does_not_count_while_an_answer_is_made() {
        let responder = Running::start(Options { timeout: SHORT, ..OPTIONS });
        let mut peer = responder.connect();
        peer.send(&post(1, KEEP, "slow", b""));
        for _ in 0..2 {
            assert_eq!(responder.connect().record(), None);
        }
        responder.stage.gate.open();
        assert_eq!(peer.reply(), "slowly ");
    }
}

mod limits {
    use super::*;

    #[test]
    fn beyond_the_most_connections_one_has_to_wait() {
        let responder =
            Running::start(Options { limits: Limits { connections: 2, ..LIMITS }, ..OPTIONS });
        let mut inside = [responder.connect(), responder.connect()];
        for peer in &mut inside {
            peer.ask(&get(1, KEEP, "a"));
        }
        let mut outside = responder.connect();
        outside.send(&get(1, KEEP, "b"));
        outside.stream.be_patient(Duration::from_millis(50));
        let nothing = outside.stream.read(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        outside.stream.be_patient(PATIENCE);
        let [first, _second] = inside;
        drop(first);
        assert_eq!(outside.reply(), "b");
    }

    #[test]
    fn a_peer_that_sends_much_and_reads_late_gets_all() {
        let responder = Running::start(OPTIONS);
        let sender = UnixStream::connect(&responder.path).unwrap();
        let reader = sender.try_clone().unwrap();
        let sending = thread::spawn(move || {
            let requests = get(1, KEEP, "medium").repeat(2000);
            (&sender).write_all(&requests).unwrap();
        });
        reader.be_patient(PATIENCE);
        let mut peer = Peer { stream: Box::new(reader), received: Vec::new() };
        for _ in 0..2000 {
            assert_eq!(peer.reply().len(), 10_006);
        }
        sending.join().unwrap();
    }
}

#[test]
fn pairs_of_any_size_are_read() {
    let responder = Running::start(OPTIONS);
    let long = "v".repeat(60_000);
    let params = [("REQUEST_METHOD", "GET"), ("QUERY_STRING", &*long)];
    let mut peer = responder.connect();
    let conversation = [
        begin(1, KEEP),
        record(Kind::Params, 1, &pairs(&params)),
        record(Kind::Params, 1, b""),
        record(Kind::Stdin, 1, b""),
    ];
    assert_eq!(peer.ask(&conversation.concat()), long);
}
