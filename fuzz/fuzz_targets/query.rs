//! Queries as anybody may send them: an announce and a scrape.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::protocol::{AnnounceRequest, ScrapeRequest};

fuzz_target!(|query: &[u8]| {
    let announce = AnnounceRequest::parse(query);
    let scrape = ScrapeRequest::parse(query);
    // What nobody knows changes nothing, as far as the query does not become too long.
    if query.len() < 4000 {
        let longer = [b"unknown=%2&", query].concat();
        if !has_noise_first(query) {
            assert_eq!(AnnounceRequest::parse(&longer), announce);
            assert_eq!(ScrapeRequest::parse(&longer), scrape);
        }
    }
});

/// What clients write before the first name is passed over only where it stands first.
fn has_noise_first(query: &[u8]) -> bool {
    query.first().is_some_and(|first| b"?& %".contains(first))
}
