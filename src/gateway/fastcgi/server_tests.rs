use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;

use super::*;
use crate::gateway::fastcgi::record::Kind;
use crate::gateway::fastcgi::testing::{KEEP, Sent, begin, get, pairs, post, record, split_record};
use crate::gateway::{Answer, ListenAddress, Request, Response};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// A timeout of connections that no test reaches, and one that tests wait for.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

const OPTIONS: Options = Options {
    workers: 1,
    max_params: 64 * 1024,
    max_body: 1024 * 1024,
    max_connections: 100,
    timeout: LONG,
};

/// What a test sees and steers of its handlers.
#[derive(Default)]
struct Stage {
    gate_open: Mutex<bool>,
    gate_moved: Condvar,
    at_gate: AtomicUsize,
    made: AtomicUsize,
    reloads: AtomicUsize,
    chores: AtomicUsize,
}

impl Stage {
    fn open_gate(&self) {
        *self.gate_open.lock().unwrap() = true;
        self.gate_moved.notify_all();
    }

    fn pass_gate(&self) {
        self.at_gate.fetch_add(1, Ordering::SeqCst);
        let open = self.gate_open.lock().unwrap();
        drop(self.gate_moved.wait_while(open, |open| !*open).unwrap());
    }
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
    fn wants_body(&mut self, request: &Request<'_>) -> bool {
        request.query != b"bodiless"
    }

    fn chores_log(&self) -> Option<std::path::PathBuf> {
        None
    }

    fn answer(&mut self, request: &Request<'_>, response: &mut Response) -> Answer {
        match request.query {
            b"panic" => panic!("asked to"),
            b"slow" | b"slow panic" | b"slow chores" => return Answer::Later,
            b"chores" => self.chores = true,
            b"big" => response.body.resize(8_000_000, b'x'),
            b"medium" => response.body.resize(10_000, b'x'),
            _ => {}
        }
        response.body.extend_from_slice(request.query);
        response.body.extend_from_slice(request.body);
        Answer::Ready
    }

    fn answer_slowly(&mut self, request: &Request<'_>, response: &mut Response) {
        assert_ne!(request.query, b"slow panic");
        self.chores = request.query == b"slow chores";
        self.stage.pass_gate();
        response.body.extend_from_slice(b"slowly ");
        response.body.extend_from_slice(request.body);
    }

    fn chores_due(&mut self) -> bool {
        std::mem::take(&mut self.chores)
    }

    fn claim_chores(&mut self) {}

    fn do_chores(&mut self) {
        self.stage.pass_gate();
        self.stage.chores.fetch_add(1, Ordering::SeqCst);
    }

    fn reload(&mut self) {
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
        let thread = thread::spawn(move || serve_until(listening, options, controlled, make));
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
        self.stage.open_gate();
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

mod a_responder {
    use super::*;

    #[test]
    fn answers_over_a_path_and_over_tcp() {
        let responders = [
            Some(Running::start(OPTIONS)),
            Running::start_tcp("127.0.0.1:0"),
            Running::start_tcp("[::1]:0"),
        ];
        for responder in responders.into_iter().flatten() {
            assert_eq!(responder.connect().ask(&get(1, 0, "hello")), "hello");
            assert_eq!(responder.connect().ask(&post(1, 0, "", b"body")), "body");
            responder.stop().unwrap();
        }
    }

    #[test]
    fn closes_a_connection_that_is_not_kept() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        assert_eq!(peer.ask(&get(1, 0, "a")), "a");
        assert_eq!(peer.record(), None);
    }

    #[test]
    fn answers_again_and_again_on_one_that_is_kept() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        for number in 1..100_u16 {
            assert_eq!(peer.ask(&post(number, KEEP, "x", b"y")), "xy");
        }
    }

