//! Bytes on a connection that claims to be FastCGI: however they are cut into reads, the replies are the
//! same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::gateway::fastcgi::fuzzing::replies;

fuzz_target!(|input: &[u8]| {
    let Some((&length, bytes)) = input.split_first() else { return };
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(length) + 1).collect();
    assert_eq!(replies(&pieces), replies(&[bytes]));
});
