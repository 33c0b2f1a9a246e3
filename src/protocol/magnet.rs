//! Magnet links (BEP 9, 52): a torrent named by its info-hashes, with what helps to find it. What only a client needs,
//! such as addresses of peers and a choice of files (BEP 53), is passed over.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::metainfo::name::sanitized;
use super::{HttpUrl, InfoHash, InfoHashV2, InfoHashes, Url};

/// Bytes of a link at most; the longest real ones name a hundred trackers.
const LONGEST: usize = 64 << 10;

/// What is not escaped: unreserved characters (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a magnet link says. It is written by its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Magnet {
    /// `xt`: which torrent it is.
    pub hashes: InfoHashes,
    /// `dn`: a name to show until the torrent's own is known; as safe to show as that of a [`super::Metainfo`].
    pub name: Option<String>,
    /// `xl`: bytes of all files.
    pub size: Option<u64>,
    /// `tr`: where to announce.
    pub trackers: Vec<Url>,
    /// `ws`: where web servers give the content (BEP 19).
    pub web_seeds: Vec<HttpUrl>,
}

/// Why a text is no magnet link for a torrent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MagnetError {
    /// Another text.
    #[error("it is not a magnet link; one begins with \"magnet:?xt=urn:btih:\"")]
    NotAMagnet,
    /// More than 64 KiB.
    #[error("it is longer than 64 KiB; leave out some of its trackers")]
    TooLong,
    /// No `xt` of BitTorrent's.
    #[error("it names no torrent: there is no \"xt=urn:btih:\" or \"xt=urn:btmh:\" in it")]
    NoTorrent,
    /// An `xt` of BitTorrent's that cannot be read.
    #[error(
        "its info-hash {0:?} is damaged: version 1 has 40 hexadecimal digits or 32 letters and digits, version 2 \
         has \"1220\" and 64 hexadecimal digits"
    )]
    InfoHash(String),
    /// Two hashes of one version.
    #[error("it names several torrents; use a link for each")]
    SeveralTorrents,
}

impl Magnet {
    /// Reads a link. Trackers and web seeds that are no URLs of the usual kinds are left out.
    ///
    /// # Errors
    /// When it is none, or does not name one torrent.
    pub fn parse(text: &str) -> Result<Self, MagnetError> {
        const SCHEME: &str = "magnet:?";
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(MagnetError::TooLong);
        }
        let (scheme, query) = text.split_at_checked(SCHEME.len()).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(MagnetError::NotAMagnet);
        }
        let mut topics = Topics::default();
        let mut magnet = Found::default();
        for parameter in query.split('&') {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // As links out of a page's source have it.
            let key = key.strip_prefix("amp;").unwrap_or(key);
            // Several of a kind may be numbered: `tr.1`, `tr.2`.
            let numbered = key.rsplit_once('.').filter(|(_, number)| number.parse::<u32>().is_ok());
            match numbered.map_or(key, |(key, _)| key) {
                "xt" => topics.take(&text_of(value).unwrap_or_default())?,
                "dn" => magnet.name = sanitized(&bytes_of(&value.replace('+', " "))),
                "xl" => magnet.size = value.parse().ok(),
                "tr" => magnet.trackers.extend(text_of(value).and_then(|url| url.try_into().ok())),
                "ws" => magnet.web_seeds.extend(text_of(value).and_then(|url| url.try_into().ok())),
                _ => {}
            }
        }
        let Found { name, size, trackers, web_seeds } = magnet;
        Ok(Self { hashes: topics.hashes()?, name, size, trackers, web_seeds })
    }
}

/// What a link says beside its topics.
#[derive(Default)]
struct Found {
    name: Option<String>,
    size: Option<u64>,
    trackers: Vec<Url>,
    web_seeds: Vec<HttpUrl>,
}

/// The info-hashes of a link.
#[derive(Default)]
struct Topics {
    v1: Option<InfoHash>,
    v2: Option<InfoHashV2>,
}

impl Topics {
    /// Takes an `xt`, unless it is another network's.
    fn take(&mut self, topic: &str) -> Result<(), MagnetError> {
        const KIND: usize = "urn:btih:".len();
        let (kind, hash) = topic.split_at_checked(KIND).unwrap_or_default();
        let damaged = || MagnetError::InfoHash(hash.to_owned());
        match kind.to_ascii_lowercase().as_str() {
            "urn:btih:" => set(&mut self.v1, v1(hash).ok_or_else(damaged)?),
            "urn:btmh:" => set(&mut self.v2, v2(hash).ok_or_else(damaged)?),
            _ => Ok(()),
        }
    }

