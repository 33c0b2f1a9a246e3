//! What public lists of trackers ask for before they take one in. Only for a tracker that is open to all torrents.
//!
//! The figures are those of newTrackon, from which most other lists copy.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::announce::answered;
use super::examination::Examination;
use super::http;
use super::outcome::Outcome;
use crate::config::{Families, Torrents, TrackerConfig};
use crate::protocol::bencode::Value;
use crate::protocol::{HttpUrl, Seconds};

/// An interval in a reply must be within these.
const INTERVALS: std::ops::RangeInclusive<u32> = 300..=10_800;

/// Clients give up a tracker much later, and leave a list much earlier.
const SLOW: Duration = Duration::from_secs(2);

/// Who asks as a list would.
const ASKING: &[u8; 20] = b"-TD0100-doctor-lists";

/// What is not as lists want it.
pub(super) fn take_it_in(examination: &Examination<'_>) -> Option<Outcome> {
    let config = &examination.loaded.config;
    if config.tracker.torrents != Torrents::Open {
        return None;
    }
    answered(examination)?;
    let url = examination.announce_url()?;
    let mut wanting = Vec::new();
    wanting.extend(interval(&config.tracker));
    wanting.extend(families(config.network.families, url));
    let start = Instant::now();
    let reply = http::get(&examination.announce_to(url.as_str(), ASKING, "stopped"), &[]).ok()?;
    wanting.extend(slowness(start.elapsed()));
    wanting.extend(form(&reply.body));
    Some(match wanting.as_slice() {
        [] => Outcome::fine("interval, families, form and time of replies are as they want them"),
        wanting => Outcome::told(wanting.join("; ")),
    })
}

fn interval(config: &TrackerConfig) -> Option<String> {
    let Seconds(interval) = config.interval;
    (!INTERVALS.contains(&interval)).then(|| {
        format!(
            "interval is {interval} s, and lists take {} to {} s",
            INTERVALS.start(),
            INTERVALS.end()
        )
    })
}

fn families(families: Families, url: &HttpUrl) -> Option<String> {
    if families != Families::Both {
        return Some("`families` in [network] lets one of IPv4 and IPv6 in only".into());
    }
    let found = (url.host(), 0).to_socket_addrs().ok()?;
    let (v4, v6): (Vec<SocketAddr>, Vec<SocketAddr>) = found.partition(SocketAddr::is_ipv4);
    let missing = match (v4.is_empty(), v6.is_empty()) {
        (false, true) => "IPv6",
        (true, false) => "IPv4",
        _ => return None,
    };
    Some(format!(
        "{} has no {missing} address, and clients with that alone cannot come",
        url.host()
    ))
}

fn slowness(time: Duration) -> Option<String> {
    (time > SLOW).then(|| format!("a reply took {:.1} s", time.as_secs_f64()))
}

fn form(body: &[u8]) -> Option<String> {
    let reply = Value::parse(body).ok()?;
    let is_compact = |key: &[u8]| reply.get(key).and_then(Value::string).is_some();
    (!is_compact(b"peers")).then(|| "a compact reply was asked for, and is none".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_do_not_take_is_named() {
        let asked = |seconds| {
            interval(&TrackerConfig { interval: Seconds(seconds), ..TrackerConfig::default() })
        };
        assert_eq!((asked(300), asked(1800), asked(10_800)), (None, None, None));
        assert_eq!(asked(299).as_deref(), Some("interval is 299 s, and lists take 300 to 10800 s"));
        assert!(asked(10_801).is_some());
        assert_eq!(slowness(Duration::from_millis(1900)), None);
        assert_eq!(slowness(Duration::from_millis(2100)).as_deref(), Some("a reply took 2.1 s"));
        assert_eq!(form(b"d5:peers6:abcdefe"), None);
        assert!(form(b"d5:peerslee").is_some());
    }

    #[test]
    fn both_families_are_wanted() {
        let at = |url: &str| families(Families::Both, &url.parse().unwrap());
        assert!(at("http://192.0.2.1/announce").is_some_and(|text| text.contains("no IPv6")));
        assert!(at("http://[2001:db8::1]/announce").is_some_and(|text| text.contains("no IPv4")));
        let url = "http://localhost/announce".parse().unwrap();
        assert!(families(Families::Ipv6, &url).is_some_and(|text| text.contains("[network]")));
    }
}
