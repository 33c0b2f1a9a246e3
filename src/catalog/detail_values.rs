//! Which values details of torrents may have, whether a command or a sidecar says them.

use crate::platform::date::{self, NotADate};
use crate::protocol::{HttpUrl, Timestamp, UrlError, is_invisible};

/// Bytes of a reason at most: clients show one line.
const LONGEST_REASON: usize = 200;

/// Bytes of a description at most.
pub const LONGEST_DESCRIPTION: usize = 20_000;

/// Why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    /// A text with line breaks or other control characters.
    #[error("write it in one line")]
    SeveralLines,
    /// A description with control characters.
    #[error("write no control characters but line breaks and tabs")]
    ControlCharacters,
    /// A description that no page shows as a whole.
    #[error("write at most {LONGEST_DESCRIPTION} bytes")]
    LongDescription,
    /// Not the address of a page.
    #[error(transparent)]
    Address(#[from] UrlError),
    /// Not the digits of such a checksum.
    #[error("write {0} hexadecimal digits")]
    Digits(usize),
    /// More than clients show.
    #[error("clients show one line; write at most {LONGEST_REASON} bytes")]
    LongReason,
    /// Neither yes nor no.
    #[error("write yes or no")]
    YesOrNo,
    /// No date.
    #[error(transparent)]
    Date(#[from] NotADate),
    /// Nothing is said under such a name, or not in this way.
    #[error("there is no detail {0} that can be said")]
    NoSuchDetail(&'static str),
    /// A reason with line breaks.
    #[error("clients show one line; write no line breaks")]
    ReasonOfSeveralLines,
}

/// A text of one line, without blanks around it, and without what nobody sees or what turns the direction of writing: as
/// names of torrents are shown.
///
/// # Errors
/// When it is not one line.
pub fn one_line(text: &str) -> Result<String, DetailError> {
    if text.chars().any(char::is_control) {
        return Err(DetailError::SeveralLines);
    }
    let seen: String = text.chars().filter(|&character| !is_invisible(character)).collect();
    Ok(seen.trim().to_owned())
}

/// A description: a text of lines, in Markdown, without blanks around it.
///
/// # Errors
/// When it is too long or has control characters.
pub fn description(text: &str) -> Result<String, DetailError> {
    let text = text.replace("\r\n", "\n");
    if text.chars().any(|it| it.is_control() && !matches!(it, '\n' | '\t')) {
        return Err(DetailError::ControlCharacters);
    }
    if text.len() > LONGEST_DESCRIPTION {
        return Err(DetailError::LongDescription);
    }
    if !text.contains('\n') {
        return Ok(text.trim().to_owned());
    }
    // Blanks before the first line may be what makes it code.
    Ok(text.trim_start_matches('\n').trim_end().to_owned())
}

/// The address of a page (http or https), or an empty text.
///
/// # Errors
/// When it is another text.
pub fn page_address(text: &str) -> Result<String, DetailError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    Ok(String::from(text.parse::<HttpUrl>()?))
}

/// So many hexadecimal digits, in lower case, or an empty text.
///
/// # Errors
/// When it is another text.
pub fn digits(text: &str, count: usize) -> Result<String, DetailError> {
    let is_whole = text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.is_empty() || is_whole {
        return Ok(text.to_ascii_lowercase());
    }
    Err(DetailError::Digits(count))
}

/// A date with or without a time of day, or an empty text.
///
/// # Errors
/// When it is another text.
pub fn time(text: &str) -> Result<Option<Timestamp>, DetailError> {
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(Timestamp(date::parse(text)?)))
}

/// A reason that clients are told.
///
/// # Errors
/// When clients cannot show it.
pub fn reason(text: &str) -> Result<String, DetailError> {
    if text.len() > LONGEST_REASON {
        return Err(DetailError::LongReason);
    }
    one_line(text).map_err(|_| DetailError::ReasonOfSeveralLines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_nothing_that_makes_it_look_like_another() {
        assert_eq!(one_line(" abc\u{202e}gpj.exe\u{200b} ").unwrap(), "abcgpj.exe");
        assert_eq!(one_line("две строки").unwrap(), "две строки");
        assert_eq!(one_line("two\nlines"), Err(DetailError::SeveralLines));
    }
}
