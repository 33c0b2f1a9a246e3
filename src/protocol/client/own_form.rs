//! Peer ids of programs that have neither a code between dashes nor a letter before their version.

use super::scheme::{Scheme, base_62, dashed};
use super::version::{Stage, Version, number};

/// A program and its version, where that is told.
type Told = Option<(&'static str, Option<Version>)>;

/// Programs that write nothing but their name; none of these beginnings hides another.
pub(super) static NAMES: [(&str, &str); 27] = [
    ("-aria2-", "aria2"),
    ("10-------", "JVtorrent"),
    ("271-", "GreedBT"),
    ("346-", "TorrenTopia"),
    ("Azureus", "Azureus"),
    ("BLZ", "Blizzard Downloader"),
    ("BTDWV-", "Deadman Walking"),
    ("DansClient", "XanTorrent"),
    ("Deadman Walking-", "Deadman Walking"),
    ("Ext ", "External Webseed"),
    ("LIME", "LimeWire"),
    ("P87.P---", "BitTorrent Plus!"),
    ("PEERAPP", "PeerApp"),
    ("PRC.P---", "BitTorrent Plus!"),
    ("Pando-", "Pando"),
    ("Plus", "BitTorrent Plus!"),
    ("S587Plus", "BitTorrent Plus!"),
    ("T00---0", "Teeweety"),
    ("a00---0", "Swarmy"),
    ("a02---0", "Swarmy"),
    ("arclight", "Hurricane Electric"),
    ("aria2-", "aria2"),
    ("btuga", "BTugaXP"),
    ("eX", "eXeem"),
    ("martini", "Martini Man"),
    ("oernu", "BTugaXP"),
    ("turbobt", "TurboBT"),
];

/// The program of an id that tells it by raw bytes, or that is in part a copy of another peer's id.
pub(super) fn raw(id: &[u8; 20]) -> Told {
    if ends_as_bit_spirit(id) {
        return Some(("BitSpirit", None));
    }
    let byte = |version: u8| u16::from(version);
    Some(match *id {
        [b'e', b'x', b'b', b'c', major, minor, b'L', b'O', b'R', b'D', ..] => {
            let (major, minor) = (byte(major), byte(minor));
            let is_decimal = major == 0;
            let version = if is_decimal { Version::decimal } else { |a, b| Version::of(&[a, b]) };
            ("BitLord", Some(version(major, minor)))
        }
        [b'e', b'x', b'b', b'c', major, minor, ..]
        | [b'F' | b'x', b'U', b'T', b'B', major, minor, ..] => {
            ("BitComet", Some(Version::decimal(byte(major), byte(minor))))
        }
        [0, version, b'B', b'S', ..] => ("BitSpirit", Some(Version::of(&[byte(version).max(1)]))),
        [major, minor, b'R', b'S', ..] if major < 10 => {
            let (tens, ones) = (byte(minor) / 10, byte(minor) % 10);
            ("Rufus", Some(Version::of(&[byte(major), tens, ones])))
        }
        [major, minor, b'B', b'M', ..] if major < 10 => {
            let (tens, ones) = (byte(minor) / 10, byte(minor) % 10);
            ("BitMagnet", Some(Version::of(&[byte(major), tens, ones])))
        }
        _ => return None,
    })
}

/// The program of an id that begins in a way of its own.
pub(super) fn prefixed(id: &[u8; 20]) -> Told {
    let named = NAMES.iter().find(|(prefix, _)| id.starts_with(prefix.as_bytes()));
    with_version(id)
        .or_else(|| with_dashes(id))
        .or_else(|| named.map(|(_, name)| (*name, None)))
        .or_else(|| elsewhere(id))
}

/// Whether only the end is the program's own, and all else a copy.
pub(super) fn ends_as_bit_spirit(id: &[u8; 20]) -> bool {
    id.ends_with(b"UDP0") || id.ends_with(b"HTTPBT")
}

/// With a version behind the name.
fn with_version(id: &[u8; 20]) -> Told {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let text_up_to = |rest: &[u8], end: u8| {
        let length = rest.iter().position(|byte| *byte == end)?;
        Version::from_text(rest.get(..length)?)
    };
    let whole = |mut written: &[u8]| number(&mut written).map(|number| Version::of(&[number]));
    Some(match id {
        [b'T', b'I', b'X', rest @ ..] => ("Tixati", Scheme::Decimal.version(rest)),
        [b'X', b'B', b'T', a, b, c, last, ..] => ("XBT Client", x_bt([*a, *b, *c], *last)),
        [b'F', b'D', b'6', ..] => ("Free Download Manager", Some(Version::of(&[6]))),
        [b'A', b'Z', b'2', b'5', b'0', b'0', b'B', b'T', ..] => {
            ("BitTyrant", Some(Version::of(&[1, 1])))
        }
        [b'-', b'B', b'O', b'W', rest @ ..] => ("BitsOnWheels", Scheme::BitsOnWheels.version(rest)),
        [b'O', b'P', build @ ..] if digits(build.get(..4)?) => ("Opera", whole(build.get(..4)?)),
        [b'O', build @ ..] if digits(build.get(..5)?) && !id.get(6..)?.starts_with(b"---") => {
            ("Opera", whole(build.get(..5)?))
        }
        [b'Q', b'V', b'O', b'D', build @ ..] if digits(build.get(..4)?) => {
            ("Qvod", whole(build.get(..4)?))
        }
        [b'A', b'P', rest @ ..] if rest.first()?.is_ascii_digit() => {
            ("AllPeers", Some(text_up_to(rest, b'-')?))
        }
        [b'D', b'N', b'A', rest @ ..] if digits(rest.get(..2)?) => ("BitTorrent DNA", dna(rest)),
        [b'B', b'T', b'M', a, b, ..] if digits(&[*a, *b]) => {
            ("BTuga Revolution", of_digits(&[*a, *b]))
        }
        [b'B', b'i', b't', b'L', b'e', b't', a, b, ..] => ("BitLet", of_digits(&[*a, *b])),
        [b'M', b'b', b'r', b's', b't', a, b'-', b, b'-', c, ..] => {
            ("burst!", of_digits(&[*a, *b, *c]))
        }
        [b'T', b'B', a, b, c, b'-', b'-', b'-', b'-', ..] => ("Top-BT", of_digits(&[*a, *b, *c])),
        [b'b', b't', b'p', b'd', b'/', rest @ ..] => ("btpd", text_up_to(rest, b'|')),
        _ => return None,
    })
}

fn of_digits(written: &[u8]) -> Option<Version> {
    let numbers: Option<Vec<u16>> = written.iter().map(|byte| base_62(*byte)).collect();
    numbers.map(|numbers| Version::of(&numbers))
}

/// Three digits, and `d` for a build that is no release.
fn x_bt(written: [u8; 3], last: u8) -> Option<Version> {
    let version = of_digits(&written)?;
    Some(if last == b'd' { version.at(Stage::Development) } else { version })
}

/// Numbers of two digits; the last may have one.
fn dna(rest: &[u8]) -> Option<Version> {
    let length = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let pairs = rest.get(..length)?.chunks(2);
    let numbers: Option<Vec<u16>> = pairs.map(|mut pair| number(&mut pair)).collect();
    numbers.map(|numbers| Version::of(&numbers))
}

/// With numbers between dashes.
fn with_dashes(id: &[u8; 20]) -> Told {
    let programs: [(&[u8], _); 4] =
        [(b"A2-", "aria2"), (b"S3-", "Amazon S3"), (b"M", "Mainline"), (b"Q", "Queen Bee")];
    programs
        .into_iter()
        .find_map(|(prefix, name)| Some((name, Some(dashed(id.strip_prefix(prefix)?)?))))
}

/// With the name in another place.
fn elsewhere(id: &[u8; 20]) -> Told {
    let at = |place: usize, name: &[u8]| id.get(place..).is_some_and(|rest| rest.starts_with(name));
    let nulls = id.iter().take_while(|byte| **byte == 0).count();
    let folded = |place: usize| id.get(place).zip(id.get(15 - place)).map(|(a, b)| a ^ b);
    Some(match () {
        () if at(5, b"Azureus") => ("Azureus", None),
        () if at(4, b"btfans") => ("SimpleBT", None),
        () if nulls == 9 && at(9, &[3, 3, 3]) => ("I2PSnark", None),
        () if nulls == 12 => ("Mainline", None),
        () if (0..4).all(|place| folded(place) == id.get(16 + place).copied()) => {
            ("Shareaza", None)
        }
        () => return None,
    })
}

/// Programs in the manner of Shadow's: a letter, two to five digits of base 62 and dashes up to the sixth byte; the next
/// three are dashes too, unless two dashes stood before. A letter that something else than a digit follows is another
/// program's.
pub(super) fn shadow(id: &[u8; 20]) -> Told {
    static LETTERS: [(u8, &str); 7] = [
        (b'A', "ABC"),
        (b'O', "Osprey Permaseed"),
        (b'Q', "BTQueue"),
        (b'R', "Tribler"),
        (b'S', "Shadow"),
        (b'T', "BitTornado"),
        (b'U', "UPnP NAT Bit Torrent"),
    ];
    let (letter, rest) = id.split_first()?;
    let (_, name) = LETTERS.iter().find(|(of_name, _)| of_name == letter)?;
    let written = rest.get(..5)?;
    let numbers: Vec<u16> = written.iter().map_while(|byte| base_62(*byte)).collect();
    let padding = written.get(numbers.len()..)?;
    let is_marked = padding.len() >= 2 || rest.get(5..)?.starts_with(b"---");
    let is_one = rest.first()?.is_ascii_digit() && numbers.len() >= 2 && is_marked;
    let is_padded = padding.iter().all(|byte| *byte == b'-');
    let version = match *numbers.as_slice() {
        [a, b, c, 0] => Version::of(&[a, b, c]),
        ref all => Version::of(all),
    };
    (is_one && is_padded).then_some((*name, Some(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_hides_another() {
        for (at, (prefix, _)) in NAMES.iter().enumerate() {
            assert!(
                NAMES[..at]
                    .iter()
                    .all(|(earlier, _)| !prefix.as_bytes().starts_with(earlier.as_bytes()))
            );
        }
    }
}
