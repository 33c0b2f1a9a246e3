//! Clients that are not what their peer id says: copies that betray themselves.
//!
//! Only what the program's own builds never do counts: each of them ends its peer ids in its own way, and names itself
//! in the HTTP header as in the peer id. Programs whose habit is known from hearsay only are not judged. A good copy is
//! not found; what is found may be an honest program that borrows a name, to be let in where a tracker knows few.

use super::ClientName;
use super::version::Version;
use crate::protocol::PeerId;

/// Programs whose own builds say in the header which they are, one a line. Not libtorrent and anacrolix/torrent, which
/// are in many programs; nor those that send a browser's header, or Mainline's.
const NAMED: &str = "aria2
BiglyBT
BitComet
BitTorrent
Deluge
FrostWire
KTorrent
LibreTorrent
PicoTorrent
qBittorrent
rqbit
Transmission
uTorrent
WebTorrent";

/// Whether a client with this peer id, which names this program, and this header is none of the program's own builds.
pub(super) fn is_spoof(PeerId(id): PeerId, name: &ClientName, user_agent: &[u8]) -> bool {
    ends_otherwise(&id, name, user_agent)
        || names_another(name, user_agent)
        || has_another_version(name, user_agent)
}

/// Why it is none, in words.
pub(super) fn why(PeerId(id): PeerId, name: &ClientName, user_agent: &[u8]) -> Option<String> {
    let but = if names_another(name, user_agent) {
        let (other, _) = agent_program(user_agent)?;
        format!("its User-Agent is that of {other}")
    } else if has_another_version(name, user_agent) {
        "its User-Agent says another version".to_owned()
    } else if ends_otherwise(&id, name, user_agent) {
        format!("the end of its peer id is none that {} makes", name.software())
    } else {
        return None;
    };
    Some(format!("says {name} by its peer id, but {but}"))
}

/// Whether the end of a peer id is one that the program does not write.
fn ends_otherwise(id: &[u8; 20], name: &ClientName, user_agent: &[u8]) -> bool {
    let is_from = |version: &[u16]| {
        name.version.is_some_and(|own| own.compare(&Version::of(version)).is_ge())
    };
    let Some(tail) = tail(id) else { return false };
    let is_own = match name.software() {
        "Transmission" if is_from(&[1, 11]) => is_of_transmission(tail),
        "Vuze" | "BiglyBT" | "KTorrent" => tail.iter().all(u8::is_ascii_alphanumeric),
        "FrostWire" | "LibreTorrent" | "PicoTorrent" => is_of_libtorrent(tail),
        // Older ones were never looked at.
        "qBittorrent" if is_from(&[3]) => is_of_libtorrent(tail),
        "Deluge" if is_from(&[1, 3]) => is_of_libtorrent(tail),
        "libtorrent" if is_from(&[1]) => is_of_libtorrent(tail),
        "MonoTorrent" => tail.iter().all(|byte| (b'0'..=b'8').contains(byte)),
        "WebTorrent" => tail.iter().all(|byte| is_base_64(*byte)),
        "uTorrent" | "uTorrent Mac" | "BitTorrent" if is_from(&[1, 8]) => {
            has_build(tail, user_agent)
        }
        _ => true,
    };
    !is_own
}

/// What follows the dash behind a version: of KTorrent's long ones it stands later.
fn tail(id: &[u8; 20]) -> Option<&[u8]> {
    let [b'-', _, _, rest @ ..] = id else { return None };
    let places = if id.starts_with(b"-KT") { 4..=6 } else { 4..=4 };
    let dash = rest.iter().position(|byte| *byte == b'-').filter(|it| places.contains(it))?;
    rest.get(dash + 1..)
}

/// Digits of base 36 whose sum it divides.
fn is_of_transmission(tail: &[u8]) -> bool {
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 10),
        _ => None,
    };
    let sum: Option<u32> = tail.iter().map(value).sum();
    sum.is_some_and(|sum| sum.is_multiple_of(36))
}

