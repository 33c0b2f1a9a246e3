//! A scrape over UDP (BEP 15): a connection id, then figures, from the address that was asked and no other.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::bounds::{Bounds, Deadline};
use super::failed::{Failed, is_timeout};
use super::resolve::{in_turn, resolve};
use crate::platform::random::unguessable;
use crate::protocol::udp::{
    ConnectionId, MOST_SCRAPED, TransactionId, UdpCounts, UdpReply, UdpReplyError, connect_request,
    scrape_request,
};
use crate::protocol::{InfoHash, ScrapeFault, ScrapeFaults, Scraped, ScrapedTorrent, Url};

/// How long a reply is waited for until the request is sent once more: it may be lost. Doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(3);

/// Bytes of a packet at most.
const LONGEST_PACKET: usize = 65_535;

/// Why there are no figures.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UdpFailed {
    /// Nothing came.
    #[error(transparent)]
    Transfer(#[from] Failed),
    /// Something came that is no reply.
    #[error("{from} sends something else than a reply: {problem}")]
    NotAReply {
        /// The tracker.
        from: SocketAddr,
        /// What is wrong with it.
        problem: UdpReplyError,
    },
    /// The tracker refuses.
    #[error("a refusal: {0}")]
    Refused(String),
    /// A reply to another kind of request.
    #[error("{0} replies to a scrape with a connection id, or the other way round (BEP 15)")]
    OtherReply(SocketAddr),
}

/// Figures, and from which address.
pub(super) struct Answer {
    pub(super) from: SocketAddr,
    pub(super) scraped: Scraped,
    pub(super) bytes: usize,
}

/// Asks for the figures of torrents, at least one.
pub(super) fn scrape(
    url: &Url,
    info_hashes: &[InfoHash],
    bounds: &Bounds,
) -> Result<Answer, UdpFailed> {
    let deadline = Deadline::after(bounds.time);
    let port = url.port().ok_or_else(|| Failed::Unresolved {
        host: url.host().into(),
        reason: "a UDP tracker's address needs a port".into(),
    })?;
    let addresses = resolve(url.host(), port, bounds.targets, deadline)?;
    let (mut conversation, connection) = in_turn(&addresses, deadline, |address, within| {
        Ok(match Conversation::begin(address, within) {
            Ok(begun) => Ok(begun),
            Err(UdpFailed::Transfer(failed)) => return Err(failed),
            Err(other) => Err(other),
        })
    })??;
    conversation.deadline = deadline;
    conversation.within = bounds.time;
    let mut answer = Answer { from: conversation.with, scraped: Scraped::default(), bytes: 0 };
    for part in info_hashes.chunks(MOST_SCRAPED) {
        match conversation.scrape(connection, part) {
            Ok(scraped) => answer.scraped.join(scraped),
            Err(failed) if answer.scraped.torrents.is_empty() => return Err(failed),
            Err(failed) => {
                answer.scraped.faults.note(ScrapeFault::Unfinished, || failed.to_string());
                break;
            }
        }
    }
    answer.bytes = conversation.bytes;
    Ok(answer)
}

/// Packets between us and one address.
struct Conversation {
    socket: UdpSocket,
    with: SocketAddr,
    deadline: Deadline,
    /// The time that it has, for messages.
    within: Duration,
    /// That came in.
    bytes: usize,
}

impl Conversation {
    /// Opens it, and is given a connection id.
    fn begin(with: SocketAddr, within: Duration) -> Result<(Self, ConnectionId), UdpFailed> {
        let any = match with {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any).and_then(|socket| {
            // From now on the kernel passes over packets from elsewhere.
            socket.connect(with).map(|()| socket)
        });
        let socket = socket.map_err(|problem| unreachable(with, &problem))?;
        let deadline = Deadline::after(within);
        let mut this = Self { socket, with, deadline, within, bytes: 0 };
        match this.exchange(|id| connect_request(id).into())? {
            UdpReply::Connected(connection) => Ok((this, connection)),
            UdpReply::Refused(reason) => Err(UdpFailed::Refused(reason)),
            UdpReply::Scraped(_) => Err(UdpFailed::OtherReply(with)),
        }
    }

    fn scrape(
        &mut self,
        connection: ConnectionId,
        info_hashes: &[InfoHash],
    ) -> Result<Scraped, UdpFailed> {
        match self.exchange(|id| scrape_request(connection, id, info_hashes))? {
            UdpReply::Scraped(counts) => Ok(scraped(info_hashes, &counts)),
            UdpReply::Refused(reason) => Err(UdpFailed::Refused(reason)),
            UdpReply::Connected(_) => Err(UdpFailed::OtherReply(self.with)),
        }
    }

    /// Sends a request until its reply is there or the time is over. Replies to other requests are passed over, as
    /// anybody could send them.
    fn exchange(
        &mut self,
        request: impl Fn(TransactionId) -> Vec<u8>,
    ) -> Result<UdpReply, UdpFailed> {
        let id = unguessable().map_err(|problem| unreachable(self.with, &problem))?;
        let id = TransactionId(u32::from_be_bytes(id));
        let request = request(id);
        let (mut wait, mut strange) = (FIRST_WAIT, None);
        while let Ok(left) = self.deadline.left() {
            self.socket.send(&request).map_err(|problem| unreachable(self.with, &problem))?;
            let until = Instant::now() + wait.min(left);
            wait *= 2;
            while let Some(packet) = self.receive(until)? {
                match UdpReply::parse(&packet, id) {
                    Ok(reply) => return Ok(reply),
                    Err(problem @ UdpReplyError::Action(_)) => {
                        return Err(UdpFailed::NotAReply { from: self.with, problem });
                    }
                    Err(problem) => strange = Some(problem),
                }
            }
        }
        Err(match strange {
            Some(problem) => UdpFailed::NotAReply { from: self.with, problem },
            None => Failed::NoPacket { to: self.with, within: self.within }.into(),
        })
    }

    /// The next packet, if one comes in time.
    fn receive(&mut self, until: Instant) -> Result<Option<Vec<u8>>, Failed> {
        let mut packet = vec![0; LONGEST_PACKET];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let received = self.socket.set_read_timeout(Some(left));
            match received.and_then(|()| self.socket.recv(&mut packet)) {
                Ok(length) => {
                    packet.truncate(length);
                    self.bytes += length;
                    return Ok(Some(packet));
                }
                Err(problem) if is_timeout(&problem) => return Ok(None),
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(unreachable(self.with, &problem)),
            }
        }
    }
}

fn unreachable(to: SocketAddr, problem: &io::Error) -> Failed {
    Failed::Unreachable { to: to.to_string(), reason: problem.to_string() }
}

/// The figures in the order of the request, which is all that says whose they are. What a tracker does not know has
/// three zeros (BEP 15).
fn scraped(info_hashes: &[InfoHash], counts: &[UdpCounts]) -> Scraped {
    let torrents = info_hashes.iter().zip(counts).map(|(info_hash, counts)| ScrapedTorrent {
        complete: Some(counts.seeders),
        incomplete: Some(counts.leechers),
        downloaded: Some(counts.completed),
        ..ScrapedTorrent::without_figures(*info_hash)
    });
    let mut faults = ScrapeFaults::default();
    if counts.len() != info_hashes.len() {
        let example = || format!("{} instead of {}", counts.len(), info_hashes.len());
        faults.note(ScrapeFault::Entries, example);
    }
    Scraped { torrents: torrents.collect(), faults, ..Scraped::default() }
}

#[cfg(test)]
mod tests;
