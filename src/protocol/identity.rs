//! Who and what an announce is about: info-hashes, peer ids, client keys, addresses in wire form.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

/// The 20 bytes that name a swarm: the SHA-1 of a v1 info dictionary, or the truncated SHA-256 of a
/// v2 one (BEP 3, BEP 52).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfoHash(pub [u8; 20]);

impl InfoHash {
    /// Reads 40 hexadecimal digits of either case.
    #[must_use]
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        from_hex(digits).map(Self)
    }

    /// Reads an info-hash of either version in hexadecimal digits, as people see it.
    #[must_use]
    pub fn from_hex_of_any(digits: &[u8]) -> Option<Self> {
        let v2 = || InfoHashV2::from_hex(digits).map(InfoHashV2::truncated);
        Self::from_hex(digits).or_else(v2)
    }
}

/// The whole SHA-256 of a v2 info dictionary (BEP 52).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfoHashV2(pub [u8; 32]);

impl InfoHashV2 {
    /// What clients announce a v2 torrent with.
    #[must_use]
    pub fn truncated(self) -> InfoHash {
        let mut short = [0; 20];
        short.copy_from_slice(&self.0[..20]);
        InfoHash(short)
    }

    /// Reads 64 hexadecimal digits of either case.
    #[must_use]
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        from_hex(digits).map(Self)
    }
}

/// The 20 bytes by which a client names itself in one swarm (BEP 3, BEP 20).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub [u8; 20]);

/// A digest of the `key` parameter, which proves that two announces come from one client although
/// its address changed. It has 31 bits and is never given out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(u32);

impl ClientKey {
    /// Digests the decoded bytes of a `key` parameter (FNV-1a); an empty key is no key.
    #[must_use]
    pub fn of(key: &[u8]) -> Option<Self> {
        let digest = fnv1a(key);
        let folded = digest ^ digest >> 31 ^ digest >> 62;
        #[allow(clippy::cast_possible_truncation, reason = "these are the lowest 31 bits")]
        (!key.is_empty()).then(|| Self::from_bits(folded as u32))
    }

    /// The digest of a key that a client made from its peer id would prove nothing: anybody who has learnt
    /// the id knows the key. Nothing then; else as `of`.
    #[must_use]
    pub fn of_client(key: &[u8], peer_id: PeerId) -> Option<Self> {
        if is_derived(key, peer_id) { None } else { Self::of(key) }
    }

    /// The digest as a store keeps it.
    #[must_use]
    pub fn to_bits(self) -> u32 {
        self.0
    }

    /// A digest that a store kept: the lowest 31 bits.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        Self(bits & (u32::MAX >> 1))
    }
}

/// Whether a key is the end of the peer id in one of the forms that clients are known to send: raw
/// (aria2, its last eight bytes), as a signed number (anacrolix) or in hexadecimal digits (Rain), both
/// of the last four.
fn is_derived(key: &[u8], peer_id: PeerId) -> bool {
    let [.., a, b, c, d] = peer_id.0;
    let end = u32::from_be_bytes([a, b, c, d]);
    let numbers = [i64::from(end), i64::from(end.cast_signed())];
    let is_number = |text: &str| text.parse().is_ok_and(|number| numbers.contains(&number));
    let is_hexadecimal = |text: &str| {
        text.len() == 8 && u32::from_str_radix(text, 16).is_ok_and(|number| number == end)
    };
    (key.len() >= 4 && peer_id.0.ends_with(key))
        || std::str::from_utf8(key).is_ok_and(|text| is_number(text) || is_hexadecimal(text))
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientKey(..)")
    }
}

/// An IPv4 address and port as BEP 23 sends them: 4 + 2 bytes, big endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompactV4(pub [u8; 6]);

impl CompactV4 {
    /// The address.
    #[must_use]
    pub fn ip(self) -> Ipv4Addr {
        let [a, b, c, d, _, _] = self.0;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The port.
    #[must_use]
    pub fn port(self) -> u16 {
        u16::from_be_bytes([self.0[4], self.0[5]])
    }
}

impl From<SocketAddrV4> for CompactV4 {
    fn from(address: SocketAddrV4) -> Self {
        let mut bytes = [0; 6];
        bytes[..4].copy_from_slice(&address.ip().octets());
        bytes[4..].copy_from_slice(&address.port().to_be_bytes());
        Self(bytes)
    }
}

/// An IPv6 address and port as BEP 7 sends them: 16 + 2 bytes, big endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompactV6(pub [u8; 18]);

impl CompactV6 {
    /// The address.
    #[must_use]
    pub fn ip(self) -> Ipv6Addr {
        let mut octets = [0; 16];
        octets.copy_from_slice(&self.0[..16]);
        Ipv6Addr::from(octets)
    }

