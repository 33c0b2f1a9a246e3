//! What it means that an announce was not answered, and what to do: one hint for each cause.

use super::accounts;
use super::announced::{PEER_ID, Said};
use super::examination::Examination;
use super::http::{self, Failed, Reply};
use super::outcome::Outcome;
use crate::protocol::HttpUrl;

/// The shipped files that make a web server pass announces on.
const LOAD: &str = "load the shipped file for your web server (Apache: a2enconf tracker; nginx: the include \
                    in the server block of this host; lighttpd: lighty-enable-mod tracker; shared hosting: \
                    .htaccess) and restart the web server";

pub(super) const COMPRESS_PAGES_ONLY: &str =
    "leave text/plain out of what is compressed, as the shipped files do";

/// There was no reply.
pub(super) fn no_answer(url: &HttpUrl, problem: &Failed) -> Outcome {
    let (site, url) = (url.origin(), url.as_str());
    let remedy = match problem {
        Failed::NoCurl => return Outcome::not_checked(problem.to_string()),
        Failed::Unresolved { .. } | Failed::Forbidden { .. } => {
            "correct the host in announce_url in [tracker], or the host's entry in the DNS".into()
        }
        Failed::Unreachable { .. } | Failed::NoPacket { .. } => {
            "is the web server running, and does it listen there? Start it, or correct host and port in \
             announce_url in [tracker]"
                .into()
        }
        Failed::Silent { .. } => "restart the web server, and the responder where there is one: Apache's \
                                  CGI daemon is not there after a2enmod cgid and a reload"
            .into(),
        Failed::NotHttp { .. } if url.starts_with("http://") => format!(
            "correct the port in announce_url in [tracker]; where HTTPS is spoken there, it is \
             \"https{}\"",
            url.strip_prefix("http").unwrap_or(url)
        ),
        Failed::NotHttp { .. } => "correct the port in announce_url in [tracker]".into(),
        Failed::Tls(reason) if reason.contains("wrong version") => format!(
            "plain HTTP is spoken there: set announce_url to \"http{}\", or set up HTTPS",
            url.strip_prefix("https").unwrap_or(url)
        ),
        Failed::Tls(reason) if reason.contains("expired") => {
            "renew the certificate (certbot renew) and reload the web server; until then clients \
             refuse it"
                .into()
        }
        Failed::Tls(_) => format!(
            "give the web server a certificate for this host that clients accept, such as Let's Encrypt's, \
             or set announce_url to http; try: curl -v {site}/"
        ),
    };
    Outcome::wrong(format!("{url} does not answer: {problem}"), remedy)
}

/// The web server answers, and the tracker does not.
pub(super) fn not_the_tracker(
    configured: &HttpUrl,
    examination: &Examination<'_>,
    reply: &Reply,
) -> Outcome {
    let url = configured.as_str();
    let wrong = |what: &str, remedy: &str| {
        Outcome::wrong(format!("{url} answers {}: {what}", reply.status), remedy)
    };
    match reply.status {
        200 => something_else(url, reply),
        301 | 302 | 303 | 307 | 308 => redirected(url, reply),
        400 if is_for_https(reply) => wrong(
            "HTTPS is spoken at that port",
            &format!(
                "set announce_url in [tracker] to \"https{}\"",
                url.trim_start_matches("http")
            ),
        ),
        400 if is_missing(url) => not_found(configured, examination),
        400 => wrong(
            "the web server refuses the bytes of an info-hash",
            "lighttpd: set server.http-parseopts as the shipped file does; otherwise let its filter \
             (mod_security) pass /announce and /scrape",
        ),
        401 => wrong("a password is asked for", "let /announce and /scrape pass without one"),
        403 => wrong(
            "the web server may not run the tracker",
            "make the executable mode 755 and the folders above it passable; Apache: Options +ExecCGI and \
             Require all granted, as the shipped file says",
        ),
        404 => not_found(configured, examination),
        500 => wrong(
            "the tracker could not be started, or did not end well",
            "the web server's error log says why: is the executable whole (uploaded as binary), mode 755 \
             and for this kind of machine?",
        ),
        502 => wrong(
            "the web server does not reach the responder",
            "start it (systemctl enable --now tracker.socket), and have the web server's file name the \
             same socket, which its user may open",
        ),
        503 => wrong(
            "what runs the tracker for the web server is not there",
            "restart the web server: after a2enmod cgid a reload is not enough; with a responder, start it \
             (systemctl enable --now tracker.socket)",
        ),
        504 => wrong(
            "the responder does not answer in time",
            "restart it (systemctl restart tracker) and look into its log",
        ),
        _ => wrong("that is not a reply of the tracker", LOAD),
    }
}

