//! What somebody probably meant whose search has found nothing.

use std::collections::HashSet;

use super::{ListIndex, ListIndexError, ListSearch};
use crate::platform::nearest::nearest;

/// Characters of a word that others can be near to, at most.
const LONGEST_WORD: usize = 40;

impl ListIndex {
    /// The words of a search that finds nothing, with those that stand nowhere replaced by the nearest ones that do, where
    /// that finds something.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn nearest(&self, search: &ListSearch) -> Result<Option<Vec<String>>, ListIndexError> {
        let texts = self.texts()?;
        let replaced = |word: &String| match texts.contains(word.as_str()) {
            true => Some(word.clone()),
            false => near(word, texts).map(str::to_owned),
        };
        let Some(words) = search.words.iter().map(replaced).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let meant = ListSearch { words, ..search.clone() };
        let is_better = meant.words != search.words && self.search(&meant, 0..0)?.matching > 0;
        Ok(is_better.then_some(meant.words))
    }
}

/// The nearest word of a text. Few are compared letter by letter: those of about as many letters, and about the same ones.
fn near<'t>(word: &str, text: &'t str) -> Option<&'t str> {
    let length = word.chars().count();
    if length > LONGEST_WORD {
        return None;
    }
    let (letters, slips) = (letters_of(word), (length / 3).max(1));
    let most = u32::try_from(2 * slips).unwrap_or(u32::MAX);
    let words = text.split(|character: char| !character.is_alphanumeric());
    let alike = words.filter(|other| {
        !other.is_empty()
            && other.chars().count().abs_diff(length) <= slips
            // Each slip takes one letter away and brings one at most.
            && (letters_of(other) ^ letters).count_ones() <= most
    });
    let mut seen = HashSet::new();
    nearest(word, alike.filter(|other| seen.insert(*other)))
}

/// A bit for each letter that a word has; of several letters with one bit, any.
fn letters_of(word: &str) -> u64 {
    word.chars().fold(0, |letters, letter| letters | 1 << (u32::from(letter) % 64))
}
