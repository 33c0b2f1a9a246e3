//! Searching all torrents of the catalogue, also those that stand in no listing, a page at a time: for those who look after
//! them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::count::Count;
use super::list_index::fold_into;
use super::{Catalog, CatalogError, is_same_group, natural, words_of};
use crate::protocol::{InfoHash, Timestamp};

/// Names of categories and of groups that are told at most.
const MOST_NAMES: usize = 500;

/// Which torrents are wanted, in which order, and which of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TorrentSearch<'a> {
    /// Words that all stand in title, name, file, category or group; or an info-hash.
    pub text: &'a str,
    /// What is true of them.
    pub standing: Standing,
    /// A category; folders below it belong to it.
    pub category: Option<&'a str>,
    /// The group that they belong to.
    pub group: Option<&'a str>,
    /// Only those that belong to one of these, where there are any: others are as if they were not there.
    pub within: Option<&'a [String]>,
    /// By what they are sorted.
    pub order: FoundOrder,
    /// How many come before those that are wanted.
    pub skip: usize,
    /// How many are wanted.
    pub most: usize,
}

/// How a torrent stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// However it does.
    #[default]
    Any,
    /// It is in listings now.
    Listed,
    /// It is in no listing now, for whatever reason.
    Unlisted,
    /// It is hidden, and dates play no part in that.
    Hidden,
    /// It is tracked no longer.
    Retired,
    /// Its file is gone.
    Missing,
}

/// By what torrents are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FoundOrder {
    /// Those that came last are first.
    #[default]
    Newest,
    /// What people call them, from A.
    Title,
    /// The largest first.
    Size,
    /// Those that were completed most often first.
    Completed,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTorrents {
    /// The canonical info-hashes of those that are wanted.
    pub hashes: Vec<InfoHash>,
    /// How many there are in all.
    pub all: usize,
    /// The categories that there are, whatever is searched for.
    pub categories: BTreeSet<String>,
    /// The groups that there are, likewise.
    pub groups: BTreeSet<String>,
}

impl Standing {
    /// All, with the names that addresses have for them.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("all", Self::Any),
        ("listed", Self::Listed),
        ("unlisted", Self::Unlisted),
        ("hidden", Self::Hidden),
        ("retired", Self::Retired),
        ("missing", Self::Missing),
    ];

    /// What is true of them, in SQL. The time is the first parameter.
    fn condition(self) -> String {
        let listed = format!(
            "{RETIRED} IS NULL AND missing_since IS NULL AND {HIDDEN} = 0
             AND coalesce({LIST_FROM}, 0) <= ?1 AND ({LIST_UNTIL} IS NULL OR {LIST_UNTIL} > ?1)"
        );
        match self {
            Self::Any => "?1 IS NOT NULL".to_owned(),
            Self::Listed => listed,
            Self::Unlisted => format!("NOT ({listed})"),
            Self::Hidden => format!("{HIDDEN} = 1 AND ?1 >= 0"),
            Self::Retired => format!("{RETIRED} IS NOT NULL AND ?1 >= 0"),
            Self::Missing => "missing_since IS NOT NULL AND ?1 >= 0".to_owned(),
        }
    }
}

impl FoundOrder {
    /// All, with the names that addresses have for them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("newest", Self::Newest),
        ("title", Self::Title),
        ("size", Self::Size),
        ("completed", Self::Completed),
    ];

    /// The figure that counts, the largest first.
    fn figure(self) -> &'static str {
        match self {
            Self::Newest => "first_seen",
            Self::Title => "0",
            Self::Size => "size",
            Self::Completed => "completed",
        }
    }
}

/// A torrent as it is compared with others.
struct Candidate {
    figure: u64,
    /// Nothing where they are not sorted by it.
    title: String,
    hash: InfoHash,
}

impl Candidate {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_figure = other.figure.cmp(&self.figure);
        by_figure
            .then_with(|| natural::compare(&self.title, &other.title))
            .then_with(|| self.hash.cmp(&other.hash))
    }
}

impl Catalog {
    /// Looks for torrents as they are now.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn search_torrents(
        &self,
        search: &TorrentSearch<'_>,
        now: Timestamp,
    ) -> Result<FoundTorrents, CatalogError> {
        let named = InfoHash::from_hex_of_any(search.text.trim().as_bytes());
        let named = named.map(|hash| self.torrent(hash)).transpose()?.flatten();
        let looking = Looking {
            search,
            words: if named.is_some() { Vec::new() } else { words_of(search.text) },
            named: named.map(|torrent| torrent.canonical),
        };
        looking.find(&self.connection, now).map_err(self.failed("search the torrents of"))
    }
}

/// A search under way.
struct Looking<'a> {
    search: &'a TorrentSearch<'a>,
    words: Vec<String>,
    /// The one whose info-hash is searched for.
    named: Option<InfoHash>,
}

