//! An explanation for programs.

use serde_json::{Value, json};

use super::input::{Given, Kind};
use crate::protocol::{AnnounceReply, RetryIn, UnderstoodParameter};
use crate::site::explain::{Explanation, Reply};
use crate::tracker::explain::{Addresses, AnnounceAnswer, AskedRule, PeersAtHand, ScrapeAnswer};

/// All that is said of a request.
pub(super) fn of(given: &Given, explanation: &Explanation) -> Value {
    let (time, status) = match &given.kind {
        Kind::LogLine { time, status } => (Some(time), Some(status)),
        _ => (None, None),
    };
    let user_agent = given.user_agent.escape_ascii().to_string();
    let peers = match &explanation.reply {
        Reply::Announce(answer) => peers(answer),
        _ => Value::Null,
    };
    json!({
        "given_as": given.kind.name(),
        "logged_at": time,
        "logged_status": status,
        "asked": explanation.asked,
        "address": given.from.map(|from| from.to_string()),
        "user_agent": (!user_agent.is_empty()).then_some(user_agent),
        "client": explanation.client,
        "passkey": explanation.passkey,
        "parameters": explanation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "rules": explanation.rules.iter().map(rule).collect::<Vec<_>>(),
        "outcome": outcome(&explanation.reply),
        "decided_by": explanation.decided_by,
        "reply": reply(&explanation.reply),
        "peers": peers,
        "notes": explanation.notes,
    })
}

/// What becomes of a request, in a word.
pub(super) fn outcome(reply: &Reply) -> &'static str {
    match reply {
        Reply::Announce(_) | Reply::Scrape(_) => "answered",
        Reply::Failure { .. } => "refused",
        Reply::Page { .. } => "page",
        Reply::DependsOnAddress => "depends_on_address",
        Reply::NothingPublished => "nothing_published",
    }
}

fn parameter(parameter: &UnderstoodParameter) -> Value {
    json!({
        "name": parameter.name,
        "sent": parameter.sent,
        "standing": parameter.standing.name(),
        "meaning": parameter.meaning,
    })
}

fn rule(asked: &AskedRule) -> Value {
    json!({ "rule": asked.rule, "verdict": asked.verdict.name(), "about": asked.about })
}

fn reply(reply: &Reply) -> Value {
    match reply {
        Reply::Announce(answer) => announced(&answer.reply, answer.in_dictionaries),
        Reply::Scrape(answer) => scraped(answer),
        Reply::Failure { status, reason, retry_in, interval, min_interval } => json!({
            "status": status,
            "failure_reason": reason,
            "retry_in": retry_in.map(|retry_in| match retry_in {
                RetryIn::Minutes(minutes) => json!(minutes),
                RetryIn::Never => json!("never"),
            }),
            "interval": interval.0,
            "min_interval": min_interval.0,
        }),
        Reply::Page { status, what } => json!({ "status": status, "what": what }),
        Reply::DependsOnAddress | Reply::NothingPublished => Value::Null,
    }
}

fn announced(reply: &AnnounceReply<'_>, in_dictionaries: bool) -> Value {
    json!({
        "status": 200,
        "complete": reply.complete,
        "incomplete": reply.incomplete,
        "downloaded": reply.downloaded,
        "interval": reply.interval.0,
        "min_interval": reply.min_interval.0,
        "external_ip": reply.external_ip.map(|ip| ip.to_string()),
        "warning_message": reply.warning,
        "peers_form": if in_dictionaries { "dictionaries" } else { "compact" },
    })
}

fn scraped(answer: &ScrapeAnswer) -> Value {
    let files = answer.torrents.iter().map(|torrent| {
        json!({
            "info_hash": torrent.entry.info_hash.to_string(),
            "name": torrent.name,
            "complete": torrent.entry.complete,
            "incomplete": torrent.entry.incomplete,
            "downloaders": torrent.entry.downloaders,
            "downloaded": torrent.entry.downloaded,
            "averagedone": torrent.entry.figures.map(|it| it.average_done),
            "speed": torrent.entry.figures.map(|it| it.speed),
            "transferred": torrent.entry.figures.map(|it| it.transferred),
        })
    });
    let left_out = answer.left_out.iter().map(|(hash, refusal)| {
        json!({ "info_hash": hash.to_string(), "rule": refusal.rule(), "reason": refusal.to_string() })
    });
    json!({
        "status": 200,
        "files": files.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
    })
}

fn peers(answer: &AnnounceAnswer) -> Value {
    let families = |count: Addresses| json!({ "ipv4": count.v4, "ipv6": count.v6 });
    let PeersAtHand {
        peers,
        seeders,
        leechers,
        partial_seeds,
        knows_client,
        without_port,
        seeds_for_leechers,
        kept_by_rules,
    } = answer.peers;
    json!({
        "info_hash": answer.swarm.to_string(),
        "at_most": answer.want.peers,
        "peers": peers,
        "with_peer_ids": answer.want.peer_ids,
        "high_load": answer.load_is_high,
        "seeders": families(seeders),
        "leechers": families(leechers),
        "partial_seeds": families(partial_seeds),
        "knows_client": knows_client,
        "without_port": without_port,
        "seeds_for_leechers": seeds_for_leechers,
        "kept_by_rules": kept_by_rules,
    })
}
