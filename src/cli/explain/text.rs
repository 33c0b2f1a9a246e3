//! An explanation for people: short sections, aligned.

use super::input::{Given, Kind};
use crate::cli::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::protocol::{RetryIn, ScrapeFigures, Seconds, without_secrets};
use crate::site::explain::{Explanation, Reply};
use crate::site::{bytes, counted};
use crate::tracker::explain::{AnnounceAnswer, RuleVerdict, ScrapeAnswer};

/// Torrents of a scrape's answer that are shown at most.
const MOST_SCRAPED: usize = 20;

/// Letters of a parameter's name for which there is room in a column.
const LONGEST_NAME: usize = 20;

/// Prints all that is said of a request.
pub(super) fn print(
    given: &Given,
    explanation: &Explanation,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    print_request(given, explanation, world)?;
    if !explanation.parameters.is_empty() {
        world.print("\nparameters\n")?;
    }
    let names = explanation.parameters.iter().map(|it| Harmless(&it.name).to_string());
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0).min(LONGEST_NAME);
    for parameter in &explanation.parameters {
        let sent = match &parameter.sent {
            None => "(not sent)",
            Some(sent) if sent.is_empty() => "(empty)",
            Some(sent) => sent,
        };
        world.print(format_args!(
            "  {:<width$}  {:<8}  {} <- {}\n",
            Harmless(&parameter.name).to_string(),
            parameter.standing.name(),
            Harmless(&parameter.meaning),
            Harmless(sent)
        ))?;
    }
    if !explanation.rules.is_empty() {
        world.print("\nrules, in the order in which they are asked\n")?;
    }
    for asked in &explanation.rules {
        let verdict = match asked.verdict {
            RuleVerdict::NotAsked => "not asked",
            other => other.name(),
        };
        let line = format!("  {:<17}  {verdict:<9}  {}", asked.rule, Harmless(&asked.about));
        world.print(format_args!("{}\n", line.trim_end()))?;
    }
    print_outcome(given, explanation, world)?;
    for note in &explanation.notes {
        world.print(format_args!("\nnote: {}\n", Harmless(note)))?;
    }
    Ok(())
}

fn print_request(
    given: &Given,
    explanation: &Explanation,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let how = match &given.kind {
        Kind::LogLine { time, status } => format!(
            ", from a line of a log of {time} with status {status}; explained as it would be answered now"
        ),
        _ => String::new(),
    };
    world.print(format_args!("request     {}{}\n", explanation.asked, Harmless(how)))?;
    let from = given.from.map_or_else(|| "not known (--from)".into(), |from| from.to_string());
    world.print(format_args!("address     {from}\n"))?;
    if let Some(client) = &explanation.client {
        world.print(format_args!("client      {}, by its peer id\n", Harmless(client)))?;
    }
    if !given.user_agent.is_empty() {
        world.print(format_args!("user agent  {}\n", given.user_agent.escape_ascii()))?;
    }
    match &explanation.passkey {
        Some(passkey) => world.print(format_args!("passkey     {passkey}\n")),
        None => Ok(()),
    }
}

/// What is wrong with an address at which nobody announces.
fn no_address_for_it(path: &[u8]) -> String {
    let end = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let end = without_secrets(&end.escape_ascii().to_string());
    format!(
        ": no address for announces or scrapes (the path ends in /{end}; this tracker's end in /announce and /scrape)"
    )
}

fn print_outcome(
    given: &Given,
    explanation: &Explanation,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    match &explanation.reply {
        Reply::Announce(answer) => print_announced(answer, world),
        Reply::Scrape(answer) => print_scraped(answer, world),
        Reply::Page { status, what } => {
            world.print(format_args!("\noutcome     HTTP {status}: {what}\n"))
        }
        Reply::DependsOnAddress => world.print(
            "\noutcome     no rule above refuses it; what is left depends on the client's address: say it with --from\n",
        ),
        Reply::NothingPublished => world.print(
            "\noutcome     not known: nothing was published yet, which the first request has done; run `tracker refresh \
             --force`, and ask again\n",
        ),
        Reply::Failure { status, reason, retry_in, interval, min_interval } => {
            let by = match explanation.decided_by {
                Some(rule) => format!(", by {rule}"),
                None => no_address_for_it(&given.path),
            };
            world.print(format_args!(
                "\noutcome     refused{}\n\nreply       HTTP {status}\n",
                Harmless(by)
            ))?;
            world.print(format_args!("  failure reason  {}\n", Harmless(reason)))?;
            print_intervals(*interval, *min_interval, world)?;
            match retry_in {
                None => Ok(()),
                Some(RetryIn::Never) => world.print("  retry in        never\n"),
                Some(RetryIn::Minutes(minutes)) => world
                    .print(format_args!("  retry in        {}\n", counted(*minutes, "minute"))),
            }
        }
    }
}

