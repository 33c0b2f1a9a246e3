//! Links that lead from a page to a torrent.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::catalog::{FilePlace, Torrent};
use crate::config::LoadedConfig;
use crate::protocol::{Magnet, Timestamp};

/// What stays as it is in a URL: unreserved characters (RFC 3986, 2.3) and the slashes of a path.
pub(super) const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What torrents are below, seen from a page.
#[derive(Clone, Copy)]
pub(super) struct Bases<'a> {
    /// The torrents folder.
    pub(super) torrents: &'a str,
    /// The script, with a slash at its end where there is something; `None` where nobody knows where it is.
    pub(super) script: Option<&'a str>,
}

/// The addresses of one torrent.
pub(super) struct Links {
    /// The `.torrent` file, where there is one to be linked to.
    pub(super) torrent: Option<String>,
    /// The page about it.
    pub(super) info: Option<String>,
    /// For clients that fetch even the `.torrent` file from peers.
    pub(super) magnet: Option<String>,
}

/// The address of a page of the administration; without that of the script, where nobody knows it.
#[must_use]
pub fn admin_page(loaded: &LoadedConfig, page: &str) -> String {
    let script = loaded.config.paths.script_url.as_ref().map(ToString::to_string);
    format!("{}/admin/{page}", script.unwrap_or_default().trim_end_matches('/'))
}

impl Links {
    pub(super) fn of(torrent: &Torrent, loaded: &LoadedConfig, now: Timestamp) -> Self {
        let script = script_base(loaded);
        let bases = Bases { torrents: torrents_base(loaded), script: script.as_deref() };
        Self::below(&bases, torrent, loaded, now)
    }

    /// The same for readers who are on no page.
    pub(super) fn for_readers(torrent: &Torrent, loaded: &LoadedConfig, now: Timestamp) -> Self {
        let (torrents, script) = (loaded.torrents_url_for_readers(), script_base(loaded));
        let bases = Bases { torrents: &torrents, script: script.as_deref() };
        Self::below(&bases, torrent, loaded, now)
    }

    /// The same for a page from which all is at these addresses.
    pub(super) fn below(
        bases: &Bases<'_>,
        torrent: &Torrent,
        loaded: &LoadedConfig,
        now: Timestamp,
    ) -> Self {
        let page = || torrent.info_page.as_deref().map(|page| url_below(bases.torrents, page));
        Self {
            torrent: file_url(torrent, bases).filter(|_| torrent.is_linked(now)),
            info: torrent.details().info_url.clone().or_else(page),
            magnet: magnet(torrent, loaded).filter(|_| torrent.may_be_linked(now)),
        }
    }
}

/// The address of a torrent for readers of the feed, who are not on a page: that of its file, or else its magnet link.
pub(super) fn torrent_url(
    torrent: &Torrent,
    loaded: &LoadedConfig,
    now: Timestamp,
) -> Option<String> {
    let Links { torrent, magnet, .. } = Links::for_readers(torrent, loaded, now);
    torrent.or(magnet)
}

/// The address of a torrent's file: one in the catalogue is given out by the script.
fn file_url(torrent: &Torrent, bases: &Bases<'_>) -> Option<String> {
    match torrent.file_place() {
        FilePlace::Folder(file) => Some(url_below(bases.torrents, file)),
        FilePlace::Catalog => {
            bases.script.map(|script| format!("{script}t/{}.torrent", torrent.canonical))
        }
        FilePlace::Nowhere => None,
    }
}

/// Where the script is, as far as the configuration says it.
fn script_base(loaded: &LoadedConfig) -> Option<String> {
    loaded.script_url().map(|script| format!("{script}/"))
}

/// Where the torrents are: absolute when the owner says where, else beside the page.
fn torrents_base(loaded: &LoadedConfig) -> &str {
    loaded.config.paths.torrents_url.as_ref().map_or("torrents", |url| url.as_str())
}

/// The address of a file below a base address, with every byte that is not plain escaped.
#[must_use]
pub fn url_below(base: &str, file: &Path) -> String {
    let path = percent_encode(file.as_os_str().as_bytes(), PATH);
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// A magnet link: both hashes of a hybrid, name, size, and the tracker if it knows its own address
/// (BEP 9, BEP 52). A private torrent has none: who begins with a magnet link asks everybody for peers
/// before it can know that it should not (BEP 27).
fn magnet(torrent: &Torrent, loaded: &LoadedConfig) -> Option<String> {
    if torrent.private {
        return None;
    }
    let announce_url = loaded.config.tracker.announce_url.as_deref();
    let link = Magnet {
        hashes: torrent.hashes(),
        name: Some(torrent.name.clone()).filter(|name| !name.is_empty()),
        size: torrent.known_size(),
        trackers: announce_url.into_iter().cloned().collect(),
        web_seeds: Vec::new(),
    };
    Some(link.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_escapes_every_byte_that_is_not_plain() {
        use std::ffi::OsStr;
        let file = Path::new(OsStr::from_bytes(b"a b/\xff&\"#.torrent"));
        assert_eq!(url_below("http://x/t/", file), "http://x/t/a%20b/%FF%26%22%23.torrent");
    }
}
