//! `tracker ban`: addresses that may not announce.

mod export;
mod import;

use serde_json::{Value, json};

use super::change::change;
use super::{CommandError, World};
use crate::catalog::detail_values::reason;
use crate::catalog::{Ban, Catalog};
use crate::config::Period;
use crate::platform::address_range::AddressRange;
use crate::platform::terminal::Harmless;
use crate::protocol::{Seconds, Timestamp};
use crate::site::{counted, in_words};
use crate::tracker::switches;

/// Addresses that may not announce
#[derive(Debug, clap::Subcommand)]
pub enum BanCommand {
    /// Ban addresses; a ban of the same range is replaced
    Add {
        /// Addresses (192.0.2.7), networks (192.0.2.0/24, 2001:db8::/32) or ranges (192.0.2.1-192.0.2.9)
        #[arg(required = true, value_name = "RANGE", value_parser = range_to_ban)]
        ranges: Vec<AddressRange>,
        /// What the clients are told
        #[arg(long, default_value = "", value_name = "TEXT", value_parser = reason)]
        reason: String,
        /// For so long (30m, 12h, 7d, 2w) instead of for good
        #[arg(long = "for", value_name = "DURATION", value_parser = str::parse::<Period>)]
        period: Option<Period>,
    },
    /// List the bans
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End bans
    Remove {
        /// The ranges, as `tracker ban list` shows them
        #[arg(required_unless_present = "list", value_name = "RANGE", value_parser = range)]
        ranges: Vec<AddressRange>,
        /// All bans of a list that was imported; `automatic`: all that the tracker has made itself
        #[arg(long, value_name = "NAME", conflicts_with = "ranges")]
        list: Option<String>,
    },
    Import(import::ImportArguments),
    Export(export::ExportArguments),
}

fn range(text: &str) -> Result<AddressRange, String> {
    text.parse::<AddressRange>().map_err(|problem| format!("it {problem}"))
}

/// A range that may be banned.
fn range_to_ban(text: &str) -> Result<AddressRange, String> {
    match range(text)? {
        range if range.is_everything() => Err("that would ban everybody".into()),
        range => Ok(range),
    }
}

impl BanCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Add { ranges, reason, period } => {
                add(&ranges, &reason, period.map(Period::seconds), world)
            }
            Self::List { json } => list(json, world),
            Self::Remove { list: Some(list), .. } => import::remove(&list, world),
            Self::Remove { ranges, list: None } => remove(&ranges, world),
            Self::Import(arguments) => arguments.run(world),
            Self::Export(arguments) => arguments.run(world),
        }
    }
}

fn add(
    ranges: &[AddressRange],
    reason: &str,
    period: Option<Seconds>,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let replaced = change(world, |catalog, author| {
        let until = period.map(|period| author.at + period);
        let ban = |range: &AddressRange| {
            let (reason, list) = (reason.to_owned(), String::new());
            let ban = Ban { range: *range, reason, until, since: author.at, list };
            Ok(catalog.ban(&ban, author)?.is_some())
        };
        ranges.iter().map(ban).collect::<Result<Vec<_>, CommandError>>()
    })?;
    for (range, was_banned) in ranges.iter().zip(replaced) {
        let how = if was_banned { "is still banned, as said now" } else { "is banned" };
        let how_long =
            period.map_or_else(String::new, |period| format!(", for {}", in_words(period)));
        world.print(format_args!("{range}: {how}{how_long}\n"))?;
    }
    Ok(())
}

