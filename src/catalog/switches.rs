//! The switches of the configuration that are set over it while the tracker runs: kept among the settings, each as the
//! configuration writes its value.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::changes::{self, Noted};
use super::{Author, Catalog, CatalogError, settings};

/// A switch of the configuration that may be set while the tracker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Switch {
    /// While its text is not empty, announces and scrapes are answered with it and nothing else.
    OfflineMessage,
    /// When clients that were told so are to ask again.
    OfflineRetry,
    /// Load counts as high, whatever comes.
    HighLoadNow,
    /// Scrapes are answered.
    Scrape,
    /// Scrapes of all torrents are answered.
    FullScrape,
    /// Clients that ask for dictionaries are refused.
    RequireCompact,
    /// Clients are refused whose peer id names no known program.
    Identify,
}

impl Switch {
    /// All of them. Their places here stand in policy snapshots: new ones come at the end.
    pub const ALL: [Self; 7] = [
        Self::OfflineMessage,
        Self::OfflineRetry,
        Self::HighLoadNow,
        Self::Scrape,
        Self::FullScrape,
        Self::RequireCompact,
        Self::Identify,
    ];

    /// Its key in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.key().split_once('.').map_or("", |(_, name)| name)
    }

    /// The section of the configuration that has it.
    #[must_use]
    pub fn section(self) -> &'static str {
        self.key().split_once('.').map_or("", |(section, _)| section)
    }

    /// The switch with a key of the configuration.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.name() == name)
    }

    /// Its key among the settings, and in the list of changes: section and key of the configuration.
    fn key(self) -> &'static str {
        match self {
            Self::OfflineMessage => "access.offline_message",
            Self::OfflineRetry => "access.offline_retry",
            Self::HighLoadNow => "tracker.high_load_now",
            Self::Scrape => "tracker.scrape",
            Self::FullScrape => "tracker.full_scrape",
            Self::RequireCompact => "clients.require_compact",
            Self::Identify => "clients.identify",
        }
    }
}

/// What is set over the configuration, each value as the configuration writes it. Of what is not in it the configuration
/// decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches(BTreeMap<Switch, String>);

impl Switches {
    /// How a switch is set; `None` where the configuration decides.
    #[must_use]
    pub fn get(&self, switch: Switch) -> Option<&str> {
        self.0.get(&switch).map(String::as_str)
    }

    /// Sets a switch, or leaves it to the configuration.
    pub fn put(&mut self, switch: Switch, value: Option<String>) {
        match value {
            Some(value) => self.0.insert(switch, value),
            None => self.0.remove(&switch),
        };
    }

    /// Those that are set, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Switch, &str)> {
        self.0.iter().map(|(switch, value)| (*switch, value.as_str()))
    }

    /// Whether the configuration decides of all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Catalog {
    /// What is set over the configuration.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn switches(&self) -> Result<Switches, CatalogError> {
        read(&self.connection).map_err(self.failed("read the switches from"))
    }

    /// Sets all switches so, unless they are others now than the caller has seen. Whether that was so.
    ///
    /// # Errors
    /// When the catalogue cannot be written; then nothing was changed.
    pub fn set_switches(
        &mut self,
        seen: &Switches,
        wanted: &Switches,
        author: &Author<'_>,
    ) -> Result<bool, CatalogError> {
        self.write("write the switches into", |transaction| {
            let now = read(transaction)?;
            if *seen != now {
                return Ok(false);
            }
            for switch in Switch::ALL {
                let (before, after) = (now.get(switch), wanted.get(switch));
                if before == after {
                    continue;
                }
                let key = switch.key();
                settings::put(transaction, key, after)?;
                let noted = Noted { what: "switch", subject: key, before, after };
                changes::note(transaction, author, &noted)?;
            }
            Ok(true)
        })
    }
}

fn read(connection: &Connection) -> rusqlite::Result<Switches> {
    let mut query = connection.prepare("SELECT value FROM settings WHERE key = ?1")?;
    let mut switches = Switches::default();
    for switch in Switch::ALL {
        let value = query.query_row([switch.key()], |row| row.get(0)).optional()?;
        switches.put(switch, value);
    }
    Ok(switches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::new_catalog;
    use crate::protocol::Timestamp;

    const OWNER: Author<'_> = Author { name: "olive", at: Timestamp(50) };

    #[test]
    fn switches_are_set_and_left_to_the_configuration_and_both_are_noted() {
        let (_folder, mut catalog) = new_catalog();
        let none = Switches::default();
        assert_eq!(catalog.switches().unwrap(), none);
        let mut wanted = Switches::default();
        wanted.put(Switch::Identify, Some("true".into()));
        wanted.put(Switch::OfflineMessage, Some(String::new()));
        assert!(catalog.set_switches(&none, &wanted, &OWNER).unwrap());
        assert_eq!(catalog.switches().unwrap(), wanted);
        assert!(!catalog.set_switches(&none, &none, &OWNER).unwrap(), "others are set now");
        assert_eq!(catalog.switches().unwrap(), wanted);
        let before = wanted.clone();
        wanted.put(Switch::OfflineMessage, None);
        assert!(catalog.set_switches(&before, &wanted, &OWNER).unwrap());
        assert_eq!(catalog.switches().unwrap(), wanted);
        let changes = catalog.changes().unwrap();
        let told: Vec<_> = changes
            .iter()
            .map(|it| (&*it.subject, it.before.as_deref(), it.after.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("access.offline_message", None, Some("")),
                ("clients.identify", None, Some("true")),
                ("access.offline_message", Some(""), None),
            ]
        );
    }

    #[test]
    fn each_switch_is_found_by_its_name() {
        for switch in Switch::ALL {
            assert_eq!(Switch::named(switch.name()), Some(switch));
            assert!(!switch.section().is_empty());
        }
        assert_eq!(Switch::named("gone"), None);
    }
}
