//! Connects to many peers at once, says BitTorrent's handshake, and hears whether theirs comes back. Bounded in every
//! way: whoever is there may mean harm.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::schedule::Candidate;
use crate::protocol::{HANDSHAKE_LEN, Handshake, PeerId};

/// How much is done at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Connections at a time.
    pub(super) at_once: usize,
    /// Connections that are begun in a second.
    pub(super) a_second: u32,
    /// For how long a connection is waited for, and then again for the handshake.
    pub(super) step: Duration,
    /// After that nobody else is tried.
    pub(super) all: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            at_once: 64,
            a_second: 500,
            step: Duration::from_secs(5),
            all: Duration::from_secs(30),
        }
    }
}

/// What came of trying a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The peer is there.
    Reachable,
    /// A connection is refused, or somebody is there who does not have the torrent.
    Refused,
    /// Nothing comes back in time.
    Silent,
    /// It is not to be told: our own network has no way there; somebody hung up without a word, as clients do that
    /// want their connections encrypted; or another program has the torrent there.
    Unknown,
}

/// Bytes of a peer id that say which program it is of, and which version. More is not compared: libtorrent 2, which
/// qBittorrent and Deluge are made with, says another id to each peer than to its trackers.
const PROGRAM_LEN: usize = 8;

/// How often the clock is looked at while nothing comes.
const PATIENCE: Duration = Duration::from_millis(5);

/// Tries these peers, in order; `None` for those that no time was left for.
///
/// # Errors
/// When the system has no means to wait for many sockets.
pub(super) fn ask(
    candidates: &[Candidate],
    own_id: PeerId,
    bounds: &Bounds,
) -> io::Result<Vec<Option<Answer>>> {
    let mut answers = vec![None; candidates.len()];
    if candidates.is_empty() {
        return Ok(answers);
    }
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(bounds.at_once);
    let mut slots: Vec<Option<Attempt>> = (0..bounds.at_once).map(|_| None).collect();
    let begun = Instant::now();
    let mut pending = candidates.iter().enumerate().peekable();
    loop {
        let is_over = begun.elapsed() >= bounds.all;
        let may_have_begun = u128::from(bounds.a_second) * begun.elapsed().as_millis() / 1000;
        for (token, slot) in slots.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            let Some((index, candidate)) =
                pending.next_if(|(index, _)| !is_over && (*index as u128) <= may_have_begun)
            else {
                break;
            };
            match Attempt::begin(index, candidate, own_id, bounds.step) {
                Ok(mut attempt) => {
                    attempt.register(&poll, Token(token))?;
                    *slot = Some(attempt);
                }
                Err(problem) => answers[index] = Some(answer_to(&problem)),
            }
        }
        if slots.iter().all(Option::is_none) && (is_over || pending.peek().is_none()) {
            return Ok(answers);
        }
        wait(&mut poll, &mut events)?;
        for event in &events {
            if let Some(attempt) = slots.get_mut(event.token().0).and_then(Option::as_mut) {
                attempt.go_on();
            }
        }
        for slot in &mut slots {
            if let Some(answer) = slot.as_mut().and_then(Attempt::answer) {
                let index = slot.take().map_or(0, |attempt| attempt.index);
                answers[index] = Some(answer);
            }
        }
    }
}

fn wait(poll: &mut Poll, events: &mut Events) -> io::Result<()> {
    match poll.poll(events, Some(PATIENCE)) {
        Err(problem) if problem.kind() != ErrorKind::Interrupted => Err(problem),
        _ => Ok(()),
    }
}

/// A peer that is being tried.
struct Attempt {
    /// Its place among the candidates.
    index: usize,
    stream: TcpStream,
    address: SocketAddr,
    /// What the peer must say.
    expected: Handshake,
    /// What is still to be said to it; empty once it is said.
    to_say: Vec<u8>,
    heard: Vec<u8>,
    deadline: Instant,
    step: Duration,
    answer: Option<Answer>,
}

