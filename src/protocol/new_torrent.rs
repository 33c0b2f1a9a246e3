//! Writes `.torrent` files of version 1, 2 or both (BEP 3, 12, 19, 27, 47, 52). The same content makes the same info
//! dictionary as libtorrent makes of it.

use std::collections::BTreeMap;

use super::bencode::write::{integer, string};
use super::pieces::{PieceLength, TorrentVersion, V1Hash, V2Hash};
use super::{HttpUrl, Timestamp, Url};

/// Levels of folders at most: libtorrent reads no more of nested dictionaries than a hundred.
pub const MOST_LEVELS: usize = 90;

/// A file of a new torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its folders and its name, below the torrent's folder; empty where the torrent is this one file.
    pub path: Vec<String>,
    /// Its bytes.
    pub size: u64,
}

/// What the content of a torrent hashes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentHashes {
    /// Version 1: all pieces in order.
    pub v1: Vec<V1Hash>,
    /// Version 2: for each file all of its pieces in order; none for an empty file.
    pub v2: Vec<Vec<V2Hash>>,
}

/// What decides the info-hash.
#[derive(Clone, Debug)]
pub struct NewInfo<'a> {
    /// Which versions it is of.
    pub version: TorrentVersion,
    /// The name of the file or folder.
    pub name: &'a str,
    /// The files, sorted by their paths, at most [`MOST_LEVELS`] deep.
    pub files: &'a [NewFile],
    /// How they are cut.
    pub piece_length: PieceLength,
    /// What they hash to.
    pub hashes: &'a ContentHashes,
    /// Whether clients take peers from the tracker only (BEP 27).
    pub private: bool,
}

/// What else a `.torrent` file says.
#[derive(Clone, Debug, Default)]
pub struct NewTorrent<'a> {
    /// Where clients announce, each a tier of its own (BEP 12).
    pub announce: &'a [Url],
    /// Where web servers give the content (BEP 19).
    pub web_seeds: &'a [HttpUrl],
    /// What its maker has to say.
    pub comment: Option<&'a str>,
    /// The program that makes it.
    pub created_by: &'a str,
    /// When that is; 0: not said.
    pub created: Timestamp,
}

impl NewTorrent<'_> {
    /// The content of the `.torrent` file.
    #[must_use]
    pub fn encode(&self, info: &NewInfo<'_>) -> Vec<u8> {
        let mut out = vec![b'd'];
        if let Some(first) = self.announce.first() {
            entry(&mut out, "announce", first.as_str());
        }
        if self.announce.len() > 1 {
            string(&mut out, b"announce-list");
            tiers(&mut out, self.announce.iter().map(Url::as_str));
        }
        if let Some(comment) = self.comment {
            entry(&mut out, "comment", comment);
        }
        entry(&mut out, "created by", self.created_by);
        if self.created.0 > 0 {
            string(&mut out, b"creation date");
            integer(&mut out, self.created.0);
        }
        string(&mut out, b"info");
        info.encode(&mut out);
        if info.version.has_v2() {
            info.piece_layers(&mut out);
        }
        if !self.web_seeds.is_empty() {
            string(&mut out, b"url-list");
            web_seeds(&mut out, self.web_seeds);
        }
        out.push(b'e');
        out
    }
}

