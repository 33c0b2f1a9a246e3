//! `/api/v1/clients`: the rules on clients, in the order in which they are asked.

use serde::Serialize;

use super::body::{parsed, truth};
use super::{Done, Exchange, Failed, Problem};
use crate::catalog::{ClientRule, Place, Verdict, detail_values};
use crate::protocol::ClientPattern;

/// All rules.
#[derive(Serialize)]
struct Page {
    clients: Vec<Shown>,
}

/// A rule for programs.
#[derive(Serialize)]
struct Shown {
    pattern: String,
    verdict: &'static str,
    reason: String,
    since: u64,
}

impl From<ClientRule> for Shown {
    fn from(rule: ClientRule) -> Self {
        Self {
            pattern: rule.pattern.to_string(),
            verdict: rule.verdict.name(),
            reason: rule.reason,
            since: rule.since.0,
        }
    }
}

pub(super) fn list(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    exchange.given(&[])?;
    let rules = exchange.catalog()?.client_rules()?;
    Done::found(&Page { clients: rules.into_iter().map(Shown::from).collect() })
}

pub(super) fn show(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let pattern = pattern(&exchange.name())?;
    let mut rules = exchange.catalog()?.client_rules()?.into_iter();
    let rule = rules.find(|rule| rule.pattern == pattern).ok_or(Problem::NoSuch("rule"))?;
    Done::found(&Shown::from(rule))
}

/// Makes a rule, or changes the one of the same pattern.
pub(super) fn add(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let mut fields = exchange.fields()?;
    let pattern = fields.require("pattern", parsed(str::parse::<ClientPattern>));
    let verdict = fields.require("verdict", parsed(verdict));
    let reason = fields.take_some("reason", parsed(detail_values::reason)).unwrap_or_default();
    let is_first = fields.take_some("first", truth).unwrap_or_default();
    fields.finish()?;
    let Some((pattern, verdict)) = pattern.zip(verdict) else {
        return Err(Problem::NoSuch("rule").into());
    };
    exchange.change(|catalog, author| {
        let rule = ClientRule { pattern, verdict, reason, since: author.at };
        let place = if is_first { Place::First } else { Place::Last };
        let is_new = catalog.rule_on_clients(&rule, place, author)?.is_none();
        Done::put_in_place(is_new, &Shown::from(rule))
    })
}

pub(super) fn remove(exchange: &mut Exchange<'_>) -> Result<Done, Failed> {
    let pattern = pattern(&exchange.name())?.to_string();
    exchange.change(|catalog, author| match catalog.remove_client_rule(&pattern, author)? {
        true => Ok(Done::gone()),
        false => Err(Problem::NoSuch("rule").into()),
    })
}

fn pattern(text: &str) -> Result<ClientPattern, Problem> {
    text.parse().map_err(|_| Problem::NoSuch("rule"))
}

fn verdict(text: &str) -> Result<Verdict, &'static str> {
    let found = Verdict::ALL.into_iter().find(|verdict| verdict.name() == text);
    found.ok_or("it must be deny, allow or hide")
}
