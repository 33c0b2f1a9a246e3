//! Patterns that rules on clients have: which clients one means.

use std::cell::OnceCell;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::bound::Bound;
use super::names::{self, Habit};
use super::spoof::{self, is_spoof};
use super::version::Version;
use super::{ClientName, PeerId, coded, own_form};

/// Which clients a rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientPattern {
    /// Those whose peer id begins with these bytes, 2 to 20: `-XL`, `id:M6-`.
    PeerId(Vec<u8>),
    /// A program, in versions within all of these bounds: `qBittorrent >= 4.3, < 4.3.9`.
    Program {
        /// The name as [`ClientName`] has it.
        name: &'static str,
        /// Bounds on its version.
        bounds: Vec<Bound>,
    },
    /// Those whose User-Agent is like this, where `*` is any text and `?` any byte, in any case; empty: those that
    /// send none.
    UserAgent(String),
    /// Those of a class.
    Class(ClientClass),
    /// All.
    Any,
}

/// Clients that have something in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientClass {
    /// Those whose User-Agent is that of a web browser, and whose peer id names no program.
    Browser,
    /// Those whose User-Agent is that of a tool or library for HTTP, and whose peer id names no program.
    Tool,
    /// Those whose User-Agent is that of a program that searches the web.
    Bot,
    /// Those whose peer id names no program.
    Unknown,
    /// Programs that are known for taking without giving.
    Taker,
    /// Programs that play what they download.
    Player,
    /// What watches swarms.
    Monitor,
    /// Those that are not what their peer id says, as its end or the User-Agent betrays.
    Spoof,
}

/// A client as it is seen in an announce.
#[derive(Debug)]
pub struct SeenClient<'a> {
    /// Its peer id.
    pub peer_id: PeerId,
    /// What it calls itself in the HTTP header; empty where it does not.
    pub user_agent: &'a [u8],
    name: OnceCell<ClientName>,
}

/// Why a text is no pattern for clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPattern {
    /// Nothing.
    #[error(
        "write which clients are meant: the beginning of a peer id (`-XL`, `id:M6-`), a name with or without versions \
         (`qBittorrent < 4.5`), `ua:` and a User-Agent with `*`, `class:` and a class, or `*` for all"
    )]
    Empty,
    /// Too short, too long, or no bytes.
    #[error(
        "`{0}` is no beginning of a peer id: 2 to 20 characters, of which `%` and blanks are written as `%25` and `%20`, \
         and other bytes as `%` and two hexadecimal digits"
    )]
    PeerId(String),
    /// A name that nobody has.
    #[error(
        "no client is known that is called `{text}`{}; where you know its peer ids, write how they begin (`-XL`)",
        nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    )]
    Name {
        /// What was written.
        text: String,
        /// A name that is nearly the same.
        nearest: Option<&'static str>,
    },
    /// Something that is no bound follows the name.
    #[error(
        "`{rest}` says nothing about versions of {name}; write for example `{name} < 4.5`, `{name} >= 4.3, < 4.3.9`, \
         `{name} 4.*` or `{name} 1.2..1.3`"
    )]
    Bound {
        /// The program.
        name: &'static str,
        /// What cannot be understood.
        rest: String,
    },
    /// Bounds that leave nothing.
    #[error("no version is both `{one}` and `{other}`; name two rules if either is meant")]
    NoVersion {
        /// One bound.
        one: Bound,
        /// Another.
        other: Bound,
    },
    /// Something else than a class.
    #[error(
        "`{text}` is no class of clients{}; known are browser, tool, bot, unknown, taker, player, monitor and spoof",
        nearest.map(|class| format!("; did you mean `class:{}`?", class.name())).unwrap_or_default()
    )]
    Class {
        /// What was written.
        text: String,
        /// A class that is called nearly the same.
        nearest: Option<ClientClass>,
    },
    /// A User-Agent that no client can send.
    #[error("a User-Agent has at most {MOST_AGENT} characters, and no control characters")]
    UserAgent,
}

