//! A scrape of any tracker: HTTP, HTTPS or UDP, and whatever its reply is like.

use std::borrow::Cow;
use std::io::Read as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;

use super::bounds::Bounds;
use super::failed::Failed;
use super::http::get;
use super::reply::{Ended, Reply};
use super::udp::{self, UdpFailed};
use crate::protocol::{HttpUrl, InfoHash, MOST_ASKED, NotScraped, ScrapeFault, Scraped, Url};

const USER_AGENT: (&str, &str) = ("User-Agent", concat!("tracker.cgi/", env!("CARGO_PKG_VERSION")));

/// What a tracker said.
#[derive(Debug)]
pub struct ScrapeAnswer {
    /// The requests, as URLs.
    pub asked: Vec<String>,
    /// The address that answered the first of them, where it is known.
    pub from: Option<SocketAddr>,
    /// How long all of it took.
    pub took: Duration,
    /// Bytes of the replies, as they came.
    pub bytes: usize,
    /// The figures.
    pub scraped: Scraped,
}

/// Why a tracker gives no figures.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeFailed {
    /// Nothing came.
    #[error(transparent)]
    Transfer(#[from] Failed),
    /// Over UDP, nothing came that has figures.
    #[error(transparent)]
    Udp(#[from] UdpFailed),
    /// Another scheme, or a name that is too long.
    #[error("{0} cannot be scraped: trackers are, over http, https and udp")]
    Scheme(String),
    /// BEP 15 has no request for all torrents.
    #[error("a UDP tracker gives no figures of all its torrents (BEP 15); name info-hashes")]
    NoFullScrape,
    /// It is elsewhere.
    #[error("{url} answers {status} and leads to {location}, which is not followed; ask there")]
    Redirected {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Where it leads to.
        location: String,
    },
    /// More than is read.
    #[error("{url} answers with more than {most} bytes, which are not read; name info-hashes")]
    TooLong {
        /// What was asked.
        url: String,
        /// Bytes that are read at most, packed or not.
        most: usize,
    },
    /// Something that has no figures.
    #[error("{url} answers {status} with {problem}")]
    NotScraped {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        problem: NotScraped,
    },
}

/// Asks a scrape URL for the figures of torrents: for all where there are none. Several requests are made for many.
///
/// # Errors
/// When the first request brings no figures. That a later one does not is a fault of the answer.
pub fn scrape(
    url: &Url,
    info_hashes: &[InfoHash],
    bounds: &Bounds,
) -> Result<ScrapeAnswer, ScrapeFailed> {
    let started = Instant::now();
    let mut answer = match (url.scheme(), HttpUrl::try_from(url.as_str().to_owned())) {
        ("udp", _) if info_hashes.is_empty() => return Err(ScrapeFailed::NoFullScrape),
        ("udp", _) => {
            let answer = udp::scrape(url, info_hashes, bounds)?;
            let (from, asked) = (Some(answer.from), vec![url.to_string()]);
            let (scraped, bytes) = (answer.scraped, answer.bytes);
            ScrapeAnswer { asked, from, took: Duration::ZERO, bytes, scraped }
        }
        (_, Ok(url)) => over_http(&url, info_hashes, bounds, started)?,
        (_, Err(_)) => return Err(ScrapeFailed::Scheme(url.to_string())),
    };
    answer.took = started.elapsed();
    Ok(answer)
}

fn over_http(
    url: &HttpUrl,
    info_hashes: &[InfoHash],
    bounds: &Bounds,
    started: Instant,
) -> Result<ScrapeAnswer, ScrapeFailed> {
    // One request where none are named.
    let first = info_hashes.len().min(MOST_ASKED);
    let (first, rest) = info_hashes.split_at_checked(first).unwrap_or_default();
    let mut answer = ask(url, first, bounds)?;
    for part in rest.chunks(MOST_ASKED) {
        // One address, one connection and one bound for all would be a lot for a case that is rare.
        let left = bounds.time.saturating_sub(started.elapsed());
        match ask(url, part, &Bounds { time: left, ..*bounds }) {
            Ok(more) => {
                answer.asked.extend(more.asked);
                answer.bytes += more.bytes;
                answer.scraped.join(more.scraped);
            }
            Err(failed) => {
                answer.scraped.faults.note(ScrapeFault::Unfinished, || failed.to_string());
                break;
            }
        }
    }
    Ok(answer)
}

/// One request.
fn ask(
    url: &HttpUrl,
    info_hashes: &[InfoHash],
    bounds: &Bounds,
) -> Result<ScrapeAnswer, ScrapeFailed> {
    let scheme = || ScrapeFailed::Scheme(url.to_string());
    let asked = url.with_info_hashes(info_hashes).ok_or_else(scheme)?;
    let reply = get(&asked, &[USER_AGENT], bounds)?;
    let scraped = read(url, &reply, info_hashes, bounds.bytes)?;
    let from = reply.way.zip(url.port()).map(|(way, port)| SocketAddr::new(way.to, port));
    let (asked, bytes) = (vec![asked.to_string()], reply.body.len());
    Ok(ScrapeAnswer { asked, from, took: Duration::ZERO, bytes, scraped })
}

fn read(
    url: &HttpUrl,
    reply: &Reply,
    info_hashes: &[InfoHash],
    most: usize,
) -> Result<Scraped, ScrapeFailed> {
    let (url, status) = (url.to_string(), reply.status);
    if let (300..400, Some(location)) = (status, reply.header("location")) {
        return Err(ScrapeFailed::Redirected { url, status, location: location.to_owned() });
    }
    let unpacked = unpacked(&reply.body, most).filter(|_| reply.ended != Ended::TooLong);
    let Some(body) = unpacked else { return Err(ScrapeFailed::TooLong { url, most }) };
    let scraped = Scraped::parse(&body, info_hashes);
    let mut scraped =
        scraped.map_err(|problem| ScrapeFailed::NotScraped { url, status, problem })?;
    if status != 200 {
        scraped.faults.note(ScrapeFault::Status, || status.to_string());
    }
    if matches!(body, Cow::Owned(_)) {
        scraped.faults.note(ScrapeFault::Compressed, || format!("{} bytes", reply.body.len()));
    }
    if reply.ended == Ended::Early {
        scraped.faults.note(ScrapeFault::Cut, || format!("{} bytes came", reply.body.len()));
    }
    Ok(scraped)
}

/// A body that some trackers pack although nobody asked for that; `None` when it is longer than that. What is broken
/// comes as far as it goes.
fn unpacked(body: &[u8], most: usize) -> Option<Cow<'_, [u8]>> {
    if !body.starts_with(b"\x1f\x8b") {
        return Some(Cow::Borrowed(body));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let _ = MultiGzDecoder::new(body).take(limit).read_to_end(&mut bytes);
    (bytes.len() <= most).then_some(Cow::Owned(bytes))
}
