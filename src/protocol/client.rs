//! Which program a peer id stands for: the conventions of BEP 20, and the habits beside it.

use std::borrow::Cow;
use std::fmt;

use super::PeerId;

/// The program behind a peer id, as far as its first bytes tell. Peer ids are easily forged: good for
/// statistics and for a person's eyes, proof of nothing.
///
/// Holds only printable ASCII, whatever the peer id held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientName {
    /// The program without its version. For an unknown one: the letters, digits, `-`, `.` and `_` that the peer id
    /// begins with, at most 8 of them, or "unknown" when there are fewer than 3.
    software: Cow<'static, str>,
    /// Where the program is known and writes it in a known way.
    version: Option<String>,
}

impl fmt::Display for ClientName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.software)?;
        match &self.version {
            Some(version) => write!(formatter, " {version}"),
            None => Ok(()),
        }
    }
}

impl From<PeerId> for ClientName {
    fn from(PeerId(id): PeerId) -> Self {
        by_prefix(&id)
            .or_else(|| dashed(&id))
            .or_else(|| shadow(&id))
            .unwrap_or_else(|| Self { software: unknown(&id), version: None })
    }
}

/// How a client writes its version into the four bytes after its prefix.
#[derive(Clone, Copy, Debug)]
enum Scheme {
    /// `4620` is 4.6.2, `5751` is 5.7.5.1; letters go on after 9: `12J0` is 1.2.19.
    Four,
    /// `355S` is 3.5.5; the last byte says which kind of build it is.
    Three,
    /// `0102` is 1.2.
    Pairs,
    /// `0207` is 2.07.
    PaddedPairs,
    /// `0072` is 0.72, `2940` is 2.94, `404Z` is 4.0.4 in development.
    Transmission,
    /// Not at all, or not in a way known here.
    Unknown,
}

/// First bytes, name and version scheme of the clients in use, and of some that once were.
const PREFIXES: &[(&[u8], &str, Scheme)] = &[
    (b"-7T", "aTorrent", Scheme::Four),
    (b"-AG", "Ares", Scheme::Three),
    (b"-AZ", "Vuze", Scheme::Four),
    (b"-BC", "BitComet", Scheme::PaddedPairs),
    (b"-BG", "BTG", Scheme::Four),
    (b"-BI", "BiglyBT", Scheme::Four),
    (b"-BOW", "BitsOnWheels", Scheme::Unknown),
    (b"-BT", "BitTorrent", Scheme::Three),
    (b"-CD", "Enhanced CTorrent", Scheme::PaddedPairs),
    (b"-DE", "Deluge", Scheme::Three),
    (b"-FC", "FileCroc", Scheme::Four),
    (b"-FD", "Free Download Manager", Scheme::Three),
    (b"-FG", "FlashGet", Scheme::PaddedPairs),
    (b"-FL", "Folx", Scheme::Unknown),
    (b"-FW", "FrostWire", Scheme::Three),
    (b"-FX", "Freebox", Scheme::Unknown),
    (b"-GT", "anacrolix/torrent", Scheme::Unknown),
    (b"-HL", "Halite", Scheme::Three),
    (b"-KG", "KGet", Scheme::Four),
    (b"-KT", "KTorrent", Scheme::Three),
    (b"-LP", "Lphant", Scheme::PaddedPairs),
    (b"-LT", "libtorrent", Scheme::Four),
    (b"-LW", "LimeWire", Scheme::Unknown),
    (b"-MG", "MediaGet", Scheme::Unknown),
    (b"-ML", "MLDonkey", Scheme::Unknown),
    (b"-MO", "MonoTorrent", Scheme::Four),
    (b"-PI", "PicoTorrent", Scheme::Four),
    (b"-qB", "qBittorrent", Scheme::Four),
    (b"-SD", "Xunlei", Scheme::Four),
    (b"-SZ", "Shareaza", Scheme::Four),
    (b"-TR", "Transmission", Scheme::Transmission),
    (b"-UE", "uTorrent Embedded", Scheme::Three),
    (b"-UM", "uTorrent Mac", Scheme::Three),
    (b"-UT", "uTorrent", Scheme::Three),
    (b"-UW", "uTorrent Web", Scheme::Three),
    (b"-WD", "WebTorrent Desktop", Scheme::Pairs),
    (b"-WW", "WebTorrent", Scheme::Pairs),
    (b"-XF", "Xfplay", Scheme::Unknown),
    (b"-XL", "Xunlei", Scheme::Four),
    (b"-ZO", "Zona", Scheme::Four),
    (b"-lt", "libTorrent (rTorrent)", Scheme::Four),
    (b"TIX", "Tixati", Scheme::PaddedPairs),
    (b"XBT", "XBT Client", Scheme::Three),
    (b"exbc", "BitComet", Scheme::Unknown),
];