/// Whether nothing is there even for a request without an info-hash.
fn is_missing(url: &str) -> bool {
    http::get(url, &[]).is_ok_and(|reply| reply.status == 404)
}

/// A page, or a program, in the place of a reply.
fn something_else(url: &str, reply: &Reply) -> Outcome {
    if let Some(encoding) = reply.header("content-encoding") {
        return Outcome::wrong(
            format!("{url} answers compressed ({encoding}), without being asked to"),
            COMPRESS_PAGES_ONLY,
        );
    }
    if reply.body.starts_with(b"\x7fELF") || reply.body.starts_with(b"#!") {
        return Outcome::wrong(
            format!("{url} gives away the program instead of running it"),
            "switch on CGI and restart the web server: Apache: a2enmod cgid; lighttpd: mod_cgi and \
             cgi.assign",
        );
    }
    Outcome::wrong(
        format!("{url} answers, and not as a tracker: another site or page is there"),
        format!("correct announce_url in [tracker], or {LOAD}"),
    )
}

fn redirected(url: &str, reply: &Reply) -> Outcome {
    let location = reply.header("location").unwrap_or("elsewhere");
    let location = location.split('?').next().unwrap_or(location);
    let what = format!("{url} leads to {location}, and not all clients follow");
    Outcome::wrong(
        what,
        format!(
            "set announce_url in [tracker] to the address that answers itself, such as \"{location}\", \
             and add {url} to also_announce_urls for the torrents that name it"
        ),
    )
}

/// What web servers write when somebody speaks plain HTTP to their HTTPS port.
fn is_for_https(reply: &Reply) -> bool {
    let text = reply.text();
    text.contains("HTTPS port") || text.contains("SSL-enabled")
}

/// Nothing is at that address: the tracker may be at another one.
fn not_found(url: &HttpUrl, examination: &Examination<'_>) -> Outcome {
    const WHOLE: [&str; 3] =
        ["/announce", "/cgi-bin/tracker.cgi/announce", "/cgi-bin/tracker.fcgi/announce"];
    const SCRIPTS: [&str; 2] = ["/cgi-bin/tracker.cgi", "/cgi-bin/tracker.fcgi"];
    let what = format!("{url} answers 404");
    if let Some(place) = elsewhere(examination, &WHOLE) {
        return Outcome::wrong(
            format!("{what}: the tracker is at another address of this host"),
            format!("set announce_url in [tracker] to \"{place}\", or {LOAD}"),
        );
    }
    if let Some(script) = elsewhere(examination, &SCRIPTS) {
        return Outcome::wrong(
            format!(
                "{what}: the tracker runs as {script}, but what follows its name does not arrive"
            ),
            "switch on PATH_INFO: Apache: AcceptPathInfo On; nginx: fastcgi_param PATH_INFO, as the \
             shipped files do",
        );
    }
    Outcome::wrong(format!("{what}: the web server does not pass it to the tracker"), LOAD)
}

/// Where else on the host the tracker may be: as the shipped files for web servers have it.
fn elsewhere(examination: &Examination<'_>, paths: &[&str]) -> Option<String> {
    let url = examination.announce_url()?;
    let places = paths.iter().map(|path| format!("{}{path}", url.origin()));
    places.filter(|place| place != url.as_str()).find(|place| {
        let reply = examination.get(&examination.announce_to(place, PEER_ID, "stopped"));
        reply.is_ok_and(|reply| Said::of(&reply).is_some())
    })
}

/// The tracker itself refuses.
pub(super) fn refused(url: &HttpUrl, examination: &Examination<'_>, refusal: &str) -> Outcome {
    let what = format!("{url} refuses: {refusal}");
    if refusal.contains("is banned") {
        return examination.wrong_by_itself(
            what,
            "this host itself is banned: `tracker ban list` shows by what, and `tracker ban remove` ends it",
        );
    }
    if refusal.contains("cannot see your address") {
        return examination.wrong_by_itself(
            what,
            "the web server passes no REMOTE_ADDR; where a proxy reaches it over a Unix socket, set \
             trusted_proxies = [\"unix:\"] in [network]",
        );
    }
    let servers = accounts::web_servers();
    let data = examination.loaded.config.paths.catalog.parent();
    if let (Some(owner), Some(data), Some(server)) = (examination.owner(), data, servers.first())
        && !servers.contains(&owner)
    {
        let (owner, server, data) =
            (accounts::name(owner), accounts::name(*server), data.display());
        return examination.wrong_by_itself(
            format!("{what}: {data} belongs to {owner}, and the web server runs as {server}"),
            format!(
                "as root, chown -R {server} {data}, unless CGIs run as another user here (suexec)"
            ),
        );
    }
    examination.wrong_by_itself(
        what,
        "the web server's error log has the reason; does the tracker have the same configuration there?",
    )
}
