//! Where the site's pages are, as far as its addresses say it.

use super::LoadedConfig;

/// Where the shipped pages say that they are.
pub const SAMPLE_SITE: &str = "http://127.0.0.1:8080";

impl LoadedConfig {
    /// The address of the pages, which stand above the torrents; without a slash at its end. `None`
    /// when the configuration does not say where the torrents are.
    #[must_use]
    pub fn site_url(&self) -> Option<&str> {
        let torrents = self.config.paths.torrents_url.trim_end_matches('/');
        let pages = torrents.strip_suffix("/torrents").unwrap_or_else(|| origin(torrents));
        self.torrents_url_is_set.then_some(pages)
    }
}

/// Scheme, host and port of an address of the web.
#[must_use]
pub fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(host..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).map_or(url.len(), |length| host + length);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_origin_of_an_address_is_scheme_host_and_port() {
        assert_eq!(origin("http://[::1]:8080/announce?x=/"), "http://[::1]:8080");
        assert_eq!(origin("https://example.org"), "https://example.org");
        assert_eq!(origin("https://example.org?x"), "https://example.org");
    }

    #[test]
    fn pages_stand_above_the_torrents() {
        let site = |text: &str| {
            let loaded = LoadedConfig::parse(text, Path::new("/srv/conf/tracker.toml")).unwrap();
            loaded.site_url().map(str::to_owned)
        };
        let url = |url| site(&format!("paths.torrents_url = '{url}'"));
        assert_eq!(url("https://a.example/x/torrents/").as_deref(), Some("https://a.example/x"));
        assert_eq!(url("https://a.example/files").as_deref(), Some("https://a.example"));
        assert_eq!(site(""), None);
    }
}
