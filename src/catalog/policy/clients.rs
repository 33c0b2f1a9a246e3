//! Rules on clients in a policy snapshot, laid out so that few of very many are looked at for one client.
//!
//! The first rule that means a client decides. So each rule has its place in the owner's order, and of all that mean
//! a client the one with the lowest place counts.

use super::format::{
    AGENT_RULE_LEN, AGENT_RULES, BOUNDS, CLASS_RULE_LEN, CLASS_RULES, Digest, Fields, Layout,
    NewSection, PEER_ID_RULE_LEN, PEER_ID_RULES, PROGRAM_RULE_LEN, PROGRAM_RULES,
};
use super::record::TextAt;
use super::records::{EVERYWHERE, Records};
use super::texts::Texts;
use crate::catalog::{ClientRule, Verdict};
use crate::platform::order::Order as _;
use crate::protocol::{
    BOUND_LEN, Bound, ClientClass, ClientPattern, SeenClient, agent_fits, agent_pairs,
    pattern_pairs,
};

/// Where the pairs stand in a rule on User-Agents.
const PAIRS_AT: usize = 24;

/// Where in a rule on peer ids stands what all rules have.
const PEER_ID_RULE_AT: usize = 24;

/// The rule that decides about a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyClientRule<'a> {
    /// Its place among all rules, from 0 on.
    pub place: u32,
    /// What becomes of the client.
    pub verdict: Verdict,
    /// What a client is told that is refused; may be empty.
    pub reason: &'a str,
}

/// What every rule has, however it says which clients it means: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    place: u32,
    verdict: Verdict,
    /// The number of a class from 1 on, the length of a prefix, or the number of bounds.
    number: u8,
    reason: TextAt,
}

impl Common {
    fn write(&self, section: &mut Vec<u8>) {
        section.extend(self.place.to_le_bytes());
        let verdict = Verdict::ALL.iter().zip(0..).find(|(verdict, _)| **verdict == self.verdict);
        section.extend([verdict.map_or(0, |(_, number)| number), self.number, 0, 0]);
        self.reason.write(section);
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let place = fields.u32()?;
        let [verdict, number, _, _] = fields.array()?;
        let verdict = Verdict::ALL.get(usize::from(verdict)).copied().unwrap_or(Verdict::Deny);
        Some(Self { place, verdict, number, reason: TextAt::read(fields)? })
    }
}

