//! What may go to a terminal or into a log as it is, and what stands there in place of the rest.

use std::fmt::{self, Write as _};

/// Whether a character could steer a terminal, break a line, or have the text around it shown in another
/// order than it stands in.
#[must_use]
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Marks, embeddings, overrides and isolates of direction; separators of lines and paragraphs.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Shows a text with harmful characters escaped: a line break as `\n`, others like `\u{1b}`.
#[derive(Clone, Copy, Debug)]
pub struct Harmless<T>(pub T);

impl<T: fmt::Display> fmt::Display for Harmless<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// The same for text of several lines, whose line breaks stay.
#[derive(Clone, Copy, Debug)]
pub struct HarmlessLines<T>(pub T);

impl<T: fmt::Display> fmt::Display for HarmlessLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.to_string().split_inclusive('\n') {
            let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
            write!(f, "{}{end}", Harmless(text))?;
        }
        Ok(())
    }
}

/// JSON over several lines, in ASCII where characters are harmful: those below 32 are escaped in any case.
#[must_use]
pub fn harmless_json(value: &serde_json::Value) -> String {
    let mut text = String::new();
    for character in format!("{value:#}").chars() {
        if character != '\n' && is_harmful(character) {
            // Writing to a String cannot fail, and all of them have four digits at most.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// Escapes what is written through it.
struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(is_harmful) {
            match piece.char_indices().next_back() {
                Some((at, last)) if is_harmful(last) => {
                    self.0.write_str(piece.get(..at).unwrap_or_default())?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                _ => self.0.write_str(piece)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script_stay_as_they_are() {
        for name in ["", "a b", "Ünï ☃ 雪", "שלום", "👩\u{200d}🚀", "no\u{a0}break", "\\n"]
        {
            assert_eq!(Harmless(name).to_string(), name);
        }
    }

    #[test]
    fn what_steers_a_terminal_breaks_a_line_or_turns_text_round_is_escaped() {
        for (text, shown) in [
            ("a\nb\u{1b}[2J", "a\\nb\\u{1b}[2J"),
            ("\t\r\0\u{7f}", "\\t\\r\\u{0}\\u{7f}"),
            ("\u{80}\u{9b}2J\u{9f}é", "\\u{80}\\u{9b}2J\\u{9f}é"),
            ("exe.\u{202e}txt\u{2066}\u{2069}", "exe.\\u{202e}txt\\u{2066}\\u{2069}"),
            (
                "\u{200e}\u{200f}\u{61c}\u{2028}\u{2029}",
                "\\u{200e}\\u{200f}\\u{61c}\\u{2028}\\u{2029}",
            ),
        ] {
            assert_eq!(Harmless(text).to_string(), shown);
        }
    }

    #[test]
    fn lines_stay_lines() {
        for text in ["", "\n", "a", "a\n", "\n\na\n b"] {
            assert_eq!(HarmlessLines(text).to_string(), text);
        }
        assert_eq!(HarmlessLines("a\r\n\u{9b}\n").to_string(), "a\\r\n\\u{9b}\n");
    }

    #[test]
    fn json_says_the_same_without_harmful_characters() {
        let every: String = (0..=0x20ff).filter_map(char::from_u32).collect();
        let value = serde_json::json!({ &every: [every, 1, "é"] });
        let text = harmless_json(&value);
        assert_eq!(text.parse::<serde_json::Value>().unwrap(), value);
        assert!(text.lines().all(|line| !line.contains(is_harmful)) && text.contains('é'));
    }
}
