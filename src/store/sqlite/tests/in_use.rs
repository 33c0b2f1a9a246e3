//! Files that are broken, replaced, full or held while they are in use.

use super::*;

#[test]
fn a_file_that_breaks_is_recreated_and_the_announce_is_not_lost() {
    let home = tempfile::tempdir().unwrap();
    let options = options(&home);
    let mut store = SqliteStore::open(&options).unwrap();
    announce(&mut store, 1, NOON);
    drop(store);
    let mut store = SqliteStore::open(&options).unwrap();
    let mut content = fs::read(&options.file.path).unwrap();
    content[200..].fill(0xff);
    fs::write(&options.file.path, &content).unwrap();
    announce(&mut store, 2, NOON);
    assert_eq!(present(&mut store, NOON), 1);
    assert_eq!(moved_aside(&options).len(), 1);
    announce(&mut SqliteStore::open(&options).unwrap(), 3, NOON);
    assert_eq!(present(&mut store, NOON), 2);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_row_that_holds_nonsense_or_is_missing_breaks_the_file_too() {
    let changes = [
        "UPDATE peer SET addresses = 'text', role = 7",
        "DELETE FROM store",
        "DROP TABLE endpoint",
        "ALTER TABLE peer RENAME COLUMN tag TO label",
    ];
    for change in changes {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        let mut store = SqliteStore::open(&options).unwrap();
        // Its statements are prepared and kept from now on.
        (0..3).for_each(|number| announce(&mut store, number, NOON));
        Connection::open(&options.file.path).unwrap().execute_batch(change).unwrap();
        let next = NOON + Seconds(1);
        announce(&mut store, 9, next);
        assert_eq!(present(&mut store, next), 1, "{change}");
        assert_eq!(moved_aside(&options).len(), 1, "{change}");
    }
}

#[test]
fn a_file_that_was_deleted_or_replaced_is_noticed_within_a_second() {
    for settled in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let options = options(&home);
        let mut store = SqliteStore::open(&options).unwrap();
        let announces = if settled { SETTLED } else { 3 };
        (0..announces).for_each(|number| announce(&mut store, number, NOON));
        let generation = store.generation().unwrap();
        fs::remove_file(&options.file.path).unwrap();
        announce(&mut store, 1, NOON + Seconds(1));
        assert_ne!(store.generation().unwrap(), generation, "another file is another generation");
        let mut other = SqliteStore::open(&options).unwrap();
        assert_eq!(store.generation().unwrap(), other.generation().unwrap());
        assert_eq!(present(&mut other, NOON), 1);
        let aside = home.path().join("aside.db");
        fs::rename(&options.file.path, &aside).unwrap();
        let mut replacement = SqliteStore::open(&options).unwrap();
        announce(&mut store, 2, NOON + Seconds(2));
        announce(&mut store, 3, NOON + Seconds(2));
        assert_eq!(present(&mut replacement, NOON), 2);
        assert_eq!(replacement.check().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_deleted_file_never_gets_an_announce_by_its_rollback_journal() {
    let home = tempfile::tempdir().unwrap();
    let options = options(&home);
    let mut store = SqliteStore::open(&options).unwrap();
    announce(&mut store, 1, NOON);
    fs::remove_file(&options.file.path).unwrap();
    announce(&mut store, 2, NOON);
    let mut other = SqliteStore::open(&options).unwrap();
    assert_eq!(present(&mut other, NOON), 1, "also within the same second");
}

#[test]
fn a_full_disk_refuses_the_announce_whole_and_can_be_freed() {
    let home = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&options(&home)).unwrap();
    announce(&mut store, 0, NOON);
    let limit = |store: &SqliteStore, pages: u32| {
        let connection = store.database.as_ref().unwrap();
        connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
    };
    limit(&store, 8);
    let (mut answered, mut refused) = (1, None);
    for number in 1..10_000 {
        match try_announce(&mut store, number, NOON) {
            Ok(_) => answered += 1,
            Err(failure) => {
                refused = Some((number, failure));
                break;
            }
        }
    }
    let (number, failure) = refused.unwrap();
    assert!(failure.to_string().contains("free some space"), "{failure}");
    assert_eq!(present(&mut store, NOON), answered);
    let counts = store.counts(&[swarm(1)], NOON).unwrap()[0];
    assert_eq!(usize::try_from(counts.leechers).unwrap(), answered);
    let leaves = PeerAnnounce { action: Action::Leave, ..leecher(0) };
    store.announce(&leaves, NOON, WANT, &mut PeerSample::default()).unwrap();
    limit(&store, 1000);
    announce(&mut store, number, NOON);
    assert_eq!(present(&mut store, NOON), answered);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_store_that_others_hold_is_busy_and_then_free_again() {
    let home = tempfile::tempdir().unwrap();
    let options = options(&home);
    let mut store = SqliteStore::open(&options).unwrap();
    let connection = store.database.as_ref().unwrap();
    connection.busy_timeout(std::time::Duration::from_millis(10)).unwrap();
    let holder = Connection::open(&options.file.path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failure = try_announce(&mut store, 1, NOON).unwrap_err();
    assert!(matches!(failure, StoreError::WouldWait { .. }), "{failure:?}");
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(present(&mut store, NOON), 0);
    announce(&mut store, 1, NOON);
}

#[test]
fn on_an_event_loop_it_is_not_waited_for_and_nothing_is_in_it() {
    let home = tempfile::tempdir().unwrap();
    let options = options(&home);
    let mut store = SqliteStore::open(&options).unwrap();
    announce(&mut store, 0, NOON);
    let holder = Connection::open(&options.file.path).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    store.set_patience(LOOP_PATIENCE);
    let started = Instant::now();
    for number in 1..100 {
        let refused = try_announce(&mut store, number, NOON).unwrap_err();
        assert!(matches!(refused, StoreError::WouldWait { .. }), "{refused:?}");
    }
    let several = [(leecher(1), WANT), (leecher(2), WANT)];
    let mut samples = vec![PeerSample::default(); 2];
    let refused = store.announce_many(&several, NOON, &mut samples).unwrap_err();
    assert!(matches!(refused, StoreError::WouldWait { .. }), "{refused:?}");
    let mut unopened = SqliteOptions::new(options.file.path.clone(), EXPIRY);
    unopened.file.patience = LOOP_PATIENCE;
    let refused = SqliteStore::open(&unopened).err().unwrap();
    assert!(matches!(refused, StoreError::WouldWait { .. }), "{refused:?}");
    let waited = started.elapsed();
    eprintln!("101 tries took {waited:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    holder.execute_batch("ROLLBACK").unwrap();
    announce(&mut store, 1, NOON);
    assert_eq!(present(&mut store, NOON), 2, "at once, and what was refused is not there");
}

#[test]
fn the_journal_suits_those_who_use_the_file() {
    let home = tempfile::tempdir().unwrap();
    let options = options(&home);
    let mut first = SqliteStore::open(&options).unwrap();
    (1..SETTLED).for_each(|number| announce(&mut first, number, NOON));
    assert!(!logs_ahead(&options.file.path), "nobody is known to stay");
    announce(&mut first, SETTLED, NOON);
    assert!(logs_ahead(&options.file.path), "one process stays");
    let mut second = SqliteStore::open(&options).unwrap();
    (0..=SETTLED).for_each(|number| announce(&mut second, number, NOON));
    announce(&mut SqliteStore::open(&options).unwrap(), 1000, NOON);
    drop(first);
    assert!(logs_ahead(&options.file.path), "another one stays");
    drop(second);
    assert!(!logs_ahead(&options.file.path), "all are gone");
    let mut last = SqliteStore::open(&options).unwrap();
    assert_eq!(present(&mut last, NOON), usize::try_from(SETTLED).unwrap() + 2);
}
