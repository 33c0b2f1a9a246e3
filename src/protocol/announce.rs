//! An announce as the client sends it: one pass over the query, no allocation (BEP 3, 7, 21, 23).

mod parameters;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::query::{DecodeError, percent_decode, percent_decoded};
use super::{ClientKey, InfoHash, Parameters, Passkey, PeerId};

/// What the client says has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// A regular announce; also any word that we do not know.
    #[default]
    None,
    /// The first announce of a download.
    Started,
    /// The download has ended just now.
    Completed,
    /// The client leaves.
    Stopped,
    /// The client is a partial seed (BEP 21); it says so on every announce.
    Paused,
}

/// Addresses that the client states in its query. Whether they count is not decided here.
///
/// An IPv4 address in IPv6 dress (`::ffff:192.0.2.1`) is an IPv4 address. DNS names, which BEP 3
/// allows in `ip=`, are passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatedAddresses {
    /// From `ipv4=` or `ip=`, with the port if one is stated (`addr:port`).
    pub v4: Option<(Ipv4Addr, Option<u16>)>,
    /// From `ipv6=` or `ip=`, with the port if one is stated (`[addr]:port`).
    pub v6: Option<(Ipv6Addr, Option<u16>)>,
}

/// An announce as it was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceRequest {
    /// The swarm.
    pub info_hash: InfoHash,
    /// The client's name for itself.
    pub peer_id: PeerId,
    /// Where it listens; 0 when it does not.
    pub port: u16,
    /// Bytes uploaded since `started`; 0 when missing or senseless.
    pub uploaded: u64,
    /// Bytes downloaded since `started`; 0 when missing or senseless.
    pub downloaded: u64,
    /// Bytes still to download; `None` when missing or senseless: the client is then a leecher.
    pub left: Option<u64>,
    /// What has happened.
    pub event: Event,
    /// Peers wanted; `None` when missing, negative or senseless.
    pub numwant: Option<u32>,
    /// `compact=`: `Some(false)` only for 0.
    pub compact: Option<bool>,
    /// `no_peer_id=1`: dictionaries without peer ids will do.
    pub no_peer_id: bool,
    /// A digest of `key=`, if that proves anything.
    pub key: Option<ClientKey>,
    /// `short`: the client cannot be reached and would like short intervals, as Bitstorm offers.
    pub short: bool,
    /// Addresses in the query.
    pub stated: StatedAddresses,
    /// `passkey=`, if it can be one.
    pub passkey: Option<Passkey>,
}

/// Why an announce was not understood; each text is safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The query is longer than 4 KiB.
    #[error("the announce is longer than 4096 bytes")]
    TooLong,
    /// No swarm is named.
    #[error("info_hash is missing")]
    MissingInfoHash,
    /// More than one `info_hash`, equal or not.
    #[error("info_hash is given more than once; announce each torrent on its own")]
    RepeatedInfoHash,
    /// The obfuscated form of BEP 8.
    #[error("sha_ih (BEP 8) is not supported; use info_hash")]
    ObfuscatedInfoHash,
    /// A broken escape in `info_hash`.
    #[error("info_hash holds a % without two hexadecimal digits after it")]
    MalformedInfoHash,
    /// `info_hash` is too short or too long.
    #[error(
        "info_hash must be exactly 20 bytes; of hexadecimal digits, two with a % before them are one"
    )]
    InfoHashLength,
    /// The peer does not name itself.
    #[error("peer_id is missing")]
    MissingPeerId,
    /// A broken escape in `peer_id`.
    #[error("peer_id holds a % without two hexadecimal digits after it")]
    MalformedPeerId,
    /// `peer_id` is too short or too long.
    #[error("peer_id must be exactly 20 bytes")]
    PeerIdLength,
    /// The peer does not say where it listens.
    #[error("port is missing")]
    MissingPort,
    /// Not a port.
    #[error("port must be a number from 0 to 65535")]
    BadPort,
}

impl AnnounceRequest {
    /// Bytes of the longest query that is looked at.
    const LONGEST_QUERY: usize = 4096;

    /// Reads a query: the part of the URL after its first `?`, as it came.
    ///
    /// `info_hash`, `peer_id` and `port` must be there and be right; anything else that is senseless
    /// counts as missing, because real clients send it. Of repeated parameters the last one counts.
    ///
    /// # Errors
    /// What the client did wrong, in words for the person in front of it.
    pub fn parse(query: &[u8]) -> Result<Self, AnnounceError> {
        Self::parse_ahead(query, |_| {})
    }

