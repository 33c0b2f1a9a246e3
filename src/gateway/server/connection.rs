//! One web server's connection: moves bytes between its socket and its codec, as far as they go
//! without waiting.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};

use super::codec::{BodyLimit, Codec, Event, Limits, OwnedRequest, Transport};
use super::output::Output;
use super::socket::Socket;
use crate::gateway::{Rejection, Response};

/// The memory of a connection, to be used again for the next one.
pub struct Buffers<C: Codec> {
    codec: C,
    output: Output<C::Framing>,
}

impl<C: Codec> Buffers<C> {
    /// For connections with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { codec: C::new(limits), output: Output::default() }
    }
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A request wants an answer.
    Request,
    /// A request is rejected, and wants an answer that says so.
    Rejected(Rejection),
    /// Nothing to do before the socket is ready again or an answer is there.
    Wait,
    /// It has ended, or has to.
    Closed,
}

/// One connection.
pub struct Connection<C: Codec> {
    socket: Socket,
    codec: C,
    output: Output<C::Framing>,
    /// The number of the answer that is being made on another thread.
    ticket: Option<u64>,
    /// Reading may give something: no read has come back short since the socket was ready.
    readable: bool,
    /// The web server has closed its side: a short read is not the last one, the end comes after it.
    end_is_near: bool,
    ended: bool,
    end_said: bool,
    last_progress: Instant,
    /// What the kernel watches it for.
    watched: Option<Interest>,
}

impl<C: Codec> Connection<C> {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new(socket: Socket, buffers: Buffers<C>, now: Instant) -> Self {
        let Buffers { codec, output } = buffers;
        Self {
            socket,
            codec,
            output,
            ticket: None,
            readable: true,
            end_is_near: false,
            ended: false,
            end_said: false,
            last_progress: now,
            watched: None,
        }
    }

    /// Closes it and gives its memory back.
    #[must_use]
    pub fn into_buffers(mut self) -> Buffers<C> {
        self.codec.reset();
        self.output.clear();
        Buffers { codec: self.codec, output: self.output }
    }

    /// The socket is ready to be read, or has `ended` at the other side.
    pub fn on_readable(&mut self, ended: bool) {
        self.readable = true;
        self.end_is_near |= ended;
    }

