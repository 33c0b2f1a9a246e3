//! Where a tracker is asked for figures (BEP 48): its scrape URL, and the requests for some torrents.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::{HttpUrl, InfoHash, Url};

/// How many torrents one request over HTTP names: fewer than the most sparing of the usual trackers takes.
pub const MOST_ASKED: usize = 50;

impl Url {
    /// Where the tracker that this URL announces to is scraped: over UDP it is the same address; over HTTP what
    /// follows the last slash must begin with `announce`, in whose place `scrape` stands then; what begins with `scrape`
    /// is such a URL already. `None` where the tracker cannot be scraped.
    #[must_use]
    pub fn scrape_url(&self) -> Option<Self> {
        match self.scheme() {
            "udp" => Some(self.clone()),
            "http" | "https" => {
                let before = self.as_str().rfind('/')? + 1;
                // A slash of the scheme's is none of the path's.
                let (path, last) = self
                    .as_str()
                    .split_at_checked(before)
                    .filter(|_| before > self.origin().len())?;
                if last.starts_with("scrape") {
                    return Some(self.clone());
                }
                let rest = last.strip_prefix("announce")?;
                format!("{path}scrape{rest}").try_into().ok()
            }
            _ => None,
        }
    }
}

impl HttpUrl {
    /// The request for some torrents to this scrape URL: for all where there are none.
    #[must_use]
    pub fn with_info_hashes(&self, info_hashes: &[InfoHash]) -> Option<Self> {
        let mut text = self.as_str().split('#').next().unwrap_or_default().to_owned();
        for info_hash in info_hashes {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str("info_hash=");
            text.extend(percent_encode(&info_hash.0, NON_ALPHANUMERIC));
        }
        text.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrape(text: &str) -> Option<String> {
        Url::try_from(text.to_owned()).unwrap().scrape_url().map(String::from)
    }

    #[test]
    fn the_scrape_url_is_made_as_the_bep_says() {
        for (announce, expected) in [
            ("http://example.com/announce", "http://example.com/scrape"),
            ("http://example.com/x/announce", "http://example.com/x/scrape"),
            ("https://example.com:8/announce.php", "https://example.com:8/scrape.php"),
            ("http://example.com/announce?x2%0644", "http://example.com/scrape?x2%0644"),
            ("http://[::1]/t.cgi/key/announce", "http://[::1]/t.cgi/key/scrape"),
            ("udp://example.com:6969/announce", "udp://example.com:6969/announce"),
            ("udp://example.com:6969", "udp://example.com:6969"),
            ("http://example.com/scrape", "http://example.com/scrape"),
            ("http://example.com/x/scrape.php?y=1", "http://example.com/x/scrape.php?y=1"),
        ] {
            assert_eq!(scrape(announce).as_deref(), Some(expected));
        }
        for none in [
            "http://example.com/a",
            "http://example.com/announce?x=2/4",
            "http://example.com/x%064announce",
            "http://announce.example.com",
            "http://announce",
            "http://scrape",
            "wss://example.com/announce",
        ] {
            assert_eq!(scrape(none), None, "{none}");
        }
    }

    #[test]
    fn info_hashes_are_added_to_what_is_asked_already() {
        let url = |text: &str| text.parse::<HttpUrl>().unwrap();
        let hash = InfoHash(*b"ABCDEFGHIJKLMNOPQR \xff");
        let with = |text: &str, hashes: &[InfoHash]| {
            url(text).with_info_hashes(hashes).unwrap().as_str().to_owned()
        };
        assert_eq!(with("http://a/scrape#x", &[]), "http://a/scrape");
        let one = "info_hash=ABCDEFGHIJKLMNOPQR%20%FF";
        assert_eq!(with("http://a/scrape", &[hash]), format!("http://a/scrape?{one}"));
        assert_eq!(
            with("http://a/scrape?key=1", &[hash, hash]),
            format!("http://a/scrape?key=1&{one}&{one}")
        );
    }
}
