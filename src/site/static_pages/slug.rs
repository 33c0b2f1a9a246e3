//! Names in the addresses of pages: what stands there is chosen from so few characters that no name reaches an
//! interpreter, another folder or another page.

use sha2::{Digest as _, Sha256};

use crate::catalog::Torrent;
use crate::protocol::InfoHash;

/// Characters of a name at most.
pub(super) const LONGEST: usize = 60;

/// Hexadecimal digits that tell names apart.
const DIGITS: usize = 8;

/// What a torrent's file is called where it is downloaded.
pub(super) fn file_name(torrent: &Torrent) -> String {
    format!("{}.torrent", of(torrent))
}

/// The name of the page of a torrent.
pub(super) fn of(torrent: &Torrent) -> String {
    of_torrent(&torrent.title(), torrent.canonical)
}

/// The name of a torrent's page: its title, and eight digits of its info-hash.
pub(super) fn of_torrent(title: &str, info_hash: InfoHash) -> String {
    with_digits(title, &info_hash.to_string())
}

/// The name of a category's page: the category itself where that will do; else like it, with digits that tell it
/// from others that look the same.
pub(super) fn of_category(category: &str) -> String {
    let plain = plain(category, LONGEST);
    if plain == category && !plain.is_empty() && !ends_with_digits(&plain) {
        return plain;
    }
    let digest: String = Sha256::digest(category)
        .iter()
        .take(DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    with_digits(category, &digest)
}

fn with_digits(text: &str, digits: &str) -> String {
    let digits = digits.get(..DIGITS).unwrap_or(digits);
    let plain = plain(text, LONGEST - DIGITS - 1);
    if plain.is_empty() { digits.to_owned() } else { format!("{plain}-{digits}") }
}

fn ends_with_digits(text: &str) -> bool {
    let digits = text.rsplit('-').next().unwrap_or(text);
    digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Letters and digits of ASCII in lower case, Cyrillic letters in Latin ones, and one hyphen for whatever else is between
/// them.
fn plain(text: &str, most: usize) -> String {
    let mut plain = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        let mut of_ascii = [0];
        let needed: &str = match in_latin(character) {
            Some(latin) => latin,
            None if character.is_ascii_alphanumeric() => character.encode_utf8(&mut of_ascii),
            None if plain.is_empty() || plain.ends_with('-') => continue,
            None => "-",
        };
        if plain.len() + needed.len() > most {
            break;
        }
        plain.push_str(needed);
    }
    plain.truncate(plain.trim_end_matches('-').len());
    plain
}

/// A Cyrillic letter as passports write it (ICAO Doc 9303-3, 6), but for those with a shorter usual form.
fn in_latin(character: char) -> Option<&'static str> {
    Some(match character {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'є' => "ye",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' => "i",
        'ї' => "yi",
        'й' => "y",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ы' => "y",
        'ю' => "yu",
        'я' => "ya",
        'ъ' | 'ь' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug(title: &str) -> String {
        of_torrent(title, InfoHash([0xab; 20]))
    }

    #[test]
    fn a_title_is_still_recognised() {
        assert_eq!(slug("Debian 13.1 (amd64)"), "debian-13-1-amd64-abababab");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd-abababab");
        assert_eq!(slug("Кино"), "kino-abababab");
        assert_eq!(
            slug("Съешь ещё ЭТИХ французских булок, §2"),
            "sesh-eshche-etikh-frantsuzskikh-bulok-2-abababab"
        );
        assert_eq!(slug("青空文庫"), "abababab");
        assert_eq!(slug(&"x".repeat(10_000)), format!("{}-abababab", "x".repeat(51)));
    }

    #[test]
    fn a_category_is_its_own_name_where_that_will_do() {
        assert_eq!(of_category("linux"), "linux");
        assert_eq!(of_category("linux-iso"), "linux-iso");
        assert!(of_category("Кино").starts_with("kino-"));
        assert_ne!(of_category("kino"), of_category("кино"));
        let alike = ["linux/iso", "Linux-ISO", "linux iso", "linux-iso"].map(of_category);
        let apart: std::collections::HashSet<_> = alike.iter().collect();
        assert_eq!(apart.len(), alike.len(), "{alike:?}");
        // Nobody takes the address of another category by its name.
        let taken = of_category("linux/iso");
        assert_ne!(of_category(&taken), taken);
    }

    proptest! {
        #[test]
        fn only_few_characters_are_in_a_name(text in "\\PC{0,80}", hash in any::<[u8; 20]>()) {
            for slug in [of_torrent(&text, InfoHash(hash)), of_category(&text)] {
                prop_assert!(!slug.is_empty() && slug.len() <= LONGEST, "{}", slug);
                prop_assert!(slug.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                }), "{}", slug);
                prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'), "{}", slug);
            }
            let digits = InfoHash(hash).to_string();
            prop_assert!(of_torrent(&text, InfoHash(hash)).ends_with(&digits[..8]));
        }

        #[test]
        fn two_categories_have_two_addresses(one in "[a-cA-C/ -]{1,6}", other in "[a-cA-C/ -]{1,6}") {
            prop_assert_eq!(one == other, of_category(&one) == of_category(&other));
        }
    }
}
