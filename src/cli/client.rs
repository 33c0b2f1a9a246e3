//! `tracker client`: which clients may announce.

use serde_json::{Value, json};

use super::change::change;
use super::{CommandError, World};
use crate::catalog::detail_values::reason;
use crate::catalog::{Catalog, ClientRule, Place, Verdict};
use crate::platform::terminal::Harmless;
use crate::protocol::ClientPattern;
use crate::site::counted;
use crate::tracker::switches;

/// Decide which clients may announce: the first rule that means a client counts
#[derive(Debug, clap::Subcommand)]
pub enum ClientCommand {
    /// Refuse clients
    Deny {
        /// Which: the beginning of a peer id (-XL, id:M6-), a name with or without versions ("qBittorrent < 4.5", "Deluge
        /// 1.2..1.3", "Transmission 3.*"), ua: and a User-Agent with * and ?, class: and one of browser, tool, bot,
        /// unknown, taker, player, monitor, spoof; or * for all
        #[arg(value_name = "PATTERN", value_parser = str::parse::<ClientPattern>, allow_hyphen_values = true)]
        pattern: ClientPattern,
        /// What the clients are told
        #[arg(long, default_value = "", value_name = "TEXT", value_parser = reason)]
        reason: String,
        /// Ask this rule before all others, not after them
        #[arg(long)]
        first: bool,
    },
    /// Answer clients, before a later rule refuses them
    Allow {
        /// Which, as for `deny`
        #[arg(value_name = "PATTERN", value_parser = str::parse::<ClientPattern>, allow_hyphen_values = true)]
        pattern: ClientPattern,
        /// Ask this rule before all others, not after them
        #[arg(long)]
        first: bool,
    },
    /// Answer clients, and hand them out to nobody: they are counted, and have to connect to others themselves
    Hide {
        /// Which, as for `deny`
        #[arg(value_name = "PATTERN", value_parser = str::parse::<ClientPattern>, allow_hyphen_values = true)]
        pattern: ClientPattern,
        /// Ask this rule before all others, not after them
        #[arg(long)]
        first: bool,
    },
    /// List the rules, in the order in which they are asked
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove rules
    Remove {
        /// Their patterns, as `tracker client list` shows them
        #[arg(required = true, value_name = "PATTERN", allow_hyphen_values = true)]
        patterns: Vec<String>,
    },
}

impl ClientCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Deny { pattern, reason, first } => {
                rule((pattern, Verdict::Deny, reason), first, world)
            }
            Self::Allow { pattern, first } => {
                rule((pattern, Verdict::Allow, String::new()), first, world)
            }
            Self::Hide { pattern, first } => {
                rule((pattern, Verdict::Hide, String::new()), first, world)
            }
            Self::List { json } => list(json, world),
            Self::Remove { patterns } => remove(&patterns, world),
        }
    }
}

fn rule(
    (pattern, verdict, reason): (ClientPattern, Verdict, String),
    first: bool,
    world: &mut World<'_>,
) -> Result<(), CommandError> {
    let place = if first { Place::First } else { Place::Last };
    let (pattern, before, rules) = change(world, |catalog, author| {
        let rule = ClientRule { pattern, verdict, reason, since: author.at };
        let before = catalog.rule_on_clients(&rule, place, author)?;
        Ok((rule.pattern, before, catalog.client_rules()?))
    })?;
    let before = match before.map(|rule| rule.verdict) {
        None => String::new(),
        Some(before) if before == verdict => ", as before".into(),
        Some(before) => format!("; they were {}", done(before)),
    };
    world.print(format_args!(
        "{}: these clients are {}{before}\n",
        Harmless(&pattern),
        done(verdict)
    ))?;
    if verdict == Verdict::Hide {
        world.print("that holds from their next announce on; others know of them until then\n")?;
    }
    let Some(number) = rules.iter().position(|rule| rule.pattern == pattern) else { return Ok(()) };
    match ClientRule::decides_before(&rules, number) {
        None => Ok(()),
        Some(earlier) => world.print(format_args!(
            "but rule {} ({} {}) decides about all of them before; --first puts this one before it\n",
            earlier + 1,
            rules.get(earlier).map_or("", |rule| rule.verdict.name()),
            rules.get(earlier).map_or_else(String::new, |rule| rule.pattern.to_string()),
        )),
    }
}

/// What becomes of clients, in words.
fn done(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Deny => "refused",
        Verdict::Allow => "answered",
        Verdict::Hide => "answered and not handed out",
    }
}

