//! The house rules: a room uses only what stands below it, modules do not go in circles, files stay small,
//! `unsafe` stands where it must.

mod paths;
mod sources;

use paths::{House, circles};
use sources::{Source, sources};

/// Each room and the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("platform", &[]),
    ("protocol", &[]),
    ("config", &["protocol", "platform"]),
    ("gateway", &["platform"]),
    ("store", &["protocol", "platform"]),
    ("catalog", &["protocol", "platform"]),
    ("accounts", &["catalog", "protocol", "platform", "config"]),
    ("tracker", &["store", "catalog", "protocol", "platform", "config"]),
    ("site", &["tracker", "accounts", "catalog", "gateway", "protocol", "platform", "config"]),
    (
        "cli",
        &[
            "site", "tracker", "accounts", "store", "catalog", "gateway", "protocol", "platform",
            "config",
        ],
    ),
];

/// Lines of a file at most.
const LONGEST: usize = 500;

/// What the operating system and the hardware give, and the formats that several processes change at once.
const UNSAFE_FILES: &[&str] = &[
    // C starts it.
    "src/main.rs",
    // The allocator, for SQLite.
    "src/platform/memory.rs",
    "src/platform/file_system.rs",
    "src/platform/folder.rs",
    "src/platform/nameless_file.rs",
    // An instruction of the processor.
    "src/platform/prefetch.rs",
    "src/platform/process.rs",
    "src/platform/signals.rs",
    "src/platform/sockets.rs",
    "src/platform/privilege.rs",
    "src/catalog/policy/read.rs",
    "src/store/sqlite/journal.rs",
    "src/store/shm/memory.rs",
    "src/store/shm/mutex.rs",
    "src/store/shm/shard.rs",
];

/// The files of which something is true, for a message.
fn those(is_so: impl Fn(&Source) -> bool) -> Vec<String> {
    let found = sources().into_iter().filter(is_so);
    found.map(|source| source.path.display().to_string()).collect()
}

fn assert_none(files: &[String], what: &str) {
    assert!(files.is_empty(), "{what}: {files:#?}");
}

#[test]
fn a_room_uses_only_what_stands_below_it() {
    let sources = sources();
    let mut broken = Vec::new();
    for (user, used) in House::new(&sources).uses() {
        let [Some(room), Some(other)] = [user.first(), used.first()] else { continue };
        let (_, allowed) = ROOMS.iter().find(|(name, _)| name == room).expect("a room of the plan");
        if room != other && !allowed.contains(&&**other) {
            broken.push(format!("{} uses {}", user.join("/"), used.join("/")));
        }
    }
    assert_none(&broken, "rooms may not use these");
}

#[test]
fn modules_do_not_use_each_other_in_circles() {
    let sources = sources();
    assert_none(&circles(&House::new(&sources).uses()), "these modules use each other");
}

#[test]
fn no_file_is_too_long_to_be_read_at_once() {
    let long = those(|source| source.text.lines().count() > LONGEST);
    assert_none(&long, "more than 500 lines");
}

#[test]
fn every_file_says_in_its_first_line_what_it_owns() {
    assert_none(&those(|source| !source.text.starts_with("//!")), "no line on what it owns");
}

#[test]
fn unsafe_stands_only_where_memory_is_mapped_or_the_kernel_called() {
    let is_used = |source: &Source| {
        let mut words = source.code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| word == "unsafe")
    };
    let elsewhere =
        those(|source| is_used(source) && !UNSAFE_FILES.iter().any(|file| source.is(file)));
    assert_none(&elsewhere, "`unsafe` outside of UNSAFE_FILES");
    let used = those(is_used);
    let needless: Vec<String> = UNSAFE_FILES
        .iter()
        .filter(|file| !used.iter().any(|used| used == *file))
        .map(ToString::to_string)
        .collect();
    assert_none(&needless, "no `unsafe` any more; take them out of UNSAFE_FILES");
}

/// Root does not give files away, which others could have put in their place: it becomes the owner before.
/// But for a socket in a folder of root's.
#[test]
fn nothing_is_given_away() {
    let giving =
        those(|source| source.code.contains("chown(") && !source.is("src/gateway/listening.rs"));
    assert_none(&giving, "gives files away");
}

/// The rules find what they look for.
mod in_a_house_that_breaks_them {
    use super::*;

    fn source(module: &str, code: &str) -> Source {
        let module = module.split('/').map(str::to_owned).collect();
        Source { path: "src".into(), module, text: String::new(), code: code.into() }
    }

    fn circles_of(modules: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> =
            modules.iter().map(|(module, code)| source(module, code)).collect();
        circles(&House::new(&sources).uses())
    }

    #[test]
    fn a_circle_is_found_however_its_paths_are_written() {
        let names = [
            "use super::b::B;",
            "use crate::r::{c, b::{self, B}};",
            "fn f() -> super::b::B {}",
            "use super::B;",
        ];
        for name in names {
            let modules = [
                ("r", "mod a; mod b; mod c; pub use b::B;"),
                ("r/a", name),
                ("r/b", "use super::c::C;"),
                ("r/c", "use super::a::A;"),
            ];
            assert_eq!(circles_of(&modules), ["r: a, b, c"], "{name}");
        }
    }

    #[test]
    fn what_a_folder_holds_counts_for_it() {
        let modules = [
            ("r", "mod a; mod b;"),
            ("r/a", "mod x;"),
            ("r/a/x", "use super::super::b::B;"),
            ("r/b", "use crate::r::a::A;"),
        ];
        assert_eq!(circles_of(&modules), ["r: a, b"]);
    }

    #[test]
    fn a_folder_and_what_is_in_it_are_no_circle() {
        let modules = [
            ("r", "mod a; use a::A; pub struct R;"),
            ("r/a", "use super::R; use super::super::s::S;"),
            ("s", "struct S;"),
        ];
        assert_eq!(circles_of(&modules), <[String; 0]>::default());
    }
}
