//! What a file is called that somebody has given, by the name of its torrent.

use crate::protocol::{InfoHash, is_invisible};

/// Bytes of a name at most, its ending included.
const LONGEST: usize = 150;
/// What files end in that scans look at.
const ENDING: &str = ".torrent";
/// Digits of an info-hash that tell two torrents of one name apart.
const DIGITS: usize = 8;
/// What may be in a name beside letters and digits.
const PUNCTUATION: &str = " ._-+()[]";

/// The names that a torrent's file may have: the second one where the first is another torrent's.
pub(super) fn of(name: &str, info_hash: InfoHash) -> [String; 2] {
    let hash = info_hash.to_string();
    let stem = safe_stem(name).unwrap_or_else(|| hash.clone());
    let digits = hash.get(..DIGITS).unwrap_or(&hash);
    [ENDING.to_owned(), format!("-{digits}{ENDING}")].map(|ending| {
        let cut = stem.floor_char_boundary(LONGEST.saturating_sub(ending.len()));
        let stem = shown(stem.get(..cut).unwrap_or_default());
        format!("{stem}{ending}")
    })
}

/// What of a name may be in that of a file; `None` where that is nothing.
fn safe_stem(name: &str) -> Option<String> {
    let has_ending = name
        .len()
        .checked_sub(ENDING.len())
        .filter(|&at| name.get(at..).is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING)));
    let name = has_ending.and_then(|at| name.get(..at)).unwrap_or(name);
    let visible = name.chars().filter(|&it| !it.is_control() && !is_unseen(it));
    let allowed = visible.map(|it| if is_allowed(it) { it } else { '_' });
    let stem: String = allowed.collect();
    // A dot hides a file, and commands take a dash for an option.
    let stem = shown(stem.trim_start_matches([' ', '.', '-']));
    stem.contains(char::is_alphanumeric).then_some(stem)
}

/// Without what nobody sees at its end, and an ending that would keep the torrent from listings.
fn shown(stem: &str) -> String {
    let stem = stem.trim_end_matches([' ', '.']);
    match stem.rsplit_once('.') {
        Some((before, ending)) if ending.eq_ignore_ascii_case("secret") => {
            format!("{before}_{ending}")
        }
        _ => stem.to_owned(),
    }
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || PUNCTUATION.contains(character)
}

/// Nobody sees the fillers of Hangul either, which are letters.
fn is_unseen(character: char) -> bool {
    is_invisible(character)
        || matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    const HASH: InfoHash = InfoHash([0xab; 20]);

    fn first(name: &str) -> String {
        let [first, _] = of(name, HASH);
        first
    }

    #[test]
    fn a_name_keeps_what_is_harmless() {
        for (name, file) in [
            ("debian-13.1.0-amd64.iso", "debian-13.1.0-amd64.iso.torrent"),
            ("Название (2026) [名前] +1", "Название (2026) [名前] +1.torrent"),
            ("x.torrent", "x.torrent"),
            ("x.TORRENT", "x.torrent"),
            ("a/b\\c:d\"e'f<g>h|i?j*k", "a_b_c_d_e_f_g_h_i_j_k.torrent"),
            ("doc\u{202e}fdp.exe\u{200b}\u{3164}\n", "docfdp.exe.torrent"),
            ("../../etc/passwd", "_.._etc_passwd.torrent"),
            (".htaccess", "htaccess.torrent"),
            ("-rf", "rf.torrent"),
            (" . - x . ", "x.torrent"),
            ("x.secret", "x_secret.torrent"),
            ("x.Secret. ", "x_Secret.torrent"),
        ] {
            assert_eq!(first(name), file, "{name:?}");
        }
    }

    #[test]
    fn a_name_of_nothing_is_the_info_hash() {
        for name in ["", "...", "-", "\u{202e}", "/", "💾", ".torrent"] {
            assert_eq!(first(name), format!("{HASH}.torrent"), "{name:?}");
        }
    }

    #[test]
    fn the_second_name_tells_torrents_apart() {
        assert_eq!(of("x", HASH)[1], "x-abababab.torrent");
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let [first, second] = of(&"é".repeat(200), HASH);
        assert_eq!(first, format!("{}.torrent", "é".repeat(71)));
        assert_eq!(second, format!("{}-abababab.torrent", "é".repeat(66)));
        let cut = format!("{}.secret and more", "x".repeat(LONGEST - ENDING.len() - 7));
        assert!(of(&cut, HASH)[0].ends_with("x_secret.torrent"));
    }

    proptest! {
        #[test]
        fn every_name_is_one_harmless_part_of_a_path(name in any::<String>(), times in 1..9_usize) {
            for file in of(&name.repeat(times), HASH) {
                prop_assert!(file.len() <= LONGEST && file.ends_with(ENDING) && file != ENDING);
                prop_assert!(!file.starts_with(['.', '-', ' ']), "{}", file);
                prop_assert!(file.chars().all(|it| is_allowed(it) && !is_unseen(it)));
                let parts: Vec<_> = Path::new(&file).components().collect();
                prop_assert_eq!(parts, [Component::Normal(file.as_ref())]);
            }
        }
    }
}
