//! Switches that are set over the configuration while the tracker runs.

use askama::Template;

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::people::Choice;
use super::reply::{Failed, Reply};
use crate::accounts::Permission;
use crate::catalog::{Switch, Switches};
use crate::config::{Config, NotANotice};
use crate::gateway::Status;
use crate::site::language::Texts;
use crate::tracker::switches::{NotASetting, apply, setting, value};

/// The switches that are on or off.
const ON_OR_OFF: [Switch; 5] = [
    Switch::HighLoadNow,
    Switch::Scrape,
    Switch::FullScrape,
    Switch::RequireCompact,
    Switch::Identify,
];

#[derive(Template)]
#[template(path = "admin/switches.html")]
struct Page {
    frame: Frame,
    errors: Errors,
    may_edit: bool,
    /// What was set when the form was filled.
    seen: String,
    /// What clients are told now, where the tracker is closed.
    closed: Option<String>,
    offline: Vec<Choice>,
    message: String,
    retry: String,
    usual_retry: String,
    switches: Vec<Shown>,
}

/// A switch that is on or off.
struct Shown {
    name: &'static str,
    about: &'static str,
    /// What counts now.
    is_on: bool,
    is_set: bool,
    choices: Vec<Choice>,
}

/// What stands in the form.
struct Typed {
    seen: String,
    /// "configuration", "open" or "closed".
    offline: String,
    message: String,
    retry: String,
    /// "configuration", "on" or "off".
    on_or_off: [String; ON_OR_OFF.len()],
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let typed = Typed::of_set(&exchange.catalog()?.switches()?);
    page(exchange, signed_in, (&typed, Errors::default()), Status::Ok)
}

/// Sets what was chosen.
pub(super) fn save(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let typed = Typed::of(exchange);
    let mut errors = Errors::default();
    let wanted = typed.understood(exchange.texts, &mut errors);
    if !errors.is_empty() {
        return page(exchange, signed_in, (&typed, errors), Status::UnprocessableContent);
    }
    let is_saved = exchange.change(signed_in, |catalog, author| {
        let now = catalog.switches()?;
        let is_as_seen = in_words(&now) == typed.seen;
        Ok(is_as_seen && catalog.set_switches(&now, &wanted, author)?)
    })?;
    if !is_saved {
        errors.add("offline", exchange.texts.admin.frame.changed_meanwhile);
        let seen = in_words(&exchange.catalog()?.switches()?);
        let typed = Typed { seen, ..typed };
        return page(exchange, signed_in, (&typed, errors), Status::Conflict);
    }
    Ok(Reply::To("switches?done=saved".into()))
}

/// What is set, so that a form can say what it was filled from.
fn in_words(switches: &Switches) -> String {
    let words: Vec<_> =
        switches.iter().map(|(switch, value)| format!("{}={value}", switch.name())).collect();
    words.join("\u{1f}")
}

impl Typed {
    fn of(exchange: &Exchange<'_>) -> Self {
        let form = &exchange.form;
        let text = |name: &str| form.text(name).trim().to_owned();
        Self {
            seen: form.text("seen").to_owned(),
            offline: text("offline"),
            message: form.text("offline_message").to_owned(),
            retry: text("offline_retry"),
            on_or_off: ON_OR_OFF.map(|switch| text(switch.name())),
        }
    }

    fn of_set(set: &Switches) -> Self {
        let message = set.get(Switch::OfflineMessage);
        Self {
            seen: in_words(set),
            offline: match message {
                None => "configuration",
                Some("") => "open",
                Some(_) => "closed",
            }
            .into(),
            message: message.unwrap_or_default().into(),
            retry: set.get(Switch::OfflineRetry).unwrap_or_default().into(),
            on_or_off: ON_OR_OFF.map(|switch| {
                let word = match set.get(switch) {
                    None => "configuration",
                    Some("true") => "on",
                    Some(_) => "off",
                };
                word.into()
            }),
        }
    }

