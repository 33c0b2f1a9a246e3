//! The names that programs can have, those that people call them by, and what some programs are known for.

use super::codes::CODES;
use super::own_form::NAMES;

/// Names that stand in no table, one a line.
const OTHERS: &str = "ABC
AllPeers
Amazon S3
Arctic Torrent
aria2
bitmagnet
BitMagnet
BitComet
BitLet
BitLord
BitSpirit
BitsOnWheels
BitTornado
BitTorrent DNA
BitTyrant
btpd
BTQueue
BTuga Revolution
burst!
Flud
Folx
I2PSnark
Mainline
Opera
Osprey Permaseed
Queen Bee
Qvod
rTorrent
Shadow
SimpleBT
StellarPlayer
superseedr
SwarmScope
Tixati
Top-BT
torrent-stream
Torrentstorm
UPnP NAT Bit Torrent
XBT Client";

/// What people call programs, and the names that these have here.
const ALIASES: [(&str, &str); 6] = [
    ("\u{b5}Torrent", "uTorrent"),
    ("\u{3bc}Torrent", "uTorrent"),
    ("Azureus", "Vuze"),
    ("Thunder", "Xunlei"),
    ("rakshasa libtorrent", "libTorrent (rTorrent)"),
    ("libtorrent-rasterbar", "libtorrent"),
];

/// What some programs are known for; people differ about whether that is a reason to refuse them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// They take, and give nothing or next to nothing.
    Takes,
    /// They play while they download, in order, and leave.
    Plays,
}

const TAKERS: &str = "Xunlei
Xfplay
QQDownload
Baidu Netdisk
Vagaa
Qvod
FlashGet
Net Transport
TuoTu
dt/torrent
hp/torrent
xm/torrent";

const PLAYERS: &str = "StellarPlayer
Torch Browser
uTorrent Web
BitTorrent Web
MediaGet";

impl Habit {
    /// Whether a program has it.
    pub(super) fn is_of(self, software: &str) -> bool {
        let programs = match self {
            Self::Takes => TAKERS,
            Self::Plays => PLAYERS,
        };
        programs.lines().any(|program| program == software)
    }
}

/// All names that programs have here.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let coded = CODES.iter().map(|(_, name, _)| *name);
    coded.chain(NAMES.iter().map(|(_, name)| *name)).chain(OTHERS.lines())
}

/// The name that a text begins with, in any case, as it is written here, and what follows it. Of several that
/// fit, the longest.
pub(super) fn at_the_front_of(text: &str) -> Option<(&'static str, &str)> {
    let aliases = ALIASES.iter().map(|(alias, name)| (*alias, *name));
    // Of two that are equally long the last counts.
    let names = all().map(|name| (name, name)).chain(aliases);
    let fitting = names.filter_map(|(written, name)| {
        let (front, rest) = text.split_at_checked(written.len())?;
        let is_whole = !rest.starts_with(|next: char| next.is_alphanumeric());
        let is_it = front.to_lowercase() == written.to_lowercase() && is_whole;
        is_it.then_some((written.len(), name, rest))
    });
    let longest = fitting.max_by_key(|(length, ..)| *length);
    longest.map(|(_, name, rest)| (name, rest))
}

/// Whether a User-Agent begins with the name of a program, as those of BitTorrent clients do.
#[must_use]
pub fn names_client(user_agent: &[u8]) -> bool {
    std::str::from_utf8(user_agent).is_ok_and(|agent| at_the_front_of(agent).is_some())
}

/// Which of these names a text may have been meant for.
pub(super) fn nearest(
    text: &str,
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let wanted = text.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&wanted, &name.to_lowercase());
    let near = names.map(|name| (distance(name), name)).min()?;
    (near.0 <= 2).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_the_longest_counts() {
        let found = |text| at_the_front_of(text);
        assert_eq!(found("QBITTORRENT < 4.5"), Some(("qBittorrent", " < 4.5")));
        assert_eq!(found("uTorrent Web 1.2"), Some(("uTorrent Web", " 1.2")));
        assert_eq!(found("utorrent>=3"), Some(("uTorrent", ">=3")));
        assert_eq!(found("\u{b5}Torrent"), Some(("uTorrent", "")));
        assert_eq!(found("Azureus 4"), Some(("Vuze", " 4")));
        assert_eq!(found("BitTorrents"), None);
        assert_eq!(found("-XL"), None);
        assert_eq!(nearest("qbitorrent", all()), Some("qBittorrent"));
        assert_eq!(nearest("something else", all()), None);
        for agent in ["qBittorrent/5.0.1", "Transmission/4.0.6", "\u{b5}Torrent/3.5", "aria2/1.37"]
        {
            assert!(names_client(agent.as_bytes()), "{agent}");
        }
        for agent in ["", "curl/8.5.0", "python-requests/2", "My own client 1.0"] {
            assert!(!names_client(agent.as_bytes()), "{agent}");
        }
    }

    #[test]
    fn all_programs_of_some_habit_have_a_name() {
        for program in TAKERS.lines().chain(PLAYERS.lines()) {
            assert!(all().any(|name| name == program), "{program}");
        }
        for (_, name) in ALIASES {
            assert!(all().any(|it| it == name), "{name}");
        }
    }
}
