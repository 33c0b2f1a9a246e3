//! The figures of a torrent over all lives of the peer store, and how they are carried there.
//!
//! A peer store may be lost and made anew; its counters then start from zero under another name. The
//! catalogue remembers which counters of which life its totals already hold, so that carrying the
//! same counters again, or after a kill half-way, adds nothing twice.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::count::Count;
use super::torrents::{Columns, carried_of, totals_of};
use super::{Catalog, CatalogError};
use crate::protocol::{InfoHash, Timestamp};

/// The figures of one torrent over all lives of the peer store. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
}

/// The counters of one life of the peer store that are in the totals already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The life.
    pub store: u64,
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
    /// Expired peers; not in the totals, but a measure of the period.
    pub expired: u64,
}

/// The figures at the last refresh, from which the next one takes its average rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Bytes as they were shown: the totals, and the live peers' bytes.
    pub transferred: u64,
    /// Completed downloads as they were shown.
    pub completed: u64,
}

/// What a peer store has counted for one torrent since that store's life began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounters {
    /// Completed downloads.
    pub completed: u64,
    /// Uploaded bytes of peers that left or expired.
    pub uploaded: u64,
    /// Downloaded bytes of peers that left or expired.
    pub downloaded: u64,
    /// Expired peers.
    pub expired: u64,
}

/// What a refresh found out about one torrent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshRecord {
    /// The torrent, by its canonical info-hash.
    pub info_hash: InfoHash,
    /// The store's counters.
    pub counters: StoreCounters,
    /// The basis of the next average rate.
    pub period: Period,
}

/// Adds to the totals what `counters`, of the life `store`, hold beyond what was carried before.
///
/// Counters that went back, as after the store forgot the swarm, add nothing and are the new basis.
#[must_use]
pub fn carry(
    totals: Totals,
    carried: Carried,
    store: u64,
    counters: StoreCounters,
) -> (Totals, Carried) {
    let before = if carried.store == store { carried } else { Carried::default() };
    let add = |total: u64, now: u64, then: u64| total.saturating_add(now.saturating_sub(then));
    let totals = Totals {
        completed: add(totals.completed, counters.completed, before.completed),
        uploaded: add(totals.uploaded, counters.uploaded, before.uploaded),
        downloaded: add(totals.downloaded, counters.downloaded, before.downloaded),
    };
    let StoreCounters { completed, uploaded, downloaded, expired } = counters;
    (totals, Carried { store, completed, uploaded, downloaded, expired })
}

impl Catalog {
    /// Carries the counters of the life `store` into the totals and marks the refresh, all or nothing.
    /// Torrents that are not in the catalogue are ignored. Only one refresh may be on its way: older
    /// counters after newer ones would later be added again.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was carried.
    pub fn record_refresh(
        &mut self,
        at: Timestamp,
        store: u64,
        records: &[RefreshRecord],
    ) -> Result<(), CatalogError> {
        self.write("write the totals into", |transaction| {
            let mut select = transaction.prepare(SELECT_TOTALS)?;
            for record in records {
                let known = select
                    .query_row([record.info_hash.0], |row| {
                        let mut row = Columns::of(row);
                        Ok((totals_of(&mut row)?, carried_of(&mut row)?))
                    })
                    .optional()?;
                let Some((totals, carried)) = known else { continue };
                let (totals, carried) = carry(totals, carried, store, record.counters);
                update(transaction, record.info_hash, totals, carried, record.period)?;
            }
            transaction.execute(MARK_REFRESH, [Count(at.0)])?;
            Ok(())
        })
    }

    /// Sets a torrent's totals to nothing. The counters of the life `store` must be at nothing too, and
    /// `period` say what is shown then.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn reset_totals(
        &mut self,
        info_hash: InfoHash,
        store: u64,
        period: Period,
    ) -> Result<(), CatalogError> {
        self.write("reset the totals in", |transaction| {
            let carried = Carried { store, ..Carried::default() };
            update(transaction, info_hash, Totals::default(), carried, period)
        })
    }

    /// When a refresh was recorded last; `None` before the first.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn last_refresh(&self) -> Result<Option<Timestamp>, CatalogError> {
        let at = |row: &Row<'_>| row.get(0).map(|Count(at)| Timestamp(at));
        self.connection
            .query_row("SELECT at FROM last_refresh", [], at)
            .optional()
            .map_err(self.failed("read the last refresh from"))
    }
}

fn update(
    transaction: &Transaction<'_>,
    info_hash: InfoHash,
    totals: Totals,
    carried: Carried,
    period: Period,
) -> rusqlite::Result<()> {
    transaction.prepare_cached(UPDATE_TOTALS)?.execute(named_params! {
        ":info_hash": info_hash.0,
        ":completed": Count(totals.completed),
        ":uploaded": Count(totals.uploaded),
        ":downloaded": Count(totals.downloaded),
        ":carried_store": carried.store.cast_signed(),
        ":carried_completed": Count(carried.completed),
        ":carried_uploaded": Count(carried.uploaded),
        ":carried_downloaded": Count(carried.downloaded),
        ":carried_expired": Count(carried.expired),
        ":period_transferred": Count(period.transferred),
        ":period_completed": Count(period.completed),
    })?;
    Ok(())
}

const SELECT_TOTALS: &str = "
    SELECT completed, uploaded, downloaded,
        carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired
    FROM torrents WHERE info_hash = ?1";

const UPDATE_TOTALS: &str = "
    UPDATE torrents SET
        completed = :completed, uploaded = :uploaded, downloaded = :downloaded,
        carried_store = :carried_store, carried_completed = :carried_completed,
        carried_uploaded = :carried_uploaded, carried_downloaded = :carried_downloaded,
        carried_expired = :carried_expired,
        period_transferred = :period_transferred, period_completed = :period_completed
    WHERE info_hash = :info_hash";

