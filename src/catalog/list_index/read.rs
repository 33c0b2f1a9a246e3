//! Reading a list index: only those parts of it that somebody asks for.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::format::{self, Layout, PLACE_LEN, Part, header, text_at, u32_at, u64_at};
use super::{HighLoad, ListFacts, ListIndexDraft, ListIndexError, ListPlace};
use crate::platform::files;
use crate::protocol::{Seconds, Timestamp};

/// A list index as it was written at one time; later ones do not change it.
#[derive(Debug)]
pub struct ListIndex {
    bytes: Bytes,
    pub(super) layout: Layout,
    facts: ListFacts,
    path: PathBuf,
    texts: OnceCell<String>,
    is_broken: Cell<bool>,
}

#[derive(Debug)]
enum Bytes {
    File(File),
    /// Of one that was just made.
    Memory(Vec<u8>),
}

impl ListIndex {
    /// Opens the one at `path`, at a cost that does not depend on how much is in it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read, is damaged or has another version.
    pub fn open(path: &Path) -> Result<Self, ListIndexError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ListIndexError::Missing { path: path.to_owned() },
            _ => ListIndexError::Io { doing: "read", path: path.to_owned(), source },
        };
        let (file, metadata) = files::open(path, File::options().read(true))
            .map_err(|problem| unreadable(problem.into()))?;
        let mut header = [0; format::HEADER_LEN];
        match file.read_exact_at(&mut header, 0) {
            Err(problem) if problem.kind() != io::ErrorKind::UnexpectedEof => {
                Err(unreadable(problem))
            }
            // What is too short for a header does not begin as one.
            _ => Self::with(Bytes::File(file), &header, metadata.len(), path),
        }
    }

    /// The one that a draft would be in the place of `path`.
    ///
    /// # Errors
    /// When there is too much in it.
    pub fn in_memory(draft: ListIndexDraft, path: &Path) -> Result<Self, ListIndexError> {
        let bytes = draft.into_bytes();
        let header = bytes.get(..format::HEADER_LEN).unwrap_or_default().to_owned();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::with(Bytes::Memory(bytes), &header, length, path)
    }

    fn with(bytes: Bytes, header: &[u8], length: u64, path: &Path) -> Result<Self, ListIndexError> {
        let path = path.to_owned();
        match Layout::of(header, length) {
            Ok(layout) => {
                let (facts, texts) = (facts_of(header), OnceCell::new());
                Ok(Self { bytes, layout, facts, path, texts, is_broken: Cell::new(false) })
            }
            Err(what) => Err(ListIndexError::Broken { path, what }),
        }
    }

    /// What is true of all its torrents.
    #[must_use]
    pub fn facts(&self) -> &ListFacts {
        &self.facts
    }

    /// How many torrents are in it.
    #[must_use]
    pub fn torrents(&self) -> usize {
        self.layout.torrents.bytes.len() / format::TORRENT_LEN
    }

    /// Whether a part that was read so far was damaged.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn verify(&self) -> Result<(), ListIndexError> {
        let Layout { torrents, hashes, categories, groups, names, texts } = &self.layout;
        [torrents, hashes, categories, groups, names, texts]
            .into_iter()
            .try_for_each(|part| self.part(part).map(drop))
    }

    /// The categories in the order of their names.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn categories(&self) -> Result<Vec<ListPlace>, ListIndexError> {
        self.places(&self.layout.categories)
    }

    /// The groups in the order of their names.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn groups(&self) -> Result<Vec<ListPlace>, ListIndexError> {
        self.places(&self.layout.groups)
    }

    fn places(&self, part: &Part) -> Result<Vec<ListPlace>, ListIndexError> {
        let records = self.part(part)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.text(&self.layout.names)?;
        let place = |record: &[u8]| ListPlace {
            name: text_at(record, 0, &names).to_owned(),
            torrents: usize::try_from(u32_at(record, 8)).unwrap_or(usize::MAX),
        };
        Ok(records.chunks_exact(PLACE_LEN).map(place).collect())
    }

    /// All texts; read once.
    pub(super) fn texts(&self) -> Result<&str, ListIndexError> {
        if self.texts.get().is_none() {
            let texts = self.text(&self.layout.texts)?;
            // Nobody else has set it meanwhile.
            let _ = self.texts.set(texts);
        }
        Ok(self.texts.get().map_or("", String::as_str))
    }

    fn text(&self, part: &Part) -> Result<String, ListIndexError> {
        String::from_utf8(self.part(part)?.into_owned())
            .map_err(|_| self.broken("its texts are none"))
    }

    /// The bytes of a part, as they were written.
    pub(super) fn part(&self, part: &Part) -> Result<Cow<'_, [u8]>, ListIndexError> {
        let file = match &self.bytes {
            Bytes::Memory(bytes) => {
                return Ok(bytes.get(part.bytes.clone()).unwrap_or_default().into());
            }
            Bytes::File(file) => file,
        };
        let mut bytes = vec![0; part.bytes.len()];
        let begin = u64::try_from(part.bytes.start).unwrap_or(u64::MAX);
        let read = file.read_exact_at(&mut bytes, begin);
        read.map_err(|source| {
            let path = self.path.clone();
            ListIndexError::Io { doing: "read", path, source }
        })?;
        if format::checksum(&bytes) != part.checksum {
            return Err(self.broken("a checksum is wrong"));
        }
        Ok(bytes.into())
    }

    fn broken(&self, what: &'static str) -> ListIndexError {
        self.is_broken.set(true);
        ListIndexError::Broken { path: self.path.clone(), what }
    }
}

fn facts_of(bytes: &[u8]) -> ListFacts {
    let announces = u32_at(bytes, header::ANNOUNCES_AT);
    let interval = Seconds(u32_at(bytes, header::INTERVAL_AT));
    ListFacts {
        counted_at: Timestamp(u64_at(bytes, header::COUNTED_AT)),
        next_in: Seconds(u32_at(bytes, header::NEXT_AT)),
        high_load: (interval.0 > 0).then_some(HighLoad { announces, interval }),
    }
}