    #[test]
    fn takes_requests_in_the_smallest_pieces() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        for byte in post(1, KEEP, "in pieces ", b"body") {
            peer.send(&[byte]);
        }
        assert_eq!(peer.reply(), "in pieces body");
    }

    #[test]
    fn takes_a_long_body_and_gives_a_long_reply() {
        let responder = Running::start(OPTIONS);
        let body = "0123456789".repeat(90_000);
        let mut peer = responder.connect();
        assert_eq!(peer.ask(&post(1, KEEP, "", body.as_bytes())), body);
        assert_eq!(peer.ask(&get(1, KEEP, "big")).len(), 8_000_003);
    }

    #[test]
    fn serves_many_connections_on_several_workers() {
        let responder = Running::start(Options { workers: 3, ..OPTIONS });
        let mut peers: Vec<_> = (0..30).map(|_| responder.connect()).collect();
        for round in 0..10 {
            for (number, peer) in peers.iter_mut().enumerate() {
                peer.send(&get(1, KEEP, &format!("{round} {number}")));
            }
            for (number, peer) in peers.iter_mut().enumerate() {
                assert_eq!(peer.reply(), format!("{round} {number}"));
            }
        }
    }

    #[test]
    fn answers_a_peer_that_has_said_all() {
        let responder = Running::start(OPTIONS);
        responder.stage.open_gate();
        for query in ["quick", "slow"] {
            let mut peer = responder.connect();
            peer.send(&post(1, KEEP, query, b""));
            peer.stream.end_writing();
            assert_ne!(peer.reply(), "");
            assert_eq!(peer.record(), None);
        }
    }

    #[test]
    fn goes_on_when_a_peer_speaks_something_else() {
        let responder = Running::start(OPTIONS);
        let mut stranger = responder.connect();
        stranger.send(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(stranger.record(), None);
        assert_eq!(responder.connect().ask(&get(1, 0, "a")), "a");
    }

    #[test]
    fn lets_a_refused_peer_finish_and_read_why() {
        for responder in [Some(Running::start(OPTIONS)), Running::start_tcp("127.0.0.1:0")] {
            let Some(responder) = responder else { continue };
            let mut peer = responder.connect();
            peer.send(&begin(1, 0));
            for _ in 0..40 {
                peer.send(&record(Kind::Params, 1, &[0; 65_000]));
            }
            assert!(peer.reply().starts_with("Status: 431 "));
            assert_eq!(peer.record(), None);
        }
    }
}

mod what_takes_long {
    use super::*;

    #[test]
    fn delays_nothing_else() {
        let responder = Running::start(OPTIONS);
        let mut slow: Vec<_> = (0..5).map(|_| responder.connect()).collect();
        for peer in &mut slow {
            peer.send(&post(1, KEEP, "slow", b"body"));
        }
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) > 0);
        assert_eq!(responder.connect().ask(&get(1, 0, "quick")), "quick");
        responder.stage.open_gate();
        for peer in &mut slow {
            assert_eq!(peer.reply(), "slowly body");
            assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
        }
    }

    #[test]
    fn brings_a_spooled_body_along() {
        let responder = Running::start(OPTIONS);
        responder.stage.open_gate();
        let body = "0123456789".repeat(90_000);
        let reply = responder.connect().ask(&post(1, 0, "slow", body.as_bytes()));
        assert!(reply.strip_prefix("slowly ") == Some(&body));
    }

    #[test]
    fn is_made_in_vain_when_the_peer_has_gone() {
        let responder = Running::start(OPTIONS);
        let mut gone = responder.connect();
        gone.send(&post(1, KEEP, "slow", b""));
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 1);
        drop(gone);
        let mut next = responder.connect();
        next.send(&post(1, KEEP, "slow", b"mine"));
        responder.stage.open_gate();
        assert_eq!(next.reply(), "slowly mine");
    }

    #[test]
    fn ends_at_once_for_a_peer_that_aborts() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        peer.send(&post(1, KEEP, "slow", b""));
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 1);
        peer.send(&record(Kind::AbortRequest, 1, b""));
        assert_eq!(peer.record(), Some(Sent::end(1, 0)));
        // The next must not get the answer that nobody wants any more.
        peer.send(&post(1, KEEP, "slow", b"mine"));
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 2);
        responder.stage.open_gate();
        assert_eq!(peer.reply(), "slowly mine");
    }
}

mod a_panic {
    use super::*;

    #[test]
    fn is_an_answer_and_a_handler_made_anew() {
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
        responder.stage.open_gate();
        let mut peer = responder.connect();
        assert!(peer.ask(&get(1, KEEP, "slow panic")).starts_with("Status: 500 "));
        assert_eq!(peer.ask(&get(1, KEEP, "slow")), "slowly ");
    }
}

mod chores {
    use super::*;

