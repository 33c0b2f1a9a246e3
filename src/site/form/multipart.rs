//! Forms as `multipart/form-data` (RFC 7578), as browsers write them. Nothing of a file is copied.

use std::borrow::Cow;

use super::header::HeaderValue;
use super::{FormError, Reading};

/// Characters of a boundary at most (RFC 2046, 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// Takes in the parts of a body. What is before the first and behind the last of them has no meaning.
pub(super) fn read<'a>(
    boundary: &[u8],
    body: &'a [u8],
    reading: &mut Reading<'a>,
) -> Result<(), FormError> {
    if !is_boundary(boundary) {
        return Err(FormError::NoBoundary);
    }
    let delimiter = [b"\r\n--", boundary].concat();
    // The line break belongs to it, but the first one may stand at the very beginning.
    let first = delimiter.get(2..).and_then(|first| body.strip_prefix(first));
    let mut rest = match first {
        Some(rest) => rest,
        None => split(body, &delimiter).ok_or(FormError::CutOff)?.1,
    };
    while let Some(part) = next_part(rest)? {
        let (headers, behind) = headers(part, reading.limits.headers)?;
        let content;
        (content, rest) = split(behind, &delimiter).ok_or(FormError::CutOff)?;
        take(headers, content, reading)?;
    }
    Ok(())
}

/// As RFC 2046 (5.1.1) has it.
fn is_boundary(boundary: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    (1..=LONGEST_BOUNDARY).contains(&boundary.len())
        && boundary.iter().all(is_allowed)
        && !boundary.ends_with(b" ")
}

/// What begins behind the rest of a delimiter's line; `None` behind the closing one.
fn next_part(behind: &[u8]) -> Result<Option<&[u8]>, FormError> {
    let (is_last, behind) = match behind.strip_prefix(b"--") {
        Some(behind) => (true, behind),
        None => (false, behind),
    };
    let blanks = behind.iter().take_while(|byte| b" \t".contains(byte)).count();
    match (behind.get(blanks..).unwrap_or_default(), is_last) {
        (b"", true) | ([b'\r', b'\n', ..], true) => Ok(None),
        ([b'\r', b'\n', part @ ..], false) => Ok(Some(part)),
        (b"" | b"\r" | b"-", _) => Err(FormError::CutOff),
        _ => Err(FormError::Malformed("there is something behind a boundary")),
    }
}

/// Divides a part into its headers, each with its line end, and its content.
fn headers(part: &[u8], limit: usize) -> Result<(&[u8], &[u8]), FormError> {
    const BLANK_LINE: &[u8] = b"\r\n\r\n";
    let most = part.len().min(limit.saturating_add(BLANK_LINE.len()));
    match split(part.get(..most).unwrap_or_default(), BLANK_LINE) {
        Some((headers, _)) => {
            Ok((headers, part.get(headers.len() + BLANK_LINE.len()..).unwrap_or_default()))
        }
        None if most < part.len() => Err(FormError::HeadersTooLong(limit)),
        None => Err(FormError::CutOff),
    }
}

/// Takes in one part: a file where it has the name of one, else a text.
fn take<'a>(
    headers: &'a [u8],
    content: &'a [u8],
    reading: &mut Reading<'a>,
) -> Result<(), FormError> {
    let disposition = disposition(headers)?;
    let name = disposition.parameter("name");
    let name = name.ok_or(FormError::Malformed("a part of it has no name"))?;
    let name = written_by_a_browser(name)?;
    match disposition.parameter("filename") {
        Some(path) => reading.add_file(&name, &written_by_a_browser(path)?, content),
        None if content.len() > reading.limits.text => {
            Err(FormError::TextTooLong { name: name.into(), limit: reading.limits.text })
        }
        None => reading.add_text(name, text(content)?.into()),
    }
}

/// The one header of a part that says what it is. What others say of it, such as a type, is not believed anyway.
fn disposition(headers: &[u8]) -> Result<HeaderValue<'_>, FormError> {
    let mut found = None;
    let mut rest = headers;
    while !rest.is_empty() {
        let line;
        (line, rest) = split(rest, b"\r\n").unwrap_or((rest, b""));
        let mut parts = line.splitn(2, |&byte| byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            return Err(FormError::Malformed("a header of a part has no colon"));
        };
        if name.eq_ignore_ascii_case(b"Content-Disposition") && found.replace(value).is_some() {
            return Err(FormError::Malformed("a part of it says twice what it is"));
        }
    }
    found
        .and_then(HeaderValue::read)
        .filter(|disposition| disposition.is("form-data"))
        .ok_or(FormError::Malformed("a part of it does not say what it is"))
}

/// A name as browsers write it (WHATWG HTML, 4.10.21.8): `%22` for a quote, and `%0D` and `%0A` for the bytes of a
/// line break. Older ones and other programs write a backslash before a quote.
fn written_by_a_browser(raw: &[u8]) -> Result<Cow<'_, str>, FormError> {
    let mut name = Cow::Borrowed(text(raw)?);
    for (written, meant) in [("\\\"", "\""), ("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] {
        if name.contains(written) {
            name = name.replace(written, meant).into();
        }
    }
    Ok(name)
}

fn text(bytes: &[u8]) -> Result<&str, FormError> {
    std::str::from_utf8(bytes).map_err(|_| FormError::NotUtf8)
}

/// What is before the first of some bytes, and what is after.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let first = *separator.first()?;
    let mut start = 0;
    loop {
        start += bytes.get(start..)?.iter().position(|&byte| byte == first)?;
        if let Some(after) = bytes.get(start..)?.strip_prefix(separator) {
            return Some((bytes.get(..start)?, after));
        }
        start += 1;
    }
}