/// Characters of a pattern for User-Agents at most.
const MOST_AGENT: usize = 200;

/// Bytes of a pattern of peer ids at least: one byte means many programs.
const LEAST_PREFIX: usize = 2;

impl<'a> SeenClient<'a> {
    /// A client with this peer id and this header.
    #[must_use]
    pub fn new(peer_id: PeerId, user_agent: &'a [u8]) -> Self {
        Self { peer_id, user_agent, name: OnceCell::new() }
    }

    /// First bytes of a peer id in which most programs name themselves.
    pub const FRONT: usize = 8;

    /// The first bytes of its peer id, where they are a code and a version between dashes, as those of most are.
    #[must_use]
    pub fn front(&self) -> Option<[u8; SeenClient::FRONT]> {
        let id = &self.peer_id.0;
        let front: &[u8; SeenClient::FRONT] = id.first_chunk()?;
        let front = Some(front).filter(|front| matches!(front, [b'-', .., b'-']))?;
        (!own_form::ends_as_bit_spirit(id)).then_some(*front)
    }

    /// Whether all that have the same [`SeenClient::front`] have the same name.
    #[must_use]
    pub fn is_named_by_front(&self) -> bool {
        self.front().is_some() && coded(&self.peer_id.0).is_some()
    }

    /// The program that its peer id names.
    pub fn name(&self) -> &ClientName {
        self.name.get_or_init(|| ClientName::from(self.peer_id))
    }

    /// The names by which rules may mean it, each with its version: mostly one. What was Mainline is called BitTorrent
    /// from version 6 on; the peer ids of rTorrent have the version of its library.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Option<Version>)> {
        let ClientName { software, version } = self.name();
        let is_bit_torrent = software == "Mainline"
            && version.is_some_and(|it| it.compare(&Version::of(&[6])).is_ge());
        let other = match software.as_ref() {
            "Mainline" if is_bit_torrent => Some(("BitTorrent", *version)),
            "libTorrent (rTorrent)" => Some(("rTorrent", self.version_of_r_torrent())),
            _ => None,
        };
        std::iter::once((software.as_ref(), *version)).chain(other)
    }

    /// As in `rtorrent/0.9.8/0.13.8`.
    fn version_of_r_torrent(&self) -> Option<Version> {
        let (name, version) = self.user_agent.split_at_checked(b"rtorrent/".len())?;
        name.eq_ignore_ascii_case(b"rtorrent/").then(|| Version::from_text(version))?
    }

    /// Whether it is of a class.
    #[must_use]
    pub fn is_of(&self, class: ClientClass) -> bool {
        let agent = self.user_agent;
        let begins = |word: &[u8]| {
            agent.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word))
        };
        let is_named = || self.name().is_known();
        match class {
            ClientClass::Browser => begins(b"Mozilla/") && !is_named(),
            ClientClass::Tool => TOOLS.lines().any(|tool| begins(tool.as_bytes())) && !is_named(),
            ClientClass::Bot => is_bot(agent),
            ClientClass::Unknown => !is_named(),
            ClientClass::Taker => Habit::Takes.is_of(self.name().software()),
            ClientClass::Player => Habit::Plays.is_of(self.name().software()),
            // A copy of Deluge's, from many addresses at once.
            ClientClass::Monitor => self.peer_id.0.starts_with(b"-DE1360-"),
            ClientClass::Spoof => is_spoof(self.peer_id, self.name(), agent),
        }
    }

    /// Why it is of the class of those that wear another's name, in words; `None` where it is not.
    #[must_use]
    pub fn why_spoof(&self) -> Option<String> {
        spoof::why(self.peer_id, self.name(), self.user_agent)
    }
}

/// How the User-Agents of tools and libraries begin, one a line.
const TOOLS: &str = "curl
Wget
python-requests
aiohttp
Python-urllib
Go-http-client
Java/
okhttp
node
undici
libwww-perl
axios";

