//! Which of the languages of the pages a visitor gets.

use crate::config::{Language, Languages};
use crate::gateway::Request;
use crate::platform::order::Order as _;

/// The languages that a browser asks for, as it says them; nothing where it does not.
pub(in crate::site) fn asked_for<'a>(request: &Request<'a>) -> &'a str {
    let said = request.variables.get("HTTP_ACCEPT_LANGUAGE");
    said.and_then(|said| std::str::from_utf8(said).ok()).unwrap_or_default()
}

/// The language that a browser likes best, by its `Accept-Language` (RFC 9110, 12.5.4); the first one, where it likes none
/// of them or does not say.
pub(in crate::site) fn wanted(accepted: &str, languages: &Languages) -> Language {
    let mut ranges: Vec<(u16, &str)> = accepted.split(',').filter_map(range).collect();
    // Sorting keeps those of the same weight in their order.
    ranges.order_by(|(a, _), (b, _)| b.cmp(a));
    let is_there = |language: &Language| languages.all().contains(language);
    let liked = ranges.iter().find_map(|&(_, tag)| match tag {
        "*" => Some(languages.first()),
        tag => Language::of_tag(tag).filter(is_there),
    });
    liked.unwrap_or(languages.first())
}

/// A range of languages that is liked at all, and how much, in thousandths.
fn range(text: &str) -> Option<(u16, &str)> {
    let (tag, weight) = match text.split_once(';') {
        Some((tag, weight)) => {
            (tag, weight.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')?.parse::<f32>().ok()?)
        }
        None => (text, 1.0),
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1000.
    let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    (weight > 0).then_some((weight, tag.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn languages(all: &[Language]) -> Languages {
        all.to_vec().try_into().unwrap()
    }

    #[test]
    fn a_visitor_gets_the_language_that_they_like_best() {
        use Language::{English, Russian};
        let both = languages(&[English, Russian]);
        for (accepted, language) in [
            ("", English),
            ("ru", Russian),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Russian),
            ("en-US,en;q=0.9,ru;q=0.8", English),
            ("de-DE,de;q=0.9,ru;q=0.5", Russian),
            ("de, fr", English),
            ("en;q=0.3, ru ; q=0.4", Russian),
            ("ru;q=0, *", English),
            ("ru;q=x", English),
            ("ru;level=1", English),
            ("*", English),
            ("RU", Russian),
            ("en;q=0.1, ru;Q=0.2", Russian),
            (",,;,ru", Russian),
        ] {
            assert_eq!(wanted(accepted, &both), language, "{accepted}");
        }
        assert_eq!(wanted("de", &languages(&[Russian, English])), Russian);
        assert_eq!(wanted("ru", &languages(&[English])), English);
    }

    proptest! {
        #[test]
        fn whatever_is_said_one_of_them_is_given(accepted in "\\PC{0,60}") {
            let russian = languages(&[Language::Russian]);
            prop_assert_eq!(wanted(&accepted, &russian), Language::Russian);
        }
    }
}
