//! What is wrong in a configuration file, in which line, and what was probably meant.
//!
//! Works only once something is known to be wrong: a correct file pays for none of it.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::sample;
use super::validate::{self, Impossible};
use crate::platform::nearest::nearest;
use crate::platform::toml_syntax;

/// What is wrong. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not TOML.
    #[error("not TOML: {0}; `tracker config default` prints a correct file")]
    Syntax(String),
    /// A section or a key that stands in the file twice.
    #[error(
        "`{name}` is in the file already, further up; write it once, with all that belongs to it"
    )]
    Repeated {
        /// As it stands there.
        name: String,
    },
    /// Not text.
    #[error("not UTF-8; save the file as UTF-8, or write its comments in plain ASCII")]
    NotUtf8,
    /// A section that nobody knows.
    #[error("unknown section [{name}]; {hint}")]
    UnknownSection {
        /// The section.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// A key that its section does not have.
    #[error("unknown key {key}; {hint}")]
    UnknownKey {
        /// The key.
        key: KeyName,
        /// What was probably meant.
        hint: String,
    },
    /// A key before the first section.
    #[error("key `{key}` stands outside a section; {hint}")]
    OutsideSection {
        /// The key.
        key: String,
        /// Where it was probably meant to stand.
        hint: String,
    },
    /// A section's name with a value.
    #[error("`{0}` is a section and has no value; write [{0}], and its keys below")]
    NotASection(String),
    /// A value of another type, or a word that is not among the possible ones.
    #[error("wrong value for {key}; it must be {needs}")]
    WrongValue {
        /// The key.
        key: KeyName,
        /// What it must be.
        needs: String,
    },
    /// A value of the right type that cannot be followed.
    #[error("impossible value for {key}: {reason}")]
    ImpossibleValue {
        /// The key.
        key: KeyName,
        /// Why, and what to do.
        reason: String,
    },
}

/// A key and its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The section, without brackets.
    pub section: String,
    /// The key.
    pub key: String,
}

