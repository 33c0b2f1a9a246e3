//! The first administrator, made in the browser by who can read the data folder.

use std::fs;
use std::path::PathBuf;

use super::site;
use crate::harness::admin::{Admin, PASSWORD};
use crate::harness::installation::Installation;

/// The token of a site, if there is one.
fn token(tracker: &Installation) -> Option<(String, PathBuf)> {
    let mut files = fs::read_dir(tracker.path("data")).expect("a folder");
    files.find_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name()?.to_str()?.strip_prefix("setup-")?.to_owned();
        Some((name, path))
    })
}

/// Somebody at a web server that does not show the data.
fn visitor(tracker: &Installation) -> Admin<'_> {
    let mut admin = Admin::new(tracker);
    admin.set("DOCUMENT_ROOT", tracker.path("www").to_str().expect("a path"));
    admin
}

fn make(admin: &mut Admin<'_>, token: &str, name: &str, password: &str) -> u16 {
    let fields = [("setup", token), ("name", name), ("password", password), ("again", password)];
    admin.fill_in("setup", &fields).status
}

#[test]
fn whoever_reads_the_data_folder_makes_the_first_administrator_and_nobody_a_second_one() {
    let tracker = site();
    let (digits, path) = token(&tracker).expect("a token");
    let mut admin = visitor(&tracker);
    assert!(admin.page("login").contains("href=\"setup\""));
    let wrong = digits.chars().rev().collect::<String>();
    assert_eq!(make(&mut admin, &wrong, "ingrid", PASSWORD), 422);
    assert_eq!(make(&mut admin, &digits, "", PASSWORD), 422);
    assert_eq!(make(&mut admin, &digits, "ingrid", "short"), 422);
    assert!(path.exists(), "it was not used up");
    assert_eq!(make(&mut admin, &digits, "ingrid", PASSWORD), 303);
    assert!(!path.exists());
    assert!(admin.page("").contains("<bdi>ingrid</bdi>"), "and is signed in");
    let mut other = Admin::new(&tracker);
    assert_eq!(other.get("setup").status, 404);
    assert!(!other.page("login").contains("href=\"setup\""));
    fs::write(tracker.path("data/new-setup"), "").expect("a file");
    tracker.refresh();
    assert!(token(&tracker).is_none(), "there is an administrator");
    assert!(!admin.log.contains(&digits) && !admin.log.contains(PASSWORD));
}

#[test]
fn a_form_that_was_not_seen_makes_nobody() {
    let tracker = site();
    let (digits, _) = token(&tracker).expect("a token");
    let mut admin = visitor(&tracker);
    let fields = [
        ("token", "x"),
        ("setup", &digits),
        ("name", "a"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    assert_eq!(admin.send_form("setup", &fields).status, 403);
    assert!(token(&tracker).is_some());
}

#[test]
fn a_new_token_is_made_for_who_wants_one_and_an_old_one_counts_for_nothing() {
    let tracker = site();
    let (digits, path) = token(&tracker).expect("a token");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 3600);
    fs::File::options().write(true).open(&path).expect("it").set_modified(old).expect("a time");
    let mut admin = visitor(&tracker);
    assert_eq!(admin.get("setup").status, 404);
    fs::write(tracker.path("data/new-setup"), "").expect("a file");
    assert_eq!(admin.get("setup").status, 200);
    let (renewed, _) = token(&tracker).expect("another one");
    assert_ne!(renewed, digits);
    assert_eq!(make(&mut admin, &digits, "ingrid", PASSWORD), 422);
    assert_eq!(make(&mut admin, &renewed, "ingrid", PASSWORD), 303);
}

#[test]
fn a_site_that_was_there_before_has_no_administration_until_its_owner_wants_one() {
    let tracker = site();
    let (_, path) = token(&tracker).expect("a token");
    fs::remove_file(path).expect("it goes");
    let old = include_bytes!("../../src/catalog/fixtures/catalog-6.db");
    fs::write(tracker.path("data/catalog.db"), old).expect("a catalogue of before");
    tracker.refresh();
    assert!(token(&tracker).is_none());
    let mut admin = visitor(&tracker);
    assert_eq!(admin.get("setup").status, 404);
    assert!(!admin.page("login").contains("href=\"setup\""));
    fs::write(tracker.path("data/new-setup"), "").expect("a file");
    assert_eq!(admin.get("setup").status, 200);
}

#[test]
fn where_the_administration_is_off_there_is_nothing() {
    let tracker = Installation::new(&["admin.enabled = false"]);
    tracker.refresh();
    assert!(token(&tracker).is_none());
    let mut admin = visitor(&tracker);
    for path in ["", "login", "setup", "admin.css"] {
        assert_eq!(admin.get(path).status, 404, "{path}");
    }
}

/// The document root is the folder of the installation: nobody can tell whether the data is shown.
#[test]
fn nobody_is_made_while_strangers_may_read_the_token() {
    let tracker = site();
    let (digits, _) = token(&tracker).expect("a token");
    let mut admin = visitor(&tracker);
    admin.set("DOCUMENT_ROOT", tracker.path("").to_str().expect("a path"));
    assert_eq!(make(&mut admin, &digits, "ingrid", PASSWORD), 422);
    admin.set("DOCUMENT_ROOT", tracker.path("www").to_str().expect("a path"));
    assert_eq!(make(&mut admin, &digits, "ingrid", PASSWORD), 303);
}

#[test]
fn after_an_upgrade_pages_are_there_before_the_first_refresh() {
    let tracker = Installation::new(&["paths.pages = '../www'"]);
    let old = include_bytes!("../../src/catalog/fixtures/catalog-6.db");
    fs::write(tracker.path("data/catalog.db"), old).expect("a catalogue of before");
    let mut admin = visitor(&tracker);
    let page = admin.page("login");
    assert!(!page.contains("href=\"setup\""), "{page}");
    assert_eq!(admin.get("setup").status, 404);
    assert!(token(&tracker).is_none());
    let fields = [("name", "ingrid"), ("password", PASSWORD)];
    assert_eq!(admin.fill_in("login", &fields).status, 403);
}
