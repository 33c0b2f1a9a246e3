//! What a peer store in shared memory needs: files of its own, and room for as much as it may take.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::accounts;
use super::examination::Examination;
use super::outcome::Outcome;
use crate::config::{LoadedConfig, StoreKind};
use crate::platform::file_system::FileSystem;
use crate::site::bytes;
use crate::tracker::StoreSize;

/// What systemd takes for people rather than for services.
const PEOPLE: std::ops::Range<u32> = 1000..60_000;

/// Whose the store's folder and file are, and who else may come in. `None` for a store of another kind.
pub(super) fn files(examination: &Examination<'_>) -> Option<Outcome> {
    let loaded = examination.loaded;
    if loaded.config.store.kind != StoreKind::Shm {
        return None;
    }
    let file = &loaded.config.store.path;
    let folder = file.parent().unwrap_or(Path::new("/"));
    for path in [folder, file] {
        match fs::symlink_metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                return Some(Outcome::told("not there yet; the first announce makes it"));
            }
            Err(problem) => return Some(examination.stopped(path, &problem)),
            Ok(found) => {
                if let Some(wrong) = exposure(path, &found).or_else(|| stranger(loaded, path)) {
                    return Some(wrong);
                }
            }
        }
    }
    let uid = fs::metadata(file).map_or(0, |found| found.uid());
    if is_emptied_by_systemd(file, uid) && Path::new("/run/systemd/system").exists() {
        return Some(Outcome::told(format!(
            "systemd may remove {} whenever user {uid} logs out: set RemoveIPC=no in logind.conf, or \
             run the tracker as a user of the system",
            file.display()
        )));
    }
    Some(Outcome::fine(format!("{} is for {} only", file.display(), accounts::name(uid))))
}

/// What is wrong with the kind or mode of a file or folder.
fn exposure(path: &Path, found: &Metadata) -> Option<Outcome> {
    let path = path.display();
    let mode = found.permissions().mode() & 0o777;
    let private = if found.is_dir() { "700" } else { "600" };
    if found.is_symlink() {
        let remedy = "name what it leads to in `path` of [store]";
        return Some(Outcome::wrong(format!("{path} is a link"), remedy));
    }
    (mode & 0o007 != 0).then(|| {
        Outcome::wrong(
            format!("{path} is open to everybody on this machine (mode {mode:o})"),
            format!("chmod {private} {path}"),
        )
    })
}

/// What is wrong with the owner of a file or folder, which can be made again.
fn stranger(loaded: &LoadedConfig, path: &Path) -> Option<Outcome> {
    let data = loaded.config.paths.catalog.parent()?;
    accounts::stranger(path, data, |_| {
        "as root, remove it, and it is recreated, or choose another `path` in [store]".into()
    })
}

/// Whether systemd takes a file for what a person has left behind (RemoveIPC in logind.conf).
fn is_emptied_by_systemd(file: &Path, uid: u32) -> bool {
    file.starts_with("/dev/shm") && PEOPLE.contains(&uid)
}

/// Whether the store can become as large as it may, and how many peers that is.
pub(super) fn room(examination: &Examination<'_>) -> Option<Outcome> {
    let store = &examination.loaded.config.store;
    if store.kind != StoreKind::Shm {
        return None;
    }
    // What keeps it from being read is said by its own check.
    let size = StoreSize::of(examination.loaded).ok()?;
    let folder = store.path.ancestors().skip(1).find(|folder| folder.exists())?;
    Some(match FileSystem::of(folder) {
        Ok(place) => judge(store.max_size.0, size, folder, place, memory_left()),
        Err(problem) => examination.stopped(folder, &problem),
    })
}