/// The sections of these rules, in the owner's order. `None` when a count or an offset does not fit.
pub(super) fn sections_of<'a>(
    rules: &'a [ClientRule],
    texts: &mut Texts<'a>,
) -> Option<[NewSection; 5]> {
    let (mut peer_ids, mut programs) = (Vec::new(), Vec::new());
    let (mut agents, mut classes, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for (place, rule) in (0..).zip(rules) {
        let reason = texts.place(&rule.reason)?;
        let common = Common { place, verdict: rule.verdict, number: 0, reason };
        match &rule.pattern {
            ClientPattern::PeerId(prefix) => {
                peer_ids.push((
                    prefix.as_slice(),
                    Common { number: u8::try_from(prefix.len()).ok()?, ..common },
                ));
            }
            ClientPattern::Program { name, bounds: own } => {
                let first = u32::try_from(bounds.len() / BOUND_LEN).ok()?;
                bounds.extend(own.iter().flat_map(|bound| bound.to_bytes()));
                let number = u8::try_from(own.len()).ok()?;
                programs.push((fingerprint(name), first, Common { number, ..common }));
            }
            ClientPattern::UserAgent(pattern) => {
                common.write(&mut agents);
                texts.place(pattern)?.write(&mut agents);
                agents.extend(pattern_pairs(pattern.as_bytes()).to_le_bytes());
            }
            ClientPattern::Class(class) => {
                let number = ClientClass::ALL.iter().position(|it| it == class)?;
                Common { number: u8::try_from(number + 1).ok()?, ..common }.write(&mut classes);
            }
            ClientPattern::Any => common.write(&mut classes),
        }
    }
    // Rules on one program stay in the owner's order.
    programs.order_by_key(|(fingerprint, ..)| *fingerprint);
    let mut by_program = Vec::new();
    for (fingerprint, first, common) in programs {
        by_program.extend(fingerprint.to_le_bytes());
        by_program.extend(first.to_le_bytes());
        common.write(&mut by_program);
    }
    Some([
        NewSection::of(PEER_ID_RULES, PEER_ID_RULE_LEN, peer_id_rules(peer_ids)?),
        NewSection::of(PROGRAM_RULES, PROGRAM_RULE_LEN, by_program),
        NewSection::of(AGENT_RULES, AGENT_RULE_LEN, agents),
        NewSection::of(CLASS_RULES, CLASS_RULE_LEN, classes),
        NewSection::of(BOUNDS, BOUND_LEN, bounds),
    ])
}

/// Rules on peer ids, sorted. Each leads to the one with the longest beginning of its own prefix: so all prefixes of
/// a peer id are found from the last one that is not behind it.
fn peer_id_rules(mut rules: Vec<(&[u8], Common)>) -> Option<Vec<u8>> {
    rules.order_by_key(|(prefix, _)| *prefix);
    let mut section = Vec::new();
    let mut open: Vec<(u32, &[u8])> = Vec::new();
    for (number, (prefix, common)) in (1_u32..).zip(&rules) {
        while open.pop_if(|(_, shorter)| !prefix.starts_with(shorter)).is_some() {}
        let mut padded = [0; 20];
        padded.get_mut(..prefix.len())?.copy_from_slice(prefix);
        section.extend(padded);
        section.extend(open.last().map_or(0, |(number, _)| *number).to_le_bytes());
        common.write(&mut section);
        open.push((number, prefix));
    }
    Some(section)
}

/// FNV-1a with 64 bits of a program's name.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The rules on clients of a snapshot.
#[derive(Clone, Copy)]
pub(super) struct ClientRules<'a> {
    pub(super) file: &'a [u8],
    pub(super) layout: &'a Layout,
}

impl<'a> ClientRules<'a> {
    /// Whether there are none, as with most owners.
    pub(super) fn is_empty(self) -> bool {
        let Layout { peer_id_rules, program_rules, agent_rules, class_rules, .. } = self.layout;
        [peer_id_rules, program_rules, agent_rules, class_rules]
            .iter()
            .all(|it| it.bytes.is_empty())
    }

