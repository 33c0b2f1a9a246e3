//! A torrent as the catalogue knows it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::totals::{Carried, Period, Totals};
use super::{Companions, DetailLayers, Details, Sidecar};
use crate::protocol::{InfoHash, InfoHashV2, InfoHashes, Timestamp};

/// A torrent of the catalogue, whether or not its file is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torrent {
    /// The `.torrent` file, relative to the torrents folder; empty for one that has none there.
    pub file: PathBuf,
    /// The info-hash that names its swarm.
    pub canonical: InfoHash,
    /// The info-hash of its v1 part.
    pub v1: Option<InfoHash>,
    /// The info-hash of its v2 part.
    pub v2: Option<InfoHashV2>,
    /// The name in the metainfo; may be empty where there is no file.
    pub name: String,
    /// Bytes of content; 0 where there is no file and nobody has said.
    pub size: u64,
    /// Bytes of the `.torrent` file, wherever that is; 0 where there is none.
    pub file_size: u64,
    /// Bytes of the `.torrent` file that the catalogue itself has, if it has one. One in the folder counts before it.
    pub stored_size: Option<u64>,
    /// Left out of listings, whatever the dates in its details say.
    pub hidden: bool,
    /// Clients may ask only this tracker for peers (BEP 27).
    pub private: bool,
    /// Whether its file names web servers that give its content.
    pub has_web_seed: bool,
    /// Whether it was added by command, so that it is tracked without a file.
    pub added: bool,
    /// What its owner says about it, and where; `None` where that is nothing.
    pub details: Option<Box<DetailLayers>>,
    /// A page about it, relative to the torrents folder.
    pub info_page: Option<PathBuf>,
    /// When a scan first found it; for those of the very first scan, when their files were written.
    pub first_seen: Timestamp,
    /// When a scan first missed it; `None` while its file is there, or nothing but its info-hash is needed.
    pub missing_since: Option<Timestamp>,
    /// Its figures over all generations of the peer store.
    pub totals: Totals,
    /// What of the store is in the totals already.
    pub carried: Carried,
    /// Its figures at the last refresh.
    pub period: Period,
}

/// Where a torrent's `.torrent` file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilePlace<'t> {
    /// In the torrents folder, relative to it.
    Folder(&'t Path),
    /// In the catalogue.
    Catalog,
    /// Nowhere: it is known by its info-hash only.
    Nowhere,
}

/// Whether the name of a `.torrent` file leaves it out of listings: `*.secret.torrent`.
pub(super) fn is_hidden(file: &Path) -> bool {
    let name = file.file_stem().map(Path::new).and_then(Path::extension);
    name.is_some_and(|ending| ending.eq_ignore_ascii_case("secret"))
}

impl Torrent {
    /// One of which nothing but its info-hash is known, and when it came.
    #[must_use]
    pub fn by_hash(info_hash: InfoHash, first_seen: Timestamp) -> Self {
        Self {
            file: PathBuf::new(),
            canonical: info_hash,
            v1: Some(info_hash),
            v2: None,
            name: String::new(),
            size: 0,
            file_size: 0,
            stored_size: None,
            hidden: false,
            private: false,
            has_web_seed: false,
            added: false,
            details: None,
            info_page: None,
            first_seen,
            missing_since: None,
            totals: Totals::default(),
            carried: Carried::default(),
            period: Period::default(),
        }
    }

    /// What its owner says about it, as it is in force.
    #[must_use]
    pub fn details(&self) -> &Details {
        self.details.as_deref().map_or(Details::NONE, DetailLayers::in_force)
    }

    /// Has it be as is said about it. It must be as its file alone has it.
    pub(super) fn follow(&mut self, layers: Option<Box<DetailLayers>>) {
        self.details = layers;
        self.hidden = self.details().hidden.unwrap_or(self.hidden);
    }

    /// The same torrent, with this said about it.
    #[cfg(test)]
    pub(crate) fn with_decision(mut self, decision: Details) -> Self {
        self.follow(DetailLayers::of(Some(decision), Companions::default()));
        self
    }

    /// What its owner has decided about it by command.
    #[must_use]
    pub fn decision(&self) -> &Details {
        self.details.as_deref().map_or(Details::NONE, DetailLayers::decision)
    }

