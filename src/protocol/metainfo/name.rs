//! The name of a torrent as people see it: clients and the tracker's pages should show the same.

/// Bytes after which a name is cut, as libtorrent does; file systems end at 255.
const LONGEST: usize = 240;

/// Bytes of a file name's extension that survive the cut at most, with the dot.
const EXTENSION: usize = 9;

/// Makes a name safe to show and to use as one part of a path: no separators, nothing invisible or
/// that turns the writing direction; `_` in the place of control characters and of what is not
/// UTF-8. `None` when nothing is left that names anything, as of `..`.
#[must_use]
pub fn sanitized(raw: &[u8]) -> Option<String> {
    let mut name = String::new();
    for chunk in raw.utf8_chunks() {
        let shown = chunk.valid().chars().filter(|&character| !is_dropped(character));
        name.extend(shown.map(|character| if character.is_control() { '_' } else { character }));
        if !chunk.invalid().is_empty() {
            name.push('_');
        }
    }
    let names_nothing = matches!(name.as_str(), "" | "." | "..");
    (!names_nothing).then(|| shortened(name))
}

/// Separators, and what nobody sees.
fn is_dropped(character: char) -> bool {
    matches!(character, '/' | '\\') || is_invisible(character)
}

/// Invisible characters and marks of direction, which can make one name look like another.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Cuts a name that is too long, but keeps a short extension.
fn shortened(mut name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let cut = name.ceil_char_boundary(LONGEST);
    let extension = name
        .rfind('.')
        .filter(|&dot| dot >= cut && dot + EXTENSION >= name.len())
        .map(|dot| name.split_off(dot))
        .unwrap_or_default();
    name.truncate(cut);
    name + &extension
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(raw: &[u8]) -> Option<String> {
        sanitized(raw)
    }

    #[test]
    fn what_could_mislead_is_taken_out() {
        assert_eq!(shown(b"a/../b\\c").as_deref(), Some("a..bc"));
        assert_eq!(shown("doc\u{202e}fdp.exe".as_bytes()).as_deref(), Some("docfdp.exe"));
        assert_eq!(shown(b"a\nb\x7fc").as_deref(), Some("a_b_c"));
        assert_eq!(shown(b"\x82\xa0\xe4\xbd").as_deref(), Some("___"));
        assert_eq!(shown("名前".as_bytes()).as_deref(), Some("名前"));
    }

    #[test]
    fn a_name_that_names_nothing_is_none() {
        for nothing in ["", ".", "..", "/", "/../", "\u{200b}"] {
            assert_eq!(shown(nothing.as_bytes()), None, "{nothing:?}");
        }
        assert_eq!(shown(b"...").as_deref(), Some("..."));
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_extension() {
        let long = "x".repeat(300);
        assert_eq!(shown(long.as_bytes()).unwrap(), "x".repeat(240));
        assert_eq!(
            shown(format!("{long}.torrent").as_bytes()).unwrap(),
            "x".repeat(240) + ".torrent"
        );
        assert_eq!(shown(format!("{long}.not-an-extension").as_bytes()).unwrap(), "x".repeat(240));
        let across_the_cut = "x".repeat(238) + ".abcdef";
        assert_eq!(shown(across_the_cut.as_bytes()).unwrap(), "x".repeat(238) + ".a");
        let wide = "é".repeat(119) + "名前";
        assert_eq!(shown(wide.as_bytes()).unwrap(), "é".repeat(119) + "名");
    }

    proptest! {
        #[test]
        fn every_name_is_one_short_line(raw in any::<Vec<u8>>(), times in 1_usize..20) {
            if let Some(name) = shown(&raw.repeat(times)) {
                prop_assert!(name.len() <= LONGEST + 3 + EXTENSION && !name.is_empty());
                prop_assert!(!name.contains(|c: char| c.is_control() || c == '/' || c == '\\'));
            }
        }
    }
}
