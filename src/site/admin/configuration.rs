//! The configuration as it is understood, and a checker for a text that is to become one. It is edited in its file.

use std::collections::HashSet;

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::catalog::{Switch, Switches};
use crate::config::{ConfigError, LoadedConfig};

#[derive(Template)]
#[template(path = "admin/configuration.html")]
struct Configuration {
    frame: Frame,
    /// The file, if there is one.
    file: Option<String>,
    /// The sections, each with its keys.
    sections: Vec<ConfigSection>,
    /// The text that was pasted.
    pasted: String,
    verdict: Option<Verdict>,
}

/// A section of the configuration.
struct ConfigSection {
    name: String,
    keys: Vec<Key>,
}

/// A key of the configuration.
struct Key {
    name: String,
    value: String,
    /// Whether the value is another than the default.
    is_set: bool,
    /// What is set over it in the administration.
    over: Option<String>,
}

/// What the checker says of a text.
enum Verdict {
    Fine,
    Wrong(String),
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, String::new(), None)
}

/// Says what is wrong in a text, and where.
pub(super) fn check(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let pasted = exchange.form.text("text").to_owned();
    let loaded = exchange.loaded();
    let file = loaded.file.clone().unwrap_or_else(|| loaded.folder.join("tracker.toml"));
    let verdict = match LoadedConfig::parse(&pasted, &file) {
        Ok(_) => Verdict::Fine,
        Err(ConfigError::Wrong { line, flaw, .. }) => {
            let words = &exchange.texts.admin.configuration;
            Verdict::Wrong(words.line.with(line, flaw))
        }
        Err(problem) => Verdict::Wrong(problem.to_string()),
    };
    page(exchange, signed_in, pasted, Some(verdict))
}

fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    pasted: String,
    verdict: Option<Verdict>,
) -> Result<Reply, Failed> {
    let loaded = exchange.loaded();
    let title = exchange.texts.admin.configuration.title;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Configuration, title);
    frame.has_errors = matches!(verdict, Some(Verdict::Wrong(_)));
    let file = loaded.file.as_ref().map(|file| file.display().to_string());
    let set = exchange.catalog()?.switches()?;
    let sections = sections(loaded, &set).map_err(|problem| Failed::Broken(problem.to_string()))?;
    Reply::page(&Configuration { frame, file, sections, pasted, verdict })
}

/// All keys with their values, in the order of the sample.
fn sections(
    loaded: &LoadedConfig,
    set: &Switches,
) -> Result<Vec<ConfigSection>, serde_json::Error> {
    let text = loaded.config.to_toml()?;
    // An empty file has all defaults, as it is in the same place.
    let file = loaded.folder.join("tracker.toml");
    let usual = LoadedConfig::parse("", &file).map(|usual| usual.config.to_toml());
    let usual = usual.unwrap_or_else(|_| Ok(String::new()))?;
    let usual: HashSet<(&str, &str)> = keys(&usual).collect();
    let mut sections: Vec<ConfigSection> = Vec::new();
    for (section, line) in keys(&text) {
        if sections.last().is_none_or(|last| last.name != section) {
            sections.push(ConfigSection { name: section.to_owned(), keys: Vec::new() });
        }
        if let Some((name, value)) = line.split_once(" = ")
            && let Some(last) = sections.last_mut()
        {
            let is_set = !usual.contains(&(section, line));
            let over = Switch::named(name).filter(|switch| switch.section() == section);
            let over = over.and_then(|switch| set.get(switch)).map(str::to_owned);
            last.keys.push(Key { name: name.to_owned(), value: value.to_owned(), is_set, over });
        }
    }
    Ok(sections)
}

/// The lines of a configuration that set a key, and their sections.
fn keys(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    text.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            return None;
        }
        (!line.starts_with('#') && line.contains(" = ")).then_some((section, line))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_is_set_is_told_from_what_is_usual() {
        let text = "[tracker]\ninterval = 900\nmin_interval = 300\n[pages]\ntitle = 'Ours'\n";
        let loaded = LoadedConfig::parse(text, Path::new("/srv/conf/tracker.toml")).unwrap();
        let mut over = Switches::default();
        over.put(Switch::Identify, Some("true".into()));
        let sections = sections(&loaded, &over).unwrap();
        let keys = sections.iter().flat_map(|section| &section.keys);
        let over: Vec<_> =
            keys.filter_map(|key| Some((&*key.name, key.over.as_deref()?))).collect();
        assert_eq!(over, [("identify", "true")]);
        let set = sections.iter().flat_map(|section| {
            let keys = section.keys.iter().filter(|key| key.is_set);
            keys.map(|key| (&*section.name, &*key.name, &*key.value))
        });
        let expected = [("tracker", "interval", "900"), ("pages", "title", "\"Ours\"")];
        let set: Vec<_> = set.filter(|(_, name, _)| *name != "expiry").collect();
        assert_eq!(set, expected);
        assert!(sections.iter().any(|section| section.name == "admin"));
    }
}
