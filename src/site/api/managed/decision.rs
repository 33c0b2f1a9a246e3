//! `/api/v1/torrents/<hash>/decision`, and `PATCH /api/v1/torrents/<hash>`: what is decided about a torrent, also one that is
//! hidden or retired.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::body::{Fields, parsed, text, time};
use super::{Done, Exchange, Failed, Problem};
use crate::accounts::Permission;
use crate::catalog::{Author, Catalog, Details, Retirement, Torrent, detail_values};
use crate::platform::date;
use crate::protocol::{InfoHash, Timestamp};
use crate::tracker::decisions::{self, Edits};

/// Bytes of a digest that tell one version from another.
const VERSION_BYTES: usize = 8;

/// A torrent for who looks after it.
#[derive(Serialize)]
struct Shown<'a> {
    info_hash: String,
    title: &'a str,
    hidden: bool,
    retired: Option<&'a str>,
    listed: bool,
    decision: Decided<'a>,
    version: &'a str,
}

/// What is decided; null where nothing is.
#[derive(Serialize)]
struct Decided<'a> {
    hidden: Option<bool>,
    retired: Option<Retired<'a>>,
    title: Option<&'a str>,
    description: Option<&'a str>,
    category: Option<&'a str>,
    group: Option<&'a str>,
    mirror: Option<&'a str>,
    info_url: Option<&'a str>,
    crc32: Option<String>,
    md5: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    link_until: Option<u64>,
    list_from: Option<u64>,
    list_until: Option<u64>,
}

/// That it is retired for a reason, or false: that it is not, whatever its sidecar says.
#[derive(Serialize)]
#[serde(untagged)]
enum Retired<'a> {
    For(&'a str),
    Not(bool),
}

/// What becomes of something that is on or off.
#[derive(Debug, PartialEq, Eq)]
enum Switch<T> {
    On(T),
    Off,
    /// As it is without a decision.
    TakenBack,
}

/// What is to be decided.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    edits: Edits,
    hidden: Option<Switch<()>>,
    /// The reason.
    retired: Option<Switch<String>>,
}

impl Wanted {
    /// Takes the fields of decisions out of those that were sent.
    pub(super) fn take(fields: &mut Fields) -> Self {
        let mut edits = Edits::default();
        for name in Details::NAMES {
            let is_time = matches!(name, "link_until" | "list_from" | "list_until");
            let read = |value: &Value| match (name, is_time) {
                (_, true) => time(value).map(|at| date::rfc_3339(at.0)),
                _ => text(value).map(str::to_owned),
            };
            if matches!(name, "hidden" | "retired") {
                continue;
            }
            match fields.take(name, read) {
                None => {}
                Some(None) => edits.take_back(name),
                Some(Some(text)) => {
                    if let Err(problem) = edits.set(name, &text) {
                        fields.refuse(name, &problem);
                    }
                }
            }
        }
        let hidden = fields.take("hidden", super::body::truth).map(|hidden| match hidden {
            None => Switch::TakenBack,
            Some(true) => Switch::On(()),
            Some(false) => Switch::Off,
        });
        let retired = fields.take("retired", retired).map(|it| it.unwrap_or(Switch::TakenBack));
        Self { edits, hidden, retired }
    }

    /// Has a torrent be of a group, unless one is said.
    pub(super) fn group_or(&mut self, group: &str) -> Result<(), Problem> {
        if self.group().is_some() {
            return Ok(());
        }
        self.edits.set("group", group).map_err(|problem| Problem::field("group", &problem))
    }

    /// The group that is said.
    pub(super) fn group(&self) -> Option<String> {
        let mut said = Details::default();
        self.edits.apply(&mut said);
        said.group
    }

    /// Whether the one who asks may have it decided.
    pub(super) fn check(&self, exchange: &Exchange<'_>) -> Result<(), Problem> {
        if self.hidden.is_some() {
            exchange.check(Permission::HideTorrents)?;
        }
        match &self.retired {
            None => Ok(()),
            Some(Switch::On(_)) => exchange.check(Permission::RetireTorrents),
            Some(_) => exchange.check(Permission::RestoreTorrents),
        }
    }

    /// Whether it leaves a time at which a torrent that is new is listed.
    pub(super) fn check_dates(&self) -> Result<(), Problem> {
        let mut details = Details::default();
        self.edits.apply(&mut details);
        let problem = "it must be before list_until";
        if details.is_never_listed() { Err(Problem::field("list_from", &problem)) } else { Ok(()) }
    }

