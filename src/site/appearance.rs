//! How the pages for visitors look where the owner has said so in the administration: their title, some words on the front
//! page, and colours. It is set in the catalogue, and read from a small file beside it.

mod colour;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};

pub(super) use colour::{Colour, USUAL};

use crate::catalog::{Catalog, CatalogError};
use crate::config::LoadedConfig;
use crate::platform::files;
use crate::platform::log::{self, Level};
use crate::platform::publication;

/// The setting of the catalogue.
pub(super) const KEY: &str = "appearance";

/// Bytes of the file at most.
const MOST_BYTES: u64 = 64 << 10;

/// What is said of the look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Appearance {
    /// What all pages are called, instead of the configured title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Words for visitors on the front page: a plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Colours in light surroundings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) light: BTreeMap<String, Colour>,
    /// Colours in dark ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) dark: BTreeMap<String, Colour>,
}

impl Appearance {
    /// What is said now. What cannot be read says nothing.
    pub(super) fn of(loaded: &LoadedConfig) -> Self {
        let path = loaded.appearance();
        match files::read_linked(&path, MOST_BYTES) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|problem| {
                let told = format!("{} is not used: {problem}", path.display());
                log::line_once_a_minute(Level::Warning, &told);
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    /// What the catalogue has; nothing where that cannot be understood.
    pub(super) fn set_in(catalog: &Catalog) -> Result<Self, CatalogError> {
        let text = catalog.setting(KEY)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// As the catalogue has it; `None` where nothing is said.
    pub(super) fn in_words(&self) -> Option<String> {
        let is_said = *self != Self::default();
        is_said.then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// Writes what the catalogue has into the file, where that is another.
    pub(super) fn publish(loaded: &LoadedConfig, catalog: &Catalog) -> io::Result<()> {
        // What is wrong with the catalogue is told where it is used.
        let Ok(set) = Self::set_in(catalog) else { return Ok(()) };
        if set == Self::of(loaded) {
            return Ok(());
        }
        let words = set.in_words().unwrap_or_else(|| "{}".into());
        publication::replace(&loaded.appearance(), words.as_bytes())
    }

    /// What the pages are called.
    pub(super) fn title<'a>(&'a self, loaded: &'a LoadedConfig) -> &'a str {
        self.title.as_deref().unwrap_or(&loaded.config.pages.title)
    }

    /// What follows the stylesheet.
    pub(super) fn style(&self) -> String {
        let block = |colours: &BTreeMap<String, Colour>| {
            let mut block = String::from(":root {");
            for (name, colour) in colours {
                // Writing to a String cannot fail.
                let _ = write!(block, " --{name}: {colour};");
            }
            block + " }"
        };
        let known = |colours: &BTreeMap<String, Colour>| {
            let mut colours = colours.clone();
            colours.retain(|name, _| USUAL.iter().any(|(known, ..)| known == name));
            colours
        };
        let (light, dark) = (known(&self.light), known(&self.dark));
        let mut style = String::new();
        if !light.is_empty() {
            style += &format!("\n{}\n", block(&light));
        }
        // Light ones would count in the dark, too.
        if !light.is_empty() || !dark.is_empty() {
            let mut all = colour::usual_dark(light.keys());
            all.extend(dark);
            style +=
                &format!("@media screen and (prefers-color-scheme: dark) {{ {} }}\n", block(&all));
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_that_are_known_get_into_the_stylesheet() {
        let colour = |text: &str| text.parse::<Colour>().unwrap();
        let mut appearance = Appearance::default();
        assert_eq!((appearance.style(), appearance.in_words()), (String::new(), None));
        appearance.light.insert("link".into(), colour("#123456"));
        appearance.light.insert("x: y} body {".into(), colour("#123456"));
        appearance.dark.insert("ink".into(), colour("#FFFFFF"));
        let style = appearance.style();
        assert!(style.contains(":root { --link: #123456; }"), "{style}");
        assert!(style.contains("dark) { :root { --ink: #ffffff; --link: #86b9f4; } }"), "{style}");
        assert!(!style.contains("body"), "{style}");
        let words = appearance.in_words().unwrap();
        assert_eq!(serde_json::from_str::<Appearance>(&words).unwrap(), appearance);
    }
}
