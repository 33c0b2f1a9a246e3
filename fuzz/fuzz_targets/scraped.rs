//! What other trackers reply to a scrape: bencode over HTTP, packets over UDP.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::udp::{TransactionId, UdpReply};
use tracker_cgi::protocol::{InfoHash, Scraped};

fuzz_target!(|reply: &[u8]| {
    let asked = [InfoHash([b'a'; 20]), InfoHash([b'b'; 20])];
    if let Ok(scraped) = Scraped::parse(reply, &asked) {
        let known: HashSet<InfoHash> = scraped.torrents.iter().map(|it| it.info_hash).collect();
        assert_eq!(known.len(), scraped.torrents.len(), "each torrent once");
        assert!(scraped.faults.iter().all(|(_, _, count)| count > 0));
    }
    let id = reply.get(4..8).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
    if let Ok(UdpReply::Scraped(counts)) = UdpReply::parse(reply, TransactionId(id.unwrap_or(0))) {
        assert_eq!(counts.len(), (reply.len() - 8) / 12);
    }
});
