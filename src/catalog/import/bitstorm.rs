//! Bitstorm's file of peers, one serialized array of PHP's, and the tables of its version 2.

use std::io::Read;

use super::bytes::Bytes;
use super::found::{Import, ImportError};
use super::php::{Item, Php};
use super::sql::Row;
use super::tables::{self, Schema, has};
use crate::protocol::InfoHash;

/// Reads a file of peers, or a dump of version 2's tables.
///
/// # Errors
/// When it is neither, or damaged.
pub(super) fn read(file: impl Read, database: Option<&str>) -> Result<Import, ImportError> {
    let mut bytes = Bytes::new(file);
    match bytes.peek()? {
        None => {
            let mut import = Import::default();
            import.notes.push("the file is empty: no peers, and so no torrents".into());
            Ok(import)
        }
        Some(b'a') => peers(Php::new(bytes)),
        Some(_) => tables::read(bytes, database, &mut Bitstorm2),
    }
}

fn peers(mut php: Php<impl Read>) -> Result<Import, ImportError> {
    let mut import = Import::default();
    if php.next()? != Item::Begin {
        return Err(php.broken());
    }
    let mut number = 0;
    while php.next()? != Item::End {
        number += 1;
        if php.next()? != Item::Begin {
            return Err(php.broken());
        }
        match Peer::read(&mut php)?.info_hash() {
            Some(info_hash) => import.torrent(info_hash, |_| {})?,
            None => import.skip(number, "this entry is no peer of Bitstorm"),
        }
    }
    if php.has_more()? {
        let note = "behind the end something is left of a longer file, which is ignored";
        import.notes.push(note.into());
    }
    if import.torrents.is_empty() {
        if number > 0 {
            return Err(ImportError::Nothing { what: "no peer of Bitstorm" });
        }
        import.notes.push("there are no peers in it, and so no torrents".into());
    }
    Ok(import)
}

/// What of a peer has to be right for its torrent to be taken.
#[derive(Default)]
struct Peer {
    has_address: bool,
    peer_id: Vec<u8>,
    port: Vec<u8>,
    has_expiry: bool,
    info_hash: Vec<u8>,
}

impl Peer {
    /// Reads the array that has just begun.
    fn read(php: &mut Php<impl Read>) -> Result<Self, ImportError> {
        let mut peer = Self::default();
        loop {
            let key = php.next()?;
            if key == Item::End {
                return Ok(peer);
            }
            match (key, php.next()?) {
                (_, Item::Begin) => php.skip_array()?,
                (Item::Number(0), Item::Text(_)) => peer.has_address = true,
                (Item::Number(1), Item::Text(text)) => peer.peer_id = text,
                (Item::Number(2), Item::Text(text)) => peer.port = text,
                (Item::Number(3), Item::Number(_)) => peer.has_expiry = true,
                (Item::Number(4), Item::Text(text)) => peer.info_hash = text,
                (_, Item::End) => return Err(php.broken()),
                _ => {}
            }
        }
    }

    fn info_hash(&self) -> Option<InfoHash> {
        let port = std::str::from_utf8(&self.port).ok().and_then(|port| port.parse::<u16>().ok());
        let is_peer = self.has_address
            && self.peer_id.len() == 20
            && self.has_expiry
            && port.is_some_and(|port| port > 0);
        self.info_hash.as_slice().try_into().ok().map(InfoHash).filter(|_| is_peer)
    }
}

/// Version 2's tables, of which one has the torrents.
struct Bitstorm2;

impl Schema for Bitstorm2 {
    type Role = ();

    fn role(&self, columns: &[String]) -> Option<()> {
        // Other programs have such columns among others.
        (columns.len() == 2 && has(columns, &["id", "hash"])).then_some(())
    }

    fn row(&mut self, (): (), row: &Row<'_>, import: &mut Import) -> Result<(), ImportError> {
        match row.info_hash("hash") {
            Some(info_hash) => import.torrent(info_hash, |_| {})?,
            None => import.skip(row.line, "`hash` is no info-hash"),
        }
        Ok(())
    }

