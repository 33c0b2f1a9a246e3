//! One line of a list, in whichever form it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::platform::address_range::AddressRange;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Addresses.
    Range(AddressRange),
    /// Nothing: it is empty, a comment, a heading, or about addresses that are allowed.
    Nothing,
    /// Something else, or all addresses there are.
    Bad,
}

/// The highest level of eMule's that blocks.
const BLOCKS: u32 = 127;

/// Reads a line. Files with lines of several forms exist, so each line is tried as each of them.
pub(super) fn read(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() || [b"#".as_slice(), b";", b"//"].iter().any(|mark| line.starts_with(mark)) {
        return Line::Nothing;
    }
    let forms = [plain, json, d_shield, e_mule, peer_guardian];
    forms.iter().find_map(|form| form(line)).unwrap_or(Line::Bad)
}

/// `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `192.0.2.1`, `192.0.2.1-192.0.2.9`; a comment may follow.
fn plain(line: &[u8]) -> Option<Line> {
    let end = line.iter().position(|byte| b"#;".contains(byte)).unwrap_or(line.len());
    let text = text(line.get(..end)?)?;
    let range = between(text).or_else(|| network(text)).or_else(|| {
        let address = address(text)?;
        AddressRange::new(address, address).ok()
    })?;
    Some(of(range))
}

/// Spamhaus' objects, a line each; one of them tells of the list itself.
fn json(line: &[u8]) -> Option<Line> {
    if !line.starts_with(b"{") {
        return None;
    }
    let object: serde_json::Value = serde_json::from_slice(line).ok()?;
    match object.get("cidr") {
        Some(range) => network(range.as_str()?).map(of),
        None => object.get("type").map(|_| Line::Nothing),
    }
}

/// `192.0.2.0<tab>192.0.2.255<tab>24<tab>…` and the heading before.
fn d_shield(line: &[u8]) -> Option<Line> {
    let mut columns = line.split(|byte| *byte == b'\t');
    let (first, last) = (columns.next()?, columns.next()?);
    if first == b"Start" && last == b"End" {
        return Some(Line::Nothing);
    }
    columns.next()?;
    ends(text(first)?, text(last)?).map(of)
}

/// `192.000.002.000 - 192.000.002.255 , 000 , text`. Without a level it blocks.
fn e_mule(line: &[u8]) -> Option<Line> {
    let mut columns = line.split(|byte| *byte == b',');
    let range = between(text(columns.next()?)?)?;
    let level = text(columns.next()?)?;
    let level = if level.is_empty() { 0 } else { level.parse::<u32>().ok()? };
    Some(if level > BLOCKS { Line::Nothing } else { of(range) })
}

/// `name:192.0.2.0-192.0.2.255`. Names may have colons, and so have addresses of IPv6: the first colon counts behind
/// which a range stands.
fn peer_guardian(line: &[u8]) -> Option<Line> {
    let colons = line.iter().enumerate().filter(|(_, byte)| **byte == b':');
    let mut behind = colons.filter_map(|(at, _)| text(line.get(at + 1..)?));
    behind.find_map(between).map(of)
}

fn of(range: AddressRange) -> Line {
    if range.is_everything() { Line::Bad } else { Line::Range(range) }
}

/// ASCII without the spaces around it.
fn text(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.trim_ascii();
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

/// Two addresses with a dash between them.
fn between(text: &str) -> Option<AddressRange> {
    let (first, last) = text.split_once('-')?;
    ends(first.trim_ascii(), last.trim_ascii())
}

/// From one address to another, whichever is the lower one.
fn ends(one: &str, other: &str) -> Option<AddressRange> {
    let (one, other) = (address(one)?, address(other)?);
    AddressRange::new(one.min(other), one.max(other)).ok()
}

/// A network; bits behind its prefix do not count.
fn network(text: &str) -> Option<AddressRange> {
    let (start, bits) = text.split_once('/')?;
    let network = match (address_as_written(start)?, bits.parse::<u8>(), address(bits)) {
        (IpAddr::V4(start), Ok(bits), _) if is_number(text, bits) => {
            IpNet::V4(Ipv4Net::new(start, bits).ok()?)
        }
        (IpAddr::V4(start), _, Some(IpAddr::V4(mask))) => {
            IpNet::V4(Ipv4Net::with_netmask(start, mask).ok()?)
        }
        (IpAddr::V6(start), Ok(bits), _) if is_number(text, bits) => match start.to_ipv4_mapped() {
            Some(start) => IpNet::V4(Ipv4Net::new(start, bits.checked_sub(96)?).ok()?),
            None => IpNet::V6(Ipv6Net::new(start, bits).ok()?),
        },
        _ => return None,
    };
    Some(network.into())
}

/// Whether a text ends in this number, with no sign before it.
fn is_number(text: &str, number: u8) -> bool {
    text.ends_with(&format!("/{number}"))
}

/// An address; one of IPv4 may have zeros before its numbers.
fn address(text: &str) -> Option<IpAddr> {
    address_as_written(text).map(|address| address.to_canonical())
}

fn address_as_written(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = text.split('.').map(octet);
    let address = [octets.next()??, octets.next()??, octets.next()??, octets.next()??];
    octets.next().is_none().then(|| Ipv4Addr::from(address).into())
}

/// One to three decimal digits.
fn octet(text: &str) -> Option<u8> {
    let is_one = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_one)
}
