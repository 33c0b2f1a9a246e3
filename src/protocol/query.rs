//! Queries as clients send them: splitting into parameters, and percent-decoding byte by byte.
//!
//! Values are raw bytes, never text: an info-hash holds any byte, and `+` is the byte 2B (RFC 3986),
//! not a space.

/// The parameters of a query, in order: each name with its value, both as they came. Use
/// [`percent_decoded`] on them: clients escape names too.
///
/// A part without `=` is a name with an empty value; empty parts are left out. Tolerated, because
/// clients do send it:
/// - any run of `?`, `&`, spaces and `%20` before the first name (`announce ?info_hash=`, `??`);
/// - a `?` inside the query that stands right before the name and `=` of a parameter every announce
///   has: clients append `?info_hash=...` to an announce URL that has a query already. Any other
///   `?` is part of the value.
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// The parameters of `query`, the part of a URL after its first `?`.
    #[must_use]
    pub fn of(query: &'a [u8]) -> Self {
        let mut rest = query;
        while let [b'?' | b'&' | b' ', tail @ ..] | [b'%', b'2', b'0', tail @ ..] = rest {
            rest = tail;
        }
        Self { rest }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (part, equals) = self.next_part();
            if let Some(equals) = equals {
                return Some((&part[..equals], &part[equals + 1..]));
            } else if !part.is_empty() {
                return Some((part, &[]));
            }
        }
        None
    }
}

impl<'a> Parameters<'a> {
    /// Takes off what stands before the next separator, and says where its first `=` is.
    fn next_part(&mut self) -> (&'a [u8], Option<usize>) {
        let rest = self.rest;
        let mut end = place_of(b'&', rest).unwrap_or(rest.len());
        if place_of(b'?', &rest[..end]).is_some() {
            let separates = |at: &usize| rest[*at] == b'?' && begins_an_announce(&rest[at + 1..]);
            end = (0..end).find(separates).unwrap_or(end);
        }
        self.rest = rest.get(end + 1..).unwrap_or_default();
        let part = &rest[..end];
        (part, place_of(b'=', part))
    }
}

/// Where a byte is first. Eight are looked at together; libraries that do more ask the processor first what
/// it can do, which takes a CGI on a virtual machine longer than its query.
fn place_of(byte: u8, bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks();
    for (number, &word) in words.iter().enumerate() {
        let difference = u64::from_le_bytes(word) ^ (ONES * u64::from(byte));
        // The top bit of each byte that is 0, and perhaps of some above the lowest of these.
        let zeros = difference.wrapping_sub(ONES) & !difference & (ONES << 7);
        if zeros != 0 {
            return Some(8 * number + zeros.trailing_zeros() as usize / 8);
        }
    }
    let place = rest.iter().position(|&other| other == byte)?;
    Some(8 * words.len() + place)
}

/// Names that a client may write first when it appends its announce to a URL. All are so long that
/// they do not turn up in an unescaped info-hash by chance.
const FIRST_NAMES: [&[u8]; 6] =
    [b"info_hash", b"peer_id", b"port", b"uploaded", b"downloaded", b"left"];

fn begins_an_announce(rest: &[u8]) -> bool {
    FIRST_NAMES
        .iter()
        .any(|name| rest.strip_prefix(*name).is_some_and(|after| after.first() == Some(&b'=')))
}

/// `raw` without its percent escapes, as far as that goes: what has a malformed escape, or no room
/// in `room`, stays as it came.
#[must_use]
pub fn percent_decoded<'r>(raw: &'r [u8], room: &'r mut [u8]) -> &'r [u8] {
    if raw.contains(&b'%') { percent_decode(raw, room).unwrap_or(raw) } else { raw }
}

/// Why a value could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// A `%` without two hexadecimal digits after it.
    MalformedEscape,
    /// More bytes than there is room for.
    TooLong,
}

/// Decodes `raw` into `room` and returns the part of it that was filled.
///
/// Bytes that should have been escaped and were not stand for themselves: being strict here only
/// loses clients. `+` stays `+`.
pub(super) fn percent_decode<'r>(raw: &[u8], room: &'r mut [u8]) -> Result<&'r [u8], DecodeError> {
    let mut length = 0;
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let byte = if *first == b'%' {
            let [high, low, after @ ..] = after else { return Err(DecodeError::MalformedEscape) };
            rest = after;
            hex_pair(*high, *low).ok_or(DecodeError::MalformedEscape)?
        } else {
            rest = after;
            *first
        };
        *room.get_mut(length).ok_or(DecodeError::TooLong)? = byte;
        length += 1;
    }
    Ok(&room[..length])
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (HEX_VALUES[usize::from(high)], HEX_VALUES[usize::from(low)]);
    (high | low < 16).then_some(high << 4 | low)
}

