//! Who says what about a torrent: decisions win over its sidecar, and that over its checksum files. (Its file and
//! folder, which all win over, are the torrent's own.)

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::checksum_files::{self, COLUMNS as FILE_COLUMNS, ChecksumFile, ReadChecksumFile};
use super::details::{DETAILS, detail_places};
use super::file_state::FileState;
use super::sidecar::ReadSidecar;
use super::{Catalog, Details, decisions};
use crate::protocol::{Checksums, InfoHash};

/// What is said about a torrent, by whom, and what of it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailLayers {
    decision: Details,
    companions: Companions,
    in_force: Details,
}

/// The files beside a `.torrent` file that say more about its torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companions {
    /// Its sidecar, if it has one.
    pub sidecar: Option<Sidecar>,
    /// Its checksum files, in the order in which they count.
    pub checksum_files: Vec<ChecksumFile>,
}

/// The sidecar of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// What it says, or said when it could be read last.
    pub details: Details,
    /// Why it cannot be read now.
    pub fault: Option<String>,
    /// While its file has this state it need not be read again.
    pub(super) state: Option<FileState>,
}

impl DetailLayers {
    /// `None` where nobody says anything.
    pub(super) fn of(decision: Option<Details>, companions: Companions) -> Option<Box<Self>> {
        let decision = decision.filter(|said| said != Details::NONE);
        if decision.is_none() && companions == *Companions::NONE {
            return None;
        }
        let decision = decision.unwrap_or_default();
        let in_force = decision.clone().or(&companions.details());
        Some(Box::new(Self { decision, companions, in_force }))
    }

    /// What is in force.
    #[must_use]
    pub fn in_force(&self) -> &Details {
        &self.in_force
    }

    /// What the owner has decided by command.
    #[must_use]
    pub fn decision(&self) -> &Details {
        &self.decision
    }

    /// The files beside it.
    #[must_use]
    pub fn companions(&self) -> &Companions {
        &self.companions
    }
}

impl Companions {
    /// Most torrents have none.
    pub(super) const NONE: &'static Self = &Self { sidecar: None, checksum_files: Vec::new() };

    /// Whether one of them is not used now.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.sidecar.as_ref().is_some_and(|it| it.fault.is_some())
            || self.checksum_files.iter().any(|it| it.fault.is_some())
    }

    /// What they say together.
    #[must_use]
    pub fn details(&self) -> Details {
        let told = self.checksum_files.iter().map(|file| file.checksums);
        let checksums = told.reduce(Checksums::or).unwrap_or_default();
        let below = Details { checksums, ..Details::default() };
        self.sidecar.as_ref().map(|it| it.details.clone()).unwrap_or_default().or(&below)
    }

    /// What becomes of them when a scan finds this.
    pub(super) fn after(
        &self,
        sidecar: Option<&ReadSidecar>,
        checksum_files: &[ReadChecksumFile],
        is_new: bool,
    ) -> Self {
        let sidecar = Sidecar::after(self.sidecar.as_ref(), sidecar, is_new);
        let after = |read| ChecksumFile::after(&self.checksum_files, read);
        Self { sidecar, checksum_files: checksum_files.iter().map(after).collect() }
    }
}

impl Sidecar {
    /// What becomes of a torrent's sidecar when a scan finds this. One that cannot be read changes nothing of what it
    /// said before; a torrent that is new, or was away, is not listed until it can be read.
    pub(super) fn after(
        before: Option<&Self>,
        found: Option<&ReadSidecar>,
        is_new: bool,
    ) -> Option<Self> {
        let found = found?;
        let details = match (&found.outcome, before) {
            (Ok(details), _) => details.clone(),
            (Err(_), before) => {
                let said = before.map(|before| before.details.clone()).unwrap_or_default();
                Details { hidden: if is_new { Some(true) } else { said.hidden }, ..said }
            }
        };
        Some(Self { details, fault: found.outcome.clone().err(), state: found.state })
    }
}