    /// The same; names the swarm as soon as it is known, and once more when about half of the work is done: so what will be
    /// looked up can be fetched meanwhile, step by step.
    ///
    /// # Errors
    /// As for `parse`.
    pub fn parse_ahead(
        query: &[u8],
        mut swarm_is: impl FnMut(InfoHash),
    ) -> Result<Self, AnnounceError> {
        if query.len() > Self::LONGEST_QUERY {
            return Err(AnnounceError::TooLong);
        }
        let raw = RawAnnounce::collect(query, &mut swarm_is)?;
        let info_hash = raw.info_hash.ok_or(AnnounceError::MissingInfoHash)??;
        swarm_is(info_hash);
        let peer_id = raw.peer_id()?;
        Ok(Self {
            info_hash,
            peer_id,
            port: raw.port()?,
            uploaded: byte_count(raw.uploaded),
            downloaded: byte_count(raw.downloaded),
            left: number(raw.left).ok(),
            event: event(raw.event),
            numwant: numwant(raw.numwant),
            compact: raw.compact.map(is_set),
            no_peer_id: raw.no_peer_id.is_some_and(is_set),
            key: client_key(raw.key, peer_id),
            short: raw.short,
            stated: StatedAddresses::of([raw.ipv4, raw.ipv6, raw.ip]),
            passkey: Passkey::parse(raw.passkey),
        })
    }
}

/// The values of a query as they came. Empty stands for missing where the two mean the same.
#[derive(Default)]
struct RawAnnounce<'a> {
    /// Decoded at once, or why it cannot be.
    info_hash: Option<Result<InfoHash, AnnounceError>>,
    peer_id: Option<&'a [u8]>,
    port: Option<&'a [u8]>,
    uploaded: &'a [u8],
    downloaded: &'a [u8],
    left: &'a [u8],
    event: &'a [u8],
    numwant: &'a [u8],
    compact: Option<&'a [u8]>,
    no_peer_id: Option<&'a [u8]>,
    key: &'a [u8],
    short: bool,
    ip: &'a [u8],
    ipv4: &'a [u8],
    ipv6: &'a [u8],
    passkey: &'a [u8],
}

impl<'a> RawAnnounce<'a> {
    fn collect(
        query: &'a [u8],
        swarm_is: &mut impl FnMut(InfoHash),
    ) -> Result<Self, AnnounceError> {
        let mut raw = Self::default();
        for (name, value) in Parameters::of(query) {
            if !raw.set(name, value, swarm_is)? {
                // Perhaps it is known without its escapes.
                raw.set(percent_decoded(name, &mut [0; 16]), value, swarm_is)?;
            }
        }
        Ok(raw)
    }

    /// Takes a parameter in; whether its name is known.
    fn set(
        &mut self,
        name: &[u8],
        value: &'a [u8],
        swarm_is: &mut impl FnMut(InfoHash),
    ) -> Result<bool, AnnounceError> {
        match name {
            b"info_hash" if self.info_hash.is_some() => {
                return Err(AnnounceError::RepeatedInfoHash);
            }
            b"info_hash" => {
                let info_hash = info_hash(value);
                if let Ok(info_hash) = info_hash {
                    swarm_is(info_hash);
                }
                self.info_hash = Some(info_hash);
            }
            b"sha_ih" => return Err(AnnounceError::ObfuscatedInfoHash),
            b"peer_id" => self.peer_id = Some(value),
            b"port" => self.port = Some(value),
            b"uploaded" => self.uploaded = value,
            b"downloaded" => self.downloaded = value,
            b"left" => self.left = value,
            b"event" => self.event = value,
            b"numwant" | b"num_want" | b"num want" | b"num+want" => self.numwant = value,
            b"compact" => self.compact = Some(value),
            b"no_peer_id" => self.no_peer_id = Some(value),
            b"key" => self.key = value,
            b"short" => self.short = true,
            b"ip" => self.ip = value,
            b"ipv4" => self.ipv4 = value,
            b"ipv6" => self.ipv6 = value,
            b"passkey" => self.passkey = value,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn peer_id(&self) -> Result<PeerId, AnnounceError> {
        let raw = self.peer_id.ok_or(AnnounceError::MissingPeerId)?;
        twenty_bytes(raw, AnnounceError::MalformedPeerId, AnnounceError::PeerIdLength).map(PeerId)
    }

    fn port(&self) -> Result<u16, AnnounceError> {
        let port = number(self.port.ok_or(AnnounceError::MissingPort)?);
        port.ok().and_then(|port| u16::try_from(port).ok()).ok_or(AnnounceError::BadPort)
    }
}

fn info_hash(raw: &[u8]) -> Result<InfoHash, AnnounceError> {
    twenty_bytes(raw, AnnounceError::MalformedInfoHash, AnnounceError::InfoHashLength).map(InfoHash)
}

fn twenty_bytes(
    raw: &[u8],
    malformed: AnnounceError,
    wrong_length: AnnounceError,
) -> Result<[u8; 20], AnnounceError> {
    let mut bytes = [0; 20];
    match percent_decode(raw, &mut bytes) {
        Ok(decoded) if decoded.len() == 20 => Ok(bytes),
        Ok(_) | Err(DecodeError::TooLong) => Err(wrong_length),
        Err(DecodeError::MalformedEscape) => Err(malformed),
    }
}

enum NotANumber {
    TooLarge,
    Senseless,
}

fn number(raw: &[u8]) -> Result<u64, NotANumber> {
    let mut room = [0; 64];
    let digits = percent_decoded(raw, &mut room);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotANumber::Senseless);
    }
    digits
        .iter()
        .try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .ok_or(NotANumber::TooLarge)
}

