//! What is written down about an event: one line, whatever a client has sent.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use super::salt::Salt;
use crate::platform::address_range::key;
use crate::platform::date::rfc_3339;
use crate::platform::terminal::Harmless;
use crate::protocol::{AnnounceRequest, ClientName, InfoHash, ScrapeRequest, Timestamp};

/// Bytes of what a client sent that are kept until the line is written.
const MOST_KEPT: usize = 8192;

/// Bytes of a User-Agent in a line at most.
const MOST_OF_A_NAME: usize = 200;

/// Something that happened.
#[derive(Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Debug)]
pub enum Happened {
    /// A responder was started.
    Start,
    /// Somebody asked for something.
    Request(Request),
    /// A torrent came or went; how.
    Torrent {
        /// "added", "returned" or "gone".
        change: &'static str,
        /// The torrent.
        torrent: InfoHash,
    },
    /// So many events could not be written.
    Lost(u64),
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To take part in a swarm.
    Announce,
    /// Figures of swarms.
    Scrape,
    /// The page of statistics.
    Statistics,
    /// The figures of the tracker itself.
    Metrics,
}

/// A request and what came of it.
#[derive(Debug)]
pub struct Request {
    /// What it was for.
    asked: Asked,
    /// The address that it was seen from.
    from: Option<IpAddr>,
    query: Box<[u8]>,
    user_agent: Box<[u8]>,
    /// Why it was refused.
    refused: Option<Refused>,
}

/// By which rule a request was refused.
#[derive(Debug)]
pub struct Refused {
    /// The rule, in a word.
    pub rule: &'static str,
    /// What the client was told; `None` where that names its address.
    pub reason: Option<String>,
}

impl Request {
    /// Keeps of a request what a line needs.
    #[must_use]
    pub fn new(
        (asked, refused): (Asked, Option<Refused>),
        from: Option<IpAddr>,
        [query, user_agent]: [&[u8]; 2],
    ) -> Self {
        let kept = |bytes: &[u8], most: usize| bytes.get(..most).unwrap_or(bytes).into();
        Self {
            asked,
            from,
            query: kept(query, MOST_KEPT),
            user_agent: kept(user_agent, MOST_OF_A_NAME),
            refused,
        }
    }
}

impl Event {
    /// About how much memory it takes until it is written.
    pub(super) fn bytes(&self) -> usize {
        let more = match &self.happened {
            Happened::Request(request) => {
                let reason = request.refused.as_ref().and_then(|refused| refused.reason.as_ref());
                let reason = reason.map_or(0, String::len);
                request.query.len() + request.user_agent.len() + reason
            }
            _ => 0,
        };
        size_of::<Self>() + more
    }

    /// Appends its line. With a salt, addresses stand in it hashed.
    pub(super) fn append_to(&self, text: &mut String, salt: Option<&Salt>) {
        // Writing to a String cannot fail.
        let _ = self.write_to(text, salt);
        text.push('\n');
    }

    fn write_to(&self, text: &mut String, salt: Option<&Salt>) -> fmt::Result {
        text.push_str(&rfc_3339(self.at.0));
        match &self.happened {
            Happened::Start => {
                write!(
                    text,
                    " start version={} process={}",
                    env!("CARGO_PKG_VERSION"),
                    std::process::id()
                )
            }
            Happened::Torrent { change, torrent } => {
                write!(text, " torrent change={change} info_hash={torrent}")
            }
            Happened::Lost(count) => write!(text, " lost events={count}"),
            Happened::Request(request) => request.write_to(text, salt),
        }
    }
}

impl Request {
    fn write_to(&self, text: &mut String, salt: Option<&Salt>) -> fmt::Result {
        let asked = match self.asked {
            Asked::Announce => "announce",
            Asked::Scrape => "scrape",
            Asked::Statistics => "statistics",
            Asked::Metrics => "metrics",
        };
        match &self.refused {
            None => write!(text, " {asked}")?,
            Some(Refused { rule, reason }) => {
                write!(text, " refused of={asked} rule={rule}")?;
                if let Some(reason) = reason {
                    let reason = reason.replace('\\', "\\\\").replace('"', "\\\"");
                    write!(text, " reason=\"{}\"", Harmless(reason))?;
                }
            }
        }
        if let Some(from) = self.from {
            write!(text, " from={}", shown(from, salt))?;
        }
        match self.asked {
            Asked::Announce => self.write_announce(text, salt)?,
            Asked::Scrape => self.write_scrape(text)?,
            Asked::Statistics | Asked::Metrics => {}
        }
        if !self.user_agent.is_empty() {
            write!(text, " user_agent=\"{}\"", self.user_agent.escape_ascii())?;
        }
        Ok(())
    }

