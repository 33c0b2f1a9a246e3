//! The time in front of a line, where nobody else writes one. Web servers and the journal, which read a pipe or a
//! socket, write their own; in a file (a CGI's refresh after its reply, a responder whose output goes to one) it is ours.

use std::fs::File;
use std::os::fd::AsFd as _;

use crate::platform::{clock, date};

/// The time with a space after it where standard error is a file; else nothing.
pub(super) fn stamp() -> String {
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().map(File::from);
    match stderr.and_then(|stderr| stderr.metadata()) {
        Ok(metadata) if metadata.is_file() => format!("{} ", date::rfc_3339(clock::unix_seconds())),
        _ => String::new(),
    }
}
