//! `tracker switch`: what is set over the configuration while the tracker runs.

use serde_json::{Value, json};

use super::change::change;
use super::{CommandError, World};
use crate::catalog::{Catalog, Switch, Switches};
use crate::config::{Config, LoadedConfig};
use crate::platform::terminal::Harmless;
use crate::tracker::switches::{in_force, setting, value};

/// Set switches of the configuration while the tracker runs, without a change to its file
#[derive(Debug, clap::Subcommand)]
pub enum SwitchCommand {
    /// List the switches: what the configuration says, and what is set over it
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a switch over the configuration, in force within a second
    Set {
        /// Its key in the configuration: offline_message, offline_retry, high_load_now, scrape, full_scrape,
        /// require_compact or identify
        #[arg(value_name = "SWITCH", value_parser = switch)]
        switch: Switch,
        /// on or off; of offline_message what clients are told, or "" to have the tracker open; of offline_retry a time
        /// such as 30m or 2h
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },
    /// Leave switches to the configuration again
    Reset {
        /// Their keys in the configuration
        #[arg(required = true, value_name = "SWITCH", value_parser = switch)]
        switches: Vec<Switch>,
    },
}

fn switch(name: &str) -> Result<Switch, String> {
    Switch::named(name).ok_or_else(|| {
        let names = Switch::ALL.map(Switch::name).join(", ");
        format!("there is no such switch; there are {names}")
    })
}

impl SwitchCommand {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::List { json } => list(json, world),
            Self::Set { switch, value } => set(switch, &value, world),
            Self::Reset { switches } => reset(&switches, world),
        }
    }
}

fn set(switch: Switch, text: &str, world: &mut World<'_>) -> Result<(), CommandError> {
    let value = setting(switch, text)
        .map_err(|problem| CommandError::Usage(format!("{}: {problem}", switch.name())))?;
    put(world, |wanted| wanted.put(switch, Some(value.clone())))?;
    world.print(format_args!("{} = {}\n", switch.name(), in_words(switch, &value)))
}

fn reset(switches: &[Switch], world: &mut World<'_>) -> Result<(), CommandError> {
    put(world, |wanted| switches.iter().for_each(|switch| wanted.put(*switch, None)))?;
    let config = world.load_owner_config()?.config;
    for switch in switches {
        let value = in_words(*switch, &value(*switch, &config));
        world.print(format_args!("{} = {value}, as the configuration says\n", switch.name()))?;
    }
    Ok(())
}

fn put(world: &World<'_>, put: impl FnOnce(&mut Switches)) -> Result<(), CommandError> {
    change(world, |catalog, author| {
        let seen = catalog.switches()?;
        let mut wanted = seen.clone();
        put(&mut wanted);
        // Whoever changes the catalogue has the turn: nobody has come between.
        catalog.set_switches(&seen, &wanted, author).map(|_| ()).map_err(CommandError::from)
    })
}

fn list(json: bool, world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.load_config()?;
    let set = set_over(&loaded)?;
    if json {
        let all = Switch::ALL.map(|switch| {
            json!({
                "switch": switch.name(),
                "section": switch.section(),
                "configuration": value(switch, &loaded.config),
                "set": set.get(switch),
            })
        });
        return world.print_json(&Value::Array(all.into()));
    }
    for switch in Switch::ALL {
        let line = line(switch, &set, &loaded.config);
        world.print(format_args!("{line}\n"))?;
    }
    Ok(())
}

/// What the catalogue sets; on a replica, what was copied to it.
fn set_over(loaded: &LoadedConfig) -> Result<Switches, CommandError> {
    if loaded.config.is_replica() {
        return Ok(in_force(loaded));
    }
    Ok(Catalog::read(&loaded.config.paths.catalog)?.switches()?)
}

fn line(switch: Switch, set: &Switches, config: &Config) -> String {
    let configured = in_words(switch, &value(switch, config));
    match set.get(switch) {
        Some(set) => {
            let set = in_words(switch, set);
            format!("{} = {set}, set over the configuration ({configured})", switch.name())
        }
        None => format!("{} = {configured}", switch.name()),
    }
}

/// A value as people read it.
pub(super) fn in_words(switch: Switch, value: &str) -> String {
    match (switch, value) {
        (Switch::OfflineMessage, "") => "\"\" (open)".into(),
        (Switch::OfflineMessage, text) => format!("\"{}\" (closed)", Harmless(text)),
        (_, "true") => "on".into(),
        (_, "false") => "off".into(),
        (_, other) => Harmless(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::Outcome;
    use crate::cli::tests::run_at;

    #[test]
    fn switches_are_set_listed_and_reset() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("conf")).unwrap();
        let text = "[clients]\nidentify = true\n";
        std::fs::write(home.path().join("conf/tracker.toml"), text).unwrap();
        let run = |arguments: &[&str]| run_at(home.path(), arguments);
        let listed = run(&["switch", "list"]).output;
        assert!(listed.contains("identify = on\n") && listed.contains("scrape = on\n"), "{listed}");
        let set = run(&["switch", "set", "identify", "off"]);
        assert_eq!(set.output, "identify = off\n", "{}", set.errors);
        let set = run(&["switch", "set", "offline_message", "back on Monday"]);
        assert_eq!(set.output, "offline_message = \"back on Monday\" (closed)\n");
        let listed = run(&["switch", "list"]).output;
        assert!(listed.contains("identify = off, set over the configuration (on)\n"), "{listed}");
        let json = run(&["switch", "list", "--json"]).output;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let identify = &json[6];
        assert_eq!(identify["switch"], "identify");
        assert_eq!(
            (&identify["configuration"], &identify["set"]),
            (&"true".into(), &"false".into())
        );
        let shown = run(&["config", "show"]).output;
        assert!(shown.contains("# Set over it while it runs: identify = off"), "{shown}");
        let reset = run(&["switch", "reset", "identify", "offline_message"]);
        assert_eq!(
            reset.output,
            "identify = on, as the configuration says\n\
             offline_message = \"\" (open), as the configuration says\n"
        );
        assert!(!run(&["config", "show"]).output.contains("# Set over it"));
        let audit = run(&["audit"]).output;
        assert!(audit.contains("clients.identify"), "{audit}");
    }

    #[test]
    fn what_a_switch_cannot_have_says_what_it_can() {
        let home = tempfile::tempdir().unwrap();
        for (arguments, said) in [
            (["gone", "on"], "there are offline_message"),
            (["identify", "yes"], "write on or off"),
            (["offline_retry", "1s"], "from a minute to a week"),
            (["offline_message", "a\nb"], "line breaks"),
        ] {
            let ran = run_at(home.path(), &["switch", "set", arguments[0], arguments[1]]);
            assert_eq!(ran.outcome, Outcome::WrongUsage, "{arguments:?}");
            assert!(ran.errors.contains(said), "{}", ran.errors);
        }
    }
}
