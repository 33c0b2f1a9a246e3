//! Gives a `.torrent` file other addresses. The bytes of its info dictionary stay as they are, and so does its info-hash;
//! all keys that have nothing to do with addresses stay, too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bencode::Value;
use super::bencode::write::string;
use super::new_torrent::{tiers, web_seeds};
use super::{HttpUrl, Metainfo, MetainfoError, Url};

/// The addresses that a torrent is to have.
#[derive(Clone, Copy, Debug)]
pub struct NewAddresses<'a> {
    /// Where clients announce, in this order; at least one. `announce-list` (BEP 12) is only kept where there are
    /// several, as clients that know it ignore `announce`.
    pub announce: &'a [Url],
    /// Whether clients go on to announce to what the torrent names now, after these: each a tier of its own. If
    /// not, the nodes of a torrent without a tracker (BEP 5) go, too, as it has one now.
    pub keep_trackers: bool,
    /// The web seeds; `None`: those that it has. What is replaced is `url-list` (BEP 19) and `httpseeds` (BEP 17).
    pub web_seeds: Option<&'a [HttpUrl]>,
}

impl NewAddresses<'_> {
    /// The torrent with these addresses. Its keys are sorted, of repeated ones the first is kept, and what followed
    /// its end is gone.
    ///
    /// # Errors
    /// When it is none.
    pub fn in_torrent(&self, torrent: &[u8]) -> Result<Vec<u8>, MetainfoError> {
        let metainfo = Metainfo::parse(torrent)?;
        let mut entries = BTreeMap::new();
        for (key, value) in Value::parse(torrent)?.entries() {
            entries.entry(key).or_insert(Cow::Borrowed(value.bytes()));
        }
        self.announce(&mut entries, &metainfo);
        if let Some(urls) = self.web_seeds {
            entries.remove(b"httpseeds".as_slice());
            set(&mut entries, b"url-list", urls.is_empty(), |out| web_seeds(out, urls));
        }
        let mut out = vec![b'd'];
        for (key, value) in entries {
            string(&mut out, key);
            out.extend_from_slice(&value);
        }
        out.push(b'e');
        Ok(out)
    }

    fn announce(&self, entries: &mut Entries<'_>, metainfo: &Metainfo) {
        let mut urls: Vec<&str> = Vec::new();
        let kept: &[String] = if self.keep_trackers { &metainfo.announce_urls } else { &[] };
        for url in self.announce.iter().map(Url::as_str).chain(kept.iter().map(String::as_str)) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        let Some(first) = urls.first() else { return };
        set(entries, b"announce", false, |out| string(out, first.as_bytes()));
        set(entries, b"announce-list", urls.len() == 1, |out| tiers(out, urls.iter().copied()));
        if !self.keep_trackers {
            entries.remove(b"nodes".as_slice());
        }
    }
}

/// The keys of a torrent, with the bytes of what stands there.
type Entries<'t> = BTreeMap<&'t [u8], Cow<'t, [u8]>>;