    #[test]
    fn are_done_after_the_reply_and_one_at_a_time() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        for _ in 0..20 {
            assert_eq!(peer.ask(&get(1, KEEP, "chores")), "chores");
        }
        // A worker looks for chores after it has replied. That it answers once more shows that it
        // has looked; else the last ones might be found only when the first are done, and rightly
        // be done again.
        assert_eq!(peer.ask(&get(1, KEEP, "after")), "after");
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 1);
        assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 0);
        responder.stage.open_gate();
        until(|| responder.stage.chores.load(Ordering::SeqCst) > 0);
        // A slow request behind them shows that nothing else was waiting.
        peer.ask(&get(1, KEEP, "slow"));
        assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 1);
    }

    /// Seen under mod_fcgid: a request that was there already when its connection was accepted was
    /// answered, and its chores left until the next event.
    #[test]
    fn wait_for_no_further_request() {
        let (listening, folder) = listen();
        let mut early = UnixStream::connect(folder.path().join("socket")).unwrap();
        early.write_all(&get(1, 0, "chores")).unwrap();
        let responder = Running::on(listening, folder, OPTIONS);
        responder.stage.open_gate();
        until(|| responder.stage.chores.load(Ordering::SeqCst) == 1);
    }

    /// Seen in a set-up of README: the announce that took a new torrent in was the last one for long, and the
    /// page did not show the torrent before the next one.
    #[test]
    fn of_a_slow_request_wait_for_no_further_one() {
        let responder = Running::start(OPTIONS);
        responder.stage.open_gate();
        assert_eq!(responder.connect().ask(&get(1, 0, "slow chores")), "slowly ");
        until(|| responder.stage.chores.load(Ordering::SeqCst) == 1);
    }

    #[test]
    fn delay_no_slow_request() {
        let responder = Running::start(OPTIONS);
        let mut peer = responder.connect();
        peer.ask(&get(1, KEEP, "chores"));
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 1);
        assert!(peer.ask(&get(1, KEEP, "slow panic")).starts_with("Status: 500 "));
        assert_eq!(responder.stage.chores.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_reload_reaches_every_worker() {
    let responder = Running::start(Options { workers: 3, ..OPTIONS });
    until(|| responder.stage.made.load(Ordering::SeqCst) == 3);
    responder.control.reload();
    until(|| responder.stage.reloads.load(Ordering::SeqCst) == 3);
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
        responder.stage.open_gate();
        assert_eq!(peer.reply(), "slowly ");
    }
}

mod limits {
    use super::*;

    #[test]
    fn beyond_the_most_connections_one_has_to_wait() {
        let responder = Running::start(Options { max_connections: 2, ..OPTIONS });
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

mod a_stop {
    use super::*;

    #[test]
    fn closes_what_is_idle_and_leaves_no_path() {
        let responder = Running::start(Options { workers: 2, ..OPTIONS });
        let mut idle = responder.connect();
        idle.ask(&get(1, KEEP, "a"));
        let path = responder.path.clone();
        let began = Instant::now();
        responder.stop().unwrap();
        assert!(began.elapsed() < STOP_LIMIT, "an idle responder has nothing to wait for");
        assert_eq!(idle.record(), None);
        assert!(UnixStream::connect(&path).is_err() && !path.exists());
    }

    #[test]
    fn finishes_what_is_in_flight() {
        let responder = Running::start(OPTIONS);
        let mut slow = responder.connect();
        slow.send(&post(1, KEEP, "slow", b"body"));
        let mut half_sent = responder.connect();
        let (one, two) =
            (&get(1, KEEP, "half")[..20].to_vec(), &get(1, KEEP, "half")[20..].to_vec());
        half_sent.send(one);
        until(|| responder.stage.at_gate.load(Ordering::SeqCst) == 1);
        // A quick reply on a third shows that the second has been read.
        responder.connect().ask(&get(1, 0, ""));
        responder.control.stop();
        half_sent.send(two);
        assert_eq!(half_sent.reply(), "half");
        assert_eq!(half_sent.record(), None);
        responder.stage.open_gate();
        assert_eq!(slow.reply(), "slowly body");
        assert_eq!(slow.record(), None);
        responder.stop().unwrap();
    }

    #[test]
    fn does_not_wait_for_ever() {
        let responder = Running::start(OPTIONS);
        let stage = Arc::clone(&responder.stage);
        let mut slow = responder.connect();
        slow.send(&post(1, KEEP, "slow", b""));
        until(|| stage.at_gate.load(Ordering::SeqCst) == 1);
        let began = Instant::now();
        responder.stop().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        stage.open_gate();
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