/// What is said about one torrent.
pub(super) fn about(
    connection: &Connection,
    torrent: InfoHash,
) -> rusqlite::Result<Option<Box<DetailLayers>>> {
    let sidecar = connection
        .prepare_cached(&format!(
            "SELECT {DETAILS}, fault, file_state FROM sidecars WHERE info_hash = ?1"
        ))?
        .query_row([torrent.0], sidecar_of)
        .optional()?;
    let mut checksum_files = connection
        .prepare_cached(&format!("SELECT {FILE_COLUMNS} FROM checksum_files WHERE info_hash = ?1"))?
        .query_map([torrent.0], checksum_files::of_row)?
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<Vec<_>>>()?;
    checksum_files::sort(&mut checksum_files, |it| it.ending);
    let companions = Companions { sidecar, checksum_files };
    Ok(DetailLayers::of(decisions::of(connection, torrent)?, companions))
}

/// Notes what the files beside a torrent say.
pub(super) fn put_companions(
    connection: &Connection,
    about: InfoHash,
    companions: &Companions,
) -> rusqlite::Result<()> {
    checksum_files::put(connection, about, &companions.checksum_files)?;
    put_sidecar(connection, about, companions.sidecar.as_ref())
}

fn put_sidecar(
    connection: &Connection,
    about: InfoHash,
    sidecar: Option<&Sidecar>,
) -> rusqlite::Result<()> {
    let Some(Sidecar { details, fault, state }) = sidecar else {
        return connection.prepare_cached(FORGET)?.execute([about.0]).map(|_| ());
    };
    let put = format!(
        "INSERT OR REPLACE INTO sidecars (info_hash, fault, file_state, {DETAILS})
        VALUES (?1, ?2, ?3, {})",
        detail_places(4)
    );
    let own: [Box<dyn rusqlite::ToSql + '_>; 3] =
        [Box::new(about.0), Box::new(fault), Box::new(state)];
    let values = own.into_iter().chain(details.parameters());
    connection.prepare_cached(&put)?.execute(params_from_iter(values)).map(|_| ())
}

/// Whether any torrent has files beside it that say more.
pub(super) fn has_companions(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(HAS_COMPANIONS, [], |row| row.get(0))
}

impl Catalog {
    /// What is said about each torrent about which anything is: few, which are not to be looked up for each.
    pub(super) fn layers(&self) -> rusqlite::Result<HashMap<InfoHash, Box<DetailLayers>>> {
        let mut decisions = self.decisions()?;
        let mut query = self
            .connection
            .prepare(&format!("SELECT {DETAILS}, fault, file_state, info_hash FROM sidecars"))?;
        let sidecars =
            query.query_map([], |row| Ok((InfoHash(row.get("info_hash")?), sidecar_of(row)?)))?;
        let mut companions: HashMap<InfoHash, Companions> = HashMap::new();
        for sidecar in sidecars {
            let (about, sidecar) = sidecar?;
            companions.entry(about).or_default().sidecar = Some(sidecar);
        }
        let mut query = self
            .connection
            .prepare(&format!("SELECT {FILE_COLUMNS}, info_hash FROM checksum_files"))?;
        let files =
            query.query_map([], |row| Ok((InfoHash(row.get(7)?), checksum_files::of_row(row)?)))?;
        for file in files {
            let (about, file) = file?;
            companions.entry(about).or_default().checksum_files.extend(file);
        }
        let mut layers = HashMap::new();
        for (about, mut companions) in companions {
            checksum_files::sort(&mut companions.checksum_files, |it| it.ending);
            let both = DetailLayers::of(decisions.remove(&about), companions);
            layers.extend(both.map(|both| (about, both)));
        }
        let alone = |decision| DetailLayers::of(Some(decision), Companions::default());
        layers.extend(decisions.into_iter().filter_map(|(about, it)| Some((about, alone(it)?))));
        Ok(layers)
    }
}

fn sidecar_of(row: &Row<'_>) -> rusqlite::Result<Sidecar> {
    Ok(Sidecar {
        details: Details::of(row, 0)?,
        fault: row.get("fault")?,
        state: row.get("file_state")?,
    })
}

const FORGET: &str = "DELETE FROM sidecars WHERE info_hash = ?1";

const HAS_COMPANIONS: &str = "
    SELECT EXISTS (SELECT 1 FROM sidecars) OR EXISTS (SELECT 1 FROM checksum_files)";

#[cfg(test)]
mod tests;
