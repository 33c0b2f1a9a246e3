//! What visitors find of the owner on each page: whom to write to, the legal notice, where to report a torrent.

use std::fmt;

use serde::Serialize;

use crate::protocol::{HttpUrl, InfoHash, UrlError};

/// Bytes of a legal notice at most: it stands in the foot of each page.
const LONGEST_NOTICE: usize = 1000;

/// What stands in an address for the info-hash of a torrent.
const HASH: &str = "{hash}";

/// A text that is none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerWordsError {
    /// Nobody can be written to there.
    #[error(
        "{0:?} is neither a mail address nor an http(s) URL; write one such as \"mail@example.org\" or \
         \"https://example.org/…\""
    )]
    NoContact(String),
    /// An address that cannot be one as it stands there.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It does not fit into the foot of a page.
    #[error("write at most {LONGEST_NOTICE} bytes in one line, or the address of a page")]
    LongNotice,
}

/// A mail address or a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Contact {
    /// A mail address, of characters that mean nothing in a link.
    Mail(String),
    /// The address of a page.
    Page(HttpUrl),
}

impl Contact {
    /// The address that a link leads to.
    #[must_use]
    pub fn link(&self) -> String {
        match self {
            Self::Mail(address) => format!("mailto:{address}"),
            Self::Page(page) => page.to_string(),
        }
    }
}

impl TryFrom<String> for Contact {
    type Error = OwnerWordsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(page) => return Ok(Self::Page(page)),
            Err(problem @ UrlError::NotAscii(_)) => return Err(problem.into()),
            Err(_) => {}
        }
        if is_mail_address(&text) {
            return Ok(Self::Mail(text));
        }
        Err(OwnerWordsError::NoContact(text))
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(address) => formatter.write_str(address),
            Self::Page(page) => formatter.write_str(page.as_str()),
        }
    }
}

impl From<Contact> for String {
    fn from(contact: Contact) -> Self {
        contact.to_string()
    }
}

/// Where a torrent is reported: a contact, in whose address `{hash}` is the torrent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct ReportTo {
    /// Checked with a word in the place of the hash.
    contact: Contact,
    text: String,
}

impl ReportTo {
    /// The address that the link of a torrent leads to. A mail has the torrent as its subject.
    #[must_use]
    pub fn link(&self, info_hash: InfoHash) -> String {
        match &self.contact {
            Contact::Mail(address) => format!("mailto:{address}?subject=Torrent%20{info_hash}"),
            Contact::Page(_) => self.text.replace(HASH, &info_hash.to_string()),
        }
    }
}

impl TryFrom<String> for ReportTo {
    type Error = OwnerWordsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Contact::try_from(text.replace(HASH, "hash")) {
            Ok(contact) => Ok(Self { contact, text }),
            Err(_) => Err(OwnerWordsError::NoContact(text)),
        }
    }
}

impl From<ReportTo> for String {
    fn from(report: ReportTo) -> Self {
        report.text
    }
}

/// A legal notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Legal {
    /// A page that has it.
    Page(HttpUrl),
    /// The notice itself.
    Notice(String),
}

impl TryFrom<String> for Legal {
    type Error = OwnerWordsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(page) => return Ok(Self::Page(page)),
            Err(problem @ UrlError::NotAscii(_)) => return Err(problem.into()),
            Err(_) => {}
        }
        if text.len() > LONGEST_NOTICE || text.chars().any(char::is_control) {
            return Err(OwnerWordsError::LongNotice);
        }
        Ok(Self::Notice(text))
    }
}

impl From<Legal> for String {
    fn from(legal: Legal) -> Self {
        match legal {
            Legal::Page(page) => page.to_string(),
            Legal::Notice(notice) => notice,
        }
    }
}

/// One that needs no quoting (RFC 5322, 3.2.3) and means nothing else in a link (RFC 6068).
fn is_mail_address(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let is_plain = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || others.contains(it))
    };
    is_plain(user, "._-+") && is_plain(host, ".-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(text: &str) -> Result<String, String> {
        Contact::try_from(text.to_owned()).map(|it| it.link()).map_err(|it| it.to_string())
    }

    #[test]
    fn a_contact_is_a_mail_address_or_a_page() {
        assert_eq!(contact("a.b+c@example.org").as_deref(), Ok("mailto:a.b+c@example.org"));
        assert_eq!(contact("https://example.org/x").as_deref(), Ok("https://example.org/x"));
        for wrong in [
            "example.org",
            "@example.org",
            "a@",
            "a@b@c",
            "a@example.org?subject=x",
            "javascript:alert(1)",
            "a b@example.org",
            "ftp://example.org",
        ] {
            let said = contact(wrong).unwrap_err();
            assert!(said.contains("neither a mail address nor an http(s) URL"), "{wrong}: {said}");
        }
    }

    #[test]
    fn a_report_names_the_torrent() {
        let hash = InfoHash([0xab; 20]);
        let link = |text: &str| ReportTo::try_from(text.to_owned()).map(|it| it.link(hash));
        let digits = "ab".repeat(20);
        let mail = format!("mailto:a@example.org?subject=Torrent%20{digits}");
        assert_eq!(link("a@example.org"), Ok(mail));
        let page = link("https://example.org/report?t={hash}&again={hash}").unwrap();
        assert_eq!(page, format!("https://example.org/report?t={digits}&again={digits}"));
        assert_eq!(link("https://example.org/form").as_deref(), Ok("https://example.org/form"));
        for wrong in ["https://example.org/{torrent}", "{hash}", "javascript:{hash}"] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_legal_notice_is_a_page_or_a_line() {
        let legal = |text: &str| Legal::try_from(text.to_owned());
        assert!(matches!(legal("https://example.org/imprint"), Ok(Legal::Page(_))));
        assert_eq!(
            legal("Northlight e.V., Kiel"),
            Ok(Legal::Notice("Northlight e.V., Kiel".into()))
        );
        let said = legal("https://архив.рф/право").unwrap_err().to_string();
        assert!(said.contains("copy it from a browser"), "{said}");
        assert_eq!(legal("a\nb"), Err(OwnerWordsError::LongNotice));
        assert_eq!(legal(&"x".repeat(1001)), Err(OwnerWordsError::LongNotice));
    }
}