    /// What a client announces; nothing of what cannot be understood.
    fn write_announce(&self, text: &mut String, salt: Option<&Salt>) -> fmt::Result {
        let Ok(announce) = AnnounceRequest::parse(&self.query) else { return Ok(()) };
        let event = match announce.event {
            crate::protocol::Event::None => "none",
            crate::protocol::Event::Started => "started",
            crate::protocol::Event::Completed => "completed",
            crate::protocol::Event::Stopped => "stopped",
            crate::protocol::Event::Paused => "paused",
        };
        // By a port or a peer id a client could be found again on another day, and its address with it.
        if salt.is_none() {
            write!(text, " port={}", announce.port)?;
        }
        let stated = announce.stated;
        let stated_v4 = stated.v4.map(|(ip, port)| (IpAddr::from(ip), port));
        let stated_v6 = stated.v6.map(|(ip, port)| (IpAddr::from(ip), port));
        for (ip, port) in stated_v4.into_iter().chain(stated_v6) {
            write!(text, " stated={}", shown(ip, salt))?;
            if let Some(port) = port.filter(|_| salt.is_none()) {
                write!(text, " stated_port={port}")?;
            }
        }
        write!(text, " info_hash={}", announce.info_hash)?;
        match salt {
            None => write!(text, " peer_id={}", announce.peer_id)?,
            Some(salt) => write!(text, " peer={}", salt.hash(&announce.peer_id.0))?,
        }
        write!(text, " client=\"{}\" event={event}", ClientName::from(announce.peer_id))?;
        write!(text, " uploaded={} downloaded={}", announce.uploaded, announce.downloaded)?;
        match announce.left {
            Some(left) => write!(text, " left={left}"),
            None => Ok(()),
        }
    }

    /// Which torrents are asked for.
    fn write_scrape(&self, text: &mut String) -> fmt::Result {
        let Ok(scrape) = ScrapeRequest::parse(&self.query) else { return Ok(()) };
        match scrape.info_hashes.as_slice() {
            [] => text.write_str(" torrents=all"),
            [first, ..] => {
                write!(text, " torrents={} info_hash={first}", scrape.info_hashes.len())
            }
        }
    }
}

/// How an address stands in a line.
fn shown(ip: IpAddr, salt: Option<&Salt>) -> String {
    match salt {
        Some(salt) => salt.hash(&key(ip).octets()),
        None => ip.to_canonical().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::terminal::is_harmful;

    const QUERY: &[u8] = b"info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-qB4650-000000000001&port=6881&left=7\
        &uploaded=1&downloaded=2&event=started&ip=10.0.0.7&ipv6=[2001:db8::7]:99&passkey=0123456789abcdef0123";

    fn line(happened: Happened) -> String {
        let mut text = String::new();
        Event { at: Timestamp(784_111_777), happened }.append_to(&mut text, None);
        text
    }

    fn asked(asked: Asked, refused: Option<Refused>, sent: [&[u8]; 2]) -> String {
        let from = Some("192.0.2.1".parse().unwrap());
        line(Happened::Request(Request::new((asked, refused), from, sent)))
    }

    #[test]
    fn a_line_says_who_asked_for_what() {
        let hash = "61".repeat(20);
        let peer = "2d7142343635302d303030303030303030303031";
        assert_eq!(
            asked(Asked::Announce, None, [QUERY, b"qBittorrent/4.6.5"]),
            format!(
                "1994-11-06T08:49:37Z announce from=192.0.2.1 port=6881 stated=10.0.0.7 stated=2001:db8::7 \
                 stated_port=99 info_hash={hash} peer_id={peer} client=\"qBittorrent 4.6.5\" event=started \
                 uploaded=1 downloaded=2 left=7 user_agent=\"qBittorrent/4.6.5\"\n"
            )
        );
        for (query, expected) in [
            ("", "torrents=all".to_owned()),
            ("info_hash=aaaaaaaaaaaaaaaaaaaa", format!("torrents=1 info_hash={hash}")),
        ] {
            let text = asked(Asked::Scrape, None, [query.as_bytes(), b""]);
            assert_eq!(text, format!("1994-11-06T08:49:37Z scrape from=192.0.2.1 {expected}\n"));
        }
        let refused = Refused { rule: "ban", reason: Some("a \"bad\" one\nand more".into()) };
        assert_eq!(
            asked(Asked::Announce, Some(refused), [b"junk", b""]),
            "1994-11-06T08:49:37Z refused of=announce rule=ban reason=\"a \\\"bad\\\" one\\nand more\" \
             from=192.0.2.1\n"
        );
        let gone = Happened::Torrent { change: "gone", torrent: InfoHash([1; 20]) };
        assert!(
            line(gone).ends_with(&format!(" torrent change=gone info_hash={}\n", "01".repeat(20)))
        );
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_is_one_line_of_plain_text(
            query: Vec<u8>,
            user_agent: Vec<u8>,
            reason: String,
            parameters in prop::collection::vec(("(info_hash|peer_id|port|ip|event|left)", "\\PC{0,20}"), 0..6),
        ) {
            let more: String = parameters.iter().map(|(name, value)| format!("&{name}={value}")).collect();
            let query = [QUERY, more.as_bytes(), &query].concat();
            for kind in [Asked::Announce, Asked::Scrape, Asked::Statistics, Asked::Metrics] {
                let refused = Some(Refused { rule: "ban", reason: Some(reason.clone()) });
                for text in [asked(kind, refused, [&query, &user_agent]), asked(kind, None, [&query, &user_agent])] {
                    prop_assert!(text.ends_with('\n') && text.matches('\n').count() == 1, "{text:?}");
                    prop_assert!(!text.trim_end().contains(is_harmful), "{text:?}");
                    prop_assert!(!text.contains("0123456789abcdef0123"), "a passkey is a secret");
                    prop_assert_eq!(text.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2, 0);
                }
            }
        }
    }
}
