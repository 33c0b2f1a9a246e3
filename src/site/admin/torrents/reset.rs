//! Setting what a torrent has counted to nothing.

use crate::catalog::Author;
use crate::site::admin::confirm::Question;
use crate::site::admin::exchange::{Exchange, SignedIn};
use crate::site::admin::frame::Section;
use crate::site::admin::reply::{Failed, Reply};
use crate::site::{PublishError, publish};
use crate::tracker::{Quiet, Turn, Urgency, reset_totals};

/// Asks, and does it.
pub(in crate::site::admin) fn reset(
    exchange: &mut Exchange<'_>,
    signed_in: &SignedIn,
) -> Result<Reply, Failed> {
    let torrent = exchange.torrent_of(signed_in, 0)?;
    let page = format!("torrents/{}", torrent.canonical);
    let texts = exchange.texts;
    let words = &texts.admin.torrent;
    if !exchange.is_sure() {
        let totals = torrent.totals;
        let (up, down) = (texts.bytes(totals.uploaded, 1), texts.bytes(totals.downloaded, 1));
        let about = words.reset_about.with(texts.number(totals.completed), up, down);
        return exchange.ask(
            signed_in,
            Question {
                section: Section::Torrents,
                title: words.reset_title.with(torrent.title()),
                consequences: vec![about, words.reset_peers.to_owned()],
                subjects: Vec::new(),
                action: format!("{page}/reset"),
                fields: Vec::new(),
                button: words.reset_now,
                back: page,
            },
        );
    }
    // Whoever resets waits for the turn, and for a refresh that has it.
    if !exchange.call.pace.may_wait() {
        return Err(Failed::WouldWait);
    }
    let loaded = exchange.loaded();
    {
        let turn = Turn::wait_for(loaded).map_err(PublishError::from)?;
        let author = Author { name: signed_in.user.name.as_str(), at: exchange.call.now };
        reset_totals(loaded, &turn, &torrent, &author).map_err(PublishError::from)?;
    }
    publish(loaded, Urgency::Now, &mut Quiet)?;
    Ok(Reply::To(format!("{page}?done=reset")))
}
