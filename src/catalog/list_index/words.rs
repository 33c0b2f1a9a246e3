//! Words as searches compare them: in lower case, without what nobody sees.

use crate::protocol::is_invisible;

/// Words of a search that count at most; all others are passed over.
const MOST_WORDS: usize = 16;

/// A text in the form in which texts are compared: in lower case, е for ё, without characters that only direct how others
/// are shown, and with spaces for those that move them.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Writes a text in that form behind another one. Of most names that is a matter of bytes.
pub(in crate::catalog) fn fold_into(text: &str, folded: &mut String) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let begin = folded.len();
        folded.push_str(text);
        if let Some(added) = folded.get_mut(begin..) {
            added.make_ascii_lowercase();
        }
        return;
    }
    let seen = text.chars().filter(|&character| !is_invisible(character));
    let lower = seen.flat_map(char::to_lowercase).map(|character| match character {
        'ё' => 'е',
        it if it.is_control() || it.is_whitespace() => ' ',
        it => it,
    });
    folded.extend(lower);
}

/// What a search looks for: its words, each once, in the form in which they are compared.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in folded(text).split_whitespace() {
        if words.len() < MOST_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// With what a name begins, as directories have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initial {
    /// A digit.
    Digit,
    /// A Latin letter without marks, in lower case.
    Latin(char),
    /// A Cyrillic letter.
    Cyrillic,
    /// Anything else.
    Other,
}

impl Initial {
    /// That of a name, whatever stands before its first letter or digit.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let first = name.chars().find(|character| character.is_alphanumeric());
        match first.map(|first| first.to_ascii_lowercase()) {
            Some(first) if first.is_ascii_digit() => Self::Digit,
            Some(first @ 'a'..='z') => Self::Latin(first),
            Some('\u{400}'..='\u{52f}') => Self::Cyrillic,
            _ => Self::Other,
        }
    }

    /// The word for it in addresses.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Digit => "0".into(),
            Self::Latin(letter) => letter.to_string(),
            Self::Cyrillic => "cyrillic".into(),
            Self::Other => "other".into(),
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut characters = name.chars();
        match (name, characters.next(), characters.next()) {
            ("0", ..) => Some(Self::Digit),
            ("cyrillic", ..) => Some(Self::Cyrillic),
            ("other", ..) => Some(Self::Other),
            (_, Some(letter @ 'a'..='z'), None) => Some(Self::Latin(letter)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_what_nobody_sees_do_not_count() {
        assert_eq!(words_of(" ЁЛКА  Debian\u{202e}\t13\nélan "), ["елка", "debian", "13", "élan"]);
        assert_eq!(words_of("a A а"), ["a", "а"], "one of them is Cyrillic");
        assert_eq!(words_of("\u{200b} \u{7}"), [""; 0]);
        assert_eq!(words_of(&"x y z ".repeat(1000)).len(), 3);
        let many: String = (0..1000).map(|number| format!("{number} ")).collect();
        assert_eq!(words_of(&many).len(), MOST_WORDS);
    }

    #[test]
    fn each_name_has_an_initial() {
        for (name, expected) in [
            ("Debian", Initial::Latin('d')),
            ("“zero", Initial::Latin('z')),
            ("7 days", Initial::Digit),
            ("Ёлка", Initial::Cyrillic),
            ("日本", Initial::Other),
            ("Élan", Initial::Other),
            ("", Initial::Other),
            ("!!", Initial::Other),
        ] {
            assert_eq!(Initial::of(name), expected, "{name}");
            assert_eq!(Initial::named(&expected.name()), Some(expected));
        }
        assert_eq!(Initial::named("A").or(Initial::named("ab")).or(Initial::named("")), None);
    }

    proptest! {
        #[test]
        fn a_text_is_folded_alike_alone_and_beside_others(text in "[ -~]{0,60}", other in "\\PC{0,9}ё") {
            let (mut behind, mut before) = (String::from("x"), String::new());
            fold_into(&text, &mut behind);
            fold_into(&format!("{text}{other}"), &mut before);
            prop_assert_eq!(before, format!("{}{}", &behind[1..], folded(&other)));
        }

        #[test]
        fn words_of_a_text_stand_in_it(text in "\\PC{0,60}") {
            let folded = folded(&text);
            prop_assert!(!folded.contains('\n'));
            for word in words_of(&text) {
                prop_assert!(folded.contains(&word) && !word.contains(char::is_whitespace));
            }
        }
    }
}
