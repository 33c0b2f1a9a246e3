//! The mail with a code to choose a password with, which goes through the owner's `sendmail`. Nothing of it is kept, and
//! nothing but the program's end is told.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;

use super::appearance::Appearance;
use super::language::texts;
use super::links::admin_page;
use crate::accounts::{MailAddress, PasswordCode};
use crate::catalog::User;
use crate::config::{Language, LoadedConfig};
use crate::platform::log::{self, Level};
use crate::platform::program::{self, ProgramError};

/// How long the program may take: a web server waits for a CGI for ten seconds and more.
const LIMIT: Duration = Duration::from_secs(8);

/// Characters of the site's title that a mail has at most.
const LONGEST_TITLE: usize = 80;

/// Bytes of a text that one encoded word has room for: it is of 75 characters at most (RFC 2047, 2).
const WORD_BYTES: usize = 45;

/// Characters of Base64 in a line (RFC 2045, 6.8).
const LINE: usize = 76;

/// A code that is to be mailed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordMail<'a> {
    /// Whose code it is.
    pub user: &'a User,
    /// The code.
    pub code: &'a PasswordCode,
    /// Where it is to go.
    pub to: &'a MailAddress,
    /// The language for who has chosen none.
    pub language: Language,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum PasswordMailError {
    /// The owner has named no program.
    #[error(
        "nothing can be mailed: set `sendmail` in [admin] to the path of a program such as \"/usr/sbin/sendmail\""
    )]
    NoProgram,
    /// The program has not taken it, or not in time.
    #[error("{} has not taken the mail: {reason}", .program.display())]
    NotTaken {
        /// Its path.
        program: PathBuf,
        /// Why.
        #[source]
        reason: ProgramError,
    },
}

impl PasswordMail<'_> {
    /// Sends it. This waits for the program: never on an event loop.
    ///
    /// # Errors
    /// When there is no program, or it does not take the mail; the log says so, too.
    pub fn send(&self, loaded: &LoadedConfig) -> Result<(), PasswordMailError> {
        let program = loaded.config.admin.sendmail.as_ref().ok_or(PasswordMailError::NoProgram)?;
        let message = self.message(loaded);
        // The address stands in the message only: a list of processes shows arguments to everybody.
        program::run(program.path(), &["-t", "-i"], message.as_bytes(), LIMIT).map_err(|reason| {
            let failed = PasswordMailError::NotTaken { program: program.path().to_owned(), reason };
            log::line(Level::Warning, format_args!("{failed}"));
            failed
        })
    }

    /// The message (RFC 5322), with the line ends of a text file, as `sendmail` reads it. It adds who sends it, and when.
    fn message(&self, loaded: &LoadedConfig) -> String {
        let language = self.user.language.as_deref().and_then(Language::of_tag);
        let words = &texts(language.unwrap_or(self.language)).admin.mail;
        let title = one_line(Appearance::of(loaded).title(loaded));
        let page = admin_page(loaded, "password");
        let text = [
            words.greeting.with(self.user.name.as_str()),
            words.what.with(&title),
            words.code.with(self.code),
            words.how.with(page),
            words.unexpected.to_owned(),
        ];
        let mut message = format!("To: {}\n", self.to);
        write_header(&mut message, "Subject", &words.subject.with(&title));
        message.push_str(
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: base64\nAuto-Submitted: auto-generated\n\n",
        );
        let encoded = BASE64.encode((text.join("\n\n") + "\n").as_bytes());
        for line in encoded.as_bytes().chunks(LINE) {
            message.push_str(&String::from_utf8_lossy(line));
            message.push('\n');
        }
        message
    }
}

/// A text without what would break its line, and not longer than a title.
fn one_line(text: &str) -> String {
    let harmless = |it: char| if it.is_control() { ' ' } else { it };
    text.chars().take(LONGEST_TITLE).map(harmless).collect()
}

/// Writes a header: as it is, where that is plain, and else in encoded words (RFC 2047), each on a line of its own.
fn write_header(message: &mut String, name: &str, text: &str) {
    let is_plain = text.len() <= WORD_BYTES
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && !text.contains("=?");
    if is_plain {
        // Writing to a String cannot fail.
        let _ = writeln!(message, "{name}: {text}");
        return;
    }
    let words: Vec<String> = pieces(text)
        .map(|piece| format!("=?UTF-8?B?{}?=", BASE64.encode(piece.as_bytes())))
        .collect();
    let _ = writeln!(message, "{name}: {}", words.join("\n "));
}

/// A text in pieces that fit into an encoded word; no character is cut in two.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(text.floor_char_boundary(WORD_BYTES));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a program reads out of a header.
    fn decoded(header: &str) -> String {
        let text = header.strip_prefix("Subject: ").unwrap().strip_suffix('\n').unwrap();
        if !text.contains("=?") {
            return text.to_owned();
        }
        let word = |line: &str| {
            assert!(line.len() <= 75, "{line}");
            let encoded = line.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
            String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
        };
        text.split("\n ").map(word).collect()
    }

    fn header(text: &str) -> String {
        let mut header = String::new();
        write_header(&mut header, "Subject", text);
        header
    }

    #[test]
    fn a_header_is_plain_or_of_encoded_words() {
        assert_eq!(header("Northlight: a password"), "Subject: Northlight: a password\n");
        assert_eq!(header("é"), "Subject: =?UTF-8?B?w6k=?=\n");
        let long = "Пароль для трекера «Северное сияние» и всех его друзей";
        assert!(header(long).contains("?=\n =?UTF-8?B?"), "{}", header(long));
        for text in [long, "=?UTF-8?B?eA==?=", "a\nBcc: eve@example.com", "a\r\n\r\ntext"] {
            let header = header(text);
            assert!(header.starts_with("Subject: =?UTF-8?B?"), "{header}");
            assert_eq!(decoded(&header), text);
        }
    }

    #[test]
    fn what_breaks_a_line_is_a_blank_in_a_title() {
        assert_eq!(one_line("a\r\nBcc: b\u{85}c"), "a  Bcc: b c");
        assert_eq!(one_line(&"ж".repeat(81)), "ж".repeat(80));
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_header(text in "[\\PC\r\n]{1,120}") {
            let header = header(&text);
            prop_assert!(header.is_ascii() && header.ends_with('\n'));
            prop_assert!(header.trim_end_matches('\n').split('\n').skip(1).all(|line| line.starts_with(" =?")));
            prop_assert!(!header.contains('\r'));
            prop_assert_eq!(decoded(&header), text);
        }
    }
}
