//! Where the site's pages are, as far as its addresses say it.

use super::LoadedConfig;

/// Where the shipped pages say that they are.
pub const SAMPLE_SITE: &str = "http://127.0.0.1:8080";

impl LoadedConfig {
    /// The address of the pages, which stand above the torrents; without a slash at its end. `None`
    /// when the configuration does not say where the torrents are.
    #[must_use]
    pub fn site_url(&self) -> Option<&str> {
        let url = self.config.paths.torrents_url.as_ref()?;
        let pages = url.as_str().trim_end_matches('/').strip_suffix("/torrents");
        Some(pages.unwrap_or_else(|| url.origin()))
    }

    /// The same, or as far as the announce address says it: the pages of a site that was put up by FTP stand in its
    /// folder `www`, those of others at the root.
    #[must_use]
    pub fn pages_url(&self) -> Option<String> {
        if let Some(site) = self.site_url() {
            return Some(site.to_owned());
        }
        let url = self.config.tracker.announce_url.as_ref()?;
        let site = match url.as_str().split_once("/cgi-bin/") {
            Some((above, _)) => above,
            None => url.as_str().strip_suffix("/announce").unwrap_or_else(|| url.origin()),
        };
        let was_put_up = self.folder.parent().is_some_and(|site| site.join(".htaccess").exists());
        Some(if was_put_up { format!("{site}/www") } else { site.to_owned() })
    }

    /// The address of the script, where the configuration says it, or that of announces is below it; without a slash at its
    /// end.
    #[must_use]
    pub fn script_url(&self) -> Option<&str> {
        if let Some(script) = &self.config.paths.script_url {
            return Some(script.as_str().trim_end_matches('/'));
        }
        let announce = self.config.tracker.announce_url.as_ref()?;
        let script = announce.as_str().strip_suffix("/announce")?;
        (script != announce.origin()).then_some(script)
    }

    /// Where the torrents are for readers who need absolute addresses; relative where nobody says which site this is.
    #[must_use]
    pub fn torrents_url_for_readers(&self) -> String {
        match (&self.config.paths.torrents_url, self.pages_url()) {
            (Some(torrents), _) => torrents.to_string(),
            (None, Some(pages)) => format!("{pages}/torrents"),
            (None, None) => "torrents".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn without_an_address_of_the_torrents_that_of_announces_says_where_the_pages_are() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("conf/tracker.toml");
        let loaded = |text: &str| LoadedConfig::parse(text, &file).unwrap();
        let announce = |url: &str| loaded(&format!("tracker.announce_url = '{url}'"));
        let pages = |url: &str| announce(url).pages_url().unwrap();
        assert_eq!(pages("https://a.example/announce"), "https://a.example");
        assert_eq!(
            pages("http://a.example:8/x/cgi-bin/tracker.cgi/announce"),
            "http://a.example:8/x"
        );
        assert_eq!(pages("http://a.example/t?x=/"), "http://a.example");
        assert_eq!(loaded("").pages_url(), None);
        assert_eq!(loaded("").torrents_url_for_readers(), "torrents");
        std::fs::write(home.path().join(".htaccess"), "").unwrap();
        assert_eq!(pages("https://a.example/announce"), "https://a.example/www");
        let torrents = announce("https://a.example/announce").torrents_url_for_readers();
        assert_eq!(torrents, "https://a.example/www/torrents");
        let both = "tracker.announce_url = 'http://a.example/announce'\n\
                    paths.torrents_url = 'http://b.example/torrents'";
        assert_eq!(loaded(both).pages_url().as_deref(), Some("http://b.example"));
        assert_eq!(loaded(both).torrents_url_for_readers(), "http://b.example/torrents");
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