impl KeyName {
    fn new(section: &str, key: &str) -> Self {
        Self { section: section.into(), key: key.into() }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` in [{}]", self.key, self.section)
    }
}

/// A flaw and where in the text it is, in bytes.
type At<T> = (usize, T);

/// The line and meaning of an error that `toml` reports about `text`.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> (usize, Flaw) {
    let offset = error.span().map_or(0, |span| span.start);
    let (at, flaw) = DeTable::parse(text)
        .ok()
        .and_then(|document| first_flaw(document.get_ref(), offset, error.message()))
        .unwrap_or_else(|| (offset, syntax(text, error)));
    (line_at(text.as_bytes(), at), flaw)
}

fn syntax(text: &str, error: &toml::de::Error) -> Flaw {
    let name = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    match error.message() {
        "duplicate key" if !name.is_empty() => Flaw::Repeated { name: name.to_owned() },
        _ => Flaw::Syntax(toml_syntax::in_words(text, error)),
    }
}

/// The line of the first of the keys that are at odds which stands in the file. (At least one does:
/// defaults agree with each other.)
pub(super) fn place(text: &str, impossible: &Impossible) -> (usize, Flaw) {
    let document = DeTable::parse(text).unwrap_or_else(|_| Spanned::new(0..0, DeTable::new()));
    let keys = [Some(impossible.key), impossible.other];
    let stands = keys
        .into_iter()
        .flatten()
        .find_map(|(section, key)| Some((find(document.get_ref(), section, key)?, (section, key))));
    let (at, key) = stands.unwrap_or((0, impossible.key));
    (line_at(text.as_bytes(), at), flaw(Impossible { key, ..impossible.clone() }))
}

/// What is wrong with a value, wherever it came from.
pub(super) fn flaw(impossible: Impossible) -> Flaw {
    let (section, key) = impossible.key;
    Flaw::ImpossibleValue { key: KeyName::new(section, key), reason: impossible.reason }
}

/// Where a key stands, in bytes; `None` when the document does not have it.
pub(super) fn find(document: &DeTable<'_>, section: &str, key: &str) -> Option<usize> {
    let (name, _) = document.get(section)?.get_ref().as_table()?.get_key_value(key)?;
    Some(name.span().start)
}

/// The line that a byte stands in, counted from 1.
pub(super) fn line_at(text: &[u8], offset: usize) -> usize {
    text.iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
}

fn first_flaw(document: &DeTable<'_>, offset: usize, message: &str) -> Option<At<Flaw>> {
    let known = sample::sample_values();
    unknown_names(document, &known)
        .into_iter()
        .min_by_key(|&(at, _)| at)
        .or_else(|| wrong_value(document, &known, offset, message))
}

fn unknown_names(document: &DeTable<'_>, known: &Map<String, Value>) -> Vec<At<Flaw>> {
    let mut flaws = Vec::new();
    for (name, value) in document {
        let at = name.span().start;
        let name = name.get_ref().as_ref();
        match (known.get(name), value.get_ref()) {
            (Some(keys), DeValue::Table(table)) => {
                flaws.extend(
                    table
                        .keys()
                        .filter(|key| keys.get(key.get_ref().as_ref()).is_none())
                        .map(|key| (key.span().start, unknown_key(name, key.get_ref(), known))),
                );
            }
            (Some(_), _) => flaws.push((at, Flaw::NotASection(name.into()))),
            (None, DeValue::Table(_)) => flaws.push((at, unknown_section(name, known))),
            (None, _) => flaws.push((at, outside_section(name, known))),
        }
    }
    flaws
}

fn unknown_section(name: &str, known: &Map<String, Value>) -> Flaw {
    let hint = match nearest(name, known.keys().map(String::as_str)) {
        Some(section) => format!("did you mean [{section}]?"),
        None => {
            let names: Vec<_> = known.keys().map(|section| format!("[{section}]")).collect();
            format!("the sections are {}", names.join(", "))
        }
    };
    Flaw::UnknownSection { name: name.into(), hint }
}

fn unknown_key(section: &str, key: &str, known: &Map<String, Value>) -> Flaw {
    let keys = || keys_of(known, section);
    let hint = if let Some(right) = known.keys().find(|name| keys_of(known, name).any(|k| k == key))
    {
        format!("it belongs below [{right}]")
    } else if let Some(meant) = nearest(key, keys()) {
        format!("did you mean `{meant}`?")
    } else {
        let names: Vec<_> = keys().map(|name| format!("`{name}`")).collect();
        format!("the keys of this section are {}", names.join(", "))
    };
    Flaw::UnknownKey { key: KeyName::new(section, key), hint }
}

fn outside_section(key: &str, known: &Map<String, Value>) -> Flaw {
    let all = known.keys().flat_map(|section| keys_of(known, section));
    let hint = nearest(key, all)
        .and_then(|meant| {
            let section = known.keys().find(|name| keys_of(known, name).any(|k| k == meant))?;
            Some(format!("did you mean `{meant}` below [{section}]?"))
        })
        .unwrap_or_else(|| "put it below the section that it belongs to, such as [tracker]".into());
    Flaw::OutsideSection { key: key.into(), hint }
}

fn keys_of<'a>(known: &'a Map<String, Value>, section: &str) -> impl Iterator<Item = &'a str> {
    known
        .get(section)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
}

/// What the value at `offset` must be.
fn wrong_value(
    document: &DeTable<'_>,
    known: &Map<String, Value>,
    offset: usize,
    message: &str,
) -> Option<At<Flaw>> {
    let tables =
        document.iter().filter_map(|(name, value)| Some((name, value.get_ref().as_table()?)));
    let values = tables.flat_map(|(section, table)| {
        table.iter().map(move |(key, value)| (section.get_ref(), key, value))
    });
    let (section, key, value) =
        values.into_iter().find(|(_, _, value)| value.span().contains(&offset))?;
    let default = known.get(section.as_ref())?.get(key.get_ref().as_ref())?;
    let range = validate::range_of(section, key.get_ref());
    let name = KeyName::new(section, key.get_ref());
    let flaw = match (value.get_ref(), range) {
        // A number that its type cannot hold is like one that it can, and that is out of range.
        (DeValue::Integer(number), Some(range)) => {
            Flaw::ImpossibleValue { key: name, reason: validate::out_of_range(number, &range) }
        }
        // A value of ours says itself what is wrong with it.
        _ if !is_of_another_type(message) => {
            Flaw::ImpossibleValue { key: name, reason: message.trim_end().into() }
        }
        // That of the sample would only show how it is switched off.
        (_, range) if key.get_ref() == "ban_after" => {
            Flaw::WrongValue { key: name, needs: needs(&3.into(), range, message) }
        }
        (_, range) => Flaw::WrongValue { key: name, needs: needs(default, range, message) },
    };
    Some((key.span().start, flaw))
}

/// Whether serde itself refuses a value.
fn is_of_another_type(message: &str) -> bool {
    ["invalid ", "unknown variant "].iter().any(|beginning| message.starts_with(beginning))
}

/// What a value must be, judged by that of the sample; for one of a few words, by what serde says:
/// "unknown variant `x`, expected `y` or `z`".
fn needs(default: &Value, range: Option<RangeInclusive<u64>>, message: &str) -> String {
    match (default, range) {
        (Value::Bool(_), _) => "true or false".into(),
        (Value::Number(_), Some(range)) => {
            format!("a whole number from {} to {}, such as {default}", range.start(), range.end())
        }
        (Value::Number(_), None) if message.ends_with("u64") => {
            format!("a whole number, such as {default}")
        }
        (Value::Number(_), None) => {
            format!("a whole number from 0 to {}, such as {default}", u32::MAX)
        }
        (Value::Array(_), _) if message.ends_with("nonzero u16") => {
            "a list of ports from 1 to 65535, such as [25, 8080]".into()
        }
        (Value::Array(_), _) => match known_words(message) {
            Some(words) => format!("a list of {}", words.trim_start_matches("one of ")),
            None => r#"a list of texts, such as ["one", "two"]"#.into(),
        },
        _ => known_words(message).unwrap_or_else(|| format!("text in quotes, such as {default}")),
    }
}

/// The words of which serde has found none.
fn known_words(message: &str) -> Option<String> {
    let (_, words) = message.split_once("unknown variant ")?.1.split_once("expected ")?;
    Some(words.replace('`', "\""))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::{ConfigError, LoadedConfig};

    /// The line and text of what is wrong.
    fn flaw_of(text: &str) -> (usize, String) {
        match LoadedConfig::parse(text, Path::new("/srv/conf/tracker.toml")).unwrap_err() {
            ConfigError::Wrong { line, flaw, .. } => (line, flaw.to_string()),
            other => panic!("{other}"),
        }
    }

    fn assert_flaw(text: &str, line: usize, expected: &str) {
        assert_eq!(flaw_of(text), (line, expected.to_owned()), "{text}");
    }

    #[test]
    fn the_whole_message_names_file_line_key_and_what_was_meant() {
        let text = "# my tracker\n[tracker]\nscrape = true\n\nintervall = 900\n";
        let error = LoadedConfig::parse(text, Path::new("/srv/conf/tracker.toml")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/srv/conf/tracker.toml, line 5: unknown key `intervall` in [tracker]; did you mean \
             `interval`?"
        );
    }

    #[test]
    fn a_near_miss_gets_the_nearest_key() {
        for (wrong, right) in [
            ("min-interval", "min_interval"),
            ("Interval", "interval"),
            ("announce_uri", "announce_url"),
            ("seed_sees_seeds", "seeds_see_seeds"),
            ("max_num_want", "max_numwant"),
        ] {
            assert_flaw(
                &format!("[tracker]\n{wrong} = 1"),
                2,
                &format!("unknown key `{wrong}` in [tracker]; did you mean `{right}`?"),
            );
        }
    }

    #[test]
    fn a_key_that_resembles_none_gets_the_list() {
        assert_flaw(
            "[store]\nredis_host = ''",
            2,
            "unknown key `redis_host` in [store]; the keys of this section are `kind`, \
             `max_address_peers`, `max_peers`, `max_size`, `max_swarm_peers`, `max_swarms`, `path`",
        );
    }

    #[test]
    fn a_key_of_another_section_is_sent_there() {
        assert_flaw(
            "[store]\ninterval = 5",
            2,
            "unknown key `interval` in [store]; it belongs below [tracker]",
        );
    }

    #[test]
    fn a_key_outside_sections_is_sent_to_its_section() {
        assert_flaw(
            "intervall = 5\n[tracker]",
            1,
            "key `intervall` stands outside a section; did you mean `interval` below [tracker]?",
        );
        assert_flaw(
            "colour = 5",
            1,
            "key `colour` stands outside a section; put it below the section that it belongs to, \
             such as [tracker]",
        );
    }

    #[test]
    fn sections_are_known_by_name() {
        assert_flaw("\n[trackers]", 2, "unknown section [trackers]; did you mean [tracker]?");
        assert_flaw(
            "[mysql]",
            1,
            "unknown section [mysql]; the sections are [access], [admin], [catalog], [clients], [farm], [gateway], [limits], [log], [network], [pages], [paths], [reachability], [refresh], \
             [store], [tracker]",
        );
        let not_a_section =
            "`paths` is a section and has no value; write [paths], and its keys below";
        assert_flaw("paths = '/srv'", 1, not_a_section);
        assert_flaw("[[paths]]", 1, not_a_section);
    }

    #[test]
    fn a_wrong_type_says_what_is_needed() {
        let number = "a whole number from 1 to 604800, such as 1800";
        for (line, needs) in [
            ("interval = '1800'", number),
            ("interval = 1.5", number),
            ("scrape = 'yes'", "true or false"),
            (
                "announce_url = 7",
                "text in quotes, such as \"http://127.0.0.1:8080/cgi-bin/tracker.cgi/announce\"",
            ),
            ("torrents = 'closed'", "\"listed\" or \"open\""),
            ("[network]\ntrusted_proxies = '::1'", "a list of texts, such as [\"one\", \"two\"]"),
            (
                "[network]\ntrusted_proxies = [\n 1\n]",
                "a list of texts, such as [\"one\", \"two\"]",
            ),
            (
                "[network]\nrefused_ports = [0]",
                "a list of ports from 1 to 65535, such as [25, 8080]",
            ),
            (
                "[network]\nrefused_ports = ['80']",
                "a list of ports from 1 to 65535, such as [25, 8080]",
            ),
            ("[network]\nstated_addresses = 'no'", "one of \"never\", \"private\", \"always\""),
            ("[store]\nkind = 'mysql'", "\"sqlite\" or \"shm\""),
            ("[clients]\nban_after = true", "a whole number from 0 to 1000, such as 3"),
            ("[store]\nmax_peers = -1", "a whole number from 0 to 4294967295, such as 0"),
            (
                "[store]\nmax_size = '1G'",
                "a whole number from 4194304 to 8589934592, such as 1073741824",
            ),
        ] {
            let (at, text) = flaw_of(&format!("[tracker]\n{line}"));
            assert!(text.ends_with(&format!("; it must be {needs}")), "{line}: {text}");
            assert_eq!(at, if line.starts_with('[') { 3 } else { 2 }, "{line}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_told_in_the_same_words_whatever_its_type_can_hold() {
        for (key, number, range) in [
            ("max_address_peers", "-1", "0 to 100"),
            ("max_address_peers", "200", "0 to 100"),
            ("max_address_peers", "4294967296", "0 to 100"),
            ("interval", "-1", "1 to 604800"),
        ] {
            let text = format!("[tracker]\n{key} = {number}");
            let said = format!(
                "impossible value for `{key}` in [tracker]: {number}; choose one from {range}"
            );
            assert_flaw(&text, 2, &said);
        }
    }

    #[test]
    fn a_value_says_itself_how_it_is_written() {
        assert_flaw(
            "[tracker]\ninterval = 900\nmax_rate = '10Gbit/s'",
            3,
            "impossible value for `max_rate` in [tracker]: \"10Gbit/s\" is not the speed of a line; write it as \
             \"10 Gbit/s\", with kbit/s, Mbit/s, Gbit/s or Tbit/s",
        );
    }

    #[test]
    fn the_first_of_several_unknown_names_is_told() {
        assert_flaw(
            "[tracker]\nxinterval = 1\n[store]\nkinds = 1\n[path]\n",
            2,
            "unknown key `xinterval` in [tracker]; did you mean `interval`?",
        );
    }

    #[test]
    fn broken_toml_is_told_by_its_line() {
        let (line, text) = flaw_of("[tracker]\ninterval 1800\n");
        assert_eq!(line, 2, "{text}");
        assert!(text.starts_with("not TOML: "), "{text}");
        let repeated = |name: &str| {
            format!(
                "`{name}` is in the file already, further up; write it once, with all that belongs to it"
            )
        };
        assert_flaw("[tracker]\ninterval = 1\ninterval = 2\n", 3, &repeated("interval"));
        assert_flaw("[tracker]\n[store]\n[tracker]\n", 3, &repeated("tracker"));
    }

    #[test]
    fn two_keys_at_odds_are_told_where_one_stands() {
        let (line, text) = flaw_of("[tracker]\n\nexpiry = 200\n");
        assert_eq!(line, 3);
        assert!(text.starts_with("impossible value for `expiry` in [tracker]: "), "{text}");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_the_error_is_one_line_of_the_file(text in "\\PC{0,40}(\n\\PC{0,20}){0,3}") {
            if let Err(error) = LoadedConfig::parse(&text, Path::new("/srv/tracker.toml")) {
                let ConfigError::Wrong { line, .. } = &error else { panic!("{error}") };
                prop_assert!(*line >= 1 && *line <= text.split('\n').count());
                prop_assert!(!error.to_string().contains('\n'));
            }
        }
    }
}