const MARK_REFRESH: &str = "
    INSERT INTO last_refresh (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Torrent;
    use crate::catalog::samples::{hash, new_catalog, scan, scanned};

    fn counters(completed: u64, uploaded: u64, downloaded: u64, expired: u64) -> StoreCounters {
        StoreCounters { completed, uploaded, downloaded, expired }
    }

    fn record(number: u32, counters: StoreCounters) -> RefreshRecord {
        let period = Period { transferred: counters.uploaded, completed: 90 };
        RefreshRecord { info_hash: hash(number), counters, period }
    }

    fn torrent(catalog: &Catalog, number: u32) -> Torrent {
        catalog.torrent(hash(number)).unwrap().unwrap()
    }

    /// One refresh: what was counted since the one before, whether the store was lost in between, and
    /// how often the refresh is repeated.
    fn refreshes() -> impl Strategy<Value = Vec<([u64; 4], bool, usize)>> {
        let growth = prop::array::uniform4(prop_oneof![0..5_u64, 0..u64::MAX / 64]);
        prop::collection::vec((growth, prop::bool::weighted(0.3), 1..4_usize), 0..24)
    }

    proptest! {
        #[test]
        fn totals_are_the_sum_of_what_was_counted_however_often_it_is_carried(
            refreshes in refreshes(), first_store in any::<u64>(),
        ) {
            let (mut totals, mut carried) = (Totals::default(), Carried::default());
            let (mut store, mut counted) = (first_store, [0_u64; 4]);
            let mut sums = [0_u64; 4];
            for (growth, lost, repeats) in refreshes {
                if lost {
                    (store, counted) = (store.wrapping_add(1), [0; 4]);
                }
                for place in 0..4 {
                    counted[place] += growth[place];
                    sums[place] += growth[place];
                }
                let [completed, uploaded, downloaded, expired] = counted;
                for _ in 0..repeats {
                    let now = counters(completed, uploaded, downloaded, expired);
                    (totals, carried) = carry(totals, carried, store, now);
                }
                prop_assert_eq!([totals.completed, totals.uploaded, totals.downloaded], &sums[..3]);
                prop_assert_eq!(carried, Carried { store, completed, uploaded, downloaded, expired });
            }
        }
    }

    #[test]
    fn totals_saturate() {
        let full = Totals { completed: u64::MAX - 1, ..Default::default() };
        let (totals, _) = carry(full, Carried::default(), 1, counters(5, 0, 0, 0));
        assert_eq!(totals.completed, u64::MAX);
    }

    #[test]
    fn counters_that_went_back_add_nothing_and_count_from_there() {
        let (totals, carried) =
            carry(Totals::default(), Carried::default(), 1, counters(5, 0, 0, 0));
        let (totals, carried) = carry(totals, carried, 1, counters(0, 0, 0, 0));
        assert_eq!(totals.completed, 5);
        let (totals, _) = carry(totals, carried, 1, counters(2, 0, 0, 0));
        assert_eq!(totals.completed, 7);
    }

    #[test]
    fn a_refresh_is_recorded_once_however_often_it_is_repeated() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 1);
        assert_eq!(catalog.last_refresh().unwrap(), None);
        let records = [record(1, counters(3, 10, 20, 4)), record(9, counters(1, 1, 1, 1))];
        // A store's name uses all 64 bits.
        let store = u64::MAX - 1;
        for at in [100, 200] {
            catalog.record_refresh(Timestamp(at), store, &records).unwrap();
            let torrent = torrent(&catalog, 1);
            assert_eq!(torrent.totals, Totals { completed: 3, uploaded: 10, downloaded: 20 });
            let carried = Carried { store, completed: 3, uploaded: 10, downloaded: 20, expired: 4 };
            assert_eq!(torrent.carried, carried);
            assert_eq!(torrent.period, Period { transferred: 10, completed: 90 });
            assert_eq!(catalog.last_refresh().unwrap(), Some(Timestamp(at)));
        }
        assert_eq!(torrent(&catalog, 2).totals, Totals::default());
        assert_eq!(catalog.all_torrents().unwrap().len(), 2, "an unknown torrent was taken in");
    }

    #[test]
    fn a_new_life_of_the_store_counts_on() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        for (store, completed) in [(5, 3), (5, 4), (6, 1), (6, 2)] {
            let records = [record(1, counters(completed, 0, 0, 0))];
            catalog.record_refresh(Timestamp(1), store, &records).unwrap();
        }
        assert_eq!(torrent(&catalog, 1).totals.completed, 6);
    }

    #[test]
    fn counters_beyond_what_sqlite_can_hold_are_clamped_and_not_added_again() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        for _ in 0..2 {
            let records = [record(1, counters(2, u64::MAX, 0, 0))];
            catalog.record_refresh(Timestamp(1), 5, &records).unwrap();
        }
        let totals = torrent(&catalog, 1).totals;
        assert_eq!((totals.completed, totals.uploaded), (2, i64::MAX.cast_unsigned()));
    }

    #[test]
    fn a_refresh_that_fails_half_way_carries_nothing() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 1);
        catalog
            .connection
            .execute_batch(
                "CREATE TEMP TRIGGER full BEFORE UPDATE ON torrents WHEN NEW.completed = 13
                BEGIN SELECT RAISE(ABORT, 'no space'); END",
            )
            .unwrap();
        let records = [record(1, counters(3, 0, 0, 0)), record(2, counters(13, 0, 0, 0))];
        assert!(catalog.record_refresh(Timestamp(100), 5, &records).is_err());
        assert_eq!(torrent(&catalog, 1).totals, Totals::default());
        assert_eq!(catalog.last_refresh().unwrap(), None);
    }
}
