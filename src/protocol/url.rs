//! URLs as announce addresses, pages and configurations have them (RFC 3986). Their text stays as it was written.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The schemes of announce URLs: BEP 3, BEP 15, and those of WebTorrent.
const SCHEMES: [&str; 5] = ["http", "https", "udp", "ws", "wss"];

/// An absolute URL to which a client may announce, with a host. Its text has no character that a URL cannot have, so
/// that it can be put anywhere without quoting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url(String);

/// A [`Url`] that a browser can open: http or https.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpUrl(Url);

/// A text that is not a URL of the needed kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not one to announce to.
    #[error("{0:?} is not an announce URL; write one such as \"https://example.org/…\"")]
    NotAUrl(String),
    /// One with letters that no request can have.
    #[error(
        "{0:?} has letters in it that addresses write otherwise; copy it from a browser, which gives \"xn--…\" for the \
         host and \"%D0…\" for what follows"
    )]
    NotAscii(String),
    /// Not one for a browser.
    #[error("{0:?} is not an http(s) URL; write one such as \"https://example.org/…\"")]
    NotHttp(String),
}

impl Url {
    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        origin(&self.0)
    }

    /// What stands before `://`, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Host and port as they stand there, without the name of a user.
    #[must_use]
    pub fn authority(&self) -> &str {
        let authority = self.origin().split_once("://").map_or("", |(_, authority)| authority);
        authority.rsplit_once('@').map_or(authority, |(_, authority)| authority)
    }

    /// The host, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let (host, _) = host_and_port(self.authority());
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port: the one that is named, else that of the scheme. `None` where what is named is not one, and with
    /// UDP, which has none of its own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match (host_and_port(self.authority()).1, self.scheme()) {
            (Some(port), _) => port.parse().ok(),
            (None, "http" | "ws") => Some(80),
            (None, "https" | "wss") => Some(443),
            (None, _) => None,
        }
    }

    /// Path and query, as a request names them; empty, or begins with a slash or a question mark.
    #[must_use]
    pub fn target(&self) -> &str {
        let target = self.0.strip_prefix(self.origin()).unwrap_or_default();
        target.split('#').next().unwrap_or_default()
    }

    /// What stands between host and query; empty, or begins with a slash.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.0.strip_prefix(self.origin()).unwrap_or_default();
        path.split(['?', '#']).next().unwrap_or_default()
    }

    /// Whether a browser can open it.
    #[must_use]
    pub fn is_http(&self) -> bool {
        is_http(&self.0)
    }
}

/// Scheme, host and port of the text of a URL.
#[must_use]
pub fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(host..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).map_or(url.len(), |length| host + length);
    url.get(..end).unwrap_or(url)
}

/// The host, with the brackets of an IPv6 address, and what is named as the port.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_http(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Whether a text has one of our schemes, a host, and only what a URL may have (RFC 3986, 2).
fn is_url(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    text.split_once("://").is_some_and(|(scheme, rest)| {
        SCHEMES.contains(&scheme)
            && !rest.is_empty()
            && !rest.starts_with(['/', '?', '#', ':', '@'])
            && rest.bytes().all(allowed)
    })
}

impl TryFrom<String> for Url {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        if is_url(&text) { Ok(Self(text)) } else { Err(UrlError::NotAUrl(text)) }
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        if is_http(&text) && is_url(&text) {
            Ok(Self(Url(text)))
        } else if is_http(&text) && !text.is_ascii() {
            Err(UrlError::NotAscii(text))
        } else {
            Err(UrlError::NotHttp(text))
        }
    }
}

impl FromStr for HttpUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        text.to_owned().try_into()
    }
}

impl Deref for HttpUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.0
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> Self {
        url.0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> Result<HttpUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn the_origin_of_a_url_is_scheme_host_and_port() {
        let origin = |text| http(text).unwrap().origin().to_owned();
        assert_eq!(origin("http://[::1]:8080/announce?x=/"), "http://[::1]:8080");
        assert_eq!(origin("https://example.org"), "https://example.org");
        assert_eq!(origin("https://example.org?x"), "https://example.org");
    }

    #[test]
    fn a_url_has_scheme_host_port_and_target() {
        let parts = |text: &str| {
            let url = Url::try_from(text.to_owned()).unwrap();
            let [scheme, host, target] = [url.scheme(), url.host(), url.target()];
            (scheme.to_owned(), host.to_owned(), url.port(), target.to_owned())
        };
        let expected = |scheme: &str, host: &str, port, target: &str| {
            (scheme.to_owned(), host.to_owned(), port, target.to_owned())
        };
        let plain = parts("http://a.example/x?y=/#z");
        assert_eq!(plain, expected("http", "a.example", Some(80), "/x?y=/"));
        assert_eq!(parts("https://[::1]?x"), expected("https", "::1", Some(443), "?x"));
        let user = parts("http://me:word@[2001:db8::1]:81");
        assert_eq!(user, expected("http", "2001:db8::1", Some(81), ""));
        assert_eq!(parts("wss://a.example/"), expected("wss", "a.example", Some(443), "/"));
        assert_eq!(parts("udp://a.example:6969"), expected("udp", "a.example", Some(6969), ""));
        assert_eq!(parts("udp://a.example").2, None);
        for no_port in ["http://a.example:x/", "http://a.example:65536/", "http://a.example:/"] {
            assert_eq!(parts(no_port).2, None, "{no_port}");
        }
        let url = http("http://me:word@[::1]:81/x").unwrap();
        assert_eq!(url.authority(), "[::1]:81");
    }

    #[test]
    fn a_url_becomes_the_text_that_it_was_made_of() {
        let announce = Url::try_from("udp://a.example:6969/x".to_owned()).unwrap();
        assert!(!announce.is_http());
        assert_eq!(String::from(announce), "udp://a.example:6969/x");
        let page = http("https://a.example/x").unwrap();
        assert!(page.is_http());
        assert_eq!(String::from(page), "https://a.example/x");
    }

    #[test]
    fn the_path_of_a_url_ends_before_its_query() {
        let path = |text| http(text).unwrap().path().to_owned();
        assert_eq!(path("http://a.example/b/announce?x=/"), "/b/announce");
        assert_eq!(path("http://a.example/b#c"), "/b");
        assert_eq!(path("http://a.example?x=/"), "");
    }

    #[test]
    fn http_urls_are_told_from_others() {
        for good in ["http://a", "https://example.org:443/x?y=z", "http://[::1]:8080/announce"] {
            assert_eq!(http(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "http://",
            "http:///x",
            "https://?x",
            "udp://example.org",
            "example.org/announce",
            "http://exam ple.org",
            "http://a/\"",
            "http://a/\n",
            "http://a/<b>",
            "é.fr",
        ] {
            assert_eq!(http(bad), Err(UrlError::NotHttp(bad.to_owned())), "{bad}");
        }
        for other in ["http://é.fr", "https://example.org/файл"] {
            assert_eq!(http(other), Err(UrlError::NotAscii(other.to_owned())), "{other}");
        }
    }

    #[test]
    fn clients_may_announce_by_other_schemes() {
        let url = |text: &str| Url::try_from(text.to_owned());
        for good in ["udp://example.org:6969", "wss://example.org/", "http://example.org/announce"]
        {
            assert!(url(good).is_ok_and(|url| url.as_str() == good), "{good}");
        }
        for bad in ["", "example.org/announce", "htps://example.org", "udp://", "ftp://example.org"]
        {
            assert_eq!(url(bad), Err(UrlError::NotAUrl(bad.to_owned())), "{bad}");
        }
    }
}
