//! Files that claim to be torrents: bencode, and what is taken out of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::Metainfo;
use tracker_cgi::protocol::bencode::Value;

fuzz_target!(|file: &[u8]| {
    let metainfo = Metainfo::parse(file);
    let Ok(value) = Value::parse(file) else {
        assert!(metainfo.is_err(), "a torrent that is not bencode");
        return;
    };
    assert_eq!(Value::parse(value.bytes()), Ok(value), "a value without what follows it");
    value.items().for_each(|item| assert_eq!(Value::parse(item.bytes()), Ok(item)));
    let _ = (value.strings().count(), value.leaves().count());
    if let Ok(metainfo) = metainfo {
        assert!(metainfo.v1().is_some() || metainfo.v2().is_some());
        assert!(metainfo.size > 0 && !metainfo.name.is_empty());
        let _ = (metainfo.canonical(), metainfo.alias());
    }
});
