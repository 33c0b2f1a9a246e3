//! The rules that were asked about a request, as they are told to people.

use std::net::{IpAddr, SocketAddr};

use crate::config::{Families, NetworkConfig, PrivateAddresses};
use crate::tracker::Refusal;
use crate::tracker::peer_rules::NotAPeer;
use crate::tracker::witness::{Passed, RuleName, Witness};

/// A rule that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRule {
    /// The rule, in a word: as the log of announces has it.
    pub rule: &'static str,
    /// What it says.
    pub verdict: RuleVerdict,
    /// What it looked at, or which of the owner's rules it was; may be empty.
    pub about: String,
    /// The place of the rule among the owner's rules on clients, from 0 on.
    pub(super) place: Option<u32>,
}

/// What a rule says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// There is no such rule.
    Off,
    /// The request may go on.
    Passes,
    /// It does not count for this request.
    NotAsked,
    /// The request is refused, or this address of a peer that has another one.
    Refuses,
}

impl RuleVerdict {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Passes => "passes",
            Self::NotAsked => "not_asked",
            Self::Refuses => "refuses",
        }
    }
}

impl AskedRule {
    /// A rule that says this.
    #[must_use]
    pub fn new(rule: &'static str, verdict: RuleVerdict, about: impl Into<String>) -> Self {
        Self { rule, verdict, about: about.into(), place: None }
    }
}

/// Remembers what a witness hears.
pub(super) struct Heard {
    rules: Vec<AskedRule>,
    /// Whether there is each of the rules about addresses and ports.
    is_on: [bool; NotAPeer::RULES.len()],
}

impl Heard {
    pub(super) fn new(network: &NetworkConfig) -> Self {
        let is_on = [
            network.families != Families::Both,
            network.private_addresses != PrivateAddresses::Allow,
            network.refuse_low_ports,
            !network.refused_ports.is_empty(),
        ];
        Self { rules: Vec::new(), is_on }
    }

    pub(super) fn into_rules(self) -> Vec<AskedRule> {
        self.rules
    }
}

impl Witness for Heard {
    fn passed(&mut self, rule: RuleName, how: Passed) {
        let (verdict, about) = match how {
            Passed::NoSuchRule => (RuleVerdict::Off, ""),
            Passed::Fits | Passed::Allowed(_) => (RuleVerdict::Passes, ""),
            Passed::Decided => (RuleVerdict::NotAsked, "the rule on clients has decided"),
            Passed::Leaves => (RuleVerdict::NotAsked, "who leaves is let go"),
            Passed::NoAddress => (RuleVerdict::NotAsked, "no address is known"),
        };
        let place = match how {
            Passed::Allowed(place) => Some(place),
            _ => None,
        };
        self.rules.push(AskedRule { place, ..AskedRule::new(rule, verdict, about) });
    }

    fn address(&mut self, (ip, port): (IpAddr, u16), refusing: Option<RuleName>) {
        let about = SocketAddr::new(ip, port).to_string();
        for (rule, is_on) in NotAPeer::RULES.into_iter().zip(self.is_on) {
            let verdict = match is_on {
                _ if refusing == Some(rule) => RuleVerdict::Refuses,
                true => RuleVerdict::Passes,
                false => RuleVerdict::Off,
            };
            let about = if verdict == RuleVerdict::Off { "" } else { &*about };
            self.rules.push(AskedRule::new(rule, verdict, about));
            if verdict == RuleVerdict::Refuses {
                break;
            }
        }
    }
}

/// Adds the rule that has refused a request, unless it was heard of.
pub(super) fn refuse(rules: &mut Vec<AskedRule>, refusal: &Refusal) {
    let rule = refusal.rule();
    let is_known = |asked: &AskedRule| asked.rule == rule && asked.verdict == RuleVerdict::Refuses;
    if !rules.iter().any(is_known) {
        rules.push(AskedRule::new(rule, RuleVerdict::Refuses, ""));
    }
}

/// The switches that close a tracker, of which the first that is on decides.
pub(super) fn switches(closed: Option<&Refusal>) -> Vec<AskedRule> {
    let off = |rule| AskedRule::new(rule, RuleVerdict::Off, "");
    let mut rules = vec![off("gone"), off("offline")];
    if let Some(refusal) = closed {
        rules.retain(|asked| asked.rule != refusal.rule());
        rules.truncate(usize::from(refusal.rule() != "gone"));
        refuse(&mut rules, refusal);
    }
    rules
}
