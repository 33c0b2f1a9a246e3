//! `tracker config`: the configuration as it is understood.

use std::fmt::Write as _;

use serde_json::json;

use super::switch::in_words;
use super::{CommandError, World};
use crate::config::{LoadedConfig, SAMPLE};
use crate::store::expect_kind;
use crate::tracker::switches::in_force;

/// The configuration as it is understood
#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Checks the configuration, and says which file it comes from
    Check,
    /// Prints the configuration that counts, with absolute paths
    Show {
        /// Prints JSON instead of TOML
        #[arg(long)]
        json: bool,
    },
    /// Prints the documented sample: every key with its default
    Default,
}

impl ConfigCommand {
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        match self {
            Self::Check => check(world),
            Self::Show { json } => show(world, json),
            Self::Default => world.print(SAMPLE),
        }
    }
}

fn check(world: &mut World<'_>) -> Result<(), CommandError> {
    let loaded = world.read_config()?;
    let store = &loaded.config.store;
    expect_kind(&store.path, store.kind.name())?;
    match &loaded.file {
        Some(file) => {
            world.print(format_args!("{}: fine ({})\n", file.display(), loaded.found))?;
        }
        None => {
            world.print("No file found; built-in defaults count. Looked for:\n")?;
            for file in world.surroundings.usual_files() {
                world.print(format_args!("  {}\n", file.display()))?;
            }
        }
    }
    if let Some(why) = loaded.config.clients.idle_bans() {
        world.print(format_args!("warning: {why}\n"))?;
    }
    match loaded.stray_site(&world.surroundings) {
        Some(warning) => world.print(format_args!("warning: {warning}\n")),
        None => Ok(()),
    }
}

fn show(world: &mut World<'_>, as_json: bool) -> Result<(), CommandError> {
    let loaded = world.read_config()?;
    let text = if as_json { to_json(&loaded) } else { to_toml(&loaded) };
    let text = text.map_err(|error| {
        CommandError::Failed(format!("cannot print the configuration: {error}; rename that folder"))
    })?;
    world.print(text)
}

fn to_json(loaded: &LoadedConfig) -> Result<String, serde_json::Error> {
    let (limit, section) = loaded.config.address_peers();
    let set = in_force(loaded);
    let switches: serde_json::Map<_, _> =
        set.iter().map(|(switch, value)| (switch.name().into(), value.into())).collect();
    let object = json!({
        "file": loaded.file,
        "found": loaded.found.to_string(),
        "config": loaded.config.to_json()?,
        "max_address_peers": { "limit": limit, "section": section },
        "switches": switches,
    });
    Ok(format!("{object:#}\n"))
}

