//! Rules on clients: which of them may announce, in the order in which they are asked; and what one would get.

mod test;

use askama::Template;

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::accounts::Permission;
use crate::catalog::{ClientRule, Place, Verdict, detail_values};
use crate::gateway::Status;
use crate::protocol::{ClientPattern, NoPattern};
use crate::site::language::Texts;
use crate::tracker::switches;
use test::Test;

#[derive(Template)]
#[template(path = "admin/clients.html")]
struct Clients {
    frame: Frame,
    errors: Errors,
    rules: Vec<Shown>,
    /// Switches: the key, and whether it is on.
    switches: [(&'static str, bool); 2],
    may_edit: bool,
    pattern: String,
    reason: String,
    /// Values, words, and whether it is chosen.
    verdicts: Vec<(&'static str, &'static str, bool)>,
    is_first: bool,
    test: Test,
}

/// A rule as it is shown.
struct Shown {
    number: usize,
    pattern: String,
    verdict: &'static str,
    /// How it looks.
    class: &'static str,
    reason: String,
    since: String,
    /// What is to be known of a rule that decides about nobody.
    never: Option<String>,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    page(exchange, signed_in, Errors::default())
}

fn page(exchange: &Exchange<'_>, signed_in: &SignedIn, errors: Errors) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.clients;
    let rules = exchange.catalog()?.client_rules()?;
    let form = &exchange.form;
    let mut config = exchange.loaded().config.clone();
    switches::apply(&mut config, &exchange.catalog()?.switches()?);
    let clients = config.clients;
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Clients, words.title);
    let which = exchange.query.text("which");
    frame.notice = match exchange.query.text("done") {
        "made" => Some(words.made.with(which)),
        "removed" => Some(words.removed.with(which)),
        "gone" => Some(words.gone.with(which)),
        _ => None,
    };
    frame.has_errors = !errors.is_empty();
    let status = if errors.is_empty() { Status::Ok } else { Status::UnprocessableContent };
    let chosen = form.text("verdict");
    Reply::page_of(
        status,
        &Clients {
            frame,
            errors,
            rules: (0..rules.len()).filter_map(|at| Shown::of(&rules, at, texts)).collect(),
            switches: [
                ("identify", clients.identify),
                ("require_compact", clients.require_compact),
            ],
            may_edit: signed_in.user.role.may(Permission::EditClientRules),
            pattern: form.text("pattern").to_owned(),
            reason: form.text("reason").to_owned(),
            verdicts: Verdict::ALL
                .map(|it| (it.name(), in_words(it, texts), it.name() == chosen))
                .into(),
            is_first: form.text("place") == "first",
            test: Test::of(exchange),
        },
    )
}

impl Shown {
    fn of(rules: &[ClientRule], at: usize, texts: &Texts) -> Option<Self> {
        let rule = rules.get(at)?;
        let earlier = ClientRule::decides_before(rules, at);
        Some(Self {
            number: at + 1,
            pattern: rule.pattern.to_string(),
            verdict: in_words(rule.verdict, texts),
            class: match rule.verdict {
                Verdict::Deny => "bad",
                Verdict::Allow => "good",
                Verdict::Hide => "warn",
            },
            reason: rule.reason.clone(),
            since: texts.moment(rule.since),
            never: earlier.map(|earlier| texts.admin.clients.never.with(earlier + 1)),
        })
    }
}

/// What becomes of clients.
fn in_words(verdict: Verdict, texts: &Texts) -> &'static str {
    let words = &texts.admin.clients;
    match verdict {
        Verdict::Deny => words.deny,
        Verdict::Allow => words.allow,
        Verdict::Hide => words.hide,
    }
}

/// Makes a rule; one with the same pattern is replaced.
pub(super) fn add(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let (form, words) = (&exchange.form, &exchange.texts.admin.clients);
    let mut errors = Errors::default();
    let pattern = form.text("pattern").parse::<ClientPattern>();
    let pattern = errors.take("pattern", pattern, |problem| complaint(problem, exchange.texts));
    let verdict = Verdict::ALL.into_iter().find(|it| it.name() == form.text("verdict"));
    if verdict.is_none() {
        errors.add("verdict", words.no_verdict);
    }
    let reason = detail_values::reason(form.text("reason"));
    let reason = errors.take("reason", reason, |_| words.bad_reason.to_owned());
    if verdict != Some(Verdict::Deny) && reason.as_ref().is_some_and(|it| !it.is_empty()) {
        errors.add("reason", words.needless_reason);
    }
    let (true, Some(pattern), Some(verdict), Some(reason)) =
        (errors.is_empty(), pattern, verdict, reason)
    else {
        return page(exchange, signed_in, errors);
    };
    let place = if form.text("place") == "first" { Place::First } else { Place::Last };
    let written = encoded(&pattern.to_string());
    exchange.change(signed_in, |catalog, author| {
        let rule = ClientRule { pattern, verdict, reason, since: author.at };
        Ok(catalog.rule_on_clients(&rule, place, author)?)
    })?;
    Ok(Reply::To(format!("clients?done=made&which={written}")))
}

/// Why a text is no pattern, with the name that was meant.
fn complaint(problem: &NoPattern, texts: &Texts) -> String {
    let words = &texts.admin.clients;
    let nearest = |nearest: Option<String>| {
        nearest.map_or_else(String::new, |name| format!(" {}", words.did_you_mean.with(name)))
    };
    match problem {
        NoPattern::Empty => words.no_pattern.to_owned(),
        NoPattern::PeerId(text) => words.no_peer_id.with(text),
        NoPattern::Name { text, nearest: name } => {
            words.no_name.with(text) + &nearest(name.map(ToOwned::to_owned))
        }
        NoPattern::Bound { name, rest } => words.no_bound.with(rest, name),
        NoPattern::Class { text, nearest: class } => {
            words.no_class.with(text)
                + &nearest(class.map(|class| format!("class:{}", class.name())))
        }
        NoPattern::NoVersion { one, other } => words.no_version.with(one, other),
        NoPattern::UserAgent => words.bad_user_agent.to_owned(),
    }
}

/// Removes a rule.
pub(super) fn remove(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let pattern = exchange.form.text("remove").to_owned();
    let was_there = exchange
        .change(signed_in, |catalog, author| Ok(catalog.remove_client_rule(&pattern, author)?))?;
    let done = if was_there { "removed" } else { "gone" };
    Ok(Reply::To(format!("clients?done={done}&which={}", encoded(&pattern))))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
