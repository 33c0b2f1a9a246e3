//! The documented sample, which is also the order in which a configuration is written down.

use serde_json::{Map, Value};

use super::Config;

/// `conf/tracker.toml`: every key with its default and a comment.
pub const SAMPLE: &str = include_str!("../../conf/tracker.toml");

/// Whether `text` is an http or https address with a host, free of characters that an address
/// cannot have (RFC 3986, 2), so that it can be put anywhere without quoting.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let after_scheme = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    after_scheme.is_some_and(|rest| {
        rest.bytes().all(allowed)
            && !rest.starts_with(['/', '?', '#', ':', '@'])
            && !rest.is_empty()
    })
}

/// The sample for a site with these addresses. One that is not known is commented out: then no
/// .torrent file is taken for another tracker's, and links are relative.
#[must_use]
pub fn sample_with_addresses(announce_url: Option<&str>, torrents_url: Option<&str>) -> String {
    let mut text = String::with_capacity(SAMPLE.len());
    for line in SAMPLE.lines() {
        match (assigned_key(line), announce_url, torrents_url) {
            (Some("announce_url"), Some(url), _) | (Some("torrents_url"), _, Some(url)) => {
                let key = assigned_key(line).unwrap_or_default();
                text += &format!("{key} = {}", toml_value(&url.into()));
            }
            (Some("announce_url"), None, _) | (Some("torrents_url"), _, None) => {
                text += &format!("# {line}");
            }
            _ => text += line,
        }
        text.push('\n');
    }
    text
}

impl Config {
    /// The configuration as JSON: an object of sections.
    ///
    /// # Errors
    /// When a path is not Unicode, which JSON and TOML cannot express.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    /// The configuration as a TOML file, in the order of the sample, without comments.
    ///
    /// # Errors
    /// When a path is not Unicode, which JSON and TOML cannot express.
    pub fn to_toml(&self) -> Result<String, serde_json::Error> {
        let values = self.to_json()?;
        let mut text = String::new();
        let mut section = &Value::Null;
        for line in SAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = &values[name];
                text += &format!("{}{line}\n", if text.is_empty() { "" } else { "\n" });
            } else if let Some(key) = assigned_key(line) {
                text += &format!("{key} = {}\n", toml_value(&section[key]));
            }
        }
        Ok(text)
    }
}

/// The sections, keys and values of the defaults.
pub(super) fn default_values() -> Map<String, Value> {
    match Config::default().to_json() {
        Ok(Value::Object(sections)) => sections,
        // The defaults are a structure of Unicode strings, so that this cannot be.
        _ => Map::new(),
    }
}

/// The key that a line of the sample gives a value.
fn assigned_key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    (!key.starts_with('#')).then_some(key)
}

/// JSON's strings, numbers, truth values and lists of them are also TOML's, but for one character:
/// TOML wants DEL escaped (TOML 1.0, "String").
fn toml_value(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::super::LoadedConfig;
    use super::*;

    #[test]
    fn the_sample_says_exactly_the_defaults() {
        assert_eq!(toml::from_str::<Config>(SAMPLE).unwrap(), Config::default());
        let file = Path::new("/srv/conf/tracker.toml");
        assert!(LoadedConfig::parse(SAMPLE, file).unwrap().announce_url_is_set);
    }

    #[test]
    fn the_sample_names_every_key_and_no_other() {
        let sample: toml::Table = toml::from_str(SAMPLE).unwrap();
        let sections: Vec<_> = sample.keys().cloned().collect();
        let known = default_values();
        assert_eq!(sections, known.keys().cloned().collect::<Vec<_>>());
        for (section, keys) in &known {
            let in_sample: Vec<_> = sample[section].as_table().unwrap().keys().collect();
            assert_eq!(
                in_sample,
                keys.as_object().unwrap().keys().collect::<Vec<_>>(),
                "{section}"
            );
        }
    }

    #[test]
    fn the_sample_comments_every_key() {
        let lines: Vec<_> = SAMPLE.lines().collect();
        for pair in lines.windows(2) {
            if assigned_key(pair[1]).is_some() {
                assert!(pair[0].starts_with("# "), "no comment above {}", pair[1]);
            }
        }
    }

    #[test]
    fn addresses_are_put_into_the_sample_and_nothing_else_changes() {
        let announce = "https://example.org/cgi-bin/tracker.cgi/announce";
        let text = sample_with_addresses(Some(announce), Some("https://example.org/t"));
        let mut expected = Config::default();
        expected.tracker.announce_url = announce.into();
        expected.paths.torrents_url = "https://example.org/t".into();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), expected);
        assert_eq!(text.lines().count(), SAMPLE.lines().count());
    }

    #[test]
    fn an_unknown_announce_url_is_commented_out() {
        let text = sample_with_addresses(None, None);
        let loaded = LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml")).unwrap();
        assert!(!loaded.announce_url_is_set);
        assert!(text.contains("\n# announce_url = "), "{text}");
    }

    #[test]
    fn web_addresses_are_told_from_others() {
        for good in ["http://a", "https://example.org:443/x?y=z", "http://[::1]:8080/announce"] {
            assert!(is_web_address(good), "{good}");
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
            "http://é.fr",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_configuration_that_is_written_down_reads_the_same(
            path in "[^\0]{0,20}",
            proxies in proptest::collection::vec(any::<String>(), 0..3),
            number in any::<u32>(),
            flag in any::<bool>(),
        ) {
            let mut config = Config::default();
            config.store.path = PathBuf::from(path);
            config.network.trusted_proxies = proxies;
            config.tracker.numwant = number;
            config.tracker.scrape = flag;
            let text = config.to_toml().unwrap();
            prop_assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        }
    }
}
