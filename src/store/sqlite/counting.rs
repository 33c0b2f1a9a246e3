//! How many peers and swarms there are, where a cap needs to know.
//!
//! To count rows takes longer the more there are. So the row in `store` counts along from when it was first asked,
//! in the transactions that put peers and swarms in and take them out. A process whose configuration has no caps does
//! not; the next sweep of all counts again, or has nothing counted where there is no cap any more.

use rusqlite::{Row, params};

use super::connection::Database;
use super::schema::{number_in, stored};

/// As the rows of swarms say: what a transaction has not saved yet is counted when it is.
const COUNT_PEERS: &str = "SELECT ifnull(sum(seeders + leechers + partial_seeds), 0) FROM swarm";
const COUNT_SWARMS: &str = "SELECT count(*) FROM swarm";

/// How many peers there are; counted from now on. What a transaction has not saved yet is not among them.
pub(super) fn peers(database: &Database) -> rusqlite::Result<u64> {
    if let [Some(peers), _] = counted(database)? {
        return Ok(peers);
    }
    let peers = count(database, COUNT_PEERS)?;
    database.statement("UPDATE store SET peers = ?1")?.execute(params![stored(peers)])?;
    Ok(peers)
}

/// How many swarms there are; counted from now on.
pub(super) fn swarms(database: &Database) -> rusqlite::Result<u64> {
    if let [_, Some(swarms)] = counted(database)? {
        return Ok(swarms);
    }
    let swarms = count(database, COUNT_SWARMS)?;
    database.statement("UPDATE store SET swarms = ?1")?.execute(params![stored(swarms)])?;
    Ok(swarms)
}

/// Counts so many peers more.
pub(super) fn count_peers(database: &Database, more: i64) -> rusqlite::Result<()> {
    if more != 0 && database.caps.peers.is_some() {
        let text = "UPDATE store SET peers = max(peers + ?1, 0)";
        database.statement(text)?.execute(params![more])?;
    }
    Ok(())
}

/// Counts so many swarms more.
pub(super) fn count_swarms(database: &Database, more: i64) -> rusqlite::Result<()> {
    if database.caps.swarms.is_some() {
        let text = "UPDATE store SET swarms = max(swarms + ?1, 0)";
        database.statement(text)?.execute(params![more])?;
    }
    Ok(())
}

/// Sets right what is counted.
pub(super) fn count_again(database: &Database) -> rusqlite::Result<()> {
    let [peers, swarms] = counted(database)?;
    if database.caps.peers.is_some() || peers.is_some() {
        let peers = database.caps.peers.map(|_| count(database, COUNT_PEERS)).transpose()?;
        let text = "UPDATE store SET peers = ?1";
        database.statement(text)?.execute(params![peers.map(stored)])?;
    }
    if database.caps.swarms.is_some() || swarms.is_some() {
        let swarms = database.caps.swarms.map(|_| count(database, COUNT_SWARMS)).transpose()?;
        let text = "UPDATE store SET swarms = ?1";
        database.statement(text)?.execute(params![swarms.map(stored)])?;
    }
    Ok(())
}

/// Names what is counted wrong.
pub(super) fn check(database: &Database) -> rusqlite::Result<Option<String>> {
    let told = counted(database)?;
    let there = [count(database, COUNT_PEERS)?, count(database, COUNT_SWARMS)?];
    let is_wrong = told.iter().zip(there).any(|(told, there)| told.is_some_and(|it| it != there));
    Ok(is_wrong.then(|| {
        let wrong = ["peers", "swarms"].iter().zip(told).zip(there);
        let wrong = wrong.filter_map(|((what, told), there)| {
            let told = told.filter(|told| *told != there)?;
            Some(format!("the store counts {what}: {told}; there are {there}"))
        });
        wrong.collect::<Vec<_>>().join("; ")
    }))
}

/// The peers and swarms as they are counted, where they are.
fn counted(database: &Database) -> rusqlite::Result<[Option<u64>; 2]> {
    let mut statement = database.statement("SELECT peers, swarms FROM store")?;
    statement.query_row([], |row| Ok([number_if_any(row, 0)?, number_if_any(row, 1)?]))
}

/// The number in a column, where there is one.
pub(super) fn number_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(column)?.map(|_| number_in(row, column)).transpose()
}

/// The number that a statement gives.
pub(super) fn count(database: &Database, text: &'static str) -> rusqlite::Result<u64> {
    database.statement(text)?.query_row([], |row| number_in(row, 0))
}