    /// The file beside it that says more about it.
    #[must_use]
    pub fn sidecar(&self) -> Option<&Sidecar> {
        self.companions().sidecar.as_ref()
    }

    /// All files beside it that say more about it.
    #[must_use]
    pub fn companions(&self) -> &Companions {
        self.details.as_deref().map_or(Companions::NONE, DetailLayers::companions)
    }

    /// Whether it is left out of listings unless a command says otherwise.
    #[must_use]
    pub fn is_hidden_without_decision(&self) -> bool {
        let sidecar = self.sidecar().and_then(|sidecar| sidecar.details.hidden);
        sidecar.unwrap_or_else(|| is_hidden(&self.file))
    }

    /// Its category: the one that its owner says, or else the folder below the torrents folder that its file is in, such
    /// as `linux/iso`.
    #[must_use]
    pub fn category(&self) -> Option<Cow<'_, str>> {
        if let Some(said) = &self.details().category {
            return Some(Cow::Borrowed(said));
        }
        self.folder().map(Cow::Owned)
    }

    /// The same to be kept; none where nothing can be read of it.
    #[must_use]
    pub fn category_name(&self) -> Option<String> {
        self.category().filter(|name| !name.trim().is_empty()).map(Cow::into_owned)
    }

    /// The folder below the torrents folder that its file is in.
    pub(super) fn folder(&self) -> Option<String> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty())?;
        Some(folder.to_string_lossy().into_owned())
    }

    /// Its info-hashes, by its versions.
    #[must_use]
    pub fn hashes(&self) -> InfoHashes {
        match (self.v1, self.v2) {
            (Some(v1), Some(v2)) => InfoHashes::Hybrid(v1, v2),
            (None, Some(v2)) => InfoHashes::V2(v2),
            (v1, None) => InfoHashes::V1(v1.unwrap_or(self.canonical)),
        }
    }

    /// What people are to call it: its title, its name, or at least its info-hash.
    #[must_use]
    pub fn title(&self) -> Cow<'_, str> {
        match &self.details().title {
            Some(title) => Cow::Borrowed(title),
            None if self.name.is_empty() => Cow::Owned(self.canonical.to_string()),
            None => Cow::Borrowed(&self.name),
        }
    }

    /// Whether it is known by a `.torrent` file in the torrents folder.
    #[must_use]
    pub fn has_file(&self) -> bool {
        !self.file.as_os_str().is_empty()
    }

    /// Where its `.torrent` file is, or was when it was there last.
    #[must_use]
    pub fn file_place(&self) -> FilePlace<'_> {
        match self.stored_size {
            _ if self.has_file() => FilePlace::Folder(&self.file),
            Some(_) => FilePlace::Catalog,
            None => FilePlace::Nowhere,
        }
    }

    /// Bytes of content, where they are known.
    #[must_use]
    pub fn known_size(&self) -> Option<u64> {
        (self.file_place() != FilePlace::Nowhere || self.size > 0).then_some(self.size)
    }

    /// Whether it may be announced.
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        self.missing_since.is_none() && self.details().retired().is_none()
    }

    /// Whether it stands in listings at this time.
    #[must_use]
    pub fn is_listed(&self, now: Timestamp) -> bool {
        let Details { list_from, list_until, .. } = self.details();
        let has_begun = list_from.is_none_or(|from| from <= now);
        !self.hidden && has_begun && list_until.is_none_or(|until| now < until)
    }

    /// Whether listings lead to its `.torrent` file at this time.
    #[must_use]
    pub fn is_linked(&self, now: Timestamp) -> bool {
        self.file_place() != FilePlace::Nowhere && self.may_be_linked(now)
    }

    /// Whether listings may lead to its content at this time; to that of one that is retired never.
    #[must_use]
    pub fn may_be_linked(&self, now: Timestamp) -> bool {
        self.details().retired().is_none()
            && self.details().link_until.is_none_or(|until| now < until)
    }

    /// The other info-hashes that clients announce it with: a hybrid has two (BEP 52).
    pub fn aliases(&self) -> impl Iterator<Item = InfoHash> {
        let spellings = [self.v1, self.v2.map(InfoHashV2::truncated)];
        spellings.into_iter().flatten().filter(|&spelling| spelling != self.canonical)
    }
}
