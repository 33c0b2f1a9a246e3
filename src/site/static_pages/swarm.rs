//! A swarm in numbers, and as a small bar: seeders to the left of its middle, leechers to the right, on one
//! logarithmic scale.

use crate::site::language::Texts;

/// Of the hundred units of a bar, those for ten times as many peers.
const DECADE: f64 = 13.0;

/// The bar's middle is a gap between these two.
const LEFT_END: f64 = 59.0;
const RIGHT_ROOM: f64 = 39.0;

/// Who is there, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Swarm {
    pub(super) seeders: String,
    pub(super) leechers: String,
    pub(super) seeders_word: &'static str,
    pub(super) leechers_word: &'static str,
    pub(super) has_seeders: bool,
    pub(super) has_leechers: bool,
    pub(super) seed_from: String,
    pub(super) seed_width: String,
    pub(super) leech_width: String,
}

impl Swarm {
    pub(super) fn new(seeders: u64, leechers: u64, texts: &Texts) -> Self {
        let left = width(seeders, LEFT_END);
        Self {
            seeders: texts.number(seeders),
            leechers: texts.number(leechers),
            seeders_word: texts.word(seeders, texts.counts.seeders),
            leechers_word: texts.word(leechers, texts.counts.leechers),
            has_seeders: seeders > 0,
            has_leechers: leechers > 0,
            seed_from: format!("{:.1}", LEFT_END - left),
            seed_width: format!("{left:.1}"),
            leech_width: format!("{:.1}", width(leechers, RIGHT_ROOM)),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // Shown with three digits.
fn width(peers: u64, most: f64) -> f64 {
    ((peers as f64 + 1.0).log10() * DECADE).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;
    use crate::site::language::texts;

    #[test]
    fn ten_times_as_many_are_as_much_longer_wherever_they_are() {
        let english = texts(Language::English);
        let swarm = Swarm::new(9, 99, english);
        assert_eq!(
            [swarm.seed_from, swarm.seed_width, swarm.leech_width],
            ["46.0", "13.0", "26.0"]
        );
        let all = Swarm::new(u64::MAX, u64::MAX, english);
        assert_eq!([all.seed_from, all.seed_width, all.leech_width], ["0.0", "59.0", "39.0"]);
        let none = Swarm::new(0, 0, english);
        assert!(!none.has_seeders && !none.has_leechers);
        assert_eq!([none.seed_width, none.leech_width], ["0.0", "0.0"]);
        let one = Swarm::new(1, 1, english);
        assert_eq!((one.seeders_word, one.leechers_word), ("seeder", "leecher"));
        assert_eq!(Swarm::new(1284, 0, english).seeders, "1,284");
    }
}
