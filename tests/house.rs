//! The house rules: a room uses only what stands below it, and files stay small.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("platform", &[]),
    ("protocol", &[]),
    ("config", &["protocol", "platform"]),
    ("gateway", &["platform"]),
    ("store", &["protocol", "platform"]),
    ("catalog", &["protocol", "platform"]),
    ("tracker", &["store", "catalog", "protocol", "platform", "config"]),
    ("site", &["tracker", "catalog", "gateway", "protocol", "platform", "config"]),
    ("cli", &["site", "tracker", "store", "catalog", "gateway", "protocol", "platform", "config"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// The room a file belongs to: `src/store/mod.rs` and `src/config.rs` alike.
fn room(path: &Path) -> String {
    let inside =
        path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a source");
    let first = inside.components().next().and_then(|part| part.as_os_str().to_str());
    first.expect("a room").trim_end_matches(".rs").to_owned()
}

/// Whether a file, or the folder that it is in, holds the tests of what is above.
fn is_test(path: &Path) -> bool {
    let source =
        path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a source").with_extension("");
    source.components().any(|part| part.as_os_str().to_string_lossy().ends_with("tests"))
}

/// The rooms that a text names after `crate::`.
fn named_rooms(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        })
        .filter(|name| ROOMS.iter().any(|(room, _)| room == name))
        .collect()
}

#[test]
fn a_room_uses_only_what_stands_below_it() {
    let mut broken = Vec::new();
    for path in all_sources() {
        let room = room(&path);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else { continue };
        for named in named_rooms(&fs::read_to_string(&path).unwrap()) {
            if named != room && !allowed.contains(&named.as_str()) {
                broken.push(format!("{} names {named}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_file_says_in_its_first_line_what_it_owns() {
    let silent: Vec<PathBuf> = all_sources()
        .into_iter()
        .filter(|path| !is_test(path))
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn unsafe_stands_only_where_memory_is_mapped_or_the_kernel_called() {
    let allowed = [
        // C starts it.
        "src/main.rs",
        // The allocator, for SQLite.
        "platform/memory.rs",
        "platform/system.rs",
        "platform/privilege.rs",
        "catalog/policy/read.rs",
        "store/sqlite/journal.rs",
        "store/shm/memory.rs",
        "store/shm/mutex.rs",
        "store/shm/shard.rs",
        // For tests only.
        "store/shm/dying.rs",
        "store/shm/processes/worker.rs",
    ];
    let word = ["uns", "afe {"].concat();
    let elsewhere: Vec<PathBuf> = all_sources()
        .into_iter()
        .filter(|path| !is_test(path) && fs::read_to_string(path).unwrap().contains(&word))
        .filter(|path| !allowed.iter().any(|allowed| path.ends_with(allowed)))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}

/// Root does not give files away, which others could have put in their place: it becomes the owner before.
/// But for a socket in a folder of root's.
#[test]
fn nothing_is_given_away() {
    let giving: Vec<PathBuf> = all_sources()
        .into_iter()
        .filter(|path| !is_test(path) && !path.ends_with("src/gateway/listening.rs"))
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().contains("chown(")
        })
        .collect();
    assert!(giving.is_empty(), "{giving:#?}");
}