impl Looking<'_> {
    fn find(
        &self,
        connection: &rusqlite::Connection,
        now: Timestamp,
    ) -> rusqlite::Result<FoundTorrents> {
        let TorrentSearch { standing, order, skip, most, .. } = *self.search;
        let needs_names = !self.words.is_empty() || order == FoundOrder::Title;
        let title_and_name =
            if needs_names { format!("{TITLE}, name") } else { "NULL, ''".to_owned() };
        let select = format!(
            "SELECT torrents.info_hash, {}, file, {CATEGORY}, {GROUP}, {}, {title_and_name} {FROM}",
            order.figure(),
            standing.condition(),
        );
        let mut query = connection.prepare_cached(&select)?;
        let mut rows = query.query([Count(now.0)])?;
        let (mut names, mut candidates, mut text) = (Names::default(), Vec::new(), String::new());
        while let Some(row) = rows.next()? {
            if let Some(candidate) = self.look_at(row, &mut names, &mut text)? {
                candidates.push(candidate);
            }
        }
        let mut found = FoundTorrents {
            all: candidates.len(),
            categories: names.categories.into_iter().collect(),
            groups: names.groups.into_iter().collect(),
            hashes: Vec::new(),
        };
        let end = skip.saturating_add(most);
        if end < candidates.len() {
            candidates.select_nth_unstable_by(end, Candidate::order);
            candidates.truncate(end);
        }
        candidates.sort_unstable_by(Candidate::order);
        found.hashes = candidates.into_iter().skip(skip).map(|it| it.hash).collect();
        Ok(found)
    }

    /// What stands in a row, if it is looked for. `text` is for what words are looked for in.
    fn look_at(
        &self,
        row: &Row<'_>,
        names: &mut Names,
        text: &mut String,
    ) -> rusqlite::Result<Option<Candidate>> {
        let search = self.search;
        let file = row.get_ref(2)?.as_blob()?;
        let (said, group) = (text_of(row.get_ref(3)?)?, text_of(row.get_ref(4)?)?.unwrap_or(""));
        let is_within = |groups: &[String]| groups.iter().any(|it| is_same_group(it, group));
        if !search.within.is_none_or(is_within) {
            return Ok(None);
        }
        let folder = || file.iter().rposition(|&byte| byte == b'/').and_then(|at| file.get(..at));
        let category = match said {
            Some(said) => Cow::Borrowed(said),
            None => characters_of(folder().unwrap_or_default()),
        };
        note(&mut names.categories, &category);
        note(&mut names.groups, group);
        let hash = InfoHash(row.get(0)?);
        let is_wanted = row.get::<_, Option<bool>>(5)?.unwrap_or(false)
            && self.named.is_none_or(|named| named == hash)
            && search.category.is_none_or(|wanted| is_in(&category, wanted))
            && search.group.is_none_or(|wanted| is_same_group(group, wanted));
        if !is_wanted {
            return Ok(None);
        }
        let (title, name) = (text_of(row.get_ref(6)?)?, row.get_ref(7)?.as_str()?);
        if !self.words.is_empty() {
            text.clear();
            // A category that nobody has named stands in the path of the file.
            let parts = [title, Some(name), said, Some(group)].into_iter().flatten();
            for part in parts.chain([&*characters_of(file)]) {
                fold_into(part, text);
                text.push('\n');
            }
            if !self.words.iter().all(|word| text.contains(&**word)) {
                return Ok(None);
            }
        }
        let is_by_title = search.order == FoundOrder::Title;
        let title = if is_by_title { title.unwrap_or(name).to_lowercase() } else { String::new() };
        let Count(figure) = row.get(1)?;
        Ok(Some(Candidate { figure, title, hash }))
    }
}

/// Names that there are; they are sorted at the end.
#[derive(Default)]
struct Names {
    categories: HashSet<String>,
    groups: HashSet<String>,
}

/// Those of a path. Nearly all are UTF-8, which the check of all at once sees faster.
fn characters_of(path: &[u8]) -> Cow<'_, str> {
    str::from_utf8(path).map_or_else(|_| String::from_utf8_lossy(path), Cow::Borrowed)
}

/// Notes a name that there is, unless there are too many.
fn note(names: &mut HashSet<String>, name: &str) {
    if !name.trim().is_empty() && !names.contains(name) && names.len() < MOST_NAMES {
        names.insert(name.to_owned());
    }
}

fn text_of(value: ValueRef<'_>) -> rusqlite::Result<Option<&str>> {
    Ok(value.as_str_or_null()?)
}

/// Whether a category is this one or below it.
fn is_in(category: &str, wanted: &str) -> bool {
    let below = category.strip_prefix(wanted);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is in force is what is decided, or else what the sidecar says, as `DetailLayers` has it.
const FROM: &str = "
    FROM torrents
    LEFT JOIN decisions ON decisions.info_hash = torrents.info_hash
    LEFT JOIN sidecars ON sidecars.info_hash = torrents.info_hash";

/// NULL where it is called by its name.
const TITLE: &str = "coalesce(decisions.title, sidecars.title)";
const CATEGORY: &str = "coalesce(decisions.category, sidecars.category)";
const GROUP: &str = "coalesce(decisions.group_name, sidecars.group_name)";
const HIDDEN: &str = "coalesce(decisions.hidden, sidecars.hidden, torrents.hidden)";
const LIST_FROM: &str = "coalesce(decisions.list_from, sidecars.list_from)";
const LIST_UNTIL: &str = "coalesce(decisions.list_until, sidecars.list_until)";

/// The reason; NULL where it is not retired.
const RETIRED: &str = "CASE WHEN decisions.restored = 1 THEN NULL
    WHEN decisions.retired IS NOT NULL THEN decisions.retired
    WHEN sidecars.restored = 1 THEN NULL ELSE sidecars.retired END";

#[cfg(test)]
mod tests;