/// For each byte its value as a hexadecimal digit of either case; 16 and above for any other byte.
static HEX_VALUES: [u8; 256] = {
    let mut values = [16; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Of few different bytes, so that many are the one that is looked for or its neighbours.
        #[test]
        fn a_byte_is_found_where_it_is_first(
            bytes in prop::collection::vec(prop::sample::select(vec![0, 0x25, 0x26, 0x27, 0xa6, 0xff]), 0..40),
        ) {
            for byte in [0, b'&', 0xff] {
                let place = bytes.iter().position(|&other| other == byte);
                prop_assert_eq!(place_of(byte, &bytes), place, "{}", byte);
            }
        }
    }

    fn parameters(query: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Parameters::of(query.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_query_is_split_at_ampersands_and_at_the_first_equals_sign() {
        let expected = pairs(&[("a", "1"), ("b", "x=y"), ("short", ""), ("", "z"), ("c", ";d=2")]);
        assert_eq!(parameters("a=1&b=x=y&short&=z&c=;d=2"), expected);
        assert_eq!(parameters(""), []);
    }

    #[test]
    fn empty_parts_and_noise_before_the_first_name_are_nothing() {
        for query in ["&a=1&b=2", "??a=1&&b=2&", "?&?a=1&b=2", " ?a=1&b=2", "%20?a=1&&&b=2"] {
            assert_eq!(parameters(query), pairs(&[("a", "1"), ("b", "2")]), "{query}");
        }
    }

    #[test]
    fn a_question_mark_separates_only_before_what_every_announce_has() {
        let expected = pairs(&[("pass", "1"), ("info_hash", "A"), ("port", "2")]);
        assert_eq!(parameters("pass=1?info_hash=A&port=2"), expected);
        assert_eq!(parameters("pass=1&?info_hash=A?port=2"), expected);
        for kept in ["A?B", "?", "??", "?port", "?ports=1", "?info_has=", "?x=1"] {
            assert_eq!(parameters(&format!("info_hash={kept}")), pairs(&[("info_hash", kept)]));
        }
    }

    #[test]
    fn what_cannot_be_decoded_stays_as_it_came() {
        let mut room = [0; 4];
        assert_eq!(percent_decoded(b"%69nf%6F", &mut room), b"info");
        for raw in [b"i%6".as_slice(), b"%zz", b"inf%6f_", b"long and plain", b""] {
            assert_eq!(percent_decoded(raw, &mut room), raw);
        }
    }

    #[test]
    fn malformed_escapes_and_missing_room_are_told_apart() {
        let mut room = [0; 3];
        for malformed in ["%", "%4", "%zz", "%4g", "%g4", "a%%41", "%-1", "%+1"] {
            let outcome = percent_decode(malformed.as_bytes(), &mut room);
            assert_eq!(outcome, Err(DecodeError::MalformedEscape), "{malformed}");
        }
        assert_eq!(percent_decode(b"a+%2B%2b", &mut room), Err(DecodeError::TooLong));
        assert_eq!(percent_decode(b"+%2B%2b", &mut room), Ok(b"+++".as_slice()));
    }

    #[test]
    fn every_byte_survives_in_every_escaped_form() {
        for byte in 0..=255_u8 {
            for escaped in [format!("%{byte:02x}"), format!("%{byte:02X}")] {
                assert_eq!(percent_decode(escaped.as_bytes(), &mut [0]), Ok([byte].as_slice()));
            }
            if byte != b'%' {
                assert_eq!(percent_decode(&[byte], &mut [0]), Ok([byte].as_slice()));
            }
        }
    }

    proptest! {
        #[test]
        fn twenty_bytes_come_back_from_any_mix_of_spellings(
            bytes in any::<[u8; 20]>(),
            spellings in any::<[u8; 20]>(),
        ) {
            let raw = spell(bytes, spellings);
            let mut room = [0; 20];
            prop_assert_eq!(percent_decode(&raw, &mut room), Ok(bytes.as_slice()));
            let query = [b"a=1&info_hash=", raw.as_slice(), b"&port=1"].concat();
            let value = Parameters::of(&query).find(|(name, _)| name == b"info_hash").unwrap().1;
            prop_assert_eq!(value, raw);
        }

        #[test]
        fn no_bytes_are_too_strange(query in any::<Vec<u8>>()) {
            let total: usize = Parameters::of(&query).map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(total <= query.len());
        }
    }

    /// Each byte in one of its legal spellings: escaped in upper, lower or mixed case, or bare.
    fn spell(bytes: [u8; 20], spellings: [u8; 20]) -> Vec<u8> {
        let mut raw = Vec::new();
        for (byte, spelling) in bytes.into_iter().zip(spellings) {
            match spelling % 4 {
                0 => raw.extend(format!("%{byte:02x}").bytes()),
                1 => raw.extend(format!("%{byte:02X}").bytes()),
                2 => raw.extend(format!("%{:x}{:X}", byte >> 4, byte & 15).bytes()),
                _ if b"%&".contains(&byte) => raw.extend(format!("%{byte:02X}").bytes()),
                _ => raw.push(byte),
            }
        }
        raw
    }
}