/// Puts something in the place of what stands there, or takes that away.
fn set(
    entries: &mut Entries<'_>,
    key: &'static [u8],
    is_none: bool,
    write: impl FnOnce(&mut Vec<u8>),
) {
    if is_none {
        entries.remove(key);
        return;
    }
    let mut value = Vec::new();
    write(&mut value);
    entries.insert(key, Cow::Owned(value));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::sample::{dictionary, list, number, single_file, text};

    fn urls(texts: &[&str]) -> Vec<Url> {
        texts.iter().map(|&text| text.to_owned().try_into().unwrap()).collect()
    }

    fn info() -> Vec<u8> {
        // Not as we would write it.
        b"d4:name4:name6:lengthi020000e12:piece lengthi16384e6:pieces40:0123456789012345678901234567890123456789e"
            .to_vec()
    }

    fn rewritten(torrent: &[u8], announce: &[&str], keep_trackers: bool) -> String {
        let announce = urls(announce);
        let new = NewAddresses { announce: &announce, keep_trackers, web_seeds: None };
        String::from_utf8(new.in_torrent(torrent).unwrap()).unwrap()
    }

    #[test]
    fn one_tracker_is_instead_of_all_that_were_there() {
        let tiers =
            list(&[list(&[text("http://b/")]), list(&[text("udp://c:1"), text("http://a/")])]);
        let torrent = dictionary(&[
            ("announce", text("http://b/")),
            ("announce-list", tiers),
            ("info", info()),
            ("nodes", list(&[list(&[text("d"), number(1)])])),
            ("zzz", number(1)),
        ]);
        let info = String::from_utf8(info()).unwrap();
        let expected = format!("d8:announce9:http://a/4:info{info}3:zzzi1ee");
        assert_eq!(rewritten(&torrent, &["http://a/"], false), expected);
        let two = rewritten(&torrent, &["http://a/", "http://e/"], false);
        let list = "ll9:http://a/el9:http://e/ee";
        assert_eq!(
            two,
            format!("d8:announce9:http://a/13:announce-list{list}4:info{info}3:zzzi1ee")
        );
        let kept = rewritten(&torrent, &["http://a/"], true);
        let list = "ll9:http://a/el9:http://b/el9:udp://c:1ee";
        let nodes = "5:nodesll1:di1eee";
        let expected =
            format!("d8:announce9:http://a/13:announce-list{list}4:info{info}{nodes}3:zzzi1ee");
        assert_eq!(kept, expected);
    }

    #[test]
    fn web_seeds_are_kept_replaced_or_taken_away() {
        let torrent = dictionary(&[
            ("httpseeds", list(&[text("http://old/")])),
            ("info", info()),
            ("url-list", text("http://old/")),
        ]);
        let announce = urls(&["http://a/"]);
        let seeds = ["http://s/", "http://t/"].map(|url| url.parse().unwrap());
        let with = |web_seeds| {
            let new = NewAddresses { announce: &announce, keep_trackers: false, web_seeds };
            String::from_utf8(new.in_torrent(&torrent).unwrap()).unwrap()
        };
        assert!(with(None).contains("9:httpseedsl11:http://old/e"));
        assert!(with(None).ends_with("8:url-list11:http://old/e"));
        assert!(with(Some(&seeds)).ends_with("8:url-listl9:http://s/9:http://t/ee"));
        assert!(with(Some(&seeds[..1])).ends_with("8:url-list9:http://s/e"));
        assert!(!with(Some(&[])).contains("old") && !with(Some(&seeds)).contains("old"));
    }

    #[test]
    fn what_is_no_torrent_is_not_rewritten() {
        let announce = urls(&["http://a/"]);
        let new = NewAddresses { announce: &announce, keep_trackers: false, web_seeds: None };
        for bad in [&b""[..], b"d4:infoi1ee", b"d4:infod4:name1:xe", b"<html>"] {
            assert!(new.in_torrent(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn the_info_hash_and_all_other_keys_stay(
            keys in prop::collection::vec(("[a-z]{1,9}", any::<i64>()), 0..6),
            at in 0..7_usize,
            surplus in prop::sample::select(vec![&b""[..], b"\r\n", b"junk"]),
        ) {
            let mut entries: Vec<(String, Vec<u8>)> =
                keys.iter().map(|(key, value)| (key.clone(), number(*value))).collect();
            // Anywhere, also where it is not sorted; the first of several counts.
            entries.retain(|(key, _)| key != "info");
            entries.insert(at.min(entries.len()), ("info".into(), info()));
            entries.push(("info".into(), number(1)));
            let torrent = [&dictionary(&entries), surplus].concat();
            let announce = urls(&["http://a/"]);
            let new = NewAddresses { announce: &announce, keep_trackers: false, web_seeds: None };
            let written = new.in_torrent(&torrent).unwrap();
            let (before, after) = (Metainfo::parse(&torrent).unwrap(), Metainfo::parse(&written).unwrap());
            prop_assert_eq!(before.hashes, after.hashes);
            prop_assert_eq!(after.announce_urls, ["http://a/"]);
            let (old, new) = (Value::parse(&torrent).unwrap(), Value::parse(&written).unwrap());
            let ours: [&[u8]; 3] = [b"announce", b"announce-list", b"nodes"];
            for (key, _) in old.entries().filter(|(key, _)| !ours.contains(key)) {
                prop_assert_eq!(old.get(key), new.get(key));
            }
            prop_assert!(new.entries().is_sorted_by(|(one, _), (other, _)| one < other));
            prop_assert_eq!(new.bytes().len(), written.len());
        }
    }

    #[test]
    fn what_names_our_tracker_already_stays_byte_for_byte() {
        let torrent = single_file("x", Some("http://a/"));
        let announce = urls(&["http://a/"]);
        for keep_trackers in [false, true] {
            let new = NewAddresses { announce: &announce, keep_trackers, web_seeds: None };
            assert_eq!(new.in_torrent(&torrent).unwrap(), torrent);
        }
    }
}
