//! The catalogue's tables: the steps in which they have come to be, and what SQLite is told about the file.

use rusqlite::Transaction;

/// SQLite's header names the application that a file belongs to: "trca".
pub(super) const APPLICATION_ID: i32 = 0x7472_6361;

/// Step N brings a catalogue of version N to version N + 1. Steps are only ever added.
///
/// Counts are clamped to SQLite's signed 64 bits, a store's generation keeps its bits. Paths are
/// bytes, relative to the torrents folder, since file names need not be UTF-8.
const STEPS: &[&str] = &[
    "
    CREATE TABLE torrents (
        info_hash          BLOB    NOT NULL PRIMARY KEY CHECK (length(info_hash) = 20),
        v1                 BLOB    CHECK (length(v1) = 20),
        v2                 BLOB    CHECK (length(v2) = 32),
        file               BLOB    NOT NULL,
        name               TEXT    NOT NULL,
        size               INTEGER NOT NULL CHECK (size >= 0),
        file_size          INTEGER NOT NULL CHECK (file_size >= 0),
        hidden             INTEGER NOT NULL CHECK (hidden IN (0, 1)),
        private            INTEGER NOT NULL CHECK (private IN (0, 1)),
        info_page          BLOB,
        first_seen         INTEGER NOT NULL CHECK (first_seen >= 0),
        missing_since      INTEGER CHECK (missing_since >= 0),
        completed          INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
        uploaded           INTEGER NOT NULL DEFAULT 0 CHECK (uploaded >= 0),
        downloaded         INTEGER NOT NULL DEFAULT 0 CHECK (downloaded >= 0),
        carried_store      INTEGER NOT NULL DEFAULT 0,
        carried_completed  INTEGER NOT NULL DEFAULT 0 CHECK (carried_completed >= 0),
        carried_uploaded   INTEGER NOT NULL DEFAULT 0 CHECK (carried_uploaded >= 0),
        carried_downloaded INTEGER NOT NULL DEFAULT 0 CHECK (carried_downloaded >= 0),
        carried_expired    INTEGER NOT NULL DEFAULT 0 CHECK (carried_expired >= 0),
        period_transferred INTEGER NOT NULL DEFAULT 0 CHECK (period_transferred >= 0),
        period_completed   INTEGER NOT NULL DEFAULT 0 CHECK (period_completed >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX torrents_by_v1 ON torrents (v1);
    CREATE INDEX torrents_by_v2 ON torrents (substr(v2, 1, 20));
    CREATE TABLE last_refresh (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        at INTEGER NOT NULL CHECK (at >= 0)
    ) STRICT;
",
    // What the owner decides about a torrent stands apart from what a scan found, and wins.
    "
    ALTER TABLE torrents ADD COLUMN file_state BLOB CHECK (length(file_state) = 32);
    CREATE TABLE scan_rules (
        id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        rules TEXT    NOT NULL
    ) STRICT;
    CREATE TABLE decisions (
        info_hash BLOB NOT NULL PRIMARY KEY CHECK (length(info_hash) = 20),
        hidden    INTEGER CHECK (hidden IN (0, 1))
    ) STRICT, WITHOUT ROWID;
    CREATE VIEW effective_torrents AS
        SELECT torrents.info_hash, v1, v2, file, name, size, file_size,
            coalesce(decisions.hidden, torrents.hidden) AS hidden,
            torrents.hidden AS hidden_by_file, decisions.hidden AS hidden_by_decision,
            private, info_page, first_seen, missing_since, completed, uploaded, downloaded,
            carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired,
            period_transferred, period_completed, file_state
        FROM torrents LEFT JOIN decisions ON decisions.info_hash = torrents.info_hash;
",
    // Addresses are 16 bytes, those of IPv4 as IPv6 writes them. Bans that were made one by one are in the list
    // without a name.
    "
    CREATE TABLE bans (
        list   TEXT NOT NULL,
        first  BLOB NOT NULL CHECK (length(first) = 16),
        last   BLOB NOT NULL CHECK (length(last) = 16 AND first <= last),
        reason TEXT NOT NULL,
        until  INTEGER CHECK (until >= 0),
        since  INTEGER NOT NULL CHECK (since >= 0),
        PRIMARY KEY (list, first, last)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE changes (
        number  INTEGER NOT NULL PRIMARY KEY,
        at      INTEGER NOT NULL CHECK (at >= 0),
        who     TEXT NOT NULL,
        what    TEXT NOT NULL,
        subject TEXT NOT NULL,
        before  TEXT
    ) STRICT;
",
    // A torrent that was added by command needs no file: then `file` is empty, and a size of 0 is unknown.
    "
    DROP VIEW effective_torrents;
    ALTER TABLE torrents ADD COLUMN added INTEGER CHECK (added >= 0);
    ALTER TABLE decisions ADD COLUMN title TEXT;
    ALTER TABLE decisions ADD COLUMN description TEXT;
    ALTER TABLE decisions ADD COLUMN category TEXT;
    ALTER TABLE decisions ADD COLUMN group_name TEXT;
    ALTER TABLE decisions ADD COLUMN mirror TEXT;
    ALTER TABLE decisions ADD COLUMN info_url TEXT;
    ALTER TABLE decisions ADD COLUMN crc32 TEXT;
    ALTER TABLE decisions ADD COLUMN md5 TEXT;
    ALTER TABLE decisions ADD COLUMN sha1 TEXT;
    ALTER TABLE decisions ADD COLUMN sha256 TEXT;
    ALTER TABLE decisions ADD COLUMN retired TEXT;
    ALTER TABLE decisions ADD COLUMN link_until INTEGER CHECK (link_until >= 0);
    ALTER TABLE decisions ADD COLUMN list_from INTEGER CHECK (list_from >= 0);
    ALTER TABLE decisions ADD COLUMN list_until INTEGER CHECK (list_until >= 0);
    CREATE TABLE client_rules (
        pattern  TEXT    NOT NULL PRIMARY KEY,
        position INTEGER NOT NULL,
        verdict  TEXT    NOT NULL CHECK (verdict IN ('deny', 'allow')),
        reason   TEXT    NOT NULL,
        since    INTEGER NOT NULL CHECK (since >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE external (
        info_hash  BLOB    NOT NULL CHECK (length(info_hash) = 20),
        tracker    TEXT    NOT NULL,
        approved   INTEGER NOT NULL CHECK (approved IN (0, 1)),
        complete   INTEGER CHECK (complete >= 0),
        incomplete INTEGER CHECK (incomplete >= 0),
        downloaded INTEGER CHECK (downloaded >= 0),
        figures_at INTEGER CHECK (figures_at >= 0),
        asked_at   INTEGER CHECK (asked_at >= 0),
        failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
        fault      TEXT,
        next_at    INTEGER NOT NULL DEFAULT 0 CHECK (next_at >= 0),
        PRIMARY KEY (info_hash, tracker)
    ) STRICT, WITHOUT ROWID;
",
    // How peers were found that somebody tried to connect to. What a sidecar says is as it was read last; `fault` says
    // why it cannot be read now.
    "
    CREATE TABLE tried (
        endpoint     BLOB    NOT NULL PRIMARY KEY CHECK (length(endpoint) = 18),
        at           INTEGER NOT NULL CHECK (at >= 0),
        is_reachable INTEGER CHECK (is_reachable IN (0, 1))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sidecars (
        info_hash   BLOB NOT NULL PRIMARY KEY CHECK (length(info_hash) = 20),
        file_state  BLOB CHECK (length(file_state) = 32),
        fault       TEXT,
        hidden      INTEGER CHECK (hidden IN (0, 1)),
        title       TEXT,
        description TEXT,
        category    TEXT,
        group_name  TEXT,
        mirror      TEXT,
        info_url    TEXT,
        crc32       TEXT,
        md5         TEXT,
        sha1        TEXT,
        sha256      TEXT,
        retired     TEXT,
        link_until  INTEGER CHECK (link_until >= 0),
        list_from   INTEGER CHECK (list_from >= 0),
        list_until  INTEGER CHECK (list_until >= 0)
    ) STRICT, WITHOUT ROWID;
",
    // Whether a torrent has a web seed has to be read of its file.
    //
    // A decision may be that a torrent is not retired, whatever its sidecar says. One that it is not hidden, where nothing
    // else hides it, would win over a sidecar to come. What checksum files say is as it was read last.
    //
    // Rules on clients have a third verdict; a check cannot be changed in place.
    //
    // Most torrents are known by one info-hash only, and need no place in the indexes of the others.
    "
    ALTER TABLE torrents ADD COLUMN web_seed INTEGER NOT NULL DEFAULT 0 CHECK (web_seed IN (0, 1));
    UPDATE torrents SET file_state = NULL WHERE file_state IS NOT NULL;
    ALTER TABLE decisions ADD COLUMN restored INTEGER CHECK (restored = 1);
    ALTER TABLE sidecars ADD COLUMN restored INTEGER CHECK (restored = 1);
    UPDATE decisions SET hidden = NULL WHERE hidden = 0
        AND NOT EXISTS (SELECT 1 FROM torrents
            WHERE torrents.info_hash = decisions.info_hash AND torrents.hidden = 1)
        AND NOT EXISTS (SELECT 1 FROM sidecars
            WHERE sidecars.info_hash = decisions.info_hash AND sidecars.hidden = 1);
    CREATE TABLE checksum_files (
        info_hash  BLOB NOT NULL CHECK (length(info_hash) = 20),
        ending     TEXT NOT NULL,
        file_state BLOB CHECK (length(file_state) = 32),
        fault      TEXT,
        crc32      TEXT,
        md5        TEXT,
        sha1       TEXT,
        sha256     TEXT,
        PRIMARY KEY (info_hash, ending)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE client_rules RENAME TO client_rules_before;
    CREATE TABLE client_rules (
        pattern  TEXT    NOT NULL PRIMARY KEY,
        position INTEGER NOT NULL,
        verdict  TEXT    NOT NULL CHECK (verdict IN ('deny', 'allow', 'hide')),
        reason   TEXT    NOT NULL,
        since    INTEGER NOT NULL CHECK (since >= 0)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO client_rules SELECT pattern, position, verdict, reason, since FROM client_rules_before;
    DROP TABLE client_rules_before;
    DROP INDEX torrents_by_v1;
    DROP INDEX torrents_by_v2;
    CREATE INDEX torrents_by_v1 ON torrents (v1) WHERE v1 <> info_hash;
    CREATE INDEX torrents_by_v2 ON torrents (substr(v2, 1, 20)) WHERE v2 IS NOT NULL;
",
    // People who administer, what they have done, and how a change has left what it was made to. What tells who somebody is
    // stands as digests only; ids are never given twice, because sessions name them.
    "
    ALTER TABLE changes ADD COLUMN after TEXT;
    CREATE TABLE users (
        id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        name           TEXT    NOT NULL,
        name_key       TEXT    NOT NULL UNIQUE,
        role           TEXT    NOT NULL CHECK (role IN ('admin', 'editor', 'viewer', 'member')),
        password       TEXT,
        epoch          INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
        disabled       INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
        language       TEXT,
        totp_secret      BLOB    CHECK (length(totp_secret) = 20),
        totp_last_step INTEGER CHECK (totp_last_step >= 0),
        created        INTEGER NOT NULL CHECK (created >= 0),
        last_login     INTEGER CHECK (last_login >= 0),
        version        INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE groups (
        name_key TEXT    NOT NULL PRIMARY KEY,
        name     TEXT    NOT NULL,
        created  INTEGER NOT NULL CHECK (created >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE user_groups (
        user     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name_key TEXT    NOT NULL REFERENCES groups (name_key) ON DELETE CASCADE,
        PRIMARY KEY (user, name_key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE recovery_codes (
        digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
        user   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE password_codes (
        digest BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
        user   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        until  INTEGER NOT NULL CHECK (until >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        user      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        digest    BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
        label     TEXT    NOT NULL,
        scope     TEXT    NOT NULL,
        created   INTEGER NOT NULL CHECK (created >= 0),
        until     INTEGER CHECK (until >= 0),
        last_used INTEGER CHECK (last_used >= 0)
    ) STRICT;
    CREATE TABLE logins (
        number  INTEGER NOT NULL PRIMARY KEY,
        at      INTEGER NOT NULL CHECK (at >= 0),
        name    TEXT    NOT NULL,
        address TEXT    NOT NULL,
        outcome TEXT    NOT NULL
    ) STRICT;
    CREATE INDEX logins_by_time ON logins (at);
    CREATE TABLE answered (
        token  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        key    TEXT    NOT NULL,
        asked  BLOB    NOT NULL CHECK (length(asked) = 32),
        at     INTEGER NOT NULL CHECK (at >= 0),
        status INTEGER NOT NULL,
        body   BLOB    NOT NULL,
        PRIMARY KEY (token, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE settings (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    // `.torrent` files that the catalogue itself has, apart from what is read of all torrents: so their bytes are read by who
    // wants just them.
    "
    ALTER TABLE torrents ADD COLUMN stored_size INTEGER CHECK (stored_size > 0);
    CREATE TABLE stored_files (
        info_hash BLOB NOT NULL PRIMARY KEY CHECK (length(info_hash) = 20),
        content   BLOB NOT NULL CHECK (length(content) > 0)
    ) STRICT;
",
];

/// Whether a torrent is announced with the info-hash that is the first parameter: found by the key and the two indexes.
pub(super) const IS_ANNOUNCED_AS: &str = "
    (info_hash = ?1 OR (v1 = ?1 AND v1 <> info_hash) OR (substr(v2, 1, 20) = ?1 AND v2 IS NOT NULL))";

/// The version of a catalogue after the last step.
pub(super) const VERSION: usize = STEPS.len();

/// Takes the steps from one version to another, as older executables did.
#[cfg(test)]
pub(super) fn take_steps_to(
    connection: &rusqlite::Connection,
    from: usize,
    to: usize,
) -> rusqlite::Result<()> {
    STEPS[from..to].iter().try_for_each(|step| connection.execute_batch(step))?;
    connection.pragma_update(None, "user_version", i64::try_from(to).unwrap())
}

/// Takes all steps that a catalogue of this version lacks.
pub(super) fn take_steps(transaction: &Transaction<'_>, version: usize) -> rusqlite::Result<()> {
    for step in STEPS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(VERSION).unwrap_or(i64::MAX))
}