/// What stands for itself in a URL, to libtorrent.
fn is_of_libtorrent(tail: &[u8]) -> bool {
    tail.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*()".contains(byte))
}

fn is_base_64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

/// Whether a tail begins with the build that a header ends with, as in `uTorrent/354(111783378)(44498)`; also where the
/// header has none.
fn has_build(tail: &[u8], user_agent: &[u8]) -> bool {
    let build = || {
        let inside = user_agent.strip_suffix(b")")?;
        let digits = inside.rsplit(|byte| *byte == b'(').next()?;
        std::str::from_utf8(digits).ok()?.parse::<u16>().ok()
    };
    build().is_none_or(|build| tail.starts_with(&build.to_le_bytes()))
}

/// Whether the header names another program than the peer id, where both would be the same.
fn names_another(name: &ClientName, user_agent: &[u8]) -> bool {
    let own = name.software();
    // Some call themselves otherwise there.
    let says_so = matches!(own, "Vuze" | "uTorrent Mac" | "libTorrent (rTorrent)")
        || NAMED.lines().any(|name| name == own);
    says_so && agent_program(user_agent).is_some_and(|(name, _)| name != own)
}

/// The program that a header begins with, and what follows its name.
fn agent_program(user_agent: &[u8]) -> Option<(&'static str, &[u8])> {
    let end = user_agent.iter().position(|byte| !byte.is_ascii_alphanumeric());
    let (word, rest) = user_agent.split_at(end.unwrap_or(user_agent.len()));
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let name = match () {
        () if is("Azureus") => "Vuze",
        () if is("uTorrentMac") => "uTorrent Mac",
        () if is("rtorrent") => "libTorrent (rTorrent)",
        () => NAMED.lines().find(|name| is(name))?,
    };
    Some((name, rest))
}

