//! Switches of the configuration that are set over it while the tracker runs: what their values mean, and the
//! configuration that counts then.

use std::str::FromStr;
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogError, PolicySnapshot, Switch, Switches};
use crate::config::{Config, LoadedConfig, NotANotice, Notice, Period};
use crate::protocol::Seconds;

/// How soon and how late clients of a tracker that is offline may be asked to come again.
const RETRY: std::ops::RangeInclusive<Seconds> = Seconds(60)..=Seconds(7 * 24 * 60 * 60);

/// Why a text is no value of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASetting {
    /// It is on or off.
    #[error("write on or off")]
    NotOnOrOff,
    /// Clients would not show it.
    #[error(transparent)]
    Notice(#[from] NotANotice),
    /// It is no time that clients may be asked to wait.
    #[error("write a time from a minute to a week, such as 30m, 12h or 7d")]
    Retry,
}

/// A value as the configuration writes it.
///
/// # Errors
/// When the switch cannot have it.
pub fn setting(switch: Switch, text: &str) -> Result<String, NotASetting> {
    let mut config = Config::default();
    put(switch, text, &mut config)?;
    Ok(value(switch, &config))
}

/// How a switch is in a configuration, as that writes it.
#[must_use]
pub fn value(switch: Switch, config: &Config) -> String {
    match switch {
        Switch::OfflineMessage => config.access.offline_message.to_string(),
        Switch::OfflineRetry => config.access.offline_retry.to_string(),
        Switch::HighLoadNow => config.tracker.high_load_now.to_string(),
        Switch::Scrape => config.tracker.scrape.to_string(),
        Switch::FullScrape => config.tracker.full_scrape.to_string(),
        Switch::RequireCompact => config.clients.require_compact.to_string(),
        Switch::Identify => config.clients.identify.to_string(),
    }
}

fn put(switch: Switch, text: &str, config: &mut Config) -> Result<(), NotASetting> {
    match switch {
        Switch::OfflineMessage => {
            config.access.offline_message = Notice::try_from(text.to_owned())?;
        }
        Switch::OfflineRetry => config.access.offline_retry = retry(text)?,
        Switch::HighLoadNow => config.tracker.high_load_now = is_on(text)?,
        Switch::Scrape => config.tracker.scrape = is_on(text)?,
        Switch::FullScrape => config.tracker.full_scrape = is_on(text)?,
        Switch::RequireCompact => config.clients.require_compact = is_on(text)?,
        Switch::Identify => config.clients.identify = is_on(text)?,
    }
    Ok(())
}

fn is_on(text: &str) -> Result<bool, NotASetting> {
    match text.trim() {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(NotASetting::NotOnOrOff),
    }
}

fn retry(text: &str) -> Result<Period, NotASetting> {
    let period = Period::from_str(text).map_err(|_| NotASetting::Retry)?;
    if RETRY.contains(&period.seconds()) { Ok(period) } else { Err(NotASetting::Retry) }
}

/// The configuration with what is set over it: the same one where nothing is. What has no meaning is left to the
/// configuration; only what has one is ever set.
#[must_use]
pub fn applied(loaded: &Arc<LoadedConfig>, switches: &Switches) -> Arc<LoadedConfig> {
    if switches.is_empty() {
        return Arc::clone(loaded);
    }
    let mut with_switches = LoadedConfig::clone(loaded);
    apply(&mut with_switches.config, switches);
    Arc::new(with_switches)
}

/// Puts what is set over a configuration into it.
pub fn apply(config: &mut Config, switches: &Switches) {
    for (switch, text) in switches.iter() {
        let _ = put(switch, text, config);
    }
}

/// A configuration with what the catalogue sets over it, which the next policy has.
///
/// # Errors
/// When the catalogue cannot be read.
pub(super) fn applied_by(catalog: &Catalog, config: &Config) -> Result<Config, CatalogError> {
    let mut config = config.clone();
    apply(&mut config, &catalog.switches()?);
    Ok(config)
}

/// What is set over a configuration, as announces go by it now; nothing where nothing was published.
#[must_use]
pub fn in_force(loaded: &LoadedConfig) -> Switches {
    let policy = PolicySnapshot::open(&loaded.policy_in_force());
    policy.map(|policy| policy.switches()).unwrap_or_default()
}

/// The configuration that announces go by now, with what is set over it.
#[must_use]
pub fn effective(loaded: &LoadedConfig) -> LoadedConfig {
    let mut effective = loaded.clone();
    apply(&mut effective.config, &in_force(loaded));
    effective
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_understood_as_the_configuration_writes_it() {
        let text = "x".repeat(201);
        for (switch, text, expected) in [
            (Switch::Identify, "on", Ok("true")),
            (Switch::Scrape, " false ", Ok("false")),
            (Switch::HighLoadNow, "yes", Err(NotASetting::NotOnOrOff)),
            (Switch::RequireCompact, "", Err(NotASetting::NotOnOrOff)),
            (Switch::OfflineMessage, " back on Monday ", Ok("back on Monday")),
            (Switch::OfflineMessage, "", Ok("")),
            (Switch::OfflineMessage, "a\nb", Err(NotANotice::ControlCharacters.into())),
            (Switch::OfflineMessage, &text, Err(NotANotice::TooLong.into())),
            (Switch::OfflineRetry, "90m", Ok("90m")),
            (Switch::OfflineRetry, "120m", Ok("2h")),
            (Switch::OfflineRetry, "59s", Err(NotASetting::Retry)),
            (Switch::OfflineRetry, "8d", Err(NotASetting::Retry)),
        ] {
            let understood = setting(switch, text);
            assert_eq!(understood.as_deref(), expected.as_ref().map(|it| *it), "{text}");
        }
    }

    #[test]
    fn each_switch_changes_its_key_and_no_other() {
        for switch in Switch::ALL {
            let before = Config::default();
            let other = match switch {
                Switch::OfflineMessage => "closed",
                Switch::OfflineRetry => "5m",
                _ if value(switch, &before) == "true" => "off",
                _ => "on",
            };
            let mut switches = Switches::default();
            switches.put(switch, Some(setting(switch, other).unwrap()));
            let mut after = before.clone();
            apply(&mut after, &switches);
            for known in Switch::ALL {
                let is_same = value(known, &before) == value(known, &after);
                assert_eq!(is_same, known != switch, "{}", known.name());
            }
            let text = after.to_toml().unwrap();
            let header = format!("[{}]", switch.section());
            let section = text.split_once(&header).and_then(|(_, rest)| rest.split("\n[").next());
            let written = format!("\n{} = ", switch.name());
            assert!(section.is_some_and(|it| it.contains(&written)), "{}", switch.name());
        }
    }

    proptest! {
        #[test]
        fn a_value_that_is_set_is_read_as_it_was_set(number in 0..7_usize, text: String) {
            let switch = Switch::ALL[number];
            if let Ok(value) = setting(switch, &text) {
                prop_assert_eq!(setting(switch, &value), Ok(value));
            }
        }
    }
}
