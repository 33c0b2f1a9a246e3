//! Sidecars: `NAME.toml` beside `NAME.torrent`, in which its owner says what `tracker torrent edit` says too.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::detail_values::{DetailError, description, digits, one_line, page_address, reason};
use super::file_state::FileState;
use super::{Details, Retirement};
use crate::platform::date::{self, NotADate};
use crate::platform::files::{self, OpenError};
use crate::platform::folder::FileStatus;
use crate::platform::nearest::nearest;
use crate::platform::order::Order as _;
use crate::platform::toml_syntax;
use crate::protocol::{Checksums, Timestamp};

/// Bytes of a sidecar at most.
const MOST_BYTES: u64 = 64 << 10;

/// The keys that a sidecar may have.
const KEYS: [&str; 15] = Details::NAMES;

/// What was read of a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSidecar {
    /// What it says; or what is wrong with it, in words.
    pub outcome: Result<Details, String>,
    /// While the file has this state it need not be read again; `None` when it has to be.
    pub(super) state: Option<FileState>,
}

/// Why a sidecar is not used. All of it counts, or nothing.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The system does not let it be read.
    #[error("it cannot be read ({0}); let the tracker's user read it, or remove it")]
    Unreadable(#[from] io::Error),
    /// A device, a pipe or the like.
    #[error("it is not a file; remove it")]
    NotAFile,
    /// A symbolic link.
    #[error("it is a link; put the file itself there")]
    Link,
    /// More than a person writes.
    #[error("it is larger than {} KiB; write less", MOST_BYTES >> 10)]
    TooLarge,
    /// Not text.
    #[error("it is not UTF-8; save it as UTF-8")]
    NotUtf8,
    /// Nothing is in it, as in the middle of an upload.
    #[error("there is nothing in it; write what it is to say, or remove it")]
    Empty,
    /// Not TOML.
    #[error("line {line} cannot be read: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// `[...]`.
    #[error("line {line}: a sidecar has no sections; remove [{name}], and keep the keys below it")]
    Section {
        /// Counted from 1.
        line: usize,
        /// The section's name.
        name: String,
    },
    /// A key that sidecars do not have.
    #[error("line {line}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What was probably meant.
        hint: String,
    },
    /// A value that the key cannot have.
    #[error("line {line}: wrong value for `{key}`: {flaw}")]
    WrongValue {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        flaw: ValueError,
    },
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Another type.
    #[error("it must be text in quotes")]
    NotText,
    /// Another type.
    #[error("it must be true or false")]
    NotBoolean,
    /// Another type, or no text.
    #[error("it must be the reason in quotes, or true")]
    NotAReason,
    /// A text that the key cannot have.
    #[error(transparent)]
    Detail(#[from] DetailError),
    /// No date.
    #[error(transparent)]
    Date(#[from] NotADate),
}

/// Where the sidecar of a `.torrent` file is.
pub(super) fn path_of(torrent: &Path) -> PathBuf {
    torrent.with_extension("toml")
}

/// Reads what the sidecar at this path says, and in which state it did.
pub(super) fn read(path: &Path) -> Result<(Details, FileState), SidecarError> {
    let opened = files::open(path, File::options().read(true));
    let (file, metadata) = opened.map_err(|problem| match problem {
        OpenError::Link => SidecarError::Link,
        OpenError::NotAFile => SidecarError::NotAFile,
        OpenError::Io(source) => SidecarError::Unreadable(source),
    })?;
    let mut content = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MOST_BYTES {
        return Err(SidecarError::TooLarge);
    }
    Ok((parse(&content)?, FileState::from(&FileStatus::from(&metadata))))
}

/// Reads what a sidecar says.
///
/// # Errors
/// When anything in it is not as it should be.
fn parse(content: &[u8]) -> Result<Details, SidecarError> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = str::from_utf8(content).map_err(|_| SidecarError::NotUtf8)?;
    let document = DeTable::parse(text).map_err(|error| SidecarError::Syntax {
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        message: toml_syntax::in_words(text, &error),
    })?;
    let mut entries: Vec<_> = document.get_ref().iter().collect();
    if entries.is_empty() {
        return Err(SidecarError::Empty);
    }
    // In the order of the file, so that the first thing that is wrong is named first.
    entries.order_by_key(|(key, _)| key.span().start);
    let mut sidecar = Sidecar::default();
    for (key, value) in entries {
        let line = line_at(text, key.span().start);
        let name: &str = key.get_ref();
        if text.get(..key.span().start).is_some_and(|before| before.trim_end().ends_with('[')) {
            return Err(SidecarError::Section { line, name: name.to_owned() });
        }
        let Some(key) = KEYS.into_iter().find(|known| *known == name) else {
            return Err(SidecarError::UnknownKey { line, key: name.to_owned(), hint: hint(name) });
        };
        sidecar.take(key, value.get_ref()).map_err(|flaw| SidecarError::WrongValue {
            line,
            key,
            flaw,
        })?;
    }
    Ok(sidecar.details())
}

