//! The parameters of an announce, explained: the same reading as that of `AnnounceRequest::parse`, in words.

use std::net::IpAddr;

use super::{
    AnnounceError, AnnounceRequest, Event, NotANumber, RawAnnounce, address, event, is_set,
    is_usable, number, numwant,
};
use crate::protocol::parameter::{Standing, UnderstoodParameter};
use crate::protocol::query::{Parameters, percent_decoded};
use crate::protocol::{ClientKey, ClientName, Passkey, PeerId};

/// The parameters that an announce can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InfoHash,
    Obfuscated,
    PeerId,
    Port,
    Uploaded,
    Downloaded,
    Left,
    Event,
    Numwant,
    Compact,
    NoPeerId,
    Key,
    Short,
    Ip,
    Ipv4,
    Ipv6,
    Passkey,
}

/// Their names; of several of one kind the first is the usual one.
const NAMES: [(&str, Kind); 20] = [
    ("info_hash", Kind::InfoHash),
    ("sha_ih", Kind::Obfuscated),
    ("peer_id", Kind::PeerId),
    ("port", Kind::Port),
    ("uploaded", Kind::Uploaded),
    ("downloaded", Kind::Downloaded),
    ("left", Kind::Left),
    ("event", Kind::Event),
    ("numwant", Kind::Numwant),
    ("num_want", Kind::Numwant),
    ("num want", Kind::Numwant),
    ("num+want", Kind::Numwant),
    ("compact", Kind::Compact),
    ("no_peer_id", Kind::NoPeerId),
    ("key", Kind::Key),
    ("short", Kind::Short),
    ("ip", Kind::Ip),
    ("ipv4", Kind::Ipv4),
    ("ipv6", Kind::Ipv6),
    ("passkey", Kind::Passkey),
];

/// What a parameter means.
type Meaning = (Standing, String);

impl Kind {
    fn of(name: &[u8]) -> Option<Self> {
        let known = |name: &[u8]| {
            NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, kind)| *kind)
        };
        known(name).or_else(|| known(percent_decoded(name, &mut [0; 16])))
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl AnnounceRequest {
    /// What each parameter of a query means to the tracker: in their order, and then those that are missing.
    #[must_use]
    pub fn parameters(query: &[u8]) -> Vec<UnderstoodParameter> {
        let sent: Vec<_> =
            Parameters::of(query).map(|(name, value)| (name, value, Kind::of(name))).collect();
        let count = |kind| sent.iter().filter(|(_, _, own)| *own == Some(kind)).count();
        let last = |kind| sent.iter().rfind(|(_, _, own)| *own == Some(kind)).map(|it| it.1);
        let peer_id = RawAnnounce { peer_id: last(Kind::PeerId), ..RawAnnounce::default() }
            .peer_id()
            .unwrap_or(PeerId([0; 20]));
        let mut seen = Vec::new();
        let mut understood = Vec::new();
        for &(name, value, kind) in &sent {
            let (standing, meaning) = match kind {
                None => (Standing::Unknown, "means nothing to this tracker".into()),
                Some(Kind::InfoHash) if seen.contains(&Kind::InfoHash) => {
                    (Standing::Refused, AnnounceError::RepeatedInfoHash.to_string())
                }
                Some(kind) => {
                    let before = seen.iter().filter(|own| **own == kind).count();
                    if kind != Kind::InfoHash && before + 1 < count(kind) {
                        (Standing::Repeated, "a later one counts".into())
                    } else {
                        meaning(kind, value, peer_id)
                    }
                }
            };
            seen.extend(kind);
            let sent = || UnderstoodParameter::sent(name, value, standing, meaning.clone());
            understood.push(match kind {
                None => UnderstoodParameter::unknown(name, value, &meaning),
                Some(Kind::Passkey | Kind::Key) => sent().with_secret_cut_off(),
                Some(_) => sent(),
            });
        }
        understood.extend(missing(&seen));
        understood
    }
}

