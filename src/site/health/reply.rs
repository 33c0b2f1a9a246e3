//! Whether replies come through web server and proxies as the tracker wrote them: whole, plain, fresh.

use super::announce::answered;
use super::announced::Said;
use super::examination::Examination;
use super::hints::COMPRESS_PAGES_ONLY;
use super::http;
use super::outcome::Outcome;

/// Who asks twice with the same words, and who announces in between.
const ASKING: &[u8; 20] = b"-TD0100-doctor-asks1";
const COMING: &[u8; 20] = b"-TD0100-doctor-comes";

/// Tries that must agree, as other clients come and go meanwhile.
const TRIES: usize = 3;

/// Whether replies reach clients unchanged and fresh.
pub(super) fn is_unchanged(examination: &Examination<'_>) -> Option<Outcome> {
    let announced = answered(examination)?;
    let (url, reply) = (&announced.url, &announced.reply);
    if !reply.says("cache-control", "no-store") || is_cached(examination) {
        return Some(Outcome::wrong(
            "replies are kept in a cache, or may be: clients get what others were told, or old peers",
            "exclude /announce and /scrape from caching (nginx: no fastcgi_cache or proxy_cache there; \
             Apache: no CacheEnable, and no Cache-Control or Expires of its own), and in a CDN too",
        ));
    }
    let asked = http::get(url, &[("Accept-Encoding", "gzip")]);
    if asked.is_ok_and(|reply| reply.header("content-encoding").is_some()) {
        return Some(Outcome::told(format!(
            "replies are compressed for clients that can read it; they hardly shrink, and some clients \
             cannot in spite of what they say; {COMPRESS_PAGES_ONLY}"
        )));
    }
    if reply.header("content-length").is_none() {
        return Some(Outcome::told(
            "replies come in chunks, without Content-Length, which simple clients do not read; Apache: \
             SetEnv ap_trust_cgilike_cl 1, as the shipped files say; nginx: neither ssi nor sub_filter there",
        ));
    }
    Some(Outcome::fine("as the tracker wrote them"))
}

/// Whether the same question has the same answer after somebody came.
fn is_cached(examination: &Examination<'_>) -> bool {
    let Some(url) = examination.announce_url() else { return false };
    let leechers = |peer: &[u8; 20], event| {
        let reply = http::get(&examination.announce_to(url.as_str(), peer, event), &[]).ok()?;
        Said::of(&reply)?.leechers
    };
    (0..TRIES).all(|_| {
        let before = leechers(ASKING, "stopped");
        let with_another = leechers(COMING, "started");
        let after = leechers(ASKING, "stopped");
        leechers(COMING, "stopped");
        // Who is refused comes in vain, and shows nothing.
        before.is_some() && with_another.is_some() && before == after && before != with_another
    })
}
