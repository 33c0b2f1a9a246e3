//! What a refresh leaves in the catalogue: the totals that it carried there, and when it was.

use rusqlite::{OptionalExtension, Row, Statement, Transaction, named_params};

use super::changes::{self, Noted};
use super::count::Count;
use super::rows::{Columns, carried_of, period_of, totals_of};
use super::totals::{Carried, Period, StoreCounters, Totals, carry};
use super::{Author, Catalog, CatalogError, Companions, layers};
use crate::protocol::{Generation, InfoHash, Timestamp};

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

impl Catalog {
    /// Carries the counters of this generation of the store into the totals and marks the refresh, all or nothing.
    /// Torrents that are not in the catalogue are ignored. Only one refresh may be on its way: older
    /// counters after newer ones would later be added again.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was carried.
    pub fn record_refresh(
        &mut self,
        at: Timestamp,
        generation: Generation,
        records: &[RefreshRecord],
    ) -> Result<(), CatalogError> {
        self.write("write the totals into", |transaction| {
            let mut known = Known::of(transaction)?;
            for record in records {
                let Some((totals, carried, _)) = known.find(record.info_hash)? else { continue };
                let (totals, carried) = carry(totals, carried, generation, record.counters);
                update(transaction, record.info_hash, totals, carried, record.period)?;
            }
            transaction.execute(MARK_REFRESH, [Count(at.0)])?;
            Ok(())
        })
    }

    /// Carries the counters of this generation of the store into the totals of the torrents that they are of, all or
    /// nothing, as a refresh does.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was carried.
    pub fn carry_over(
        &mut self,
        generation: Generation,
        counters: &[(InfoHash, StoreCounters)],
    ) -> Result<(), CatalogError> {
        self.write("write the totals into", |transaction| {
            let mut known = Known::of(transaction)?;
            for &(info_hash, counters) in counters {
                if let Some((totals, carried, period)) = known.find(info_hash)? {
                    let (totals, carried) = carry(totals, carried, generation, counters);
                    update(transaction, info_hash, totals, carried, period)?;
                }
            }
            Ok(())
        })
    }