    /// Has the kernel say when it is worth going on: after new bytes, and while output waits, after
    /// room for it. Registered again only when that changes, as it is a system call.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let wanted = if self.output.is_empty() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        match self.watched.replace(wanted) {
            None => registry.register(self.socket.source(), token, wanted),
            Some(before) if before == wanted => Ok(()),
            Some(_) => registry.reregister(self.socket.source(), token, wanted),
        }
    }

    /// Whether it is between two requests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.codec.is_busy() && self.output.is_empty()
    }

    /// Whether the web server has neither sent nor taken anything for too long. The time that we
    /// take for an answer does not count.
    #[must_use]
    pub fn has_expired(&self, now: Instant, timeout: Duration) -> bool {
        self.ticket.is_none() && now.saturating_duration_since(self.last_progress) > timeout
    }

    /// Reads, understands and writes until a request is there or nothing more goes.
    pub fn advance(&mut self, now: Instant, body_limit: BodyLimit<'_>) -> Step {
        loop {
            let full = self.output.is_full();
            if !full {
                match self.codec.next(&mut self.output, body_limit) {
                    Ok(Some(Event::Request)) => return Step::Request,
                    Ok(Some(Event::Rejected(rejection))) => return Step::Rejected(rejection),
                    Ok(Some(Event::Aborted)) => {
                        self.ticket = None;
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        crate::warning!("connection closed, the web server sent {error}");
                        return Step::Closed;
                    }
                }
            }
            if !self.write(now) || self.is_over() {
                return Step::Closed;
            }
            if self.output.is_full() {
                return Step::Wait;
            }
            if !full && !self.read(now) {
                return if self.is_over() { Step::Closed } else { Step::Wait };
            }
        }
    }

    /// The request that wants an answer.
    #[must_use]
    pub fn request(&self) -> (C::Variables<'_>, &[u8]) {
        self.codec.request()
    }

    /// The same for another thread, whose answer will come with `ticket`.
    #[must_use]
    pub fn defer(&mut self, ticket: u64) -> OwnedRequest {
        self.ticket = Some(ticket);
        self.codec.take_request()
    }

    /// Whether the answer with this number is still wanted.
    #[must_use]
    pub fn awaits(&self, ticket: u64) -> bool {
        self.ticket == Some(ticket)
    }

    /// Answers the request; [`advance`](Self::advance) writes it.
    pub fn reply(&mut self, response: &mut Response, now: Instant) {
        self.ticket = None;
        self.last_progress = now;
        self.codec.reply(response, &mut self.output);
    }

    /// The large reply that the web server has not read yet, and when it took something last.
    #[must_use]
    pub fn unread(&self) -> Option<(&Arc<Vec<u8>>, Instant)> {
        self.output.large_reply().map(|reply| (reply, self.last_progress))
    }

    /// Whether nothing can follow: the web server has closed and gets no more, or we have to close.
    fn is_over(&self) -> bool {
        if self.ended {
            return self.ticket.is_none();
        }
        self.codec.transport() == Transport::Close && self.output.is_empty()
    }

    /// Reads once; says whether anything came.
    fn read(&mut self, now: Instant) -> bool {
        if !self.readable || self.ended {
            return false;
        }
        let room = self.codec.room();
        if room.is_empty() {
            return false;
        }
        let most = room.len();
        match self.socket.read(room) {
            Ok(0) => {
                self.ended = true;
                false
            }
            Ok(length) => {
                // A short read has emptied the socket: no need to ask again before it is ready.
                self.readable = length == most || self.end_is_near;
                self.codec.filled(length);
                self.last_progress = now;
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                false
            }
            Err(_) => {
                // Reset by the web server: nobody waits for a reply any more.
                self.ended = true;
                self.ticket = None;
                false
            }
        }
    }

    /// Writes what there is; says whether the connection is still good.
    fn write(&mut self, now: Instant) -> bool {
        loop {
            let attempt = match self.output.unwritten() {
                ([], []) => break,
                (bytes, []) => self.socket.write(bytes),
                (first, second) => {
                    self.socket.write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
                }
            };
            match attempt {
                Ok(0) => return false,
                Ok(length) => {
                    self.output.wrote(length);
                    self.last_progress = now;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.output.give_back();
                    return true;
                }
                Err(_) => return false,
            }
        }
        self.output.give_back();
        if self.codec.transport() == Transport::DrainAndClose && !self.end_said {
            self.end_said = true;
            self.socket.end_writing();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use mio::net::UnixStream;

    use super::super::output::LARGE;
    use super::*;
    use crate::gateway::Variables;
    use crate::gateway::fastcgi::FastCgi;
    use crate::gateway::fastcgi::testing::{KEEP, get};

    fn pair() -> (std::os::unix::net::UnixStream, Connection<FastCgi>) {
        let (theirs, ours) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let limits = Limits { params: 1000, connections: 1 };
        let socket = Socket::Unix(UnixStream::from_std(ours));
        (theirs, Connection::new(socket, Buffers::new(limits), Instant::now()))
    }

    /// The kernel tells of the last bytes and of the end in one event, and then no more.
    #[test]
    fn an_end_that_comes_with_the_last_request_is_seen() {
        let (mut theirs, mut connection) = pair();
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Wait);
        theirs.write_all(&get(1, KEEP, "last")).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        connection.on_readable(true);
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Request);
        assert_eq!(connection.request().0.get("QUERY_STRING"), Some(&b"last"[..]));
        connection.reply(&mut Response::default(), Instant::now());
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Closed);
    }

    #[test]
    fn a_socket_is_not_read_again_before_it_is_ready() {
        let (mut theirs, mut connection) = pair();
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Wait);
        theirs.write_all(&get(1, KEEP, "")).unwrap();
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Wait);
        connection.on_readable(false);
        assert_eq!(connection.advance(Instant::now(), &mut |_| 0), Step::Request);
    }

    #[test]
    fn it_expires_only_between_our_turns() {
        let (mut theirs, mut connection) = pair();
        let (start, timeout) = (Instant::now(), Duration::from_secs(10));
        let late = start + Duration::from_secs(60);
        assert!(!connection.has_expired(start, timeout) && connection.has_expired(late, timeout));
        theirs.write_all(&get(1, KEEP, "")).unwrap();
        assert_eq!(connection.advance(start, &mut |_| 0), Step::Request);
        drop(connection.defer(1));
        assert!(!connection.has_expired(late, timeout));
        connection.reply(&mut Response::default(), late);
        assert!(!connection.has_expired(late, timeout));
    }

    #[test]
    fn output_that_is_not_read_stays_within_bounds() {
        let (mut theirs, mut connection) = pair();
        let asking = std::thread::spawn(move || {
            // Fails in the end, when nobody takes it any more.
            let _ = theirs.write_all(&get(1, KEEP, "").repeat(3000));
        });
        let mut most = 0;
        let mut answered = 0;
        // Nobody reads, so it comes to rest at some place; until then it is ready again and again.
        while answered == 0 || !connection.output.is_full() {
            connection.on_readable(false);
            while connection.advance(Instant::now(), &mut |_| 0) == Step::Request {
                let mut response = Response::default();
                response.body.resize(10_000, b'x');
                connection.reply(&mut response, Instant::now());
                answered += 1;
                most = most.max(connection.output.bytes().len());
            }
        }
        assert!(answered < 3000 && most < 2 * LARGE + 20_000, "{answered} {most}");
        drop(connection);
        asking.join().unwrap();
    }
}
