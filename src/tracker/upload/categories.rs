//! The folders that torrents can be put into.

use crate::platform::order::Order as _;

use std::fs;
use std::path::Path;

/// Folders at most; who has more names none of them in a list.
const MOST: usize = 500;

/// Folders within folders at most.
const DEPTH: usize = 4;

/// The folders below the torrents folder, by their paths such as `linux/iso`, in order. What cannot be read is left out, as
/// are links, and names that scans pass over or no form can send.
#[must_use]
pub fn categories(torrents: &Path) -> Vec<String> {
    let mut found = Vec::new();
    collect(torrents, "", DEPTH, &mut found);
    found.order();
    found
}

fn collect(folder: &Path, path: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if found.len() >= MOST {
            return;
        }
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if depth > 1 {
            collect(&entry.path(), &path, depth - 1, found);
        }
        found.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_and_links_and_hidden_ones_are_not() {
        let torrents = tempfile::tempdir().unwrap();
        for folder in ["b/c", "a", ".hidden/d", "1/2/3/4/5"] {
            fs::create_dir_all(torrents.path().join(folder)).unwrap();
        }
        fs::write(torrents.path().join("file.torrent"), "").unwrap();
        std::os::unix::fs::symlink("/", torrents.path().join("link")).unwrap();
        let expected = ["1", "1/2", "1/2/3", "1/2/3/4", "a", "b", "b/c"];
        assert_eq!(categories(torrents.path()), expected);
        assert_eq!(categories(&torrents.path().join("none")), [""; 0]);
    }
}
