//! Which journal a file has: what a CGI needs, or what a process needs that keeps the file open.
//!
//! Measured on one machine, announces a second of processor time, in /dev/shm and on ext4, with
//! `synchronous = OFF`:
//!
//! | journal | kept open | opened again | opened again while another keeps it open |
//! |---|---|---|---|
//! | write-ahead log | 17,600; 19,500 | 2,100; 1,600 | 4,100; 3,900 |
//! | rollback, deleted | 7,700; 7,100 | 2,900; 2,800 | 2,900; 2,800 |
//!
//! Whoever closes a write-ahead log last must copy it back, which a CGI would do each time. Both
//! kinds of process may use one file, so it has a rollback journal until a process has kept it open
//! for a while, and gets it back when the last such process ends.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use rusqlite::Connection;

use crate::platform::random::Random;

/// Pages that a process keeps in memory once it is known to stay, in KiB, as SQLite wants it.
const CACHE: &str = "PRAGMA cache_size = -16384";

/// Numbers of file systems (`statfs`, linux/magic.h) that several hosts may write at once. They
/// share no memory, which a write-ahead log needs.
const SHARED_BETWEEN_HOSTS: [i64; 11] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2
    0x6573_5546, // FUSE, of which sshfs and GlusterFS are made
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x4750_4653, // GPFS
    0x0116_1970, // GFS 2
    0x7461_636f, // OCFS 2
    0x0102_1997, // 9P
];

/// Suits the file to a process that keeps it open. Where that cannot be, all stays as it is.
pub(super) fn settle(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    connection.execute_batch(CACHE)?;
    if mode(connection, "PRAGMA journal_mode")? == "wal" {
        return Ok(());
    }
    if is_shared_between_hosts(path) || !can_log_ahead(path) {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            crate::info!(
                "the peer store {} stays with a rollback journal, which is slower: \
                 its file system has no shared memory",
                path.display()
            );
        });
        return Ok(());
    }
    mode(connection, "PRAGMA journal_mode = WAL").map(drop)
}

/// Suits the file to processes that come and go, unless others keep it open.
pub(super) fn unsettle(connection: &Connection) {
    // It fails when there are such others, and they will do it.
    let _ = connection.busy_timeout(Duration::ZERO);
    let _ = mode(connection, "PRAGMA journal_mode = DELETE");
}

fn mode(connection: &Connection, pragma: &str) -> rusqlite::Result<String> {
    connection.query_row(pragma, [], |row| row.get(0))
}

fn is_shared_between_hosts(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    let mut about = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: `path` ends with a NUL and `about` has room for the answer; both live long enough.
    let failed = unsafe { libc::statfs(path.as_ptr(), about.as_mut_ptr()) } != 0;
    if failed {
        return false;
    }
    // SAFETY: the call succeeded, so it has filled the structure.
    let about = unsafe { about.assume_init() };
    // The kernel's numbers have 32 bits, whatever a C library's type for them is.
    let kind = i128::from(about.f_type) & 0xffff_ffff;
    SHARED_BETWEEN_HOSTS.into_iter().any(|number| kind == number.into())
}

/// Whether a write-ahead log works there. Asked of a file of no value: SQLite would switch the store
/// over and notice too late.
fn can_log_ahead(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".trial-{:016x}", Random::new().bits()));
    let trial = PathBuf::from(name);
    let works = log_ahead(&trial).is_ok_and(|works| works);
    for ending in ["", "-journal", "-wal", "-shm"] {
        let mut name = trial.as_os_str().to_owned();
        name.push(ending);
        // It is not there if all went well.
        let _ = std::fs::remove_file(name);
    }
    works
}

fn log_ahead(trial: &Path) -> rusqlite::Result<bool> {
    let connection = Connection::open(trial)?;
    let mode = mode(&connection, "PRAGMA journal_mode = WAL")?;
    connection.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE trial(works)")?;
    Ok(mode == "wal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ahead_log_is_tried_before_it_is_used() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("peers.db");
        assert!(can_log_ahead(&path));
        assert_eq!(home.path().read_dir().unwrap().count(), 0, "the trial leaves nothing behind");
        assert!(!can_log_ahead(&home.path().join("missing/peers.db")));
    }

    #[test]
    fn a_local_file_system_is_not_taken_for_a_network_s() {
        assert!(!is_shared_between_hosts(&std::env::temp_dir()));
        assert!(!is_shared_between_hosts(Path::new("/there/is/no/such/file")));
    }
}
