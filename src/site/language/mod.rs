//! The languages of the pages: their texts, how they write figures, and which one a visitor gets.

mod admin;
mod conventions;
mod declared;
mod english;
mod figures;
mod phrase;
mod russian;
mod texts;
mod wanted;

pub(super) use admin::*;
pub(super) use phrase::Plural;
pub(super) use texts::{SpanTexts, Texts};
pub(super) use wanted::{asked_for, wanted};

use crate::catalog::Span;
use crate::config::Language;

/// The texts of a language.
pub(super) fn texts(language: Language) -> &'static Texts {
    match language {
        Language::English => &english::ENGLISH,
        Language::Russian => &russian::RUSSIAN,
    }
}

impl Texts {
    /// The texts for charts of a span.
    pub(super) fn span(&self, span: Span) -> &SpanTexts {
        match span {
            Span::Day => &self.day,
            Span::Week => &self.week,
            Span::Year => &self.year,
        }
    }
}

#[cfg(test)]
mod tests;
