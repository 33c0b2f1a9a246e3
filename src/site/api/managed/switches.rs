//! `/api/v1/switches`: what is set over the configuration while the tracker runs.

use serde::Serialize;
use serde_json::Value;

use super::body::{text, truth};
use super::{Done, Exchange, Failed};
use crate::catalog::{Switch, Switches};
use crate::config::Config;
use crate::tracker::switches::{apply, setting, value};

/// All switches.
#[derive(Serialize)]
struct Page {
    switches: Vec<Shown>,
}

/// A switch for programs.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    section: &'static str,
    /// What the configuration says.
    configuration: Value,
    /// What is set over it; null where nothing is.
    set: Option<Value>,
    /// What counts.
    in_force: Value,
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.given(&[])?;
    let set = exchange.catalog()?.switches()?;
    Done::found(&Page::of(&set, &exchange.loaded().config))
}

/// Sets those that are named; null leaves one to the configuration.
pub(super) fn change(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let mut named = Vec::new();
    for switch in Switch::ALL {
        let read = |given: &Value| understood(switch, given);
        if let Some(value) = fields.take(switch.name(), read) {
            named.push((switch, value));
        }
    }
    fields.finish()?;
    let config = &exchange.loaded().config;
    exchange.change(|catalog, author| {
        let seen = catalog.switches()?;
        let mut wanted = seen.clone();
        named.into_iter().for_each(|(switch, value)| wanted.put(switch, value));
        // Whoever changes the catalogue has the turn: nobody has come between.
        catalog.set_switches(&seen, &wanted, author)?;
        Done::found(&Page::of(&wanted, config))
    })
}

fn understood(switch: Switch, given: &Value) -> Result<String, String> {
    let text = match switch {
        Switch::OfflineMessage | Switch::OfflineRetry => text(given)?.to_owned(),
        _ => truth(given)?.to_string(),
    };
    setting(switch, &text).map_err(|problem| problem.to_string())
}

impl Page {
    fn of(set: &Switches, config: &Config) -> Self {
        let mut effective = config.clone();
        apply(&mut effective, set);
        let shown = |switch: Switch| Shown {
            name: switch.name(),
            section: switch.section(),
            configuration: in_json(switch, &value(switch, config)),
            set: set.get(switch).map(|value| in_json(switch, value)),
            in_force: in_json(switch, &value(switch, &effective)),
        };
        Self { switches: Switch::ALL.map(shown).into() }
    }
}

fn in_json(switch: Switch, value: &str) -> Value {
    match switch {
        Switch::OfflineMessage | Switch::OfflineRetry => value.into(),
        _ => (value == "true").into(),
    }
}
