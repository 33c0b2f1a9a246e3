//! `tracker config`: the configuration as it is understood.

use serde_json::json;

use super::{CommandError, World};
use crate::config::{LoadedConfig, SAMPLE};

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
    match world.read_config()?.file {
        Some(file) => world.print(format_args!("{}: fine\n", file.display())),
        None => {
            world.print("No file found; built-in defaults count. Looked for:\n")?;
            for file in world.surroundings.usual_files() {
                world.print(format_args!("  {}\n", file.display()))?;
            }
            Ok(())
        }
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
    let object = json!({ "file": loaded.file, "config": loaded.config.to_json()? });
    Ok(format!("{object:#}\n"))
}

fn to_toml(loaded: &LoadedConfig) -> Result<String, serde_json::Error> {
    let origin = match &loaded.file {
        Some(file) => format!("{:?}", file.display().to_string()),
        None => "built-in defaults".into(),
    };
    Ok(format!("# From {origin}.\n\n{}", loaded.config.to_toml()?))
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
        assert_eq!(ran.output, format!("{}/conf/tracker.toml: fine\n", site.path().display()));
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
            assert_eq!(ran.output, format!("{}/mine.toml: fine\n", site.path().display()));
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