/// Whether header and peer id have different numbers, where the program writes the same into both.
fn has_another_version(name: &ClientName, user_agent: &[u8]) -> bool {
    let versions = || {
        let (said, rest) = agent_program(user_agent)?;
        let is_same = said == name.software();
        let writes_both = is_same && ["qBittorrent", "Transmission"].contains(&said);
        let digits = rest.iter().position(u8::is_ascii_digit)?;
        let said = Version::from_text(rest.get(digits..)?).filter(|_| writes_both)?;
        Some((name.version?, said))
    };
    // Of a stage a peer id tells less.
    versions().is_some_and(|(own, said)| own.compare_numbers(&said, usize::MAX).is_ne())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_wears_another_name_is_told_how_it_betrays_itself() {
        let told = |id: &[u8; 20], user_agent: &str| {
            why(PeerId(*id), &ClientName::from(PeerId(*id)), user_agent.as_bytes())
        };
        let by_header = told(b"-qB4630-abcdefghijkl", "Transmission/4.0.6").unwrap();
        let expected =
            "says qBittorrent 4.6.3 by its peer id, but its User-Agent is that of Transmission";
        assert_eq!(by_header, expected);
        let by_version = told(b"-qB4630-abcdefghijkl", "qBittorrent/4.5.0").unwrap();
        assert!(by_version.ends_with("its User-Agent says another version"), "{by_version}");
        let by_end = told(b"-TR4060-000000000001", "").unwrap();
        assert!(by_end.ends_with("the end of its peer id is none that Transmission makes"));
        assert_eq!(told(b"-qB4630-abcdefghijkl", "qBittorrent/4.6.3"), None);
    }

    #[track_caller]
    fn is_a_spoof(id: &[u8], user_agent: &str) -> bool {
        let id = PeerId(id.try_into().unwrap());
        let name = ClientName::from(id);
        let is_one = is_spoof(id, &name, user_agent.as_bytes());
        assert_eq!(why(id, &name, user_agent.as_bytes()).is_some(), is_one);
        is_one
    }

    #[test]
    fn peer_ids_that_were_captured_from_programs_are_no_copies() {
        for id in [
            &b"-qB5220-)z4kY3g.1ijv"[..],
            b"-qB5040-6CdLzJpk(Zrn",
            b"-LT10B0-~2KwgouEKLVz",
            b"-LT0D00-eZ0PwaDDr-~v",
            b"-DE203s-TQaEVc.-mzuO",
            b"-PI0150-9aa757efd5be",
            b"-TR4060-ycy5wnwi2uvz",
            b"-TR4050-x4apaio8s299",
            b"-TR0072-8vd6hrmp04an",
            b"-TR0006-01234567890!",
            b"-AZ5760-gbOrWBQyea50",
            b"-KT4310-3L4UvarKuqIu",
            b"-KT11R1-693649213030",
            b"-KT22B1-695754334315",
            b"-KT22123-93649213030",
            b"-KT260401-6936492130",
            b"-WW0105-NkvYO/egUAr4",
            b"-WW0007-91+W3fJJeNDk",
            b"-MO2007-012345678012",
            b"TIX0284-j3f3f1i3f3a7",
            b"A2-1-37-0-b\xef\xc4\x15\0\0\0\0\0\0",
            b"-UT355W-\xaf\xb0ky\0\0\0\0\0\0\0\0",
            b"-TR00?0-whatever!!!!",
            b"-ZZ0001-\0\0\0\0\0\0\0\0\0\0\0\0",
        ] {
            assert!(!is_a_spoof(id, ""), "{}", id.escape_ascii());
        }
    }

    #[test]
    fn tails_of_another_program_betray_a_copy() {
        for id in [
            // The sum is one more; a letter that is none of them.
            &b"-TR4060-ycy5wnwi2uv0"[..],
            b"-TR2940-012345678901",
            b"-TR3000-YCY5wnwi2uvz",
            b"-qB4390-\x01\x02\x03xxxxxxxxx",
            b"-qB4660-6CdLzJpk/Zrn",
            b"-LT20C0-\xffCdLzJpkZrnn",
            b"-DE211s-TQaEVc+-mzuO",
            b"-FW6853-TQaEVc+amzuO",
            b"-AZ5760-gbOrWBQ_ea50",
            b"-BI3500-gbOrWBQ-ea50",
            b"-KT4310-3L4UvarKu!Iu",
            b"-KT260401-69364921!0",
            b"-MO2007-012345678019",
            b"-WW0105-NkvYO_egUAr4",
        ] {
            assert!(is_a_spoof(id, ""), "{}", id.escape_ascii());
        }
    }

    #[test]
    fn programs_name_themselves_in_the_header_as_in_the_peer_id() {
        let (qb, tr) = (b"-qB5220-)z4kY3g.1ijv", b"-TR4060-ycy5wnwi2uvz");
        for (id, agent) in [
            (qb, "qBittorrent/5.2.2"),
            (b"-qB467A-)z4kY3g.1ijv", "qBittorrent Enhanced/4.6.7.10"),
            (b"-qB33G0-)z4kY3g.1ijv", "qBittorrent v3.3.16"),
            (b"-qB5300-)z4kY3g.1ijv", "qBittorrent/5.3.0alpha1"),
            // Anonymous mode, and none.
            (qb, "curl/7.81.0"),
            (qb, "libtorrent/2.0.11.0"),
            // Another program of the same library.
            (b"-LT20B0-abcdefghijkl", "Transmission/4.0.6"),
            (qb, "Something/1.0"),
            (tr, "Transmission/4.0.6"),
            (b"-TR410B-ycy5wnwi2uvz", "Transmission/4.1.0-beta.2"),
            (b"-TR284Z-ycy5wnwi2uvz", "Transmission/2.84+"),
            (b"-TR3000-ycy5wnwi2uvz", "Transmission/3.00"),
            (b"-TR3000-ycy5wnwi2uvz", "Motrix/2.0"),
            (b"-DE211s-TQaEVc.-mzuO", "Deluge/2.1.1 libtorrent/2.0.5.0"),
            (b"-FW6853-TQaEVc.-mzuO", "FrostWire/6.8.5 libtorrent/1.2.7.0"),
            (b"-AZ5760-gbOrWBQyea50", "Azureus 5.7.6.0;Windows 10;Java 1.8.0_161"),
            (b"-BI4101-gbOrWBQyea50", "BiglyBT 4.1.0.1"),
            (b"-KT2640-3L4UvarKuqIu", "KTorrent/26.04.0"),
            (b"-KT2280-3L4UvarKuqIu", "ktorrent/2.2.8"),
            (b"-lt0D80-a\xd4\x10\x19\0\0\0\0\0\0\0\0", "rtorrent/0.9.8/0.13.8"),
            (b"-WW0007-91+W3fJJeNDk", "WebTorrent/0.107.6 (https://webtorrent.io)"),
            (b"-GP1580-91+W3fJJeNDk", "anacrolix-torrent/unknown"),
            (b"-BC0095-91+W3fJJeNDk", "Mozilla/4.0 (compatible; MSIE 6.0)"),
            (b"-BL246326)(,,,,,,,,,", "BitTorrent/3.4.2"),
            (b"M7-2-2--\xc9d\xe2\xb2\0\0\0\0\0\0\0\0", "BitTorrent/7220"),
            (b"-UT354S-\xd2\xad\0\0\0\0\0\0\0\0\0\0", "uTorrent/354(111783378)(44498)"),
            (b"-UT181B-\x7f.\0\0\0\0\0\0\0\0\0\0", "uTorrent/181B(11903)"),
            (b"-UT332S-\x7f.\0\0\0\0\0\0\0\0\0\0", "uTorrent/3320"),
            (b"-UM1870-\x14\xab\xe6~\0\0\0\0\0\0\0\0", "uTorrentMac/1870(43796)"),
            (b"-BT7a3S-\x8d\xad\0\0\0\0\0\0\0\0\0\0", "BitTorrent/7103(256355725)(44429)"),
        ] {
            assert!(!is_a_spoof(id, agent), "{} {agent}", id.escape_ascii());
        }
        for (id, agent) in [
            (qb, "Transmission/4.0.6"),
            (qb, "qBittorrent/4.3.9"),
            (tr, "Transmission/2.92"),
            (tr, "aria2/1.37.0"),
            (b"-UT354S-\xd2\xad\0\0\0\0\0\0\0\0\0\0", "uTorrentMac/1870(44498)"),
            (b"-UT354S-\xd2\xac\0\0\0\0\0\0\0\0\0\0", "uTorrent/354(111783378)(44498)"),
            (b"A2-1-37-0-b\xef\xc4\x15\0\0\0\0\0\0", "Transmission/2.92"),
            (b"-AZ5760-gbOrWBQyea50", "BiglyBT 4.1.0.1"),
        ] {
            assert!(is_a_spoof(id, agent), "{} {agent}", id.escape_ascii());
        }
    }

    proptest! {
        /// As Transmission makes its ids: the last digit makes the sum right.
        #[test]
        fn no_peer_id_of_transmission_is_a_copy(digits in prop::collection::vec(0..36_u32, 11)) {
            let last = (36 - digits.iter().sum::<u32>() % 36) % 36;
            let digits = digits.iter().chain([&last]).map(|it| char::from_digit(*it, 36).unwrap());
            let id = format!("-TR4060-{}", digits.collect::<String>());
            prop_assert!(!is_a_spoof(id.as_bytes(), "Transmission/4.0.6"));
        }

        #[test]
        fn any_bytes_do_no_harm(id: [u8; 20], user_agent: Vec<u8>) {
            is_spoof(PeerId(id), &ClientName::from(PeerId(id)), &user_agent);
        }
    }
}
