//! The handshake between two peers (BEP 3): by it a client shows that it has a torrent, and who it is.

use super::{InfoHash, PeerId};

/// Bytes of a handshake.
pub const HANDSHAKE_LEN: usize = 68;

/// What it begins with: the length of the protocol's name, and the name.
const PROTOCOL: &[u8; 20] = b"\x13BitTorrent protocol";

/// Which torrent a peer means, and who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The torrent.
    pub info_hash: InfoHash,
    /// The peer.
    pub peer_id: PeerId,
}

/// Bytes that are not the beginning of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what it says is not BitTorrent's handshake")]
pub struct NotAHandshake;

impl Handshake {
    /// As it is sent; none of the extensions is offered.
    #[must_use]
    pub fn encode(&self) -> [u8; HANDSHAKE_LEN] {
        let mut bytes = [0; HANDSHAKE_LEN];
        bytes[..20].copy_from_slice(PROTOCOL);
        bytes[28..48].copy_from_slice(&self.info_hash.0);
        bytes[48..].copy_from_slice(&self.peer_id.0);
        bytes
    }

    /// Reads one from the beginning of what came; `None` while it has not come whole.
    ///
    /// # Errors
    /// As soon as the bytes cannot become one.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, NotAHandshake> {
        let known = bytes.len().min(PROTOCOL.len());
        if bytes.get(..known) != PROTOCOL.get(..known) {
            return Err(NotAHandshake);
        }
        let field = |at: usize| bytes.get(at..)?.first_chunk::<20>().copied();
        let fields = field(28).zip(field(48));
        Ok(fields.map(|(info_hash, peer_id)| Self {
            info_hash: InfoHash(info_hash),
            peer_id: PeerId(peer_id),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_bytes_are_told_at_the_first_that_differs() {
        assert_eq!(Handshake::parse(b""), Ok(None));
        assert_eq!(Handshake::parse(b"\x13Bit"), Ok(None));
        assert_eq!(Handshake::parse(b"\x13Bot"), Err(NotAHandshake));
        assert_eq!(Handshake::parse(b"HTTP/1.1 400 Bad Request"), Err(NotAHandshake));
    }

    proptest! {
        #[test]
        fn a_handshake_is_read_as_it_was_written_and_not_before_it_is_whole(
            info_hash: [u8; 20], peer_id: [u8; 20], more in proptest::collection::vec(any::<u8>(), 0..9)
        ) {
            let handshake = Handshake { info_hash: InfoHash(info_hash), peer_id: PeerId(peer_id) };
            let bytes = [&handshake.encode()[..], &more].concat();
            prop_assert_eq!(Handshake::parse(&bytes), Ok(Some(handshake)));
            for end in 0..HANDSHAKE_LEN {
                prop_assert_eq!(Handshake::parse(&bytes[..end]), Ok(None));
            }
        }
    }
}
