//! The key `languages` of `[pages]`.

use serde::{Deserialize, Serialize};

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::English, Self::Russian];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// The language of this tag, whatever its region: `ru-RU` is Russian.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }
}

/// The languages of the pages: at least one, each once. The first one is that of pages whose names say none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Vec<Language>", into = "Vec<Language>")]
pub struct Languages(Vec<Language>);

/// No languages that pages could be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanguagesError {
    /// There is none.
    #[error("name at least one language, such as [\"en\"]")]
    None,
    /// One is there several times.
    #[error("{:?} is in it twice; name each language once", .0.tag())]
    Twice(Language),
}

impl Languages {
    /// The one of pages whose names say none, and of what is written in one language only.
    #[must_use]
    pub fn first(&self) -> Language {
        self.0.first().copied().unwrap_or(Language::English)
    }

    /// All of them, the first one first.
    #[must_use]
    pub fn all(&self) -> &[Language] {
        &self.0
    }

    /// Whether there is more than one.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }
}

impl Default for Languages {
    fn default() -> Self {
        Self(vec![Language::English])
    }
}

impl TryFrom<Vec<Language>> for Languages {
    type Error = LanguagesError;

    fn try_from(languages: Vec<Language>) -> Result<Self, Self::Error> {
        if languages.is_empty() {
            return Err(LanguagesError::None);
        }
        for (index, language) in languages.iter().enumerate() {
            if languages.iter().skip(index + 1).any(|other| other == language) {
                return Err(LanguagesError::Twice(*language));
            }
        }
        Ok(Self(languages))
    }
}

impl From<Languages> for Vec<Language> {
    fn from(languages: Languages) -> Self {
        languages.0
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::LoadedConfig;

    fn parsed(value: &str) -> Result<LoadedConfig, String> {
        let text = format!("[pages]\nlanguages = {value}");
        let parsed = LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml"));
        parsed.map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_first_of_several_is_the_usual_one() {
        let usual = parsed("['en']").unwrap().config.pages.languages;
        assert_eq!(usual, Languages::default());
        assert!(!usual.are_several());
        let languages = parsed("['ru', 'en']").unwrap().config.pages.languages;
        assert_eq!(languages.first(), Language::Russian);
        assert_eq!(languages.all(), [Language::Russian, Language::English]);
        assert!(languages.are_several());
    }

    #[test]
    fn what_cannot_be_is_told_with_what_to_do() {
        for (value, said) in [
            ("[]", r#"name at least one language, such as ["en"]"#),
            ("['ru', 'en', 'ru']", r#""ru" is in it twice; name each language once"#),
            ("['de']", r#"it must be a list of "en" or "ru""#),
            ("'en'", r#"it must be a list of texts, such as ["one", "two"]"#),
        ] {
            let problem = parsed(value).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_tag_names_a_language_whatever_its_region() {
        for language in Language::ALL {
            assert_eq!(Language::of_tag(language.tag()), Some(language));
        }
        assert_eq!(Language::of_tag("ru-RU"), Some(Language::Russian));
        assert_eq!(Language::of_tag("EN-gb"), Some(Language::English));
        for other in ["", "rus", "de", "-ru", "e", "русский"] {
            assert_eq!(Language::of_tag(other), None, "{other}");
        }
    }
}
