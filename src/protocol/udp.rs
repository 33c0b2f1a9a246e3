//! Packets of the UDP tracker protocol (BEP 15), as a client makes and reads them. Integers are big-endian.

use super::InfoHash;

/// How many swarms a scrape may name: then its packet fits into what every network carries (BEP 15).
pub const MOST_SCRAPED: usize = 74;

/// What a connect request begins with instead of a connection id.
const MAGIC: u64 = 0x0000_0417_2710_1980;

const CONNECT: u32 = 0;
const SCRAPE: u32 = 2;
const ERROR: u32 = 3;

/// By which a reply is known to belong to a request: any number that nobody else can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionId(pub u32);

/// What a tracker gives to an address that can be reached, for at least a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionId(pub u64);

/// The counts of one swarm in a scrape's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpCounts {
    /// Peers that have all of it.
    pub seeders: u32,
    /// How often it was downloaded.
    pub completed: u32,
    /// Peers that want more of it.
    pub leechers: u32,
}

/// What a tracker replies to a request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UdpReply {
    /// To a connect request.
    Connected(ConnectionId),
    /// To a scrape: in the order of the request. Bytes that are no whole entry are left out.
    Scraped(Vec<UdpCounts>),
    /// What went wrong, in the tracker's words.
    Refused(String),
}

/// A packet that is no reply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UdpReplyError {
    /// Not even a transaction id, or a connect reply without a connection id.
    #[error("its packet of {0} bytes is too short for a reply (BEP 15)")]
    TooShort(usize),
    /// To another request, or from somebody who guesses.
    #[error("its packet has transaction id {0:#010x}, which is not that of the request (BEP 15)")]
    OtherTransaction(u32),
    /// An action that no scrape is replied to with.
    #[error("its packet has action {0}, which no scrape is replied to with (BEP 15)")]
    Action(u32),
}

/// Asks for a connection id.
#[must_use]
pub fn connect_request(transaction: TransactionId) -> [u8; 16] {
    head(MAGIC, CONNECT, transaction)
}

/// Asks for the figures of at most [`MOST_SCRAPED`] swarms; further ones are left out.
#[must_use]
pub fn scrape_request(
    connection: ConnectionId,
    transaction: TransactionId,
    info_hashes: &[InfoHash],
) -> Vec<u8> {
    let mut packet = head(connection.0, SCRAPE, transaction).to_vec();
    packet.extend(info_hashes.iter().take(MOST_SCRAPED).flat_map(|info_hash| info_hash.0));
    packet
}

fn head(connection: u64, action: u32, transaction: TransactionId) -> [u8; 16] {
    let mut packet = [0; 16];
    packet[..8].copy_from_slice(&connection.to_be_bytes());
    packet[8..12].copy_from_slice(&action.to_be_bytes());
    packet[12..].copy_from_slice(&transaction.0.to_be_bytes());
    packet
}

impl UdpReply {
    /// Reads the reply to the request with this transaction id.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(packet: &[u8], transaction: TransactionId) -> Result<Self, UdpReplyError> {
        let too_short = UdpReplyError::TooShort(packet.len());
        let (action, rest) = number(packet).ok_or(too_short)?;
        let (id, rest) = number(rest).ok_or(too_short)?;
        if id != transaction.0 {
            return Err(UdpReplyError::OtherTransaction(id));
        }
        match action {
            CONNECT => {
                let id = rest.first_chunk().ok_or(too_short)?;
                Ok(Self::Connected(ConnectionId(u64::from_be_bytes(*id))))
            }
            SCRAPE => Ok(Self::Scraped(rest.chunks_exact(12).filter_map(counts).collect())),
            ERROR => {
                let text = String::from_utf8_lossy(rest);
                Ok(Self::Refused(text.trim_end_matches('\0').to_owned()))
            }
            other => Err(UdpReplyError::Action(other)),
        }
    }
}

/// The number that bytes begin with, and what follows it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

fn counts(entry: &[u8]) -> Option<UdpCounts> {
    let (seeders, rest) = number(entry)?;
    let (completed, rest) = number(rest)?;
    let (leechers, _) = number(rest)?;
    Some(UdpCounts { seeders, completed, leechers })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: TransactionId = TransactionId(0x0102_0304);

    #[test]
    fn requests_are_laid_out_as_the_bep_says() {
        let connect = b"\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0\x01\x02\x03\x04";
        assert_eq!(&connect_request(ID), connect);
        let scrape =
            scrape_request(ConnectionId(0x1112_1314_1516_1718), ID, &[InfoHash([b'a'; 20])]);
        let head = b"\x11\x12\x13\x14\x15\x16\x17\x18\0\0\0\x02\x01\x02\x03\x04";
        assert_eq!(scrape, [&head[..], &[b'a'; 20]].concat());
        let most = scrape_request(ConnectionId(1), ID, &[InfoHash([0; 20]); MOST_SCRAPED + 1]);
        assert_eq!(most.len(), 16 + 20 * MOST_SCRAPED);
    }

    #[test]
    fn replies_are_read_as_the_bep_says() {
        let reply = |packet: &[u8]| UdpReply::parse(packet, ID);
        let connected = reply(b"\0\0\0\0\x01\x02\x03\x04\0\0\0\0\0\0\x01\x02rest");
        assert_eq!(connected, Ok(UdpReply::Connected(ConnectionId(0x102))));
        let scraped = reply(b"\0\0\0\x02\x01\x02\x03\x04\0\0\0\x01\0\0\0\x02\0\0\0\x03cut");
        let counts = UdpCounts { seeders: 1, completed: 2, leechers: 3 };
        assert_eq!(scraped, Ok(UdpReply::Scraped(vec![counts])));
        let refused = reply(b"\0\0\0\x03\x01\x02\x03\x04not here\0");
        assert_eq!(refused, Ok(UdpReply::Refused("not here".into())));
    }

    #[test]
    fn what_is_no_reply_says_why() {
        let problem = |packet: &[u8]| UdpReply::parse(packet, ID).unwrap_err();
        for short in [&b""[..], b"\0\0\0\0\x01\x02\x03", b"\0\0\0\0\x01\x02\x03\x04\0\0\0\0\0\0\0"]
        {
            assert_eq!(problem(short), UdpReplyError::TooShort(short.len()));
        }
        let other = problem(b"\0\0\0\0\x01\x02\x03\x05\0\0\0\0\0\0\0\0");
        assert_eq!(other, UdpReplyError::OtherTransaction(0x0102_0305));
        let announced = problem(b"\0\0\0\x01\x01\x02\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(announced, UdpReplyError::Action(1));
    }

    proptest! {
        #[test]
        fn no_packet_is_too_strange(packet: Vec<u8>, id: u32) {
            let _ = UdpReply::parse(&packet, TransactionId(id));
            let known = [&0_u32.to_be_bytes()[..], &ID.0.to_be_bytes(), &packet].concat();
            prop_assert_eq!(UdpReply::parse(&known, ID).is_ok(), packet.len() >= 8);
        }
    }
}
