//! The list of torrents as a page of its own, for servers without server-side includes. In a process it is in
//! memory once, for all who read it at the same time, and not at all when nobody does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use askama::Template;

use crate::config::LoadedConfig;
use crate::gateway::{Answer, Response, Status};
use crate::platform::{FileMark, files};

#[derive(Template)]
#[template(path = "stats_page.html")]
struct StatsPage<'a> {
    style: &'static str,
    /// Where relative links of the fragment lead; empty when they are absolute.
    base: &'static str,
    fragment: &'a str,
}

/// What a page is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    fragment: FileMark,
    base: &'static str,
}

/// Bytes of a fragment that are read at most: those of some 100,000 torrents.
const MOST_BYTES: u64 = 64 << 20;

/// A page, as long as a reply holds it.
type Last = Option<(Origin, Weak<Vec<u8>>)>;

/// The one that was made last.
static LAST: Mutex<Last> = Mutex::new(None);

pub(super) fn show(loaded: &LoadedConfig, may_take_long: bool, response: &mut Response) -> Answer {
    let path = &fragment(loaded);
    // As the folders lie by default: below .../cgi-bin/tracker.cgi/stats, beside .../www/.
    let base = if loaded.config.paths.torrents_url.is_some() { "" } else { "../../www/" };
    let origin = FileMark::of(path).map(|fragment| Origin { fragment, base });
    let Some(mut last) = last_page(may_take_long) else { return Answer::Later };
    let shared = last.as_ref().filter(|(made_of, _)| Some(*made_of) == origin);
    let page = match shared.and_then(|(_, page)| page.upgrade()) {
        Some(page) => page,
        None if !may_take_long => return Answer::Later,
        None => match make(path, base) {
            Ok(page) => Arc::new(page),
            Err(problem) => return fail(&problem, response),
        },
    };
    *last = origin.map(|origin| (origin, Arc::downgrade(&page)));
    response.content_type = "text/html; charset=utf-8";
    response.headers.push(("Cache-Control", "max-age=60".into()));
    response.page = Some(page);
    Answer::Ready
}

/// The list of torrents; the stats table where the list would lie in the way of another file.
fn fragment(loaded: &LoadedConfig) -> PathBuf {
    loaded.list_fragment().unwrap_or_else(|| loaded.config.paths.stats_fragment.clone())
}

/// Nothing when another thread makes it and this one may not wait.
fn last_page(may_wait: bool) -> Option<MutexGuard<'static, Last>> {
    if may_wait {
        return Some(LAST.lock().unwrap_or_else(PoisonError::into_inner));
    }
    match LAST.try_lock() {
        Ok(last) => Some(last),
        Err(TryLockError::Poisoned(last)) => Some(last.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn make(path: &Path, base: &'static str) -> Result<Vec<u8>, askama::Error> {
    let fragment = files::read_linked(path, MOST_BYTES);
    let fragment = match &fragment {
        Ok(bytes) => String::from_utf8_lossy(bytes),
        Err(problem) => {
            let path = path.display();
            crate::warning!("cannot read {path}: {problem}; run `tracker refresh`");
            r#"<p class="tracker-empty">No statistics yet.</p>"#.into()
        }
    };
    let style = include_str!("../../www/style.css");
    let mut page = StatsPage { style, base, fragment: &fragment }.render()?.into_bytes();
    page.shrink_to_fit();
    Ok(page)
}

fn fail(problem: &askama::Error, response: &mut Response) -> Answer {
    crate::error!("cannot render the stats page: {problem}");
    response.status = Status::InternalServerError;
    response.body.extend_from_slice(b"The statistics cannot be shown now.\n");
    Answer::Ready
}
