//! Whether refreshes come in time, and what the last one said.

use std::io;

use super::examination::Examination;
use super::outcome::Outcome;
use crate::platform::files;
use crate::site::in_words;
use crate::tracker::LastRefresh;

/// Whether the last refresh was in time. `None` without a policy, which says when it was.
pub(super) fn age(examination: &Examination<'_>) -> Option<Outcome> {
    let config = &examination.loaded.config;
    let age = match LastRefresh::of(examination.loaded, examination.now)? {
        LastRefresh::Ago(age) => age,
        LastRefresh::Never => {
            return Some(Outcome::told("none yet; `tracker refresh --force` does the first"));
        }
    };
    let said = format!("{} ago", in_words(age));
    if age <= config.tracker.interval {
        return Some(Outcome::fine(said));
    }
    let cron = "conf/crontab, copied to /etc/cron.d/tracker (cron passes over names with a dot)";
    Some(match config.refresh.on_request {
        true => Outcome::told(format!(
            "{said}: no request has come since, or refreshes fail; cron makes them punctual: {cron}"
        )),
        false => Outcome::wrong(
            format!("{said}: on_request in [refresh] is false, and no cron job refreshes in time"),
            format!("put cron's line in place: {cron}; or set on_request = true"),
        ),
    })
}

/// What the last refresh after a CGI's reply had to say, which no web server has heard.
pub(super) fn log(examination: &Examination<'_>) -> Option<Outcome> {
    let path = examination.loaded.refresh_log();
    let text = match files::read(&path) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(problem) if problem.kind() == io::ErrorKind::PermissionDenied => {
            return Some(examination.stopped(&path, &problem));
        }
        Err(_) => return None,
    };
    let lines: Vec<String> = text.trim().lines().map(str::to_owned).collect();
    (!text.trim().is_empty()).then(|| Outcome::told(super::outcome::some_of(&lines)))
}
