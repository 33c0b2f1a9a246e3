//! `GET /api/v1/history`: how a torrent, or all together, did over a day, a week or a year.

use serde_json::Value;

use super::details::listed;
use super::{Failed, Found, Problem, given};
use crate::catalog::Span;
use crate::protocol::InfoHash;
use crate::site::history::history_json;
use crate::site::{Call, Ready};
use crate::tracker::history;

const SPANS: [(&str, Span); 3] = [("day", Span::Day), ("week", Span::Week), ("year", Span::Year)];

/// Finds the series that is asked for.
pub(super) fn of(ready: &Ready, call: &Call<'_>) -> Result<Found<Value>, Failed> {
    let given = given(call, &["torrent", "span"])?;
    let span = given.one_of("span", &SPANS)?.unwrap_or(Span::Day);
    let torrent = match given.text("torrent") {
        None => None,
        Some(digits) => {
            let info_hash =
                InfoHash::from_hex_of_any(digits.as_bytes()).ok_or(Problem::NotAHash)?;
            Some(listed(&ready.tracker, info_hash, call.now)?.canonical)
        }
    };
    let series =
        history(ready.tracker.config(), &[torrent], span, call.now).map_err(Problem::log)?;
    let content = series.first().map(|series| history_json(torrent, series)).unwrap_or_default();
    Ok(Found { content, keep: "max-age=60" })
}
