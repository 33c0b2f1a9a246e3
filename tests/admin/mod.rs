//! The administration, through the real gateway.

mod account;
mod add;
mod appearance;
mod bans;
mod client_rules;
mod farm;
mod in_a_browser;
mod mail;
mod peers;
mod people;
mod restarted;
mod setup;
mod sign_in;
mod strangers;
mod switches;
mod tokens;
mod torrents;
mod two_browsers;
mod users;
mod walk;
mod window;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use tracker_cgi::catalog::{Role, User, UserName};

use crate::harness::admin::{Admin, PASSWORD, catalog};
use crate::harness::installation::{Installation, Ran};

/// An installation that has refreshed, and its first administrator.
fn site() -> Installation {
    let tracker = Installation::new(&["paths.pages = '../www'"]);
    tracker.refresh();
    tracker
}

/// An administrator who has signed in.
fn administrator(tracker: &Installation) -> Admin<'_> {
    Admin::signed_in(tracker, "ingrid", Role::Administrator)
}

/// Runs a command that reads a line from standard input.
fn run_with_input(tracker: &Installation, arguments: &[&str], line: &str) -> Ran {
    let mut process = tracker
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // What is refused early need not be read.
    let _ = writeln!(process.stdin.take().expect("standard input"), "{line}");
    Ran::from(process.wait_with_output().expect("it ends"))
}

/// Makes a user whose password is known.
fn add(tracker: &Installation, name: &str) {
    run_with_input(tracker, &["user", "add", name, "--password-stdin"], PASSWORD).done();
}

/// The user of a name.
fn user(tracker: &Installation, name: &str) -> User {
    let name = UserName::parse(name).expect("a name");
    catalog(tracker).user_named(&name).expect("a catalogue").expect("a user")
}

/// What stands in a text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} behind {before}")).0
}

/// Asserts that nothing below the data folder, the audit list included, has any of these secrets.
fn assert_kept_nowhere(tracker: &Installation, log: &str, secrets: &[&str]) {
    let mut files = 0;
    look_into(&tracker.path("data"), &mut |path, content| {
        files += 1;
        for secret in secrets {
            let found = content.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    });
    assert!(files > 1);
    secrets.iter().for_each(|secret| assert!(!log.contains(secret), "{secret} is in the log"));
}

fn look_into(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => look_into(&path, look),
            false => look(&path, &fs::read(&path).expect("a file")),
        }
    }
}