    fn missing(&self) -> &'static str {
        "neither PHP's array of peers nor a table with Bitstorm's columns (id, hash)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = r#"a:7:{i:0;s:10:"192.0.2.10";i:1;s:20:"-XX0001-"b;defghijkl";i:2;s:5:"08224";i:3;i:1114216200;i:4;s:20:"aaaaaaaaaaaaaaaaaaaa";i:6;s:4:"4f3a";i:7;b:1;}"#;

    fn file(peers: &[&str]) -> String {
        let peers: String = (0..).zip(peers).map(|(n, peer)| format!("i:{n};{peer}")).collect();
        format!("a:9:{{{peers}}}")
    }

    fn failed(text: &str) -> String {
        read(text.as_bytes(), None).unwrap_err().to_string()
    }

    #[test]
    fn the_torrents_of_all_peers_are_found() {
        let other = PEER.replace("aaaa", "bbbb");
        let nested = PEER.replace("b:1;", r#"b:1;s:8:"get_parm";a:1:{s:1:"a";a:1:{i:0;d:1.5;}}"#);
        let import = read(file(&[PEER, &other, PEER, &nested]).as_bytes(), None).unwrap();
        assert_eq!((import.torrents.len(), import.skipped.count), (2, 0));
        assert!(import.torrents.contains_key(&InfoHash([b'a'; 20])));
        assert_eq!(import.notes, [""; 0]);
    }

    #[test]
    fn what_is_left_of_a_longer_file_is_told_and_no_peer_is_no_fault() {
        let with_rest = format!("{}:40:\"rest", file(&[PEER]));
        let import = read(with_rest.as_bytes(), None).unwrap();
        assert_eq!((import.torrents.len(), import.notes.len()), (1, 1));
        for empty in ["", "a:0:{}"] {
            let import = read(empty.as_bytes(), None).unwrap();
            assert_eq!((import.torrents.len(), import.notes.len()), (0, 1), "{empty:?}");
        }
    }

    #[test]
    fn entries_that_are_no_peers_are_passed_over_unless_all_are() {
        let bad = [
            PEER.replace("08224", "99999"),
            PEER.replace("s:5:\"08224\"", "s:1:\"0\""),
            PEER.replace("i:3;i:1114216200;", ""),
            PEER.replace("s:20:\"aaaaaaaaaaaaaaaaaaaa\"", "s:1:\"a\""),
        ];
        let mut peers: Vec<&str> = bad.iter().map(String::as_str).collect();
        assert!(failed(&file(&peers)).contains("no peer of Bitstorm"));
        peers.push(PEER);
        let import = read(file(&peers).as_bytes(), None).unwrap();
        assert_eq!((import.torrents.len(), import.skipped.count), (1, 4));
    }

    #[test]
    fn what_is_hostile_or_cut_off_is_refused() {
        let whole = file(&[PEER]);
        for end in 1..whole.len() {
            assert!(read(&whole.as_bytes()[..end], None).is_err(), "{end}");
        }
        for hostile in [
            "a:999999999:{i:0;s:999999999:\"".to_owned(),
            "a:1:{i:0;".repeat(100_000),
            file(&[r#"O:8:"stdClass":0:{}"#]),
            file(&["R:1;"]),
            file(&["i:1;"]),
            "a:1:{i:0;i:99999999999999999999;}".into(),
            "a:1:{a:0:{}i:1;}".into(),
        ] {
            assert!(!failed(&hostile).is_empty());
        }
    }

    #[test]
    fn the_tables_of_version_2_are_read() {
        let dump = format!(
            "CREATE TABLE `peer` (`id` int, `hash` char(40), `user_agent` text);
            INSERT INTO `peer` VALUES (1,'{0}','x');
            CREATE TABLE `torrent` (`id` int, `hash` char(40));
            INSERT INTO `torrent` VALUES (1,'{1}'),(2,'short');",
            "00".repeat(20),
            "11".repeat(20)
        );
        let import = read(dump.as_bytes(), None).unwrap();
        let found: Vec<_> = import.torrents.keys().collect();
        assert_eq!(found, [&InfoHash([0x11; 20])]);
        assert_eq!(import.skipped.count, 1);
    }
}
