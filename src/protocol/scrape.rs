//! A scrape as the client sends it (BEP 48).

mod parameters;

use super::query::{DecodeError, percent_decode, percent_decoded};
use super::{InfoHash, Parameters};

/// A scrape as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeRequest {
    /// The swarms asked for, each once, in the order of the query; none means all.
    pub info_hashes: Vec<InfoHash>,
}

/// Why a scrape was not understood; each text is safe to show to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeError {
    /// The query is longer than 8 KiB.
    #[error("the scrape is longer than 8192 bytes; ask for fewer torrents at once")]
    TooLong,
    /// A broken escape in an `info_hash`.
    #[error("an info_hash holds a % without two hexadecimal digits after it")]
    MalformedInfoHash,
    /// An `info_hash` that names no swarm.
    #[error("each info_hash must be exactly 20 bytes or 40 hexadecimal digits")]
    InfoHashLength,
}

impl ScrapeRequest {
    /// Bytes of the longest query that is looked at.
    const LONGEST_QUERY: usize = 8192;
    /// How many swarms a scrape may name; what follows is ignored.
    const MOST_INFO_HASHES: usize = 100;

    /// Reads a query: the part of the URL after its first `?`, as it came.
    ///
    /// # Errors
    /// What the client did wrong, in words for the person in front of it.
    pub fn parse(query: &[u8]) -> Result<Self, ScrapeError> {
        if query.len() > Self::LONGEST_QUERY {
            return Err(ScrapeError::TooLong);
        }
        let mut info_hashes = Vec::new();
        let mut room = [0; 16];
        for (name, value) in Parameters::of(query) {
            if info_hashes.len() == Self::MOST_INFO_HASHES {
                break;
            }
            if percent_decoded(name, &mut room) == b"info_hash" {
                let info_hash = info_hash(value)?;
                if !info_hashes.contains(&info_hash) {
                    info_hashes.push(info_hash);
                }
            }
        }
        Ok(Self { info_hashes })
    }
}

fn info_hash(raw: &[u8]) -> Result<InfoHash, ScrapeError> {
    let mut room = [0; 40];
    let decoded = percent_decode(raw, &mut room).map_err(|error| match error {
        DecodeError::MalformedEscape => ScrapeError::MalformedInfoHash,
        DecodeError::TooLong => ScrapeError::InfoHashLength,
    })?;
    match <[u8; 20]>::try_from(decoded) {
        Ok(bytes) => Ok(InfoHash(bytes)),
        Err(_) => InfoHash::from_hex(decoded).ok_or(ScrapeError::InfoHashLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(query: &str) -> Result<Vec<InfoHash>, ScrapeError> {
        ScrapeRequest::parse(query.as_bytes()).map(|request| request.info_hashes)
    }

    fn numbered(number: usize) -> String {
        format!("info_hash={number:040x}&")
    }

    #[test]
    fn no_info_hash_asks_for_all() {
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse("&port=1"), Ok(vec![]));
    }

    #[test]
    fn raw_bytes_and_digits_of_either_case_name_the_same_swarm_once() {
        let expected = vec![InfoHash([0xAB; 20]), InfoHash(*b"ABCDEFGHIJKLMNOPQRS+")];
        let query = [
            format!("info_hash={}", "%ab".repeat(20)),
            "info_hash=ABCDEFGHIJKLMNOPQRS+".to_owned(),
            format!("info_hash={}", "ab".repeat(20)),
            format!("info_hash={}", "AB".repeat(20)),
        ];
        assert_eq!(parse(&query.join("&")), Ok(expected));
    }

    #[test]
    fn the_first_hundred_count_and_the_rest_is_ignored() {
        let hundred: String = (0..100).map(numbered).collect();
        let info_hashes = parse(&hundred).unwrap();
        assert_eq!(info_hashes.len(), 100);
        assert_eq!(parse(&format!("{hundred}{}info_hash=junk", numbered(100))), Ok(info_hashes));
        assert_eq!(parse(&hundred.repeat(2)), Err(ScrapeError::TooLong));
    }

    #[test]
    fn a_malformed_info_hash_is_refused() {
        assert_eq!(parse("info_hash="), Err(ScrapeError::InfoHashLength));
        assert_eq!(parse("info_hash=short"), Err(ScrapeError::InfoHashLength));
        for raw in ["0".repeat(39), "g".repeat(40), "0".repeat(41)] {
            assert_eq!(parse(&format!("info_hash={raw}")), Err(ScrapeError::InfoHashLength));
        }
        assert_eq!(parse("info_hash=%4"), Err(ScrapeError::MalformedInfoHash));
    }

    #[test]
    fn a_query_has_its_limit() {
        let longest = format!("x={}", "x".repeat(ScrapeRequest::LONGEST_QUERY - 2));
        assert_eq!(parse(&longest), Ok(vec![]));
        assert_eq!(parse(&format!("{longest}x")), Err(ScrapeError::TooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(query in any::<Vec<u8>>()) {
            _ = ScrapeRequest::parse(&query);
        }
    }
}