fn by_prefix(id: &[u8; 20]) -> Option<ClientName> {
    let (prefix, software, scheme) = PREFIXES.iter().find(|(prefix, ..)| id.starts_with(prefix))?;
    let version = id[prefix.len()..].first_chunk().and_then(|version| scheme.version(*version));
    Some(ClientName { software: Cow::Borrowed(software), version })
}

impl Scheme {
    fn version(self, written: [u8; 4]) -> Option<String> {
        let [a, b, c, d] = written.map(|byte| char::from(byte).to_digit(36));
        match self {
            Scheme::Four => Some(joined(&[a?, b?, c?, d?])),
            Scheme::Three => Some(joined(&[a?, b?, c?])),
            Scheme::Pairs => Some(format!("{}.{}", a? * 10 + b?, c? * 10 + d?)),
            Scheme::PaddedPairs => Some(format!("{}.{:02}", a? * 10 + b?, c? * 10 + d?)),
            Scheme::Transmission => transmission([a?, b?, c?], written[3]),
            Scheme::Unknown => None,
        }
    }
}

/// Version numbers with dots between; a fourth one only where it says something.
fn joined(numbers: &[u32]) -> String {
    let told = match numbers {
        [rest @ .., 0] if rest.len() >= 3 => rest,
        all => all,
    };
    told.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

fn transmission([a, b, c]: [u32; 3], last: u8) -> Option<String> {
    let kind = match last {
        b'Z' | b'X' => "+",
        b'B' => " beta",
        _ => "",
    };
    match (a, b) {
        (0, 0) => Some(format!("0.{}", c * 10 + char::from(last).to_digit(10)?)),
        (0..4, _) => Some(format!("{a}.{b}{c}{kind}")),
        _ => Some(format!("{a}.{b}.{c}{kind}")),
    }
}

/// Clients that write `M7-2-0--`: numbers with dashes between, which must all be there.
const DASHED: &[(&[u8], &str)] = &[(b"A2-", "aria2"), (b"M", "Mainline"), (b"Q", "Queen Bee")];

fn dashed(id: &[u8; 20]) -> Option<ClientName> {
    let (prefix, software) = DASHED.iter().find(|(prefix, _)| id.starts_with(prefix))?;
    let mut pieces = id[prefix.len()..].split(|byte| *byte == b'-');
    let mut number = || {
        let digits = pieces.next()?;
        let all_digits = digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits).ok().filter(|_| all_digits)?.parse().ok()
    };
    let version = Some(joined(&[number()?, number()?, number()?]));
    // Without a dash after it, the third number may run on into random digits.
    pieces.next()?;
    Some(ClientName { software: Cow::Borrowed(software), version })
}

/// Clients in the manner of Shadow's: a letter, two to five version digits, padded with dashes.
const SHADOW: &[(u8, &str)] = &[
    (b'A', "ABC"),
    (b'O', "Osprey Permaseed"),
    (b'Q', "BTQueue"),
    (b'R', "Tribler"),
    (b'S', "Shadow"),
    (b'T', "BitTornado"),
    (b'U', "UPnP NAT Bit Torrent"),
];

fn shadow(id: &[u8; 20]) -> Option<ClientName> {
    let (_, software) = SHADOW.iter().find(|(letter, _)| *letter == id[0])?;
    let written: Vec<u32> =
        id[1..6].iter().map_while(|byte| char::from(*byte).to_digit(36)).collect();
    let padding = &id[1 + written.len()..6];
    let marked = padding.len() >= 2 || id[6..9] == *b"---";
    if written.len() < 2 || !marked || padding.iter().any(|byte| *byte != b'-') {
        return None;
    }
    Some(ClientName { software: Cow::Borrowed(software), version: Some(joined(&written)) })
}