/// What it means that parameters were not sent.
fn missing(seen: &[Kind]) -> impl Iterator<Item = UnderstoodParameter> {
    let refused = |error: AnnounceError| (Standing::Refused, error.to_string());
    let default = |text: &str| (Standing::Defaulted, text.to_owned());
    let all = [
        (Kind::InfoHash, refused(AnnounceError::MissingInfoHash)),
        (Kind::PeerId, refused(AnnounceError::MissingPeerId)),
        (Kind::Port, refused(AnnounceError::MissingPort)),
        (Kind::Uploaded, default("0 bytes")),
        (Kind::Downloaded, default("0 bytes")),
        (Kind::Left, left(b"")),
        (Kind::Event, default("a regular announce")),
        (Kind::Numwant, numbers_wanted(b"")),
        (Kind::Compact, default("a compact reply")),
        (Kind::Key, default("none: the client is known again by its peer id and address")),
    ];
    all.into_iter()
        .filter(|(kind, _)| !seen.contains(kind))
        .map(|(kind, (standing, meaning))| {
            UnderstoodParameter::missing(kind.name(), standing, meaning)
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// What the value that counts means.
fn meaning(kind: Kind, value: &[u8], peer_id: PeerId) -> Meaning {
    match kind {
        Kind::InfoHash => said(super::info_hash(value).map(|hash| hash.to_string())),
        Kind::Obfuscated => said(Err(AnnounceError::ObfuscatedInfoHash)),
        Kind::PeerId => {
            let raw = RawAnnounce { peer_id: Some(value), ..RawAnnounce::default() };
            said(raw.peer_id().map(|id| format!("{id} ({})", ClientName::from(id))))
        }
        Kind::Port => {
            let raw = RawAnnounce { port: Some(value), ..RawAnnounce::default() };
            said(raw.port().map(|port| match port {
                0 => "0: it takes no connections, and nobody is told of it".into(),
                port => port.to_string(),
            }))
        }
        Kind::Uploaded | Kind::Downloaded => amount(value),
        Kind::Left => left(value),
        Kind::Event => happened(value),
        Kind::Numwant => numbers_wanted(value),
        Kind::Compact if is_set(value) => (Standing::Used, "a compact reply".into()),
        Kind::Compact => (Standing::Used, "a list of dictionaries".into()),
        Kind::NoPeerId if is_set(value) => {
            (Standing::Used, "dictionaries need not have peer ids".into())
        }
        Kind::NoPeerId => (Standing::Used, "dictionaries are to have peer ids".into()),
        Kind::Key => key(value, peer_id),
        Kind::Short => (Standing::Used, "short intervals are wanted, as Bitstorm offers".into()),
        Kind::Ip | Kind::Ipv4 | Kind::Ipv6 => stated(value),
        Kind::Passkey => match Passkey::parse(value) {
            Some(_) => (Standing::Ignored, "a passkey, which decides nothing here".into()),
            None => (
                Standing::Defaulted,
                "no passkey: those have 16 to 64 letters, digits, _ and -".into(),
            ),
        },
    }
}

fn said(outcome: Result<String, AnnounceError>) -> Meaning {
    match outcome {
        Ok(meaning) => (Standing::Used, meaning),
        Err(problem) => (Standing::Refused, problem.to_string()),
    }
}

fn amount(value: &[u8]) -> Meaning {
    match number(value) {
        Ok(count) => (Standing::Used, format!("{count} bytes")),
        Err(NotANumber::TooLarge) => (Standing::Used, "more than any peer can have moved".into()),
        Err(NotANumber::Senseless) => {
            (Standing::Defaulted, "no number of bytes: counts as 0".into())
        }
    }
}

fn left(value: &[u8]) -> Meaning {
    match number(value) {
        Ok(0) => (Standing::Used, "0 bytes: a seeder".into()),
        Ok(left) => (Standing::Used, format!("{left} bytes")),
        Err(_) if value.is_empty() => (Standing::Defaulted, "not known: a leecher".into()),
        Err(_) => (Standing::Defaulted, "no number of bytes: not known, a leecher".into()),
    }
}

fn happened(value: &[u8]) -> Meaning {
    let meaning = match event(value) {
        Event::Started => "started",
        Event::Completed => "completed",
        Event::Stopped => "stopped: it leaves",
        Event::Paused => "paused: a partial seed (BEP 21)",
        Event::None if value.is_empty() => "a regular announce",
        Event::None => return (Standing::Defaulted, "no known event: a regular announce".into()),
    };
    (Standing::Used, meaning.into())
}

fn numbers_wanted(value: &[u8]) -> Meaning {
    match numwant(value) {
        Some(wanted) => (Standing::Used, format!("{wanted} peers")),
        None if value.is_empty() => (Standing::Defaulted, "as many as is usual".into()),
        None => (Standing::Defaulted, "no number of peers: as many as is usual".into()),
    }
}

fn key(value: &[u8], peer_id: PeerId) -> Meaning {
    let mut room = [0; 128];
    let bytes = percent_decoded(value, &mut room);
    if super::client_key(value, peer_id).is_some() {
        let told =
            format!("{} bytes: by these the client is known again at another address", bytes.len());
        return (Standing::Used, told);
    }
    let why = match ClientKey::of(bytes) {
        None => "empty: none",
        Some(_) if bytes.len() > 128 => "more than 128 bytes: none",
        Some(_) => "made from the peer id, and so proves nothing",
    };
    (Standing::Defaulted, why.into())
}

fn stated(value: &[u8]) -> Meaning {
    let Some((ip, port)) = address(value) else {
        return (Standing::Defaulted, "no address (names are not looked up): passed over".into());
    };
    if !is_usable(ip) {
        return (
            Standing::Defaulted,
            format!("{ip}: passed over, as nobody could connect to that"),
        );
    }
    let told = match (ip, port) {
        (IpAddr::V4(ip), Some(port)) => format!("{ip}:{port}"),
        (IpAddr::V6(ip), Some(port)) => format!("[{ip}]:{port}"),
        (ip, None) => ip.to_string(),
    };
    (Standing::Used, format!("{told} is stated"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn understood(query: &str) -> Vec<(String, &'static str, String)> {
        let parameters = AnnounceRequest::parameters(query.as_bytes()).into_iter();
        parameters.map(|it| (it.name, it.standing.name(), it.meaning)).collect()
    }

    #[test]
    fn each_parameter_is_told_as_it_is_read() {
        let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-qB4650-000000000001&port=6881&left=7&left=0\
             &uploaded=x&numwant=80&event=Started&compact=0&key=abcdefgh&ip=10.0.0.7:99&ipv6=::1&foo=1\
             &passkey=0123456789abcdef";
        let parameters = AnnounceRequest::parameters(query.as_bytes());
        assert!(parameters.iter().all(|it| it.sent.as_deref() != Some("0123456789abcdef")));
        let id = "2d7142343635302d303030303030303030303031";
        let expected = [
            ("info_hash", "used", "6161616161616161616161616161616161616161"),
            ("peer_id", "used", &format!("{id} (qBittorrent 4.6.5)")),
            ("port", "used", "6881"),
            ("left", "repeated", "a later one counts"),
            ("left", "used", "0 bytes: a seeder"),
            ("uploaded", "default", "no number of bytes: counts as 0"),
            ("numwant", "used", "80 peers"),
            ("event", "used", "started"),
            ("compact", "used", "a list of dictionaries"),
            ("key", "used", "8 bytes: by these the client is known again at another address"),
            ("ip", "used", "10.0.0.7:99 is stated"),
            ("ipv6", "default", "::1: passed over, as nobody could connect to that"),
            ("foo", "unknown", "means nothing to this tracker"),
            ("passkey", "ignored", "a passkey, which decides nothing here"),
            ("downloaded", "default", "0 bytes"),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, standing, meaning)| (name.to_owned(), standing, meaning.to_owned()))
            .collect();
        assert_eq!(understood(query), expected);
    }

    #[test]
    fn what_is_refused_is_told_by_its_error() {
        let told = understood("info_hash=%4&info_hash=x&port=70000&sha_ih=x&peer_id=short");
        let refused: Vec<_> =
            told.iter().filter(|it| it.1 == "refused").map(|it| it.2.as_str()).collect();
        let expected = [
            AnnounceError::MalformedInfoHash,
            AnnounceError::RepeatedInfoHash,
            AnnounceError::BadPort,
            AnnounceError::ObfuscatedInfoHash,
            AnnounceError::PeerIdLength,
        ];
        assert_eq!(refused, expected.map(|error| error.to_string()));
    }

    fn any_name() -> impl Strategy<Value = String> {
        // Not those that are told, of which one could be missing.
        let known = "(info_hash|sha_ih|peer_id|port|uploaded|downloaded|left|event|numwant|num_want|num want|num\\+want\
                     |compact|no_peer_id|key|short|ip|ipv4|ipv6|passkey)";
        let escaped = known.prop_map(|name| {
            name.bytes()
                .map(|byte| format!("%{byte:02X}"))
                .take(5)
                .chain([name.chars().skip(5).collect()])
                .collect()
        });
        prop_oneof![4 => known, 1 => escaped, 1 => "[a-z_]{0,12}"]
    }

    proptest! {
        #[test]
        fn names_are_those_that_are_read(name in any_name()) {
            let mut raw = RawAnnounce::default();
            let is_read = raw.set(name.as_bytes(), b"", &mut |_| {}) != Ok(false)
                || raw.set(percent_decoded(name.as_bytes(), &mut [0; 16]), b"", &mut |_| {}) != Ok(false);
            prop_assert_eq!(Kind::of(name.as_bytes()).is_some(), is_read, "{}", name);
        }

        #[test]
        fn an_announce_is_understood_when_none_of_its_parameters_is_refused(
            parameters in prop::collection::vec(
                (any_name(), "([0-9]{1,6}|[a-z]{20}|%[0-9a-g]{1,2}[a-z]{19}|[a-z:.0-9]{0,30})"), 0..8),
            whole: bool,
        ) {
            let mut query: String = parameters.iter().map(|(name, value)| format!("&{name}={value}")).collect();
            if whole {
                query.push_str("&info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1");
            }
            let is_refused = AnnounceRequest::parameters(query.as_bytes())
                .iter()
                .any(|parameter| parameter.standing == Standing::Refused);
            prop_assert_eq!(AnnounceRequest::parse(query.as_bytes()).is_err(), is_refused, "{}", query);
        }
    }
}
