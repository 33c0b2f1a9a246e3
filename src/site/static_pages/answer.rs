//! Answers of the script that are pages: their headers, and their language.

use super::frame::POLICY;
use super::places::Spoken;
use crate::config::{Language, LoadedConfig};
use crate::gateway::Response;
use crate::site::language;

/// The language of a page: the one that its address names, or else the one that the browser likes best.
pub(super) fn spoken(named: Option<Language>, accepted: &str, loaded: &LoadedConfig) -> Spoken {
    let languages = &loaded.config.pages.languages;
    match named.filter(|named| languages.all().contains(named)) {
        Some(language) => Spoken { language, is_named: languages.are_several() },
        None => Spoken { language: language::wanted(accepted, languages), is_named: false },
    }
}

/// Answers with a page in a language.
pub(super) fn put_page(response: &mut Response, text: &str, loaded: &LoadedConfig, spoken: Spoken) {
    response.headers.push(("Cache-Control", "max-age=60".into()));
    put_text(response, text, loaded, spoken);
}

/// Answers with what is in a language.
pub(super) fn put_text(response: &mut Response, text: &str, loaded: &LoadedConfig, spoken: Spoken) {
    response.content_type = "text/html; charset=utf-8";
    response.headers.push(("Content-Language", spoken.language.tag().into()));
    if loaded.config.pages.languages.are_several() && !spoken.is_named {
        response.headers.push(("Vary", "Accept-Language".into()));
    }
    response.headers.push(("Content-Security-Policy", policy().into()));
    response.body.extend_from_slice(text.as_bytes());
}

/// A header can also say that no other page may frame this one.
fn policy() -> String {
    format!("{POLICY}; frame-ancestors 'none'")
}