    /// Decides it about a torrent that is new, and that the catalogue may not know yet.
    pub(super) fn decide_about_new(
        &self,
        catalog: &mut Catalog,
        torrent: InfoHash,
        author: &Author<'_>,
    ) -> Result<(), Failed> {
        let decide = |details: &mut Details| {
            self.edits.apply(details);
            if self.hidden == Some(Switch::On(())) {
                details.hidden = Some(true);
            }
            if let Some(Switch::On(reason)) = &self.retired {
                details.retirement = Some(Retirement::Retired(reason.clone()));
            }
        };
        let mut decided = Details::default();
        decide(&mut decided);
        if decided != Details::default() {
            catalog.decide(torrent, "edit", decide, author)?;
        }
        Ok(())
    }

    /// Decides it.
    pub(super) fn decide(
        self,
        catalog: &mut Catalog,
        torrent: &Torrent,
        author: &Author<'_>,
    ) -> Result<(), Failed> {
        let one = std::slice::from_ref(torrent);
        let Self { mut edits, hidden, retired } = self;
        if hidden == Some(Switch::TakenBack) {
            edits.take_back("hidden");
        }
        if retired == Some(Switch::TakenBack) {
            edits.take_back("retired");
        }
        decisions::edit(catalog, one, &edits, author)?;
        match hidden {
            Some(Switch::On(())) => decisions::hide(catalog, one, author)?,
            Some(Switch::Off) => decisions::unhide(catalog, one, author)?,
            Some(Switch::TakenBack) | None => 0,
        };
        match retired {
            Some(Switch::On(reason)) => decisions::retire(catalog, one, &reason, author)?,
            Some(Switch::Off) => decisions::restore(catalog, one, author)?,
            Some(Switch::TakenBack) | None => 0,
        };
        Ok(())
    }
}

fn retired(value: &Value) -> Result<Switch<String>, String> {
    match value {
        Value::Bool(true) => Ok(Switch::On(String::new())),
        Value::Bool(false) => Ok(Switch::Off),
        Value::String(_) => parsed(detail_values::reason)(value).map(Switch::On),
        _ => Err("it must be a reason, true, false or null".into()),
    }
}

pub(super) fn show(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.given(&[])?;
    shown(&exchange.torrent(&exchange.catalog()?)?, exchange.call.now)
}

/// Decides what is said; what is not said stays, and null takes back what was decided.
pub(super) fn change(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let wanted = Wanted::take(&mut fields);
    fields.finish()?;
    wanted.check(exchange)?;
    exchange.change(|catalog, author| {
        let torrent = exchange.torrent(catalog)?;
        exchange.check_version(&version(&torrent)?)?;
        let mut after = torrent.decision().clone();
        wanted.edits.apply(&mut after);
        let group = after.or(&torrent.companions().details()).group;
        if !exchange.caller.looks_after(group.as_deref()) {
            let problem = "you may give torrents to groups of yours only";
            return Err(Problem::field("group", &problem).into());
        }
        wanted.decide(catalog, &torrent, author)?;
        shown(&exchange.torrent(catalog)?, author.at)
    })
}

fn shown(torrent: &Torrent, now: Timestamp) -> Result<Done, Failed> {
    let version = version(torrent)?;
    let shown = Shown {
        info_hash: torrent.canonical.to_string(),
        title: &torrent.title(),
        hidden: torrent.hidden,
        retired: torrent.details().retired(),
        listed: torrent.unlisted(now).is_none(),
        decision: decided(torrent.decision()),
        version: &version,
    };
    Ok(Done::found(&shown)?.of_version(&version))
}

fn decided(decision: &Details) -> Decided<'_> {
    let [crc32, md5, sha1, sha256] = decision.checksums.in_digits().map(|(_, digits)| digits);
    Decided {
        hidden: decision.hidden,
        retired: decision.retirement.as_ref().map(|retirement| match retirement {
            Retirement::Retired(reason) => Retired::For(reason),
            Retirement::Restored => Retired::Not(false),
        }),
        title: decision.title.as_deref(),
        description: decision.description.as_deref(),
        category: decision.category.as_deref(),
        group: decision.group.as_deref(),
        mirror: decision.mirror.as_deref(),
        info_url: decision.info_url.as_deref(),
        crc32,
        md5,
        sha1,
        sha256,
        link_until: decision.link_until.map(|at| at.0),
        list_from: decision.list_from.map(|at| at.0),
        list_until: decision.list_until.map(|at| at.0),
    }
}

/// Tells one state of a decision from another.
fn version(torrent: &Torrent) -> Result<String, Failed> {
    let decided = serde_json::to_vec(&decided(torrent.decision())).map_err(Problem::log)?;
    let digest = Sha256::digest(decided);
    Ok(digest.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect())
}
