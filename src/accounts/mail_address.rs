//! A mail address that somebody has typed in.

use std::fmt;

/// Bytes of an address, and of its part before the `@` (RFC 5321, 4.5.3.1).
const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// Bytes of a part of a host's name (RFC 1034, 3.1).
const LONGEST_LABEL: usize = 63;

/// What a part before the `@` may have beside letters and digits: of what needs no quotes (RFC 5322, 3.2.3), that with which
/// no mail program names a program, a file or a way, or expands anything.
const LOCAL_MARKS: &str = "#&'*+-=?^_~";

/// One address, which needs no quoting in a header and names no second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(String);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no mail address; write one such as olive@example.org")]
pub struct MailAddressError;

impl MailAddress {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// When it is not one address of ASCII characters.
    pub fn parse(typed: &str) -> Result<Self, MailAddressError> {
        let text = typed.trim_matches(' ');
        let (local, host) = text.rsplit_once('@').ok_or(MailAddressError)?;
        let is_address = text.len() <= LONGEST
            && local.len() <= LONGEST_LOCAL
            // Programs that deliver mail could take it for an option.
            && !local.starts_with('-')
            && local.split('.').all(is_atom)
            && host.split('.').all(is_label);
        is_address.then(|| Self(text.to_owned())).ok_or(MailAddressError)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        Self::parse(text)
    }
}

fn is_atom(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || LOCAL_MARKS.contains(it);
    !text.is_empty() && text.chars().all(is_plain)
}

fn is_label(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
    (1..=LONGEST_LABEL).contains(&text.len())
        && text.chars().all(is_plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_plain_address_is_taken() {
        for text in [
            "olive@example.org",
            "O.live+tracker@mail.example.org",
            "o'live_x@xn--80aklg.xn--p1ai",
            "root@localhost",
        ] {
            assert_eq!(MailAddress::parse(text).unwrap().as_str(), text);
            assert_eq!(MailAddress::parse(&format!(" {text} ")).unwrap().as_str(), text);
        }
        let longest = format!("{}@example.org", "a".repeat(64));
        assert!(MailAddress::parse(&longest).is_ok());
    }

    #[test]
    fn what_could_be_another_header_a_second_address_or_a_program_is_refused() {
        for text in [
            "",
            "olive",
            "@example.org",
            "olive@",
            "olive@example..org",
            "olive@-example.org",
            "olive@example-.org",
            ".olive@example.org",
            "ol..ive@example.org",
            "olive.@example.org",
            "olive@example.org\nBcc: eve@example.com",
            "olive@example.org\r\n\r\nother text",
            "olive\0@example.org",
            "\tolive@example.org",
            "olive@example.org,eve@example.com",
            "olive@example.org eve@example.com",
            "olive@example.org;eve",
            "a@b@example.org",
            "Olive <olive@example.org>",
            "\"olive\"@example.org",
            "(olive)x@example.org",
            "|/bin/sh@example.org",
            "/etc/passwd@example.org",
            "olive%example.com@example.org",
            "com!olive@example.org",
            "${run{x}}@example.org",
            "{olive}@example.org",
            "-olive@example.org",
            "olive@[192.0.2.1]",
            "olive@пример.рф",
            "оливия@example.org",
            &format!("{}@example.org", "a".repeat(65)),
            &format!("a@{}.org", "a".repeat(64)),
            &format!("a@{}org", "abcdefg.".repeat(40)),
        ] {
            assert_eq!(MailAddress::parse(text), Err(MailAddressError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_fits_into_a_header(text in "[ -~]{0,20}@[ -~]{0,20}|\\PC{0,40}|[a-z.@-]{3,30}") {
            if let Ok(address) = MailAddress::parse(&text) {
                let text = address.as_str();
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !b",;:<>()[]\\\"|/!%`".contains(&byte)));
                prop_assert_eq!(text.matches('@').count(), 1);
            }
        }
    }
}