fn remove(patterns: &[String], world: &mut World<'_>) -> Result<(), CommandError> {
    let removed = change(world, |catalog, author| {
        let remove = |pattern: &String| {
            // One that only a newer tracker understands can be removed as it stands there.
            let written = pattern
                .parse()
                .map_or_else(|_| pattern.clone(), |it: ClientPattern| it.to_string());
            Ok(catalog.remove_client_rule(&written, author)?)
        };
        patterns.iter().map(remove).collect::<Result<Vec<_>, CommandError>>()
    })?;
    let mut unknown = Vec::new();
    for (pattern, was_there) in patterns.iter().zip(removed) {
        if was_there {
            world.print(format_args!("{}: the rule is removed\n", Harmless(pattern)))?;
        } else {
            unknown.push(format!("`{pattern}`"));
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(CommandError::Failed(format!(
        "there is no rule on {}; `tracker client list` shows what there is",
        unknown.join(", ")
    )))
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_owner_config()?;
    let rules = Catalog::read(&loaded.config.paths.catalog)?.client_rules()?;
    let earlier = |number| ClientRule::decides_before(&rules, number);
    if json {
        let rules = rules.iter().enumerate().map(|(number, rule)| rule_json(rule, earlier(number)));
        return world.print_json(&Value::Array(rules.collect()));
    }
    for (number, rule) in rules.iter().enumerate() {
        let note = earlier(number)
            .map(|earlier| format!("  (never asked: rule {} decides before)", earlier + 1));
        let (pattern, reason) = (Harmless(&rule.pattern).to_string(), Harmless(&rule.reason));
        let (verdict, note) = (rule.verdict.name(), note.unwrap_or_default());
        world.print(format_args!(
            "{:>3}  {verdict:<6} {pattern:<32} {reason}{note}\n",
            number + 1
        ))?;
    }
    if switches::effective(&loaded).config.clients.identify {
        world.print(format_args!(
            "then clients whose peer id names no known program are refused: `identify` in [clients]\n"
        ))?;
    }
    world.print(format_args!("{}\n", counted(rules.len(), "rule")))
}

fn rule_json(rule: &ClientRule, earlier: Option<usize>) -> Value {
    json!({
        "pattern": rule.pattern.to_string(),
        "verdict": rule.verdict.name(),
        "reason": rule.reason,
        "since": rule.since.0,
        "decided_before_by": earlier.map(|earlier| earlier + 1),
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::run_at;

    #[test]
    fn rules_are_made_listed_and_removed() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("conf")).unwrap();
        std::fs::write(home.path().join("conf/tracker.toml"), "").unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        assert_eq!(run(&["client", "list"]).output, "0 rules\n");
        let denied = run(&["client", "deny", "-XL", "--reason", "it gives nothing"]);
        assert_eq!(denied.output, "-XL: these clients are refused\n", "{}", denied.errors);
        let denied = run(&["client", "deny", "--reason", "old", "qbittorrent<4.5"]);
        assert_eq!(denied.output, "qBittorrent < 4.5: these clients are refused\n");
        let shadowed = run(&["client", "allow", "-XL0019-"]);
        assert!(
            shadowed.output.ends_with("but rule 1 (deny -XL) decides about all of them before; --first puts this one before it\n"),
            "{}",
            shadowed.output
        );
        let first = run(&["client", "allow", "-XL0019-", "--first"]);
        assert_eq!(first.output, "-XL0019-: these clients are answered, as before\n");
        let listed = run(&["client", "list"]).output;
        let lines: Vec<_> =
            listed.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "1 allow -XL0019-",
                "2 deny -XL it gives nothing",
                "3 deny qBittorrent < 4.5 old",
                "3 rules"
            ]
        );
        let json = run(&["client", "list", "--json"]).output;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json[1]["pattern"], &json[1]["verdict"]), (&"-XL".into(), &"deny".into()));
        let hidden = run(&["client", "hide", "-XL"]);
        let told = "-XL: these clients are answered and not handed out; they were refused\n\
                    that holds from their next announce on; others know of them until then\n";
        assert_eq!(hidden.output, told);
        assert!(run(&["client", "list"]).output.contains("hide   -XL"));
        let removed = run(&["client", "remove", "-XL", "-ZZ"]);
        assert_eq!(removed.output, "-XL: the rule is removed\n");
        assert!(removed.failure().contains("there is no rule on `-ZZ`"));
        assert!(run(&["client", "list"]).output.ends_with("2 rules\n"));
    }

    #[test]
    fn what_is_no_pattern_says_what_is() {
        let home = tempfile::tempdir().unwrap();
        for (pattern, said) in [
            ("", "write which clients are meant"),
            ("qbitorrent", "did you mean `qBittorrent`?"),
            ("qBittorrent >= 5, < 4", "no version is both"),
            ("class:nice", "is no class of clients"),
            ("class:spof", "did you mean `class:spoof`?"),
            ("id:M", "is no beginning of a peer id"),
        ] {
            let ran = run_at(home.path(), &["client", "deny", pattern]);
            assert_eq!(ran.outcome, crate::cli::Outcome::WrongUsage, "{pattern}");
            assert!(ran.errors.contains(said), "{}", ran.errors);
        }
    }
}
