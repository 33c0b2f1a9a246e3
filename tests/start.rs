//! Whoever starts the executable may have closed its standard descriptors, or go away while it writes.

use std::io;
use std::process::{Command, Stdio};

use crate::harness::executable;
use crate::harness::installation::Installation;

#[test]
fn a_log_line_never_goes_into_a_file_that_took_the_number_of_standard_error() {
    let tracker = Installation::in_memory(&["tracker.torrents = 'open'"]);
    tracker.refresh();
    let query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=1";
    let announce = || tracker.get("/announce", query);
    announce().value();
    // That the web server tells no address is worth a line; the store is open by then.
    let refusal = announce().without("REMOTE_ADDR").without_standard_error().refusal();
    assert!(refusal.contains("cannot see your address"), "{refusal}");
    let check = tracker.run(&["store", "check"]);
    assert_eq!((check.status, check.errors.as_str()), (0, ""), "{check:?}");
}

#[test]
fn a_reader_that_has_gone_is_no_reason_to_be_killed() {
    let tracker = Installation::listed();
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let output = tracker.command(&["config", "default"]).stdout(writer).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn arguments_arrive_as_they_are() {
    let tracker = Installation::listed();
    let ran = tracker.run(&["--config", "no such file\u{e4}", "config", "check"]);
    assert_eq!(ran.status, 1);
    assert!(ran.errors.contains("no such file\u{e4}"), "{ran:?}");
    let output = Command::new(executable()).env_clear().stdin(Stdio::null()).output();
    assert_eq!(output.expect("it runs").status.code(), Some(2), "no arguments at all");
}