impl NewInfo<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(b'd');
        let one_file = match self.files {
            [file] if file.path.is_empty() => Some(file),
            _ => None,
        };
        if self.version.has_v2() {
            self.file_tree(out);
        }
        match one_file {
            _ if !self.version.has_v1() => {}
            Some(file) => {
                string(out, b"length");
                integer(out, file.size);
            }
            None => self.file_list(out),
        }
        if self.version.has_v2() {
            string(out, b"meta version");
            integer(out, 2_u64);
        }
        entry(out, "name", self.name);
        string(out, b"piece length");
        integer(out, self.piece_length.bytes());
        if self.version.has_v1() {
            string(out, b"pieces");
            string(out, self.hashes.v1.as_flattened());
        }
        if self.private {
            string(out, b"private");
            integer(out, 1_u64);
        }
        out.push(b'e');
    }

    /// Version 1's files. In a hybrid a padding file follows each that does not end with a piece, as libtorrent has
    /// it: also the last one.
    fn file_list(&self, out: &mut Vec<u8>) {
        string(out, b"files");
        out.push(b'l');
        for file in self.files {
            out.extend_from_slice(b"d6:length");
            integer(out, file.size);
            string(out, b"path");
            list(out, file.path.iter().map(String::as_str));
            out.push(b'e');
            let padding = self.piece_length.padding(file.size);
            if self.version.has_v2() && padding > 0 {
                out.extend_from_slice(b"d4:attr1:p6:length");
                integer(out, padding);
                string(out, b"path");
                list(out, [".pad", &padding.to_string()]);
                out.push(b'e');
            }
        }
        out.push(b'e');
    }

    /// Version 2's files.
    fn file_tree(&self, out: &mut Vec<u8>) {
        let name = [self.name.to_owned()];
        let leaves: Vec<_> = self
            .files
            .iter()
            .zip(&self.hashes.v2)
            .map(|(file, layer)| {
                let path = if file.path.is_empty() { name.as_slice() } else { &file.path };
                let root = (!layer.is_empty()).then(|| self.piece_length.root(layer));
                Leaf { path, size: file.size, root }
            })
            .collect();
        string(out, b"file tree");
        tree(out, &leaves, 0);
    }

    /// The hashes of the pieces of all files that are longer than a piece, by the roots of their trees: files with
    /// the same content share one entry.
    fn piece_layers(&self, out: &mut Vec<u8>) {
        let layers: BTreeMap<V2Hash, &[V2Hash]> = self
            .hashes
            .v2
            .iter()
            .filter(|layer| layer.len() > 1)
            .map(|layer| (self.piece_length.root(layer), layer.as_slice()))
            .collect();
        string(out, b"piece layers");
        out.push(b'd');
        for (root, layer) in layers {
            string(out, &root);
            string(out, layer.as_flattened());
        }
        out.push(b'e');
    }
}

/// A file in version 2's tree.
struct Leaf<'a> {
    path: &'a [String],
    size: u64,
    root: Option<V2Hash>,
}

/// The dictionary of files that share the first `depth` parts of their paths; they are sorted.
fn tree(out: &mut Vec<u8>, files: &[Leaf<'_>], depth: usize) {
    out.push(b'd');
    for inside in files.chunk_by(|one, other| one.path.get(depth) == other.path.get(depth)) {
        let Some(name) = inside.first().and_then(|file| file.path.get(depth)) else { continue };
        string(out, name.as_bytes());
        match inside {
            [file] if file.path.len() == depth + 1 => leaf(out, file),
            folder => tree(out, folder, depth + 1),
        }
    }
    out.push(b'e');
}

fn leaf(out: &mut Vec<u8>, file: &Leaf<'_>) {
    out.extend_from_slice(b"d0:d6:length");
    integer(out, file.size);
    if let Some(root) = &file.root {
        string(out, b"pieces root");
        string(out, root);
    }
    out.extend_from_slice(b"ee");
}

/// Announce URLs, each a tier of its own: clients ask them in this order (BEP 12).
pub(super) fn tiers<'t>(out: &mut Vec<u8>, urls: impl IntoIterator<Item = &'t str>) {
    out.push(b'l');
    urls.into_iter().for_each(|url| list(out, [url]));
    out.push(b'e');
}

/// Web seeds: a single one as most programs write it, and all read it (BEP 19).
pub(super) fn web_seeds(out: &mut Vec<u8>, urls: &[HttpUrl]) {
    match urls {
        [one] => string(out, one.as_str().as_bytes()),
        more => list(out, more.iter().map(|url| url.as_str())),
    }
}

fn entry(out: &mut Vec<u8>, key: &str, text: &str) {
    string(out, key.as_bytes());
    string(out, text.as_bytes());
}

fn list<'t>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = &'t str>) {
    out.push(b'l');
    texts.into_iter().for_each(|text| string(out, text.as_bytes()));
    out.push(b'e');
}

#[cfg(test)]
mod tests;
