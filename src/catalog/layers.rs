//! Who says what about a torrent: decisions win over its sidecar. (Its file and folder, which both win over, are the
//! torrent's own.)

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::details::{DETAILS, detail_places};
use super::file_state::FileState;
use super::sidecar::ReadSidecar;
use super::{Catalog, Details, decisions};
use crate::protocol::InfoHash;

/// What is said about a torrent, by whom, and what of it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailLayers {
    decision: Details,
    sidecar: Option<Sidecar>,
    in_force: Details,
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
    pub(super) fn of(decision: Option<Details>, sidecar: Option<Sidecar>) -> Option<Box<Self>> {
        let decision = decision.filter(|said| said != Details::NONE);
        if decision.is_none() && sidecar.is_none() {
            return None;
        }
        let decision = decision.unwrap_or_default();
        let below = sidecar.as_ref().map_or(Details::NONE, |sidecar| &sidecar.details);
        let in_force = decision.clone().or(below);
        Some(Box::new(Self { decision, sidecar, in_force }))
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

    /// The torrent's sidecar, if it has one.
    #[must_use]
    pub fn sidecar(&self) -> Option<&Sidecar> {
        self.sidecar.as_ref()
    }
}

impl Sidecar {
    /// What becomes of a torrent's sidecar when a scan finds this. One that cannot be read changes nothing of what it
    /// said before; where nobody knows what it said of a torrent that is new, that is not listed until it can be read.
    pub(super) fn after(
        before: Option<&Self>,
        found: Option<&ReadSidecar>,
        is_new: bool,
    ) -> Option<Self> {
        let found = found?;
        let details = match (&found.outcome, before) {
            (Ok(details), _) => details.clone(),
            (Err(_), Some(before)) => before.details.clone(),
            (Err(_), None) => Details { hidden: is_new.then_some(true), ..Details::default() },
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
    Ok(DetailLayers::of(decisions::of(connection, torrent)?, sidecar))
}

/// Notes what a torrent's sidecar says, or that there is none.
pub(super) fn put_sidecar(
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

/// Whether any torrent has a sidecar.
pub(super) fn has_sidecars(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM sidecars)", [], |row| row.get(0))
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
        let mut layers = HashMap::new();
        for sidecar in sidecars {
            let (about, sidecar) = sidecar?;
            let both = DetailLayers::of(decisions.remove(&about), Some(sidecar));
            layers.extend(both.map(|both| (about, both)));
        }
        let alone = decisions.into_iter();
        let alone =
            alone.filter_map(|(about, it)| Some((about, DetailLayers::of(Some(it), None)?)));
        layers.extend(alone);
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

#[cfg(test)]
mod tests;
