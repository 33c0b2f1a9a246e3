//! The overview: how the tracker is, and what was done lately.

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use super::{audit, checkup};
use crate::accounts::Permission;
use crate::catalog::ChangeSearch;
use crate::protocol::Timestamp;
use crate::tracker::{RefreshFigures, Refusal};

/// Changes that are shown.
const CHANGES: u32 = 8;

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct Overview {
    frame: Frame,
    figures: Option<Figures>,
    /// Announces a minute, and whether they are many.
    load: Option<(String, bool)>,
    interval: String,
    checkup: Option<checkup::Shown>,
    may_check: bool,
    changes: Vec<audit::Shown>,
    may_refresh: bool,
    may_see_audit: bool,
}

/// What the last refresh found.
struct Figures {
    torrents: String,
    peers: String,
    seeders: String,
    leechers: String,
    /// How long ago it was.
    age: String,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let now = exchange.call.now;
    let load = match exchange.ready.tracker.measure_load(now) {
        Ok(load) => Some(load),
        // Only where this thread may not wait.
        Err(Refusal::WouldWait) => return Err(Failed::WouldWait),
        Err(_) => None,
    };
    let (texts, loaded) = (exchange.texts, exchange.loaded());
    let figures = RefreshFigures::read(loaded).map(|found| Figures {
        torrents: texts.number(found.torrents),
        peers: texts.number(found.seeders + found.leechers + found.partial_seeds),
        seeders: texts.counted(found.seeders, texts.counts.seeders),
        leechers: texts.counted(found.leechers, texts.counts.leechers),
        age: texts.duration(now.since(Timestamp(found.at))),
    });
    let may = |permission| signed_in.user.role.may(permission);
    let may_check = may(Permission::SeeConfiguration);
    let may_see_audit = may(Permission::SeeAudit);
    let changes = match may_see_audit {
        true => {
            let catalog = exchange.catalog()?;
            let found = catalog.find_changes(&ChangeSearch::default(), CHANGES)?;
            found.iter().map(|change| audit::Shown::of(change, &catalog, texts)).collect()
        }
        false => Vec::new(),
    };
    let interval = load.map_or(loaded.config.tracker.interval, |load| load.interval);
    let title = texts.admin.frame.overview;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Overview, title);
    let is_refreshed = exchange.query.text("done") == "refreshed";
    frame.notice = is_refreshed.then(|| texts.admin.overview.refreshed.to_owned());
    Reply::page(&Overview {
        figures,
        load: load.map(|load| (texts.number(load.announces), load.is_high)),
        interval: texts.duration(interval),
        checkup: may_check.then(|| checkup::last(exchange)).flatten(),
        may_check,
        changes,
        may_refresh: may(Permission::Refresh),
        may_see_audit,
        frame,
    })
}
