//! Files that claim to be torrents: bencode, what is taken out of it, and the same with other addresses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::bencode::Value;
use tracker_cgi::protocol::{Contents, HttpUrl, Metainfo, NewAddresses, Url, sole_file};

fuzz_target!(|file: &[u8]| {
    let metainfo = Metainfo::parse(file);
    let Ok(value) = Value::parse(file) else {
        assert!(metainfo.is_err(), "a torrent that is not bencode");
        return;
    };
    assert_eq!(Value::parse(value.bytes()), Ok(value), "a value without what follows it");
    value.items().for_each(|item| assert_eq!(Value::parse(item.bytes()), Ok(item)));
    let _ = (value.strings().count(), value.leaves().count(), sole_file(file));
    if let Some(contents) = Contents::read(file, 3) {
        assert!(contents.files.len() <= 3 && contents.files.len() <= contents.count);
        assert!(contents.files.iter().all(|file| !file.path.is_empty()));
    }
    if let Ok(metainfo) = metainfo {
        assert!(metainfo.v1().is_some() || metainfo.v2().is_some());
        assert!(metainfo.size > 0 && !metainfo.name.is_empty());
        let _ = (metainfo.canonical(), metainfo.alias());
        rewrite(file, &metainfo);
    }
});

fn rewrite(file: &[u8], before: &Metainfo) {
    let ours = "http://a/announce";
    let (Ok(announce), Ok(seed)) = (Url::try_from(ours.to_owned()), ours.parse::<HttpUrl>()) else {
        panic!("a URL");
    };
    for keep_trackers in [false, true] {
        let announce = std::slice::from_ref(&announce);
        let web_seeds = Some(std::slice::from_ref(&seed));
        let written = NewAddresses { announce, keep_trackers, web_seeds }.in_torrent(file);
        let written = written.expect("what is a torrent can be rewritten");
        let after = Metainfo::parse(&written).expect("and is one still");
        assert_eq!((after.hashes, after.size), (before.hashes, before.size));
        assert_eq!(after.announce_urls.first().map(String::as_str), Some(ours));
    }
}