    /// The port.
    #[must_use]
    pub fn port(self) -> u16 {
        u16::from_be_bytes([self.0[16], self.0[17]])
    }
}

impl From<SocketAddrV6> for CompactV6 {
    fn from(address: SocketAddrV6) -> Self {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&address.ip().octets());
        bytes[16..].copy_from_slice(&address.port().to_be_bytes());
        Self(bytes)
    }
}

/// The FNV-1a digest of `bytes`: quick, well spread, no secret.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Reads hexadecimal digits of either case, two for each byte.
pub(super) fn from_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

macro_rules! shown_as_hex {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }
    )*};
}

shown_as_hex!(InfoHash, InfoHashV2, PeerId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_of_either_case_is_one_info_hash() {
        let lower = InfoHash::from_hex(b"00ff0a0b0c0d0e0f101112131415161718191aff").unwrap();
        let upper = InfoHash::from_hex(b"00FF0A0B0C0D0E0F101112131415161718191AFF").unwrap();
        assert_eq!(lower, upper);
        assert_eq!(lower.to_string(), "00ff0a0b0c0d0e0f101112131415161718191aff");
        assert_eq!(InfoHash::from_hex(b"00ff"), None);
        assert_eq!(InfoHash::from_hex(&[b'g'; 40]), None);
    }

    #[test]
    fn the_whole_hash_of_a_v2_torrent_has_64_digits_of_either_case() {
        let digits = "00ff0a0b".repeat(8);
        let hash = InfoHashV2::from_hex(digits.as_bytes()).unwrap();
        assert_eq!(InfoHashV2::from_hex(digits.to_uppercase().as_bytes()), Some(hash));
        assert_eq!(hash.0[28..], [0, 0xff, 0xa, 0xb]);
        assert_eq!(Some(hash.truncated()), InfoHash::from_hex(&digits.as_bytes()[..40]));
        assert_eq!(InfoHashV2::from_hex(&digits.as_bytes()[..40]), None);
    }

    #[test]
    fn a_store_knows_a_key_again_when_another_build_reads_it() {
        assert_eq!(ClientKey::of(b"c").unwrap().to_bits(), 0x58c6_5369);
    }

    #[test]
    fn a_key_does_not_get_into_a_log() {
        assert_eq!(format!("{:?}", ClientKey::of(b"c").unwrap()), "ClientKey(..)");
    }

    #[test]
    fn an_empty_key_is_no_key() {
        assert_eq!(ClientKey::of(b""), None);
        assert_ne!(ClientKey::of(b"a"), ClientKey::of(b"b"));
    }

    #[test]
    fn a_key_made_from_the_peer_id_is_no_key() {
        let peer_id = PeerId(*b"-XX0001-abcdefgh\xfe\x02\x03\x04");
        for derived in [
            b"efgh\xfe\x02\x03\x04".as_slice(),
            b"\xfe\x02\x03\x04",
            b"-33422588",
            b"4261544708",
            b"fe020304",
            b"FE020304",
        ] {
            assert_eq!(ClientKey::of_client(derived, peer_id), None, "{derived:?}");
        }
        for own in [b"\x04".as_slice(), b"1a2b3c4d", b"33422588", b"FE0203", b"fe02030400"] {
            assert!(ClientKey::of_client(own, peer_id).is_some(), "{own:?}");
        }
        assert_eq!(ClientKey::of_client(b"", peer_id), None);
    }

    #[test]
    fn addresses_keep_through_the_wire_form() {
        let v4 = SocketAddrV4::new(Ipv4Addr::new(1, 2, 3, 4), 0x1a2b);
        assert_eq!(CompactV4::from(v4).0, [1, 2, 3, 4, 0x1a, 0x2b]);
        assert_eq!((CompactV4::from(v4).ip(), CompactV4::from(v4).port()), (*v4.ip(), v4.port()));
        let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 6881, 0, 0);
        assert_eq!((CompactV6::from(v6).ip(), CompactV6::from(v6).port()), (*v6.ip(), v6.port()));
    }
}
