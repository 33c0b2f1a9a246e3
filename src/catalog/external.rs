//! Torrents that are tracked elsewhere: what another tracker said of them last, which is shown beside our own figures
//! and never added to them.

use rusqlite::{OptionalExtension as _, Row, named_params};

use super::changes::Noted;
use super::count::Count;
use super::{Author, Catalog, CatalogError, changes};
use crate::protocol::{InfoHash, Timestamp, Url};

/// A torrent and another tracker that is asked about it; each pair once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// Which torrent: the canonical info-hash.
    pub info_hash: InfoHash,
    /// The other tracker's announce URL, as the `.torrent` file or the owner has it.
    pub tracker: Url,
    /// Whether the owner has approved that this tracker is asked. Else nobody does: who uploads a `.torrent` must not
    /// decide whom we ask.
    pub approved: bool,
    /// The last figures that came.
    pub figures: Option<ExternalFigures>,
    /// When the tracker was asked last, whatever came of it.
    pub asked_at: Option<Timestamp>,
    /// How often in a row it gave no answer; 0 after an answer.
    pub failures: u32,
    /// Why the last question brought no figures; in one line.
    pub fault: Option<String>,
    /// The tracker is not asked before.
    pub next_at: Timestamp,
}

/// What another tracker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalFigures {
    /// Peers that have all of it.
    pub complete: u32,
    /// Peers that do not.
    pub incomplete: u32,
    /// How often it was downloaded, where the tracker says so.
    pub downloaded: Option<u32>,
    /// When it said so.
    pub at: Timestamp,
}

impl External {
    /// One that nobody has asked yet.
    #[must_use]
    pub fn new(info_hash: InfoHash, tracker: Url, approved: bool) -> Self {
        Self {
            info_hash,
            tracker,
            approved,
            figures: None,
            asked_at: None,
            failures: 0,
            fault: None,
            next_at: Timestamp::default(),
        }
    }
}

impl Catalog {
    /// All torrents that are tracked elsewhere, by their info-hashes and trackers. What is no URL any more is left out.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn external(&self) -> Result<Vec<External>, CatalogError> {
        let read = || {
            let mut query = self.connection.prepare(ALL)?;
            let all = query.query_map([], external_of)?.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(all.into_iter().flatten().collect())
        };
        read().map_err(self.failed("read the external torrents from"))
    }

    /// Whether another tracker may be asked about any torrent.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn has_approved_external(&self) -> Result<bool, CatalogError> {
        let read = self.connection.query_row(HAS_APPROVED, [], |row| row.get(0));
        read.map_err(self.failed("read the external torrents from"))
    }

    /// Has another tracker be asked about a torrent from now on. Whether it was before.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn approve_external(
        &mut self,
        info_hash: InfoHash,
        tracker: &Url,
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("write an external torrent into", |transaction| {
            let before: Option<bool> = transaction
                .query_row(APPROVED, (info_hash.0, tracker.as_str()), |row| row.get(0))
                .optional()?;
            transaction.execute(APPROVE, (info_hash.0, tracker.as_str()))?;
            let subject = format!("{info_hash} {}", tracker.as_str());
            let told = before.map(|approved| if approved { "approved" } else { "not approved" });
            let what = "approve external";
            let noted = Noted { what, subject: &subject, before: told, after: Some("approved") };
            changes::note(transaction, author, &noted)?;
            Ok(before == Some(true))
        })
    }

    /// Forgets what other trackers are asked about a torrent: this one, or all. Returns how many there were.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn remove_external(
        &mut self,
        info_hash: InfoHash,
        tracker: Option<&Url>,
        author: &Author<'_>,
    ) -> Result<usize, CatalogError> {
        self.write("remove an external torrent from", |transaction| {
            let tracker = tracker.map(Url::as_str);
            let removed = transaction.execute(REMOVE, (info_hash.0, tracker))?;
            if removed > 0 {
                let subject = format!("{info_hash} {}", tracker.unwrap_or("all trackers"));
                let what = "remove external";
                let noted = Noted { what, subject: &subject, ..Noted::default() };
                changes::note(transaction, author, &noted)?;
            }
            Ok(removed)
        })
    }

    /// Writes down what came of asking. What was removed or is approved no longer meanwhile stays so.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn record_external(&mut self, asked: &[External]) -> Result<(), CatalogError> {
        if asked.is_empty() {
            return Ok(());
        }
        self.write("write figures of other trackers into", |transaction| {
            let mut record = transaction.prepare(RECORD)?;
            for external in asked {
                let figures = external.figures;
                record.execute(named_params! {
                    ":info_hash": external.info_hash.0,
                    ":tracker": external.tracker.as_str(),
                    ":complete": figures.map(|it| it.complete),
                    ":incomplete": figures.map(|it| it.incomplete),
                    ":downloaded": figures.and_then(|it| it.downloaded),
                    ":figures_at": figures.map(|it| Count(it.at.0)),
                    ":asked_at": external.asked_at.map(|at| Count(at.0)),
                    ":failures": external.failures,
                    ":fault": external.fault,
                    ":next_at": Count(external.next_at.0),
                })?;
            }
            Ok(())
        })
    }
}