fn unknown(id: &[u8; 20]) -> Cow<'static, str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let prefix: String = id[..8].iter().copied().take_while(plain).map(char::from).collect();
    if prefix.len() < 3 { Cow::Borrowed("unknown") } else { Cow::Owned(prefix) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(prefix: &[u8]) -> String {
        let mut id = [0xf7; 20];
        id[..prefix.len()].copy_from_slice(prefix);
        ClientName::from(PeerId(id)).to_string()
    }

    #[track_caller]
    fn assert_names(expected: &[(&str, &str)]) {
        for (prefix, client) in expected {
            assert_eq!(name(prefix.as_bytes()), *client, "{prefix}");
        }
    }

    #[test]
    fn clients_in_the_manner_of_azureus_are_named_with_their_version() {
        assert_names(&[
            ("-qB4620-", "qBittorrent 4.6.2"),
            ("-qB43A0-", "qBittorrent 4.3.10"),
            ("-LT12J0-", "libtorrent 1.2.19"),
            ("-lt0D80-", "libTorrent (rTorrent) 0.13.8"),
            ("-AZ5751-", "Vuze 5.7.5.1"),
            ("-BI3500-", "BiglyBT 3.5.0"),
            ("-DE13F0-", "Deluge 1.3.15"),
            ("-DE211s-", "Deluge 2.1.1"),
            ("-UT355W-", "uTorrent 3.5.5"),
            ("-UT170-", "uTorrent 1.7.0"),
            ("-BT7a5S-", "BitTorrent 7.10.5"),
            ("-BC0210-", "BitComet 2.10"),
            ("-WW0102-", "WebTorrent 1.2"),
            ("-WD0024-", "WebTorrent Desktop 0.24"),
            ("-FL10", "Folx"),
        ]);
    }

    #[test]
    fn transmission_counts_in_its_own_ways() {
        assert_names(&[
            ("-TR0006-", "Transmission 0.6"),
            ("-TR0072-", "Transmission 0.72"),
            ("-TR072Z-", "Transmission 0.72+"),
            ("-TR2940-", "Transmission 2.94"),
            ("-TR300Z-", "Transmission 3.00+"),
            ("-TR4060-", "Transmission 4.0.6"),
            ("-TR410B-", "Transmission 4.1.0 beta"),
        ]);
    }

    #[test]
    fn clients_with_manners_of_their_own_are_named() {
        assert_names(&[
            ("M7-2-0--", "Mainline 7.2.0"),
            ("M4-20-8-", "Mainline 4.20.8"),
            ("A2-1-36-0-", "aria2 1.36.0"),
            ("Q1-23-0-", "Queen Bee 1.23.0"),
            ("TIX0257-", "Tixati 2.57"),
            ("TIX0307-", "Tixati 3.07"),
            ("XBT054d-", "XBT Client 0.5.4"),
            ("S58B-----", "Shadow 5.8.11"),
            ("T03I--00", "BitTornado 0.3.18"),
            ("T0390----", "BitTornado 0.3.9"),
            ("R37---003", "Tribler 3.7"),
        ]);
    }

    #[test]
    fn a_known_client_with_an_unknown_version_is_named_without_one() {
        assert_eq!(name(b"-qB\x01\x02\x03\x04-"), "qBittorrent");
        assert_eq!(name(b"-TR00?0-"), "Transmission");
    }

    #[test]
    fn look_alikes_are_not_mistaken_for_a_client() {
        assert_names(&[
            ("M12345-12345-1234567", "M12345-1"),
            ("Mozart12", "Mozart12"),
            ("M7-+2-0-", "M7-"),
            ("S58Babcde", "S58Babcd"),
            ("S58B-abcd", "S58B-abc"),
            ("T-----", "T-----"),
        ]);
    }

    #[test]
    fn an_unknown_client_is_its_plain_prefix() {
        assert_names(&[("-XX1234-abc", "-XX1234-"), ("my.bt_1<b>", "my.bt_1"), ("ab", "unknown")]);
        assert_eq!(name(b"\0\0\0"), "unknown");
        assert_eq!(name(b"\x1b[31mred"), "unknown");
    }

    #[test]
    fn no_prefix_hides_another() {
        for (at, (prefix, ..)) in PREFIXES.iter().enumerate() {
            assert!(PREFIXES[..at].iter().all(|(earlier, ..)| !prefix.starts_with(earlier)));
        }
    }

    proptest! {
        #[test]
        fn a_name_is_short_and_printable(
            id in any::<[u8; 20]>(),
            prefix in proptest::sample::select(PREFIXES).prop_map(|(prefix, ..)| prefix),
            letter in proptest::sample::select(b"ABMOQRSTU-".as_slice()),
        ) {
            let mut prefixed = id;
            prefixed[..prefix.len()].copy_from_slice(prefix);
            let mut lettered = id;
            lettered[0] = letter;
            for id in [id, prefixed, lettered] {
                let name = ClientName::from(PeerId(id)).to_string();
                prop_assert!(name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
                prop_assert!((3..=40).contains(&name.len()), "{}", name);
            }
        }
    }
}
