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
}