    /// Forgets torrents that are missing, and their figures.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn forget_missing(&mut self, torrents: &[InfoHash]) -> Result<(), CatalogError> {
        if torrents.is_empty() {
            return Ok(());
        }
        self.write("remove old torrents from", |transaction| {
            let mut forget = transaction.prepare(FORGET_MISSING)?;
            torrents.iter().try_for_each(|&torrent| {
                if forget.execute([torrent.0])? > 0 {
                    layers::put_companions(transaction, torrent, Companions::NONE)?;
                }
                Ok(())
            })
        })
    }

    /// Sets a torrent's totals to nothing, and notes who did it, and what they were. The counters of this generation of the
    /// store must be at nothing too, and `period` say what is shown then.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn reset_totals(
        &mut self,
        info_hash: InfoHash,
        generation: Generation,
        period: Period,
        author: &Author<'_>,
    ) -> Result<(), CatalogError> {
        self.write("reset the totals in", |transaction| {
            if let Some((Totals { completed, uploaded, downloaded }, ..)) =
                Known::of(transaction)?.find(info_hash)?
            {
                let before = format!(
                    "completed: {completed}; uploaded: {uploaded}; downloaded: {downloaded}"
                );
                let (subject, before) = (info_hash.to_string(), Some(&*before));
                let noted = Noted { what: "reset totals", subject: &subject, before, after: None };
                changes::note(transaction, author, &noted)?;
            }
            let carried = Carried { generation, ..Carried::default() };
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

/// Looks torrents up.
struct Known<'t>(Statement<'t>);

impl<'t> Known<'t> {
    fn of(transaction: &'t Transaction<'_>) -> rusqlite::Result<Self> {
        transaction.prepare(SELECT_TOTALS).map(Self)
    }

    /// What is known of a torrent, by its canonical info-hash.
    fn find(&mut self, info_hash: InfoHash) -> rusqlite::Result<Option<(Totals, Carried, Period)>> {
        let known = self.0.query_row([info_hash.0], |row| {
            let mut row = Columns::of(row);
            Ok((totals_of(&mut row)?, carried_of(&mut row)?, period_of(&mut row)?))
        });
        known.optional()
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
        ":carried_store": carried.generation.0.cast_signed(),
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
        carried_store, carried_completed, carried_uploaded, carried_downloaded, carried_expired,
        period_transferred, period_completed
    FROM torrents WHERE info_hash = ?1";

const UPDATE_TOTALS: &str = "
    UPDATE torrents SET
        completed = :completed, uploaded = :uploaded, downloaded = :downloaded,
        carried_store = :carried_store, carried_completed = :carried_completed,
        carried_uploaded = :carried_uploaded, carried_downloaded = :carried_downloaded,
        carried_expired = :carried_expired,
        period_transferred = :period_transferred, period_completed = :period_completed
    WHERE info_hash = :info_hash";

const FORGET_MISSING: &str =
    "DELETE FROM torrents WHERE info_hash = ?1 AND missing_since IS NOT NULL";

const MARK_REFRESH: &str = "
    INSERT INTO last_refresh (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_refresh_is_recorded_once_however_often_it_is_repeated() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent"), scanned(2, "b.torrent")], 1);
        assert_eq!(catalog.last_refresh().unwrap(), None);
        let records = [record(1, counters(3, 10, 20, 4)), record(9, counters(1, 1, 1, 1))];
        // A generation uses all 64 bits.
        let generation = Generation(u64::MAX - 1);
        for at in [100, 200] {
            catalog.record_refresh(Timestamp(at), generation, &records).unwrap();
            let torrent = torrent(&catalog, 1);
            assert_eq!(torrent.totals, Totals { completed: 3, uploaded: 10, downloaded: 20 });
            let carried =
                Carried { generation, completed: 3, uploaded: 10, downloaded: 20, expired: 4 };
            assert_eq!(torrent.carried, carried);
            assert_eq!(torrent.period, Period { transferred: 10, completed: 90 });
            assert_eq!(catalog.last_refresh().unwrap(), Some(Timestamp(at)));
        }
        assert_eq!(torrent(&catalog, 2).totals, Totals::default());
        assert_eq!(catalog.all_torrents().unwrap().len(), 2, "an unknown torrent was taken in");
    }

    #[test]
    fn figures_of_torrents_that_are_long_gone_are_forgotten_but_no_decisions() {
        let (_folder, mut catalog) = new_catalog();
        let found: Vec<_> =
            (1..=4).map(|number| scanned(number, &format!("{number}.torrent"))).collect();
        scan(&mut catalog, &found, 100);
        let author = crate::catalog::Author { name: "olive", at: Timestamp(150) };
        catalog
            .decide(
                hash(3),
                "retire",
                |it| it.retirement = Some(crate::catalog::Retirement::Retired("old".into())),
                &author,
            )
            .unwrap();
        scan(&mut catalog, &found[..2], 200);
        scan(&mut catalog, &found[..1], 300);
        let list = catalog.list("").unwrap();
        assert_eq!(list.missing_since(Timestamp(199)), []);
        assert_eq!(list.missing_since(Timestamp(200)), [hash(4)], "a retired one stays");
        let mut both = list.missing_since(Timestamp(300));
        both.push(hash(1));
        catalog.forget_missing(&both).unwrap();
        let mut left: Vec<_> =
            catalog.all_torrents().unwrap().iter().map(|it| it.canonical).collect();
        left.sort();
        let mut expected = [hash(1), hash(3)];
        expected.sort();
        assert_eq!(left, expected, "what is there is never forgotten");
    }

    #[test]
    fn a_new_generation_of_the_store_counts_on() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        for (generation, completed) in [(5, 3), (5, 4), (6, 1), (6, 2)] {
            let records = [record(1, counters(completed, 0, 0, 0))];
            catalog.record_refresh(Timestamp(1), Generation(generation), &records).unwrap();
        }
        assert_eq!(torrent(&catalog, 1).totals.completed, 6);
    }

    #[test]
    fn counters_beyond_what_sqlite_can_hold_are_clamped_and_not_added_again() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a.torrent")], 1);
        for _ in 0..2 {
            let records = [record(1, counters(2, u64::MAX, 0, 0))];
            catalog.record_refresh(Timestamp(1), Generation(5), &records).unwrap();
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
        assert!(catalog.record_refresh(Timestamp(100), Generation(5), &records).is_err());
        assert_eq!(torrent(&catalog, 1).totals, Totals::default());
        assert_eq!(catalog.last_refresh().unwrap(), None);
    }
}
