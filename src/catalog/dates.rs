//! Dates that a clock wrote which was ahead: they count as now, from the next refresh on for good.

use rusqlite::named_params;

use super::count::Count;
use super::{Catalog, CatalogError, TorrentList};
use crate::protocol::{CLOCK_TOLERANCE, Timestamp};

/// September 2020: a clock that shows less has not been set since the machine started, and all dates lie
/// ahead of it.
pub(super) const EARLIEST: Timestamp = Timestamp(1_600_000_000);

impl Catalog {
    /// Has dates of torrents that lie in the future be `now`, and whether there are any in `list`, which was read
    /// from it and is outdated then.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn correct_dates(
        &mut self,
        list: &TorrentList,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        if now < EARLIEST || !list.is_ahead_of(now + CLOCK_TOLERANCE) {
            return Ok(false);
        }
        self.write("correct the dates in", |transaction| {
            for correction in [CORRECT_FIRST_SEEN, CORRECT_MISSING_SINCE] {
                transaction.execute(
                    correction,
                    named_params! {
                        ":now": Count(now.0),
                        ":latest": Count((now + CLOCK_TOLERANCE).0),
                    },
                )?;
            }
            Ok(true)
        })
    }
}

const CORRECT_FIRST_SEEN: &str = "UPDATE torrents SET first_seen = :now WHERE first_seen > :latest";
const CORRECT_MISSING_SINCE: &str =
    "UPDATE torrents SET missing_since = :now WHERE missing_since > :latest";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{new_catalog, scan, scanned};

    const NOW: u64 = 1_700_000_000;

    fn correct(catalog: &mut Catalog, now: u64) -> bool {
        let list = catalog.list("").unwrap();
        catalog.correct_dates(&list, Timestamp(now)).unwrap()
    }

    /// First seen and missing since, by path.
    fn dates(catalog: &Catalog) -> Vec<(u64, Option<u64>)> {
        let all = catalog.all_torrents().unwrap();
        all.iter().map(|it| (it.first_seen.0, it.missing_since.map(|at| at.0))).collect()
    }

    #[test]
    fn dates_of_a_clock_that_was_ahead_are_now_and_all_others_stay() {
        let (_folder, mut catalog) = new_catalog();
        let [a, b, c] = ["a", "b", "c"].map(|name| scanned(u32::from(name.as_bytes()[0]), name));
        scan(&mut catalog, std::slice::from_ref(&a), NOW - 10);
        scan(&mut catalog, &[a.clone(), b.clone()], NOW + 60);
        scan(&mut catalog, &[b.clone(), c.clone()], NOW + 10_000);
        assert!(correct(&mut catalog, NOW));
        let corrected = [(NOW - 10, Some(NOW)), (NOW + 60, None), (NOW, None)];
        assert_eq!(dates(&catalog), corrected, "clocks may differ a little");
        let before = catalog.connection.total_changes();
        assert!(!correct(&mut catalog, NOW + 1));
        assert_eq!(catalog.connection.total_changes(), before);
    }

    #[test]
    fn a_clock_that_was_not_set_yet_corrects_nothing() {
        let (_folder, mut catalog) = new_catalog();
        scan(&mut catalog, &[scanned(1, "a")], NOW);
        assert!(!correct(&mut catalog, 1_000));
        assert_eq!(dates(&catalog), [(NOW, None)]);
    }
}