    /// What it means; what means nothing stands in the errors.
    fn understood(&self, texts: &Texts, errors: &mut Errors) -> Switches {
        let words = &texts.admin.switches;
        let mut wanted = Switches::default();
        let complaint = |problem: &NotASetting| match problem {
            NotASetting::NotOnOrOff => words.no_choice.to_owned(),
            NotASetting::Notice(NotANotice::TooLong) => words.long_message.to_owned(),
            NotASetting::Notice(NotANotice::ControlCharacters) => words.bad_message.to_owned(),
            NotASetting::Retry => words.bad_retry.to_owned(),
        };
        let mut put = |switch: Switch, field: &'static str, text: &str| {
            let value = errors.take(field, setting(switch, text), complaint);
            wanted.put(switch, value);
        };
        if self.offline == "closed" {
            put(Switch::OfflineMessage, "offline_message", &self.message);
        } else if self.offline == "open" {
            put(Switch::OfflineMessage, "offline", "");
        }
        if !self.retry.is_empty() {
            put(Switch::OfflineRetry, "offline_retry", &self.retry);
        }
        for (switch, word) in ON_OR_OFF.into_iter().zip(&self.on_or_off) {
            if word != "configuration" {
                put(switch, switch.name(), word);
            }
        }
        let is_closed = self.offline == "closed";
        if !["configuration", "open", "closed"].contains(&&*self.offline) {
            errors.add("offline", words.no_choice);
        } else if is_closed && self.message.trim().is_empty() {
            errors.add("offline_message", words.no_message);
        } else if !is_closed && !self.message.trim().is_empty() {
            errors.add("offline_message", words.needless_message);
        }
        wanted
    }
}

fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    (typed, errors): (&Typed, Errors),
    status: Status,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.switches;
    let set = exchange.catalog()?.switches()?;
    let configured = &exchange.loaded().config;
    let mut effective = configured.clone();
    apply(&mut effective, &set);
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Switches, words.title);
    frame.has_errors = !errors.is_empty();
    let is_saved = exchange.query.text("done") == "saved" && errors.is_empty();
    frame.notice = is_saved.then(|| words.saved.to_owned());
    let offline = [
        ("configuration", words.as_configured.with(open_or_closed(configured, texts))),
        ("open", words.open.to_owned()),
        ("closed", words.closed.to_owned()),
    ];
    let message = &effective.access.offline_message;
    let switches = ON_OR_OFF.into_iter().zip(&typed.on_or_off).map(|(switch, typed)| {
        let on_or_off = |is_on| if is_on { words.on } else { words.off };
        let is_configured = on_or_off(value(switch, configured) == "true");
        Shown {
            name: switch.name(),
            about: about(switch, texts),
            is_on: value(switch, &effective) == "true",
            is_set: set.get(switch).is_some(),
            choices: choices(
                typed,
                [
                    ("configuration", words.as_configured.with(is_configured)),
                    ("on", words.on.to_owned()),
                    ("off", words.off.to_owned()),
                ],
            ),
        }
    });
    let switches = switches.collect();
    Reply::page_of(
        status,
        &Page {
            frame,
            errors,
            may_edit: signed_in.user.role.may(Permission::EditSwitches),
            seen: typed.seen.clone(),
            closed: (!message.is_empty()).then(|| message.to_string()),
            offline: choices(&typed.offline, offline),
            message: typed.message.clone(),
            retry: typed.retry.clone(),
            usual_retry: configured.access.offline_retry.to_string(),
            switches,
        },
    )
}

fn choices(chosen: &str, all: [(&str, String); 3]) -> Vec<Choice> {
    let choice = |(value, name): (&str, String)| Choice {
        is_chosen: value == chosen,
        value: value.to_owned(),
        name,
    };
    all.map(choice).into()
}

fn open_or_closed(config: &Config, texts: &Texts) -> &'static str {
    let words = &texts.admin.switches;
    if config.access.offline_message.is_empty() { words.open } else { words.closed }
}

/// What it is for.
fn about(switch: Switch, texts: &Texts) -> &'static str {
    let words = &texts.admin.switches;
    match switch {
        Switch::OfflineMessage => words.message_hint,
        Switch::OfflineRetry => words.retry_hint,
        Switch::HighLoadNow => words.high_load_now,
        Switch::Scrape => words.scrape,
        Switch::FullScrape => words.full_scrape,
        Switch::RequireCompact => words.require_compact,
        Switch::Identify => words.identify,
    }
}