impl Attempt {
    fn begin(
        index: usize,
        candidate: &Candidate,
        own_id: PeerId,
        step: Duration,
    ) -> io::Result<Self> {
        let info_hash = candidate.info_hash;
        let address = candidate.endpoint.socket_address();
        Ok(Self {
            index,
            stream: TcpStream::connect(address)?,
            address,
            expected: Handshake { info_hash, peer_id: candidate.peer_id },
            to_say: Handshake { info_hash, peer_id: own_id }.encode().to_vec(),
            heard: Vec::with_capacity(HANDSHAKE_LEN),
            deadline: Instant::now() + step,
            step,
            answer: None,
        })
    }

    fn register(&mut self, poll: &Poll, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut self.stream, token, interest)
    }

    /// The outcome, once there is one, also that the time is over.
    fn answer(&mut self) -> Option<Answer> {
        let is_late = Instant::now() >= self.deadline;
        self.answer.or(is_late.then_some(Answer::Silent))
    }

    /// Does what can be done now.
    fn go_on(&mut self) {
        if self.answer.is_none() {
            self.answer = self.speak().and_then(|()| self.listen()).unwrap_or_else(|problem| {
                match self.to_say.is_empty() && self.heard.is_empty() {
                    // It hung up at what we said.
                    true => Some(Answer::Unknown),
                    false => Some(answer_to(&problem)),
                }
            });
        }
    }

    fn speak(&mut self) -> io::Result<()> {
        if self.to_say.is_empty() {
            return Ok(());
        }
        if let Some(problem) = self.stream.take_error()? {
            return Err(problem);
        }
        match self.stream.peer_addr() {
            // The kernel connects a socket to itself where both ends are the same.
            Ok(peer) if peer != self.address || self.stream.local_addr()? == peer => {
                Err(ErrorKind::ConnectionRefused.into())
            }
            Ok(_) => self.say(),
            // Not yet.
            Err(problem) if problem.kind() == ErrorKind::NotConnected => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    fn say(&mut self) -> io::Result<()> {
        while !self.to_say.is_empty() {
            match self.stream.write(&self.to_say) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(said) => drop(self.to_say.drain(..said)),
                Err(problem) if is_no_trouble(&problem) => return Ok(()),
                Err(problem) => return Err(problem),
            }
        }
        self.deadline = Instant::now() + self.step;
        Ok(())
    }

    /// Reads no more than a handshake.
    fn listen(&mut self) -> io::Result<Option<Answer>> {
        if !self.to_say.is_empty() {
            return Ok(None);
        }
        let mut bytes = [0; HANDSHAKE_LEN];
        loop {
            let room = HANDSHAKE_LEN - self.heard.len();
            match self.stream.read(&mut bytes[..room]) {
                Ok(0) if self.heard.is_empty() => return Ok(Some(Answer::Unknown)),
                Ok(0) => return Ok(Some(Answer::Refused)),
                Ok(read) => self.heard.extend(&bytes[..read]),
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(problem) if problem.kind() == ErrorKind::Interrupted => continue,
                Err(problem) => return Err(problem),
            }
            match Handshake::parse(&self.heard) {
                Ok(None) => {}
                Ok(Some(said)) => return Ok(Some(self.judge(said))),
                Err(_) => return Ok(Some(Answer::Refused)),
            }
        }
    }
}

impl Attempt {
    fn judge(&self, said: Handshake) -> Answer {
        if said.info_hash != self.expected.info_hash {
            return Answer::Refused;
        }
        let program = |peer_id: PeerId| peer_id.0.first_chunk::<PROGRAM_LEN>().copied();
        match program(said.peer_id) == program(self.expected.peer_id) {
            true => Answer::Reachable,
            false => Answer::Unknown,
        }
    }
}

fn is_no_trouble(problem: &io::Error) -> bool {
    matches!(problem.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What it means that there is no connection: what is on the way or on this host is not the peer's fault.
fn answer_to(problem: &io::Error) -> Answer {
    match problem.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Answer::Refused,
        ErrorKind::TimedOut => Answer::Silent,
        _ => Answer::Unknown,
    }
}

#[cfg(test)]
mod tests;