/// Whether a User-Agent is that of a program that searches the web: a word of it ends so, or it has an address.
fn is_bot(agent: &[u8]) -> bool {
    let agent = agent.to_ascii_lowercase();
    let words = agent.split(|byte| !byte.is_ascii_alphanumeric());
    let ends =
        |word: &[u8]| ["bot", "spider", "crawler"].iter().any(|it| word.ends_with(it.as_bytes()));
    words.into_iter().any(ends) || agent.windows(5).any(|part| part == b"+http")
}

/// Whether a User-Agent is like a pattern, in which `*` is any text and `?` any byte, in any case.
#[must_use]
pub fn agent_fits(pattern: &[u8], agent: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where the last star stands, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = agent.get(at) {
        match pattern.get(place) {
            Some(b'*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(own) if *own == b'?' || own.eq_ignore_ascii_case(byte) => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((of_star, taken)) = star else { return false };
                star = Some((of_star, taken + 1));
                (at, place) = (taken + 1, of_star + 1);
            }
        }
    }
    pattern.get(place..).unwrap_or_default().iter().all(|own| *own == b'*')
}

/// Which pairs of neighbouring bytes a User-Agent has, in any case: a bit each of 64, so that different ones may share
/// one. A pattern that has a pair which the User-Agent has not does not fit it.
#[must_use]
pub fn agent_pairs(agent: &[u8]) -> u64 {
    agent.windows(2).fold(0, |pairs, pair| pairs | bit_of(pair))
}

/// The pairs that a User-Agent must have to be like a pattern.
#[must_use]
pub fn pattern_pairs(pattern: &[u8]) -> u64 {
    let parts = pattern.split(|byte| matches!(byte, b'*' | b'?'));
    parts.fold(0, |pairs, part| pairs | agent_pairs(part))
}

fn bit_of(pair: &[u8]) -> u64 {
    let number = pair.iter().fold(0_u32, |sum, byte| {
        (sum ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x9e37_79b1)
    });
    1 << (number >> 26)
}

impl ClientPattern {
    /// Whether it means a client. A version that is not known is within no bound.
    #[must_use]
    pub fn fits(&self, client: &SeenClient<'_>) -> bool {
        match self {
            Self::PeerId(prefix) => client.peer_id.0.starts_with(prefix),
            Self::Program { name, bounds } => {
                client.programs().any(|(own, version)| own == *name && within(bounds, version))
            }
            Self::UserAgent(pattern) => agent_fits(pattern.as_bytes(), client.user_agent),
            Self::Class(class) => client.is_of(*class),
            Self::Any => true,
        }
    }
}

/// Whether a version is within all bounds.
fn within(bounds: &[Bound], version: Option<Version>) -> bool {
    bounds.iter().all(|bound| version.is_some_and(|version| bound.admits(&version)))
}

impl ClientClass {
    /// All, in the order of their numbers in files of ours.
    pub const ALL: [Self; 8] = [
        Self::Browser,
        Self::Tool,
        Self::Bot,
        Self::Unknown,
        Self::Taker,
        Self::Player,
        Self::Monitor,
        Self::Spoof,
    ];

    /// The class with this name, in any case.
    fn named(text: &str) -> Result<Self, NoPattern> {
        let of_name = |name: &str| Self::ALL.into_iter().find(|it| it.name() == name);
        of_name(&text.to_ascii_lowercase()).ok_or_else(|| NoPattern::Class {
            text: text.to_owned(),
            nearest: names::nearest(text, Self::ALL.iter().map(|it| it.name())).and_then(of_name),
        })
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Tool => "tool",
            Self::Bot => "bot",
            Self::Unknown => "unknown",
            Self::Taker => "taker",
            Self::Player => "player",
            Self::Monitor => "monitor",
            Self::Spoof => "spoof",
        }
    }
}