/// `None` for a row whose tracker is no URL.
fn external_of(row: &Row<'_>) -> rusqlite::Result<Option<External>> {
    let tracker: String = row.get(1)?;
    let Ok(tracker) = Url::try_from(tracker) else { return Ok(None) };
    let time = |column: usize| {
        Ok::<_, rusqlite::Error>(
            row.get::<_, Option<Count>>(column)?.map(|Count(at)| Timestamp(at)),
        )
    };
    let (complete, incomplete) = (row.get::<_, Option<u32>>(3)?, row.get::<_, Option<u32>>(4)?);
    let (downloaded, at) = (row.get(5)?, time(6)?);
    let figures = complete.zip(incomplete).zip(at);
    Ok(Some(External {
        info_hash: InfoHash(row.get(0)?),
        tracker,
        approved: row.get(2)?,
        figures: figures.map(|((complete, incomplete), at)| ExternalFigures {
            complete,
            incomplete,
            downloaded,
            at,
        }),
        asked_at: time(7)?,
        failures: row.get(8)?,
        fault: row.get(9)?,
        next_at: time(10)?.unwrap_or_default(),
    }))
}

const ALL: &str = "
    SELECT info_hash, tracker, approved, complete, incomplete, downloaded, figures_at, asked_at,
        failures, fault, next_at
    FROM external ORDER BY info_hash, tracker";

const HAS_APPROVED: &str = "SELECT EXISTS (SELECT 1 FROM external WHERE approved)";

const APPROVED: &str = "SELECT approved FROM external WHERE info_hash = ?1 AND tracker = ?2";

const APPROVE: &str = "
    INSERT INTO external (info_hash, tracker, approved) VALUES (?1, ?2, 1)
    ON CONFLICT (info_hash, tracker) DO UPDATE SET approved = 1";

const REMOVE: &str = "DELETE FROM external WHERE info_hash = ?1 AND (?2 IS NULL OR tracker = ?2)";

const RECORD: &str = "
    UPDATE external SET
        complete = :complete, incomplete = :incomplete, downloaded = :downloaded,
        figures_at = :figures_at, asked_at = :asked_at, failures = :failures, fault = :fault,
        next_at = :next_at
    WHERE info_hash = :info_hash AND tracker = :tracker";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{hash, new_catalog};

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    #[test]
    fn what_other_trackers_say_is_kept_until_they_are_removed() {
        let (_folder, mut catalog) = new_catalog();
        let [one, other]: [Url; 2] = ["http://a.example/announce", "udp://b.example:6969"]
            .map(|url| url.to_owned().try_into().unwrap());
        assert!(!catalog.has_approved_external().unwrap());
        assert!(!catalog.approve_external(hash(1), &one, &OWNER).unwrap());
        assert!(catalog.approve_external(hash(1), &one, &OWNER).unwrap());
        assert!(!catalog.approve_external(hash(1), &other, &OWNER).unwrap());
        assert!(catalog.has_approved_external().unwrap());
        let mut all = catalog.external().unwrap();
        let new = [External::new(hash(1), one.clone(), true), External::new(hash(1), other, true)];
        assert_eq!(all, new);
        let figures =
            ExternalFigures { complete: 3, incomplete: 4, downloaded: None, at: Timestamp(60) };
        all[0] = External {
            figures: Some(figures),
            asked_at: Some(Timestamp(60)),
            next_at: Timestamp(90),
            ..all[0].clone()
        };
        all[1] = External { failures: 2, fault: Some("silent".into()), ..all[1].clone() };
        let gone = External::new(hash(2), one.clone(), true);
        let asked: Vec<External> = all.iter().cloned().chain([gone]).collect();
        catalog.record_external(&asked).unwrap();
        assert_eq!(catalog.external().unwrap(), all, "what is gone does not come back");
        assert_eq!(catalog.remove_external(hash(1), Some(&one), &OWNER).unwrap(), 1);
        assert_eq!(catalog.remove_external(hash(1), None, &OWNER).unwrap(), 1);
        assert_eq!(catalog.remove_external(hash(1), None, &OWNER).unwrap(), 0);
        assert_eq!(catalog.external().unwrap(), []);
    }
}