    fn hashes(self) -> Result<InfoHashes, MagnetError> {
        match (self.v1, self.v2) {
            (Some(v1), Some(v2)) => Ok(InfoHashes::Hybrid(v1, v2)),
            (Some(v1), None) => Ok(InfoHashes::V1(v1)),
            (None, Some(v2)) => Ok(InfoHashes::V2(v2)),
            (None, None) => Err(MagnetError::NoTorrent),
        }
    }
}

fn set<T: PartialEq>(place: &mut Option<T>, hash: T) -> Result<(), MagnetError> {
    match place.replace(hash) {
        Some(other) if Some(&other) != place.as_ref() => Err(MagnetError::SeveralTorrents),
        _ => Ok(()),
    }
}

fn v1(hash: &str) -> Option<InfoHash> {
    InfoHash::from_hex(hash.as_bytes()).or_else(|| from_base32(hash.as_bytes()).map(InfoHash))
}

/// A multihash (BEP 52): its kind, SHA-256, and its length stand before it.
fn v2(hash: &str) -> Option<InfoHashV2> {
    InfoHashV2::from_hex(hash.strip_prefix("1220")?.as_bytes())
}

/// Reads 32 digits of base 32 (RFC 4648, 6), of either case, five bits each.
fn from_base32(digits: &[u8]) -> Option<[u8; 20]> {
    let digits: &[u8; 32] = digits.try_into().ok()?;
    let mut bytes = [0; 20];
    for (five, eight) in bytes.chunks_exact_mut(5).zip(digits.chunks_exact(8)) {
        let mut bits = 0_u64;
        for digit in eight {
            let value = match digit.to_ascii_uppercase() {
                letter @ b'A'..=b'Z' => letter - b'A',
                digit @ b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

fn bytes_of(value: &str) -> Vec<u8> {
    percent_decode_str(value).collect()
}

fn text_of(value: &str) -> Option<String> {
    String::from_utf8(bytes_of(value)).ok()
}

impl fmt::Display for Magnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hashes {
            InfoHashes::V1(v1) => write!(formatter, "magnet:?xt=urn:btih:{v1}")?,
            InfoHashes::V2(v2) => write!(formatter, "magnet:?xt=urn:btmh:1220{v2}")?,
            InfoHashes::Hybrid(v1, v2) => {
                write!(formatter, "magnet:?xt=urn:btih:{v1}&xt=urn:btmh:1220{v2}")?;
            }
        }
        if let Some(name) = &self.name {
            write!(formatter, "&dn={}", utf8_percent_encode(name, ESCAPED))?;
        }
        if let Some(size) = self.size {
            write!(formatter, "&xl={size}")?;
        }
        for url in &self.trackers {
            write!(formatter, "&tr={}", utf8_percent_encode(url.as_str(), ESCAPED))?;
        }
        for url in &self.web_seeds {
            write!(formatter, "&ws={}", utf8_percent_encode(url.as_str(), ESCAPED))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a";

    fn parse(text: &str) -> Result<Magnet, MagnetError> {
        Magnet::parse(text)
    }

    #[test]
    fn both_ways_of_writing_an_info_hash_are_one() {
        let hash = InfoHashes::V1(InfoHash::from_hex(HEX.as_bytes()).unwrap());
        // As `base64.b32encode(bytes.fromhex(HEX))` of Python has it.
        let base32 = "YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK";
        for text in [
            format!("magnet:?xt=urn:btih:{HEX}"),
            format!("  MAGNET:?xt=URN:BTIH:{}\n", HEX.to_uppercase()),
            format!("magnet:?xt=urn:btih:{base32}"),
            format!("magnet:?xt=urn:btih:{}", base32.to_lowercase()),
            format!("magnet:?dn=x&amp;xt.1=urn%3Abtih%3A{HEX}&xt.2=urn:btih:{base32}"),
            format!("magnet:?xt=urn:ed2k:31D6CFE0D16AE931B73C59D7E0C089C0&xt=urn:btih:{HEX}"),
        ] {
            assert_eq!(parse(&text).unwrap().hashes, hash, "{text}");
        }
    }

    #[test]
    fn all_that_helps_to_find_a_torrent_is_read() {
        let v2 = "a".repeat(64);
        let magnet = parse(&format!(
            "magnet:?xt=urn:btih:{HEX}&xt=urn:btmh:1220{v2}&dn=a+b%2Bc%2F%C3%A9&xl=12&tr=http%3A%2F%2Fa.example%2F\
             announce&tr.1=udp://b.example:6969&tr=nothing&ws=https://c.example/d%2520e&ws=ftp://d/&x.pe=1.2.3.4:5\
             &so=0,2-4&xl.1=&="
        ));
        let url = |text: &str| Url::try_from(text.to_owned()).unwrap();
        let hash = |text: &str| InfoHashV2::from_hex(text.as_bytes()).unwrap();
        let expected = Magnet {
            hashes: InfoHashes::Hybrid(InfoHash::from_hex(HEX.as_bytes()).unwrap(), hash(&v2)),
            name: Some("a b+cé".into()),
            size: None,
            trackers: vec![url("http://a.example/announce"), url("udp://b.example:6969")],
            web_seeds: vec!["https://c.example/d%20e".parse().unwrap()],
        };
        assert_eq!(magnet.unwrap(), expected);
        let v2_only = parse(&format!("magnet:?xt=urn:btmh:1220{v2}&xl=12")).unwrap();
        assert_eq!((v2_only.hashes, v2_only.size), (InfoHashes::V2(hash(&v2)), Some(12)));
    }

    #[test]
    fn what_names_no_torrent_is_refused_with_a_reason() {
        use MagnetError::{InfoHash, NoTorrent, NotAMagnet, SeveralTorrents, TooLong};
        let other = "d".repeat(40);
        for (text, error) in [
            (String::new(), NotAMagnet),
            ("magnet:".into(), NotAMagnet),
            (HEX.into(), NotAMagnet),
            ("magnét:?xt=urn:btih:".into(), NotAMagnet),
            ("magnet:?".into(), NoTorrent),
            ("magnet:?dn=x&xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C".into(), NoTorrent),
            ("magnet:?xt=urn:btih:".into(), InfoHash(String::new())),
            ("magnet:?xt=urn:btih:c12f".into(), InfoHash("c12f".into())),
            (format!("magnet:?xt=urn:btmh:1220{HEX}"), InfoHash(format!("1220{HEX}"))),
            (format!("magnet:?xt=urn:btih:{}", "1".repeat(32)), InfoHash("1".repeat(32))),
            (format!("magnet:?xt=urn:btih:{HEX}&xt=urn:btih:{other}"), SeveralTorrents),
            (format!("magnet:?xt=urn:btih:{HEX}&dn={}", "x".repeat(LONGEST)), TooLong),
        ] {
            assert_eq!(parse(&text), Err(error), "{text}");
        }
    }

    fn hashes() -> impl Strategy<Value = InfoHashes> {
        (any::<Option<[u8; 20]>>(), any::<[u8; 32]>(), any::<bool>()).prop_map(|it| match it {
            (None, v2, _) => InfoHashes::V2(InfoHashV2(v2)),
            (Some(v1), _, false) => InfoHashes::V1(InfoHash(v1)),
            (Some(v1), v2, true) => InfoHashes::Hybrid(InfoHash(v1), InfoHashV2(v2)),
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            hashes in hashes(),
            name in any::<String>(),
            size in any::<Option<u64>>(),
            paths in prop::collection::vec("[ -~é]{0,20}", 0..4),
        ) {
            let encoded = |path: &String| {
                format!("http://a.example/{}", utf8_percent_encode(path, NON_ALPHANUMERIC))
            };
            let urls: Vec<HttpUrl> = paths.iter().map(|it| encoded(it).parse().unwrap()).collect();
            let magnet = Magnet {
                hashes,
                name: sanitized(name.as_bytes()),
                size,
                trackers: urls.iter().map(|url| (**url).clone()).collect(),
                web_seeds: urls,
            };
            prop_assert_eq!(parse(&magnet.to_string()), Ok(magnet));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", query in "([a-z.]{1,4}=[:%+=&a-z0-9é]{0,40}&?){0,6}") {
            let _ = parse(&text);
            let _ = parse(&format!("magnet:?{query}"));
            let _ = parse(&format!("magnet:?xt=urn:btih:{HEX}&{query}"));
        }
    }
}
