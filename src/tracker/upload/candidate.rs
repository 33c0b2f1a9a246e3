//! Something that was given, once it is known to be a torrent that may be added.

use std::borrow::Cow;
use std::ffi::OsString;

use super::{Foreign, GivenTorrent, Verdict};
use crate::catalog::{Problem, TorrentByHash};
use crate::config::LoadedConfig;
use crate::protocol::{
    InfoHash, InfoHashV2, InfoHashes, Magnet, MagnetError, Metainfo, NewAddresses, Timestamp,
};
use crate::tracker::scan_rules;

/// A torrent that may be added.
pub struct Candidate<'a> {
    pub(super) what: What<'a>,
}

pub(super) enum What<'a> {
    File {
        metainfo: Box<Metainfo>,
        content: Cow<'a, [u8]>,
        /// The name that the file keeps.
        name: Option<OsString>,
        is_rewritten: bool,
    },
    Hash(TorrentByHash),
}

impl<'a> Candidate<'a> {
    /// What an info-hash or a magnet link names; `None` where the text is neither.
    ///
    /// # Errors
    /// When it is a magnet link of no torrent.
    #[must_use]
    pub fn of_text(text: &str, now: Timestamp) -> Option<Result<Self, MagnetError>> {
        let text = text.trim();
        let new = |hashes, name, size| Self {
            what: What::Hash(TorrentByHash { hashes, name, size, first_seen: now }),
        };
        let hashes = InfoHash::from_hex(text.as_bytes())
            .map(InfoHashes::V1)
            .or_else(|| InfoHashV2::from_hex(text.as_bytes()).map(InfoHashes::V2));
        if let Some(hashes) = hashes {
            return Some(Ok(new(hashes, String::new(), None)));
        }
        let magnet = text.starts_with("magnet:").then(|| Magnet::parse(text))?;
        Some(magnet.map(|it| new(it.hashes, it.name.unwrap_or_default(), it.size)))
    }

    /// The torrent of a `.torrent` file. One that does not announce to us is refused or rewritten.
    ///
    /// # Errors
    /// Why it may not be added.
    pub fn of_file(
        content: Cow<'a, [u8]>,
        loaded: &LoadedConfig,
        foreign: Foreign,
    ) -> Result<Self, Verdict> {
        let rules = scan_rules(loaded);
        let limit = rules.max_torrent_bytes;
        let check_size = |content: &[u8]| {
            let is_small = u64::try_from(content.len()).is_ok_and(|length| length <= limit);
            if is_small { Ok(()) } else { Err(Verdict::Refused(Problem::TooBig { limit })) }
        };
        check_size(&content)?;
        let metainfo = Metainfo::parse(&content).map_err(|it| Verdict::Refused(it.into()))?;
        let (content, metainfo, is_rewritten) = match rules.complaint(&metainfo) {
            None => (content, metainfo, false),
            Some(problem) if foreign == Foreign::Refused => return Err(Verdict::Refused(problem)),
            Some(problem) => {
                let rewritten = rewritten(&content, loaded).ok_or(Verdict::Refused(problem))?;
                check_size(&rewritten)?;
                let after = Metainfo::parse(&rewritten);
                let after = after.map_err(|it| Verdict::Refused(it.into()))?;
                if after.hashes != metainfo.hashes {
                    return Err(Verdict::NotRewritten);
                }
                (rewritten.into(), after, true)
            }
        };
        let metainfo = Box::new(metainfo);
        Ok(Self { what: What::File { metainfo, content, name: None, is_rewritten } })
    }

    /// The same, whose file keeps a name. It is taken as it is, so it must come from who may write into the folder anyway.
    #[must_use]
    pub fn called(mut self, file_name: OsString) -> Self {
        if let What::File { name, .. } = &mut self.what {
            *name = Some(file_name);
        }
        self
    }

    /// Which torrent it is.
    #[must_use]
    pub fn torrent(&self) -> GivenTorrent {
        match &self.what {
            What::File { metainfo, .. } => {
                GivenTorrent { info_hash: metainfo.canonical(), name: metainfo.name.clone() }
            }
            What::Hash(torrent) => {
                GivenTorrent { info_hash: torrent.hashes.canonical(), name: torrent.name.clone() }
            }
        }
    }
}

/// A torrent that announces to us alone; `None` where nobody knows at which address.
fn rewritten(content: &[u8], loaded: &LoadedConfig) -> Option<Vec<u8>> {
    let ours = loaded.config.tracker.announce_url.as_ref()?;
    let announce = [(**ours).clone()];
    let addresses = NewAddresses { announce: &announce, keep_trackers: false, web_seeds: None };
    addresses.in_torrent(content).ok()
}