fn remove(ranges: &[AddressRange], world: &mut World<'_>) -> Result<(), CommandError> {
    let (before, ended, left) = change(world, |catalog, author| {
        let before = catalog.bans()?;
        let unban = |range: &AddressRange| Ok(catalog.unban(*range, author)?.is_some());
        let ended = ranges.iter().map(unban).collect::<Result<Vec<_>, CommandError>>()?;
        Ok((before, ended, catalog.bans()?))
    })?;
    let mut unknown = Vec::new();
    for (range, was_banned) in ranges.iter().zip(ended) {
        let others = still_banning(*range, &left, world.now);
        match (was_banned, others) {
            (true, None) => world.print(format_args!("{range}: is no longer banned\n"))?,
            (true, Some(other)) => world.print(format_args!(
                "{range}: its own ban is over, and it is still banned with {}\n",
                Harmless(other)
            ))?,
            (false, Some(other)) => {
                unknown.push(format!("{range} alone (it is banned with {other})"))
            }
            (false, None) => unknown.push(range.to_string()),
        }
    }
    let ended = before.iter().filter(|ban| ranges.contains(&ban.range));
    warn_of_return(ended, world)?;
    if unknown.is_empty() {
        return Ok(());
    }
    Err(CommandError::Failed(format!(
        "there is no ban of {}; `tracker ban list` shows what there is",
        unknown.join(", ")
    )))
}

/// Says that bans which the tracker made a short while ago may come back: its count of refusals stays.
fn warn_of_return<'a>(
    mut ended: impl Iterator<Item = &'a Ban>,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let clients = switches::effective(&world.load_owner_config()?).config.clients;
    let counts = clients.identify && clients.ban_after.get().is_some();
    let within = clients.ban_within.seconds();
    let may_return = |ban: &Ban| ban.is_automatic() && ban.since + within > world.now;
    if !counts || !ended.any(may_return) {
        return Ok(());
    }
    world.print(
        "the next announce there that is refused may ban it again; to stop that, put the address into exempt in \
         [limits]\n",
    )
}

/// Which other ban holds for all of a range, and how it is ended, in words.
fn still_banning(range: AddressRange, bans: &[Ban], now: Timestamp) -> Option<String> {
    let ban = bans.iter().find(|ban| ban.is_in_force(now) && ban.holds_for(range))?;
    let range = ban.range;
    Some(match ban.list.as_str() {
        "" | Ban::AUTOMATIC => format!("{range}: `tracker ban remove {range}` ends that"),
        list => format!("{range} of the list {list}"),
    })
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let catalog = Catalog::read(&world.load_owner_config()?.config.paths.catalog)?;
    let mut bans = catalog.bans()?;
    bans.retain(|ban| ban.is_in_force(world.now));
    if json {
        return world.print_json(&Value::Array(bans.iter().map(ban_json).collect()));
    }
    for ban in bans.iter().filter(|ban| ban.list.is_empty() || ban.is_automatic()) {
        let left = ban.until.map(|until| format!("  ends in {}", in_words(until.since(world.now))));
        let reason = Harmless(&ban.reason);
        let (range, left) = (ban.range.to_string(), left.unwrap_or_default());
        let automatic = if ban.is_automatic() { "automatic: " } else { "" };
        world.print(format_args!("{range:<40}{left}  {automatic}{reason}\n"))?;
    }
    let lists = catalog.ban_lists()?.into_iter().filter(|list| list.name != Ban::AUTOMATIC);
    for list in lists {
        let (name, age) = (Harmless(&list.name), in_words(world.now.since(list.since)));
        let ranges = counted(usize::try_from(list.ranges).unwrap_or(usize::MAX), "range");
        world.print(format_args!("list {name:<35}  {ranges}, {age} old\n"))?;
    }
    world.print(format_args!("{}\n", counted(bans.len(), "ban")))
}

fn ban_json(ban: &Ban) -> Value {
    json!({
        "range": ban.range.to_string(),
        "reason": ban.reason,
        "since": ban.since.0,
        "until": ban.until.map(|until| until.0),
        "list": (!ban.list.is_empty()).then_some(&ban.list),
    })
}

#[cfg(test)]
mod tests {
    use crate::catalog::{AutomaticBan, Catalog};
    use crate::cli::tests::run_at;
    use crate::protocol::{Seconds, Timestamp};
    use crate::site::clock;