fn byte_count(raw: &[u8]) -> u64 {
    match number(raw) {
        Ok(count) => count,
        Err(NotANumber::TooLarge) => u64::MAX,
        Err(NotANumber::Senseless) => 0,
    }
}

/// A number beyond 31 bits is -1 printed as unsigned: no wish at all.
fn numwant(raw: &[u8]) -> Option<u32> {
    let wanted = i32::try_from(number(raw).ok()?).ok()?;
    u32::try_from(wanted).ok()
}

fn event(raw: &[u8]) -> Event {
    let mut room = [0; 16];
    match percent_decoded(raw, &mut room) {
        word if word.eq_ignore_ascii_case(b"started") => Event::Started,
        word if word.eq_ignore_ascii_case(b"completed") => Event::Completed,
        word if word.eq_ignore_ascii_case(b"stopped") => Event::Stopped,
        word if word.eq_ignore_ascii_case(b"paused") => Event::Paused,
        _ => Event::None,
    }
}

fn is_set(raw: &[u8]) -> bool {
    raw != b"0"
}

/// A key of more than 128 bytes is no key; clients send 8.
fn client_key(raw: &[u8], peer_id: PeerId) -> Option<ClientKey> {
    let mut room = [0; 128];
    let key = percent_decoded(raw, &mut room);
    if key.len() > 128 { None } else { ClientKey::of_client(key, peer_id) }
}

impl StatedAddresses {
    /// The first address of each family.
    fn of(values: [&[u8]; 3]) -> Self {
        let mut stated = Self::default();
        let usable = values.into_iter().filter_map(address).filter(|&(ip, _)| is_usable(ip));
        for (ip, port) in usable {
            match ip {
                IpAddr::V4(ip) => _ = stated.v4.get_or_insert((ip, port)),
                IpAddr::V6(ip) => _ = stated.v6.get_or_insert((ip, port)),
            }
        }
        stated
    }
}

/// `address`, `v4:port`, `[v6]:port` or `[v6]`.
fn address(raw: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if raw.is_empty() {
        return None;
    }
    let mut room = [0; 64];
    let text = std::str::from_utf8(percent_decoded(raw, &mut room)).ok()?;
    if let Ok(stated) = text.parse::<SocketAddr>() {
        return Some((stated.ip(), Some(stated.port())));
    }
    let inner = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let ip = match inner {
        Some(inner) => IpAddr::V6(inner.parse().ok()?),
        None => text.parse().ok()?,
    };
    Some((ip, None))
}

/// Whether others can connect to a stated address, and not to something else: no unspecified, loopback,
/// multicast, broadcast or link-local one, and no IPv4 address in the form of an IPv6 one.
fn is_usable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let of_this_network = ip.octets()[0] == 0;
            let of_one_link = ip.is_loopback() || ip.is_link_local();
            !(of_this_network || of_one_link || ip.is_multicast() || ip.is_broadcast())
        }
        IpAddr::V6(ip) => {
            // ::/96 holds `::`, `::1` and an old form of IPv4 addresses.
            let holds_v4 = ip.to_ipv4_mapped().is_some() || ip.segments()[..6] == [0; 6];
            !(holds_v4 || ip.is_multicast() || ip.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
#[path = "announce_tests.rs"]
mod tests;