fn to_toml(loaded: &LoadedConfig) -> Result<String, serde_json::Error> {
    let origin = match &loaded.file {
        Some(file) => format!("{:?}", file.display().to_string()),
        None => "built-in defaults".into(),
    };
    let (found, (limit, section)) = (loaded.found, loaded.config.address_peers());
    let config = loaded.config.to_toml()?;
    let mut over = String::new();
    for (switch, value) in in_force(loaded).iter() {
        // Writing to a String cannot fail.
        let value = in_words(switch, value);
        let _ = writeln!(over, "# Set over it while it runs: {} = {value}", switch.name());
    }
    Ok(format!(
        "# From {origin} ({found}).\n# Of the two max_address_peers that of [{section}] holds: {limit}.\n{over}\n{config}"
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::tests::run_at;
    use super::*;

    /// A folder with this text as `conf/tracker.toml`.
    fn site(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("conf")).unwrap();
        fs::write(folder.path().join("conf/tracker.toml"), text).unwrap();
        folder
    }

    #[test]
    fn a_file_that_is_fine_is_named() {
        let site = site("[tracker]\ninterval = 900\n");
        let ran = run_at(site.path(), &["config", "check"]);
        ran.assert_done();
        let found = "fine (in ../conf, seen from the executable)";
        assert_eq!(ran.output, format!("{}/conf/tracker.toml: {found}\n", site.path().display()));
    }

    #[test]
    fn settings_that_do_nothing_are_named() {
        let site = site("[clients]\nban_after = 3\n");
        let ran = run_at(site.path(), &["config", "check"]);
        ran.assert_done();
        assert!(ran.output.contains("warning: `ban_after` in [clients] bans nobody"));
    }

    #[test]
    fn a_wrong_file_fails_with_one_line() {
        let site = site("[tracker]\nintervall = 900\n");
        for command in ["check", "show"] {
            let ran = run_at(site.path(), &["config", command]);
            assert_eq!(
                ran.failure(),
                format!(
                    "tracker: {}/conf/tracker.toml, line 2: unknown key `intervall` in [tracker]; \
                     did you mean `interval`?",
                    site.path().display()
                )
            );
            assert_eq!(ran.output, "");
        }
    }

    #[test]
    fn the_option_names_the_file_before_or_after_the_command() {
        let site = site("nonsense");
        fs::write(site.path().join("mine.toml"), "").unwrap();
        for arguments in [
            ["--config", "mine.toml", "config", "check"],
            ["config", "check", "--config", "mine.toml"],
        ] {
            let ran = run_at(site.path(), &arguments);
            let mine = site.path().join("mine.toml");
            assert_eq!(ran.output, format!("{}: fine (named by --config)\n", mine.display()));
        }
    }

    #[test]
    fn without_a_file_it_says_where_it_looked() {
        let folder = tempfile::tempdir().unwrap();
        let ran = run_at(folder.path(), &["config", "check"]);
        ran.assert_done();
        let root = folder.path().display();
        assert_eq!(
            ran.output,
            format!(
                "No file found; built-in defaults count. Looked for:\n  {root}/bin/tracker.toml\n  \
                 {root}/conf/tracker.toml\n  {root}/etc/tracker.toml\n"
            )
        );
    }

    #[test]
    fn a_site_that_goes_by_the_machine_s_file_is_told_where_its_own_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("etc")).unwrap();
        fs::write(root.join("etc/tracker.toml"), "").unwrap();
        let system = format!(
            "{}/etc/tracker.toml: fine (of this machine; there is none beside the executable nor in ../conf)\n",
            root.display()
        );
        assert_eq!(run_at(root, &["config", "check"]).output, system);
        fs::create_dir(root.join("www")).unwrap();
        let ran = run_at(root, &["config", "check"]);
        ran.assert_done();
        let warning = ran.output.strip_prefix(&system).unwrap();
        let own = root.join("conf/tracker.toml").display().to_string();
        assert!(warning.starts_with("warning: ") && warning.contains(&own), "{warning}");
    }

    #[test]
    fn which_of_the_two_limits_on_an_address_holds_is_shown() {
        for (settings, section, limit) in [
            ("", "tracker", 100),
            ("[tracker]\nmax_address_peers = 7", "tracker", 7),
            ("[tracker]\nmax_address_peers = 7\n[store]\nmax_address_peers = 9", "store", 9),
        ] {
            let site = site(settings);
            let ran = run_at(site.path(), &["config", "show"]);
            let line =
                format!("# Of the two max_address_peers that of [{section}] holds: {limit}.\n");
            assert!(ran.output.contains(&line), "{}", ran.output);
            let ran = run_at(site.path(), &["config", "show", "--json"]);
            let shown: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
            assert_eq!(shown["max_address_peers"], json!({ "limit": limit, "section": section }));
        }
    }

    #[test]
    fn what_is_shown_is_what_was_understood() {
        let site = site("[tracker]\ninterval = 900\n[store]\npath = '/dev/shm/peers'\n");
        let ran = run_at(site.path(), &["config", "show"]);
        ran.assert_done();
        let shown = LoadedConfig::parse(&ran.output, Path::new("/elsewhere/x.toml")).unwrap();
        let meant = LoadedConfig::parse(
            "[tracker]\ninterval = 900\n[store]\npath = '/dev/shm/peers'\n",
            &site.path().join("conf/tracker.toml"),
        );
        assert_eq!(shown.config, meant.unwrap().config);
    }

    #[test]
    fn json_holds_the_file_and_the_configuration() {
        let site = site("[tracker]\ninterval = 900\n");
        let ran = run_at(site.path(), &["config", "show", "--json"]);
        ran.assert_done();
        let shown: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
        assert_eq!(shown["file"], site.path().join("conf/tracker.toml").to_str().unwrap());
        assert_eq!(shown["config"]["tracker"]["interval"], 900);
        let folder = tempfile::tempdir().unwrap();
        let ran = run_at(folder.path(), &["config", "show", "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
        assert!(shown["file"].is_null());
    }

    #[test]
    fn the_default_is_the_sample() {
        let site = site("nonsense");
        let ran = run_at(site.path(), &["config", "default"]);
        ran.assert_done();
        assert_eq!(ran.output, SAMPLE);
    }
}