fn print_intervals(
    interval: Seconds,
    min_interval: Seconds,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    world.print(format_args!("  interval        {interval} seconds\n"))?;
    world.print(format_args!("  min interval    {min_interval} seconds\n"))
}

fn print_announced(answer: &AnnounceAnswer, world: &mut World<'_>) -> Result<(), CommandError> {
    let reply = &answer.reply;
    world.print("\noutcome     answered\n\nreply       HTTP 200\n")?;
    world.print(format_args!(
        "  complete        {} (seeders, before this announce)\n  incomplete      {} (all others, before this \
         announce)\n  downloaded      {} (completed downloads)\n",
        reply.complete, reply.incomplete, reply.downloaded
    ))?;
    print_intervals(reply.interval, reply.min_interval, world)?;
    if let Some(ip) = reply.external_ip {
        world.print(format_args!("  external ip     {ip}\n"))?;
    }
    let form = match (answer.in_dictionaries, answer.want.peer_ids) {
        (false, _) => "compact",
        (true, true) => "dictionaries with peer ids",
        (true, false) => "dictionaries",
    };
    let at_most = answer.want.peers.min(answer.peers.peers);
    let load = if answer.load_is_high { "; load is high" } else { "" };
    world.print(format_args!("  peers           {at_most} at most, {form}{load}\n"))?;
    if let Some(warning) = reply.warning {
        world.print(format_args!("  warning message {warning}\n"))?;
    }
    print_peers(answer, world)
}

fn print_peers(answer: &AnnounceAnswer, world: &mut World<'_>) -> Result<(), CommandError> {
    let peers = &answer.peers;
    world.print(format_args!(
        "\npeers are drawn by chance from these of the swarm {}\n",
        answer.swarm
    ))?;
    for (name, count) in [
        ("seeders", peers.seeders),
        ("leechers", peers.leechers),
        ("partial seeds", peers.partial_seeds),
    ] {
        world
            .print(format_args!("  {name:<15} {} over IPv4, {} over IPv6\n", count.v4, count.v6))?;
    }
    for (count, what) in [
        (peers.without_port, "has no port or is hidden, and nobody is told of it"),
        (peers.seeds_for_leechers, "is a seeder's: other seeders are not told (seeds_see_seeds)"),
        (
            peers.kept_by_rules,
            "is kept from this client: by the rules on addresses and ports, or as nobody can connect to it",
        ),
    ] {
        if count > 0 {
            world.print(format_args!("  left out: {count} {what}\n"))?;
        }
    }
    match peers.knows_client {
        true => world.print("  the client itself is known already\n"),
        false => Ok(()),
    }
}

fn print_scraped(answer: &ScrapeAnswer, world: &mut World<'_>) -> Result<(), CommandError> {
    let count = answer.torrents.len();
    world.print(format_args!(
        "\noutcome     answered\n\nreply       HTTP 200, {}\n",
        counted(count, "torrent")
    ))?;
    for torrent in answer.torrents.iter().take(MOST_SCRAPED) {
        let entry = &torrent.entry;
        world.print(format_args!(
            "  {}  complete {}  incomplete {}  downloaded {}{}  {}\n",
            entry.info_hash,
            entry.complete,
            entry.incomplete,
            entry.downloaded,
            entry.figures.map_or_else(String::new, |figures| in_words(&figures)),
            Harmless(torrent.name.as_deref().unwrap_or_default())
        ))?;
    }
    if count > MOST_SCRAPED {
        world.print(format_args!("  and {} more\n", count - MOST_SCRAPED))?;
    }
    for (hash, refusal) in &answer.left_out {
        world.print(format_args!(
            "  {hash}  left out, by {}: {}\n",
            refusal.rule(),
            Harmless(refusal)
        ))?;
    }
    Ok(())
}

fn in_words(figures: &ScrapeFigures) -> String {
    let ScrapeFigures { average_done, speed, transferred } = *figures;
    let (speed, transferred) = (bytes(speed, 2), bytes(transferred, 2));
    format!("  averagedone {average_done} %  speed {speed}/s  transferred {transferred}")
}