/// Judges a limit by what there is: the store, where there is one already, and what the machine has left
/// of memory, where that is known.
fn judge(
    limit: u64,
    size: Option<StoreSize>,
    folder: &Path,
    place: FileSystem,
    memory: Option<u64>,
) -> Outcome {
    let text = |count| bytes(count, 2);
    let folder = folder.display();
    let room = size.and_then(|size| size.room);
    let holds = room.map_or_else(String::new, |room| format!(", about {room} peers"));
    // What it has taken already is its own.
    let taken = size.map_or(0, |size| size.bytes);
    let free = place.free.saturating_add(taken);
    let memory = memory.map(|memory| memory.saturating_add(taken));
    if limit > free {
        return Outcome::wrong(
            format!("max_size is {}, and {folder} has room for {} only", text(limit), text(free)),
            "lower max_size in [store], or enlarge that file system (mount -o remount,size=…; a container's \
             with --shm-size)",
        );
    }
    let peers = size.map_or(0, |size| size.peers);
    if let Some(room) = room.filter(|room| peers > room / 10 * 9) {
        return Outcome::told(format!(
            "nearly full: {peers} peers of about {room}; raise max_size"
        ));
    }
    if !place.is_memory {
        return Outcome::told(format!(
            "{folder} is on a disk, which is then written to all the time; a folder in /dev/shm is faster"
        ));
    }
    match memory.filter(|&memory| limit > memory) {
        Some(memory) => Outcome::told(format!(
            "max_size is {}, and the machine has {} of memory left; a full store would make it swap",
            text(limit),
            text(memory)
        )),
        None => Outcome::fine(format!("up to {}{holds}; {} are free", text(limit), text(free))),
    }
}

/// Bytes of memory that programs could still have.
fn memory_left() -> Option<u64> {
    available(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn available(meminfo: &str) -> Option<u64> {
    let value = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn size(room: Option<u64>, peers: u64) -> StoreSize {
        StoreSize { bytes: 10 * MIB, peers, room }
    }

    fn place(free: u64) -> FileSystem {
        FileSystem { free, is_memory: true }
    }

    fn judged(limit: u64, size: StoreSize, place: FileSystem, memory: Option<u64>) -> Outcome {
        judge(limit, Some(size), Path::new("/dev/shm/tracker.d"), place, memory)
    }

    #[test]
    fn a_limit_beyond_the_file_system_is_wrong_and_up_to_it_is_fine() {
        let small = |limit| judged(limit, size(Some(1000), 1), place(50 * MIB), None);
        let wrong = small(61 * MIB);
        assert!(wrong.is_wrong(), "61 MiB do not fit into 60");
        let text = wrong.text();
        assert!(
            text.contains("max_size is 61.00 MiB") && text.contains("60.00 MiB only"),
            "{text}"
        );
        // What the store has is its own.
        let fine = "up to 60.00 MiB, about 1000 peers; 60.00 MiB are free";
        assert_eq!(small(60 * MIB), Outcome::fine(fine));
        let new = judge(MIB, None, Path::new("/dev/shm"), place(2 * MIB), None);
        assert_eq!(new, Outcome::fine("up to 1.00 MiB; 2.00 MiB are free"));
    }

    #[test]
    fn what_an_owner_should_know_is_noted() {
        let noted = |size, place, memory| match judged(40 * MIB, size, place, memory) {
            Outcome::Note(text) => text,
            other => panic!("{other:?}"),
        };
        let full = noted(size(Some(1000), 901), place(MIB << 10), None);
        assert_eq!(full, "nearly full: 901 peers of about 1000; raise max_size");
        let disk = FileSystem { is_memory: false, ..place(MIB << 10) };
        assert!(noted(size(None, 1), disk, None).contains("on a disk"));
        let little = noted(size(None, 1), place(MIB << 10), Some(29 * MIB));
        assert!(little.contains("39.00 MiB of memory left"), "{little}");
    }

    #[test]
    fn the_memory_left_is_what_the_kernel_says() {
        let text =
            "MemTotal:       49377628 kB\nMemFree: 1 kB\nMemAvailable:   12 kB\nBuffers: 5 kB\n";
        assert_eq!(available(text), Some(12 * 1024));
        assert_eq!(available("MemTotal: 5 kB\n"), None);
        assert!(memory_left().is_some_and(|bytes| bytes > MIB));
    }

    #[test]
    fn systemd_removes_what_people_have_in_its_reach() {
        let peers = Path::new("/dev/shm/tracker.d/peers");
        assert!(is_emptied_by_systemd(peers, 1000));
        assert!(!is_emptied_by_systemd(peers, 33) && !is_emptied_by_systemd(peers, 0));
        assert!(!is_emptied_by_systemd(Path::new("/run/tracker/peers"), 1000));
    }
}