    /// The snapshot that they are in.
    pub(super) fn snapshot(self) -> &'a Digest {
        &self.layout.digest
    }

    /// Whether each of them looks at no more than so many first bytes of a peer id, beside the name.
    pub(super) fn look_at_most(self, front: usize) -> bool {
        let number_of = |rule: &[u8], at: usize| {
            Common::read(&mut Fields(rule.get(at..)?)).map(|rule| usize::from(rule.number))
        };
        let mut peer_ids = Records::of(self.file, &self.layout.peer_id_rules).iter();
        let mut classes = Records::of(self.file, &self.layout.class_rules).iter();
        let spoof = ClientClass::ALL.iter().position(|it| *it == ClientClass::Spoof);
        peer_ids.all(|rule| number_of(rule, PEER_ID_RULE_AT).is_some_and(|len| len <= front))
            && classes.all(|rule| number_of(rule, 0) != spoof.map(|place| place + 1))
    }

    /// A rule as others see it.
    pub(super) fn told(self, rule: Common) -> PolicyClientRule<'a> {
        let reason = rule.reason.of(self.file, self.layout);
        PolicyClientRule { place: rule.place, verdict: rule.verdict, reason }
    }

    /// The first rule that means a client.
    pub(super) fn find(self, client: &SeenClient<'_>) -> Option<Common> {
        let mut first: Option<Common> = None;
        let mut consider = |common: Option<Common>| {
            first = first.into_iter().chain(common).min_by_key(|rule| rule.place);
        };
        consider(self.by_peer_id(client));
        consider(self.by_program(client));
        consider(self.by_class(client));
        let before = first.map_or(u32::MAX, |rule| rule.place);
        self.by_user_agent(client, before).or(first)
    }

    fn by_peer_id(self, client: &SeenClient<'_>) -> Option<Common> {
        let rules = Records::of(self.file, &self.layout.peer_id_rules);
        let id = &client.peer_id.0;
        let mut next = rules.up_to(id, &EVERYWHERE);
        let mut first: Option<Common> = None;
        while let Some(place) = next.checked_sub(1) {
            let mut fields = Fields(rules.get(place)?);
            let prefix: [u8; 20] = fields.array()?;
            let shorter = usize::try_from(fields.u32()?).ok()?;
            let rule = Common::read(&mut fields)?;
            if prefix.get(..rule.number.into()).is_some_and(|prefix| id.starts_with(prefix)) {
                first = first.into_iter().chain([rule]).min_by_key(|rule| rule.place);
            }
            // In a damaged file they could lead in circles.
            next = if shorter < next { shorter } else { 0 };
        }
        first
    }

    fn by_program(self, client: &SeenClient<'_>) -> Option<Common> {
        let rules = Records::of(self.file, &self.layout.program_rules);
        if rules.is_empty() {
            return None;
        }
        let bounds = Records::of(self.file, &self.layout.bounds);
        let fitting = client.programs().filter_map(|(name, version)| {
            let wanted = fingerprint(name);
            let of = |rule: &[u8]| rule.first_chunk().map(|it| u64::from_le_bytes(*it));
            let start = rules.partition_point(|rule| of(rule).is_some_and(|it| it < wanted));
            (start..)
                .map_while(|place| rules.get(place))
                .take_while(|rule| of(rule) == Some(wanted))
                .find_map(|rule| {
                    let mut fields = Fields(rule.get(8..)?);
                    let start = usize::try_from(fields.u32()?).ok()?;
                    let rule = Common::read(&mut fields)?;
                    let end = start.checked_add(rule.number.into())?;
                    let mut own = (start..end)
                        .map(|place| Bound::from_bytes(bounds.get(place)?.first_chunk()?));
                    let admits = |bound: Option<Bound>| {
                        bound.is_some_and(|it| version.is_some_and(|version| it.admits(&version)))
                    };
                    own.all(admits).then_some(rule)
                })
        });
        fitting.min_by_key(|rule| rule.place)
    }

    fn by_class(self, client: &SeenClient<'_>) -> Option<Common> {
        let rules = Records::of(self.file, &self.layout.class_rules).iter();
        rules.filter_map(|rule| Common::read(&mut Fields(rule))).find(|rule| {
            let Some(number) = usize::from(rule.number).checked_sub(1) else { return true };
            ClientClass::ALL.get(number).is_some_and(|class| client.is_of(*class))
        })
    }

    /// The first of the rules on User-Agents before this place.
    fn by_user_agent(self, client: &SeenClient<'_>, before: u32) -> Option<Common> {
        let rules = Records::of(self.file, &self.layout.agent_rules);
        if rules.is_empty() {
            return None;
        }
        let has = agent_pairs(client.user_agent);
        let may_fit = |rule: &&[u8]| {
            let pairs = rule.get(PAIRS_AT..).and_then(|it| it.first_chunk());
            pairs.is_some_and(|pairs| u64::from_le_bytes(*pairs) & !has == 0)
        };
        let rules = rules.iter().filter(may_fit).filter_map(|rule| {
            let mut fields = Fields(rule);
            Some((Common::read(&mut fields)?, TextAt::read(&mut fields)?))
        });
        rules.take_while(|(rule, _)| rule.place < before).find_map(|(rule, pattern)| {
            let pattern = pattern.of(self.file, self.layout).as_bytes();
            agent_fits(pattern, client.user_agent).then_some(rule)
        })
    }
}
