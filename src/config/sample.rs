//! The documented sample, which is also the order in which a configuration is written down.

use serde_json::{Map, Value};

use super::Config;
use crate::protocol::HttpUrl;

/// `conf/tracker.toml`: every key with its default and a comment.
pub const SAMPLE: &str = include_str!("../../conf/tracker.toml");

/// The sample for a site with these addresses. One that is not known is commented out: then no
/// .torrent file is taken for another tracker's, and links are relative.
#[must_use]
pub fn sample_with_addresses(
    announce_url: Option<&HttpUrl>,
    torrents_url: Option<&HttpUrl>,
) -> String {
    let lines = SAMPLE.lines().map(|line| {
        let (key, url) = match assigned_key(line) {
            Some(key @ "announce_url") => (key, announce_url),
            Some(key @ "torrents_url") => (key, torrents_url),
            _ => return format!("{line}\n"),
        };
        assignment(key, &url.map(HttpUrl::to_string).into(), line)
    });
    lines.collect()
}

/// A line that sets a key; for a key without a value, the sample's as a comment.
fn assignment(key: &str, value: &Value, sample_line: &str) -> String {
    match value {
        Value::Null => format!("# {sample_line}\n"),
        value => format!("{key} = {}\n", toml_value(value)),
    }
}

impl Config {
    /// The configuration as JSON: an object of sections.
    ///
    /// # Errors
    /// When a path is not Unicode, which JSON and TOML cannot express.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    /// The configuration as a TOML file, in the order of the sample, without its comments. An address that is not
    /// set is commented out.
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
                text += &assignment(key, &section[key], line);
            }
        }
        Ok(text)
    }
}

/// The sections, keys and values of the sample.
pub(super) fn sample_values() -> Map<String, Value> {
    match toml::from_str(SAMPLE) {
        Ok(Value::Object(sections)) => sections,
        // The sample is a TOML file, so that this cannot be.
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
    fn the_sample_says_exactly_the_defaults_and_addresses() {
        let mut sample = toml::from_str::<Config>(SAMPLE).unwrap();
        assert!(sample.tracker.announce_url.take().is_some());
        assert!(sample.paths.torrents_url.take().is_some());
        assert_eq!(sample, Config::default());
    }

    #[test]
    fn the_sample_names_every_key_and_no_other() {
        let sample: toml::Table = toml::from_str(SAMPLE).unwrap();
        let sections: Vec<_> = sample.keys().cloned().collect();
        let Value::Object(known) = Config::default().to_json().unwrap() else { panic!() };
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
        let announce = "https://example.org/cgi-bin/tracker.cgi/announce".parse().ok();
        let torrents = "https://example.org/t".parse().ok();
        let text = sample_with_addresses(announce.as_ref(), torrents.as_ref());
        let mut expected = Config::default();
        expected.tracker.announce_url = announce;
        expected.paths.torrents_url = torrents;
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), expected);
        assert_eq!(text.lines().count(), SAMPLE.lines().count());
    }

    #[test]
    fn an_unknown_announce_url_is_commented_out() {
        let text = sample_with_addresses(None, None);
        let loaded = LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml")).unwrap();
        assert_eq!(loaded.config.tracker.announce_url, None);
        assert!(text.contains("\n# announce_url = "), "{text}");
    }

    proptest! {
        #[test]
        fn a_configuration_that_is_written_down_reads_the_same(
            path in "[^\0]{0,20}",
            proxies in proptest::collection::vec(any::<Option<std::net::IpAddr>>(), 0..3),
            page in "[^\0]{0,3}",
            url in proptest::option::of("https://[a-z]{1,5}/[!-~&&[^\"<>`{}|\\\\^]]{0,9}"),
            number in any::<u32>(),
            flag in any::<bool>(),
        ) {
            let mut config = Config::default();
            config.store.path = PathBuf::from(path);
            let proxy = |ip: Option<std::net::IpAddr>| {
                ip.map_or("unix:".to_owned(), |ip| format!("{ip}/20")).try_into().unwrap()
            };
            config.network.trusted_proxies = proxies.into_iter().map(proxy).collect();
            config.paths.feed_page = Some(page.into()).filter(|page| *page != PathBuf::new());
            config.paths.home_url = url.as_ref().map(|url| url.parse().unwrap());
            config.tracker.announce_url = url.map(|url| url.parse().unwrap());
            config.tracker.numwant = number;
            config.tracker.scrape = flag;
            let text = config.to_toml().unwrap();
            prop_assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        }
    }
}