impl FromStr for ClientPattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let text = text.trim();
        if let Some(class) = text.strip_prefix("class:") {
            return ClientClass::named(class.trim()).map(Self::Class);
        }
        if let Some(agent) = text.strip_prefix("ua:").map(str::trim_start) {
            let is_sendable =
                agent.len() <= MOST_AGENT && !agent.contains(|it: char| it.is_control());
            return is_sendable
                .then(|| Self::UserAgent(agent.to_owned()))
                .ok_or(NoPattern::UserAgent);
        }
        match text {
            "" => Err(NoPattern::Empty),
            "*" => Ok(Self::Any),
            _ => match text.strip_prefix("id:").or_else(|| text.starts_with('-').then_some(text)) {
                Some(prefix) => peer_id(prefix),
                None => program(text),
            },
        }
    }
}

fn peer_id(text: &str) -> Result<ClientPattern, NoPattern> {
    let wrong = || NoPattern::PeerId(text.to_owned());
    let escapes = text.split('%').skip(1);
    let are_right = escapes.into_iter().all(|rest| {
        rest.get(..2).is_some_and(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()))
    });
    let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let fits = are_right && is_printable && (LEAST_PREFIX..=20).contains(&bytes.len());
    fits.then_some(ClientPattern::PeerId(bytes)).ok_or_else(wrong)
}

fn program(text: &str) -> Result<ClientPattern, NoPattern> {
    let Some((name, mut rest)) = names::at_the_front_of(text) else {
        let word = text.split(['<', '>', '=', '!']).next().unwrap_or(text).trim();
        return Err(NoPattern::Name {
            text: word.to_owned(),
            nearest: names::nearest(word, names::all()),
        });
    };
    let is_decimal = |version: &Version| counts_hundredths(name, version);
    let mut bounds = Vec::new();
    while !rest.trim().is_empty() {
        let unread = rest;
        rest = rest.trim_start().trim_start_matches(',');
        let bound = Bound::at_the_front_of(&mut rest, is_decimal);
        let is_whole = rest.is_empty() || rest.starts_with([' ', ',', '<', '>', '=', '!']);
        let Some((bound, other)) = bound.filter(|_| is_whole) else {
            return Err(NoPattern::Bound { name, rest: unread.trim().to_owned() });
        };
        bounds.push(bound);
        bounds.extend(other);
    }
    for (place, one) in bounds.iter().enumerate() {
        if let Some(other) = bounds.iter().skip(place).find(|other| one.excludes(other)) {
            return Err(NoPattern::NoVersion { one: *one, other: *other });
        }
    }
    Ok(ClientPattern::Program { name, bounds })
}

/// Whether the second number of a program's versions has always two digits: 2.5 is 2.50 then.
fn counts_hundredths(name: &str, version: &Version) -> bool {
    match name {
        "Transmission" => version.compare(&Version::of(&[4])).is_lt(),
        "BitComet" | "Tixati" | "Lphant" | "FlashGet" | "BitPump" | "Enhanced CTorrent"
        | "SymTorrent" => true,
        _ => false,
    }
}

/// As it is read back: names as they are written here, bytes of peer ids escaped.
impl fmt::Display for ClientPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerId(prefix) => {
                if !prefix.starts_with(b"-") {
                    formatter.write_str("id:")?;
                }
                prefix.iter().try_for_each(|&byte| match byte {
                    b'%' => formatter.write_str("%25"),
                    byte if byte.is_ascii_graphic() => write!(formatter, "{}", char::from(byte)),
                    byte => write!(formatter, "%{byte:02X}"),
                })
            }
            Self::Program { name, bounds } => {
                formatter.write_str(name)?;
                let mut before = " ";
                bounds.iter().try_for_each(|bound| {
                    write!(formatter, "{before}{bound}")?;
                    before = ", ";
                    Ok(())
                })
            }
            Self::UserAgent(pattern) => write!(formatter, "ua:{pattern}"),
            Self::Class(class) => write!(formatter, "class:{}", class.name()),
            Self::Any => formatter.write_str("*"),
        }
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
