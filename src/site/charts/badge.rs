//! Badges: one figure as a small picture for the pages of others. They carry their colours, as no style sheet is there.

use askama::Template;

use crate::catalog::Sample;
use crate::config::Language;
use crate::site::language::{Texts, texts};

/// What a badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    /// How many seeders there are.
    Seeders,
    /// How many leechers there are.
    Leechers,
    /// How often it was downloaded.
    Completed,
    /// Whether there are enough seeders.
    Health,
}

const SEED: &str = "#12745a";
const LEECH: &str = "#ad4f08";
const DONE: &str = "#4556a6";
const WARN: &str = "#825500";
const BAD: &str = "#b0251d";
const QUIET: &str = "#5a6068";

/// Leechers that each seeder can serve, until a swarm needs more seeders.
const LEECHERS_FOR_A_SEEDER: u64 = 10;

/// A badge of the current figures, or of nothing where they are not known.
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn badge(badge: Badge, figures: Option<Sample>, language: Language) -> askama::Result<String> {
    let texts = texts(language);
    let (words, counts) = (&texts.badge, &texts.counts);
    let (label, value, colour) = match (badge, figures) {
        (_, None) => (words.torrent, words.unknown.into(), QUIET),
        (Badge::Seeders, Some(Sample { seeders: 0, .. })) => {
            (words.torrent, words.no_seeders.into(), BAD)
        }
        (Badge::Seeders, Some(it)) => {
            (words.torrent, texts.counted(it.seeders, counts.seeders), SEED)
        }
        (Badge::Leechers, Some(it)) => {
            (words.torrent, texts.counted(it.leechers, counts.leechers), LEECH)
        }
        (Badge::Completed, Some(it)) => {
            (words.completed, texts.counted(it.completed, counts.times), DONE)
        }
        (Badge::Health, Some(it)) => health(it, texts),
    };
    Picture::of(label, value, colour).render()
}

/// A badge of a torrent that is not tracked any more.
///
/// # Errors
/// None in practice: the template writes to memory.
pub fn retired_badge(language: Language) -> askama::Result<String> {
    let words = &texts(language).badge;
    Picture::of(words.torrent, words.retired.into(), QUIET).render()
}

/// How a swarm is, in a word and in numbers.
fn health(figures: Sample, texts: &Texts) -> (&'static str, String, &'static str) {
    let (Sample { seeders, leechers, .. }, words) = (figures, &texts.badge);
    let (word, colour) = match seeders {
        0 => (words.no_seeders, BAD),
        _ if leechers > seeders.saturating_mul(LEECHERS_FOR_A_SEEDER) => (words.few_seeders, WARN),
        _ => (words.good, SEED),
    };
    let [seeders, leechers] = [seeders, leechers].map(|count| texts.number(count));
    (words.health, format!("{word}, {seeders} : {leechers}"), colour)
}

#[derive(Template)]
#[template(path = "charts/badge.svg")]
struct Picture {
    label: &'static str,
    value: String,
    colour: &'static str,
    /// Of the words alone.
    label_width: u32,
    value_width: u32,
}

impl Picture {
    fn of(label: &'static str, value: String, colour: &'static str) -> Self {
        let (label_width, value_width) = (width(label), width(&value));
        Self { label, value, colour, label_width, value_width }
    }
}

/// About the width of a text at 11 pixels; whatever the font is, it is fitted in.
fn width(text: &str) -> u32 {
    let of = |character: char| match character {
        'i' | 'l' | ',' | ':' | ' ' | '\u{a0}' | 't' | 'f' | 'r' => 4,
        'm' | 'w' | 'ж' | 'м' | 'ш' | 'щ' | 'ы' | 'ю' => 10,
        _ => 7,
    };
    text.chars().map(of).sum()
}
