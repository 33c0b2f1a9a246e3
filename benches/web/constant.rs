//! The floor: a FastCGI responder that reads what it must and gives everybody the same body, in as
//! little as such a program can do.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};

/// Record types of FastCGI 1.0, section 8.
const BEGIN_REQUEST: u8 = 1;
const END_REQUEST: u8 = 3;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

const HEADER: usize = 8;
const LISTENER: Token = Token(usize::MAX);

/// A body as long as that of an answer with 50 peers.
fn body() -> Vec<u8> {
    let start =
        b"d8:completei25e10:downloadedi0e11:external ip4:abcd10:incompletei75e8:intervali1800e\
                  12:min intervali300e5:peers300:";
    [&start[..], &[b'p'; 300], b"e"].concat()
}

/// What follows the status line of a CGI, with the body.
pub fn cgi_reply() -> Vec<u8> {
    let body = body();
    let head = format!(
        "Status: 200 OK\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Answers on a socket of its own, with so many threads, for ever.
pub fn serve_at(path: &Path, workers: usize) {
    let _ = std::fs::remove_file(path);
    let listener = StdListener::bind(path).expect("the socket is made");
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let listener = listener.try_clone().expect("a second handle of the socket");
            std::thread::spawn(move || serve(listener))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("a worker goes on"));
}

/// Whether the web server has passed a listening socket as the standard input; then it is served.
pub fn serve_if_passed() -> bool {
    let input = std::io::stdin();
    let Ok(own) = input.as_fd().try_clone_to_owned() else { return false };
    let listener = StdListener::from(own);
    if listener.local_addr().is_err() || listener.set_nonblocking(true).is_err() {
        return false;
    }
    match listener.accept() {
        Ok((stream, _)) => Worker::new(listener, Some(stream)).run(),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Worker::new(listener, None).run(),
        Err(_) => false,
    }
}

fn serve(listener: StdListener) -> ! {
    listener.set_nonblocking(true).expect("a socket that does not block");
    Worker::new(listener, None).run()
}

/// One thread and its connections.
struct Worker {
    listener: UnixListener,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    reply: Vec<u8>,
}

struct Connection {
    stream: UnixStream,
    received: Vec<u8>,
    keep: bool,
}

impl Worker {
    fn new(listener: StdListener, first: Option<std::os::unix::net::UnixStream>) -> Self {
        let poll = Poll::new().expect("an epoll");
        let mut listener = UnixListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE).expect("a listener");
        let mut worker = Self { listener, poll, connections: Vec::new(), reply: reply() };
        if let Some(first) = first {
            first.set_nonblocking(true).expect("a stream that does not block");
            worker.add(UnixStream::from_std(first));
        }
        worker
    }

    fn run(mut self) -> ! {
        let mut events = Events::with_capacity(256);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.expect("events"),
            }
            for event in &events {
                if event.token() == LISTENER {
                    while let Ok((stream, _)) = self.listener.accept() {
                        self.add(stream);
                    }
                } else {
                    self.read(event.token().0);
                }
            }
        }
    }

    fn add(&mut self, mut stream: UnixStream) {
        let free = self.connections.iter().position(Option::is_none);
        let place = free.unwrap_or(self.connections.len());
        let registry = self.poll.registry();
        registry.register(&mut stream, Token(place), Interest::READABLE).expect("a connection");
        let connection = Some(Connection { stream, received: Vec::new(), keep: false });
        match self.connections.get_mut(place) {
            Some(slot) => *slot = connection,
            None => self.connections.push(connection),
        }
        self.read(place);
    }

    fn read(&mut self, place: usize) {
        let Some(connection) = self.connections.get_mut(place).and_then(Option::as_mut) else {
            return;
        };
        let mut chunk = [0; 8192];
        let goes_on = loop {
            match connection.stream.read(&mut chunk) {
                Ok(0) => break false,
                Ok(count) => connection.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break true,
                Err(_) => break false,
            }
            if connection.answer(&self.reply) && !connection.keep {
                break false;
            }
        };
        if !goes_on {
            self.connections[place] = None;
        }
    }
}

impl Connection {
    /// Answers what is there whole; says whether it did.
    fn answer(&mut self, reply: &[u8]) -> bool {
        let (mut at, mut answered) = (0, false);
        while let Some(header) = self.received.get(at..at + HEADER) {
            let (kind, length) = (header[1], usize::from(header[4]) << 8 | usize::from(header[5]));
            let end = at + HEADER + length + usize::from(header[6]);
            if end > self.received.len() {
                break;
            }
            match kind {
                BEGIN_REQUEST => self.keep = self.received[at + HEADER + 2] & 1 == 1,
                STDIN if length == 0 => {
                    let written = self.stream.write(reply);
                    answered = written.is_ok_and(|count| count == reply.len());
                }
                _ => {}
            }
            at = end;
        }
        self.received.drain(..at);
        answered
    }
}

fn reply() -> Vec<u8> {
    let body = cgi_reply();
    let length = u16::try_from(body.len()).expect("one record").to_be_bytes();
    let header = |kind, [high, low]: [u8; 2]| [1, kind, 0, 1, high, low, 0, 0];
    [&header(STDOUT, length)[..], &body, &header(END_REQUEST, [0, 8]), &[0; 8]].concat()
}