    #[test]
    fn bans_are_made_listed_and_ended() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        std::fs::create_dir_all(home.path().join("conf")).unwrap();
        std::fs::write(home.path().join("conf/tracker.toml"), "").unwrap();
        let none = run(&["ban", "list"]);
        assert_eq!(none.output, "0 bans\n");
        let added = run(&[
            "ban",
            "add",
            "192.0.2.7/24",
            "2001:db8::1",
            "--reason",
            " floods ",
            "--for",
            "7d",
        ]);
        added.assert_done();
        assert_eq!(
            added.output,
            "192.0.2.0/24: is banned, for 7 days\n2001:db8::1: is banned, for 7 days\n"
        );
        let again = run(&["ban", "add", "192.0.2.0/24"]);
        assert_eq!(again.output, "192.0.2.0/24: is still banned, as said now\n");
        let listed = run(&["ban", "list", "--json"]);
        let listed: serde_json::Value = serde_json::from_str(&listed.output).unwrap();
        assert_eq!(listed[0]["range"], "192.0.2.0/24");
        assert_eq!(
            (&listed[0]["reason"], &listed[0]["until"]),
            (&"".into(), &serde_json::Value::Null)
        );
        assert_eq!(listed[1]["reason"], "floods");
        assert!(listed[1]["until"].as_u64() > listed[1]["since"].as_u64());
        let removed = run(&["ban", "remove", "192.0.2.0/24", "198.51.100.1"]);
        assert!(removed.failure().contains("there is no ban of 198.51.100.1"));
        assert_eq!(removed.output, "192.0.2.0/24: is no longer banned\n");
        assert!(run(&["ban", "list"]).output.ends_with("floods\n1 ban\n"));
    }

    #[test]
    fn a_ban_that_ends_within_another_one_is_told_so() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        run(&["ban", "add", "192.0.2.0/24", "192.0.2.7"]).assert_done();
        let removed = run(&["ban", "remove", "192.0.2.7"]);
        let told = "192.0.2.7: its own ban is over, and it is still banned with 192.0.2.0/24: \
                    `tracker ban remove 192.0.2.0/24` ends that\n";
        assert_eq!(removed.output, told);
        let again = run(&["ban", "remove", "192.0.2.7"]);
        assert!(again.failure().contains(
            "192.0.2.7 alone (it is banned with 192.0.2.0/24: `tracker ban remove 192.0.2.0/24` ends that)"
        ));
    }

    #[test]
    fn who_ends_what_the_tracker_has_banned_hears_that_it_may_come_back() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        std::fs::create_dir_all(home.path().join("conf")).unwrap();
        let settings = "[clients]\nidentify = true\nban_after = 3\n";
        std::fs::write(home.path().join("conf/tracker.toml"), settings).unwrap();
        let none = run(&["ban", "remove", "--list", "automatic"]);
        assert!(none.failure().contains("the tracker has banned nobody"), "{}", none.errors);
        let ban = |since: Timestamp| {
            let mut catalog = Catalog::open(&home.path().join("data/catalog.db")).unwrap();
            let ban = AutomaticBan { reason: "", since, until: clock() + Seconds(7200) };
            let range = "2606:4700::/64".parse().unwrap();
            catalog.ban_automatically(&[range], ban).unwrap();
        };
        ban(clock());
        let part = run(&["ban", "remove", "2606:4700::1"]);
        assert!(part.failure().contains("`tracker ban remove 2606:4700::/64`"), "{}", part.errors);
        for arguments in [["remove", "2606:4700::/64", "--"], ["remove", "--list", "automatic"]] {
            ban(clock());
            let ended = run(&["ban", arguments[0], arguments[1], arguments[2]]);
            assert!(ended.output.contains("put the address into exempt"), "{}", ended.output);
            ban(Timestamp(clock().0 - 3700));
            let ended = run(&["ban", arguments[0], arguments[1], arguments[2]]);
            assert!(ended.output.contains("no longer banned"), "{}", ended.output);
            assert!(!ended.output.contains("exempt"), "{}", ended.output);
        }
    }

    #[test]
    fn lists_are_imported_replaced_exported_and_ended() {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(home.path().join("conf")).unwrap();
            std::fs::write(home.path().join(name), text).unwrap();
            home.path().join(name).display().to_string()
        };
        write("conf/tracker.toml", "");
        let file = write("floods.txt", "192.0.2.0/25\n192.0.2.128/25\n198.51.100.1\nhm\n");
        let refused = run(&["ban", "import", &file]);
        assert!(
            refused
                .failure()
                .contains("1 line cannot be understood, or would ban everybody, 4 (hm)"),
            "{}",
            refused.errors
        );
        let tried = run(&["ban", "import", &file, "--lenient", "--dry-run"]);
        let read = "floods.txt: 2 ranges (entries: 3), 1 line passed over, 4 (hm); ";
        assert_eq!(tried.output, format!("{read}nothing is changed\n"));
        assert_eq!(run(&["ban", "list"]).output, "0 bans\n");
        let imported = run(&["ban", "import", &file, "--lenient", "--reason", "a bot: net"]);
        assert_eq!(imported.output, format!("{read}banned from now on\n"));
        let listed = run(&["ban", "list"]).output;
        assert!(listed.contains("list floods.txt") && listed.ends_with("2 bans\n"), "{listed}");
        run(&["ban", "add", "2001:db8::5"]).assert_done();
        let export = |format: &str| run(&["ban", "export", "--format", format]).output;
        assert_eq!(export("cidr"), "192.0.2.0/24\n198.51.100.1/32\n2001:db8::5/128\n");
        let p2p = "banned:2001:db8::5-2001:db8::5\na bot  net:192.0.2.0-192.0.2.255\n";
        assert_eq!(export("p2p"), format!("{p2p}a bot  net:198.51.100.1-198.51.100.1\n"));
        assert!(export("dat").contains("192.000.002.000 - 192.000.002.255 , 000 , a bot: net\n"));
        for format in ["cidr", "p2p", "dat"] {
            let again = write("again", &export(format));
            let read = run(&["ban", "import", &again, "--dry-run", "--list", "x"]);
            assert!(
                read.output.starts_with("x: 3 ranges (entries: 3);"),
                "{format}: {}",
                read.output
            );
        }
        write("floods.txt", "203.0.113.9\n");
        let replaced = run(&["ban", "import", &file]);
        assert!(
            replaced.output.ends_with("banned from now on instead of 2\n"),
            "{}",
            replaced.output
        );
        let removed = run(&["ban", "remove", "--list", "floods.txt"]);
        assert_eq!(removed.output, "floods.txt: its 1 range is no longer banned\n");
        assert!(run(&["ban", "remove", "--list", "floods.txt"]).failure().contains("no list"));
        assert!(run(&["ban", "import", "/nowhere/x"]).failure().contains("is not imported"));
    }

    #[test]
    fn what_cannot_be_understood_says_what_can() {
        let home = tempfile::tempdir().unwrap();
        for (arguments, said) in [
            (&["ban", "add", "example.org"][..], "192.0.2.0/24, 2001:db8::/32"),
            (&["ban", "add", "192.0.2.9-192.0.2.1"], "write the lower address first"),
            (&["ban", "add", "192.0.2.1", "--for", "soon"], "30m, 12h or 7d"),
            (&["ban", "add", "192.0.2.1", "--reason", "a\nb"], "no line breaks"),
            (&["ban", "add", "0.0.0.0/0"], "would ban everybody"),
            (&["ban", "add"], "RANGE"),
        ] {
            let ran = run_at(home.path(), arguments);
            assert_eq!(ran.outcome, crate::cli::Outcome::WrongUsage, "{arguments:?}");
            assert!(ran.errors.contains(said), "{}", ran.errors);
        }
    }
}
