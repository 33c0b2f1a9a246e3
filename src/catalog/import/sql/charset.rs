//! The characters of the character sets that dumps are in.

/// The character set of a dump's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog::import) enum Charset {
    /// UTF-8; what is none of it is read as Windows-1252.
    Utf8,
    /// MySQL's `latin1`, which is Windows-1252.
    Latin1,
    /// Windows-1251.
    Cyrillic,
    /// As the columns have them, each in a character set of its own; read as UTF-8.
    Binary,
}

/// Windows-1252 from 0x80 to 0x9f; what it leaves free stands for itself, as for MySQL.
const LATIN: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Windows-1251 from 0x80 to 0xbf; the alphabet follows.
const CYRILLIC: [char; 64] = [
    'Ђ', 'Ѓ', '‚', 'ѓ', '„', '…', '†', '‡', '€', '‰', 'Љ', '‹', 'Њ', 'Ќ', 'Ћ', 'Џ', 'ђ', '‘', '’',
    '“', '”', '•', '–', '—', '\u{98}', '™', 'љ', '›', 'њ', 'ќ', 'ћ', 'џ', '\u{a0}', 'Ў', 'ў', 'Ј',
    '¤', 'Ґ', '¦', '§', 'Ё', '©', 'Є', '«', '¬', '\u{ad}', '®', 'Ї', '°', '±', 'І', 'і', 'ґ', 'µ',
    '¶', '·', 'ё', '№', 'є', '»', 'ј', 'Ѕ', 'ѕ', 'ї',
];

impl Charset {
    /// The character set that `SET NAMES` names.
    pub(super) fn named(name: &[u8]) -> Self {
        match name.to_ascii_lowercase().as_slice() {
            b"latin1" => Self::Latin1,
            b"cp1251" => Self::Cyrillic,
            b"binary" => Self::Binary,
            _ => Self::Utf8,
        }
    }

    /// The text that these bytes are.
    pub(in crate::catalog::import) fn text(self, bytes: &[u8]) -> String {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Utf8 | Self::Binary, Ok(text)) => text.to_owned(),
            (Self::Cyrillic, _) => bytes.iter().copied().map(cyrillic).collect(),
            _ => bytes.iter().copied().map(latin).collect(),
        }
    }

    /// The bytes that were stored in a `latin1` column, of which the dump has made text in this character set. What
    /// cannot have come from there stays as it is.
    pub(in crate::catalog::import) fn stored_as_latin1(self, bytes: &[u8]) -> Vec<u8> {
        let utf8 = std::str::from_utf8(bytes).ok().filter(|_| self == Self::Utf8);
        let stored: Option<Vec<u8>> = utf8.and_then(|text| text.chars().map(latin_byte).collect());
        stored.unwrap_or_else(|| bytes.to_vec())
    }
}

fn latin(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|place| LATIN.get(usize::from(place)));
    special.copied().unwrap_or(char::from(byte))
}

fn latin_byte(character: char) -> Option<u8> {
    (0..=u8::MAX).find(|byte| latin(*byte) == character)
}

fn cyrillic(byte: u8) -> char {
    match byte {
        0..=0x7f => char::from(byte),
        0xc0.. => char::from_u32(0x410 + u32::from(byte - 0xc0)).unwrap_or('\u{fffd}'),
        _ => CYRILLIC.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_of_them_are_read() {
        assert_eq!(Charset::named(b"utf8mb4").text("café €".as_bytes()), "café €");
        assert_eq!(Charset::named(b"utf8").text(b"caf\xe9 d\x92hiver"), "café d’hiver");
        assert_eq!(Charset::named(b"LATIN1").text(b"\x80\x81\xe9"), "€\u{81}é");
        assert_eq!(Charset::named(b"cp1251").text(b"\xcf\xf0\xe8\xec\xe5\xf0 \xb9"), "Пример №");
        assert_eq!(Charset::named(b"binary").text("é".as_bytes()), "é");
    }

    #[test]
    fn every_byte_of_a_latin1_column_comes_back() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let dumped = Charset::Latin1.text(&bytes);
        assert_eq!(Charset::Utf8.stored_as_latin1(dumped.as_bytes()), bytes);
        for raw in [Charset::Latin1, Charset::Binary] {
            assert_eq!(raw.stored_as_latin1(b"\xc3\xa9"), b"\xc3\xa9");
        }
        assert_eq!(Charset::Utf8.stored_as_latin1(b"\xff\xa9"), b"\xff\xa9");
        assert_eq!(Charset::Utf8.stored_as_latin1("雪".as_bytes()), "雪".as_bytes());
    }
}