fn hint(key: &str) -> String {
    match nearest(key, KEYS.into_iter()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the keys are {}", KEYS.join(", ")),
    }
}

/// The line that a byte stands in, counted from 1.
fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// What was read so far.
#[derive(Default)]
struct Sidecar {
    said: Details,
    /// CRC-32, MD5, SHA-1, SHA-256.
    digits: [Option<String>; 4],
}

impl Sidecar {
    fn take(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), ValueError> {
        let said = &mut self.said;
        let [crc32, md5, sha1, sha256] = &mut self.digits;
        match key {
            "title" => said.title = line_of(value)?,
            "description" => said.description = some(description(text_of(value)?)?),
            "category" => said.category = line_of(value)?,
            "group" => said.group = line_of(value)?,
            "mirror" => said.mirror = some(page_address(text_of(value)?)?),
            "info_url" => said.info_url = some(page_address(text_of(value)?)?),
            "crc32" => *crc32 = some(digits(text_of(value)?, 8)?),
            "md5" => *md5 = some(digits(text_of(value)?, 32)?),
            "sha1" => *sha1 = some(digits(text_of(value)?, 40)?),
            "sha256" => *sha256 = some(digits(text_of(value)?, 64)?),
            "hidden" => said.hidden = Some(value.as_bool().ok_or(ValueError::NotBoolean)?),
            "retired" => said.retirement = retired(value)?,
            "link_until" => said.link_until = time_of(value)?,
            "list_from" => said.list_from = time_of(value)?,
            "list_until" => said.list_until = time_of(value)?,
            _ => {}
        }
        Ok(())
    }

    fn details(self) -> Details {
        let checksums = Checksums::from_digits(self.digits.each_ref().map(Option::as_deref));
        Details { checksums, ..self.said }
    }
}

/// An empty text says nothing.
fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn text_of<'a>(value: &'a DeValue<'_>) -> Result<&'a str, ValueError> {
    value.as_str().ok_or(ValueError::NotText)
}

fn line_of(value: &DeValue<'_>) -> Result<Option<String>, ValueError> {
    Ok(some(one_line(text_of(value)?)?))
}

/// The reason that clients are told; an empty one is the configured reason.
fn retired(value: &DeValue<'_>) -> Result<Option<Retirement>, ValueError> {
    let retired = |reason| Ok(Some(Retirement::Retired(reason)));
    match value {
        DeValue::Boolean(true) => retired(String::new()),
        DeValue::Boolean(false) => Ok(None),
        DeValue::String(text) if !text.trim().is_empty() => retired(reason(text)?),
        _ => Err(ValueError::NotAReason),
    }
}

/// A date, with quotes or without. Without a zone it is in UTC.
fn time_of(value: &DeValue<'_>) -> Result<Option<Timestamp>, ValueError> {
    let text: Cow<'_, str> = match value {
        DeValue::Datetime(at) => at.to_string().into(),
        DeValue::String(text) if text.is_empty() => return Ok(None),
        DeValue::String(text) => Cow::Borrowed(text),
        _ => return Err(NotADate::Unclear.into()),
    };
    Ok(Some(Timestamp(date::parse_as_utc(&text)?)))
}

#[cfg(test)]
mod tests;
