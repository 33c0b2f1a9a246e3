//! What the rules on clients say of those that came lately: most clients are one of a few programs, and there may be a
//! thousand rules.

use super::clients::{ClientRules, Common};
use super::format::Digest;
use crate::platform::random::scramble;
use crate::protocol::SeenClient;

/// Clients that are remembered at most.
const SLOTS: usize = 256;

/// Bytes of a User-Agent that is remembered at most.
const LONGEST: usize = 128;

/// What a thread remembers of the snapshot that it has asked last. The answer for a client is the one for all with the same
/// first bytes of the peer id and the same User-Agent, where neither its name nor a rule depends on the other bytes.
#[derive(Debug, Default)]
pub struct SeenClients {
    /// The snapshot.
    of: Option<Digest>,
    /// Whether none of its rules looks at the other bytes.
    are_alike: bool,
    /// None as long as it was asked once only, as by a CGI.
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    front: [u8; SeenClient::FRONT],
    agent: Vec<u8>,
    /// The rule, if there is one; `None` where nobody is remembered.
    answer: Option<Option<Common>>,
}

impl SeenClients {
    /// The rule that decides about a client.
    pub(super) fn rule_on(
        &mut self,
        client: &SeenClient<'_>,
        rules: ClientRules<'_>,
    ) -> Option<Common> {
        if self.of.as_ref() != Some(rules.snapshot()) {
            *self = Self { of: Some(*rules.snapshot()), ..Self::default() };
            return rules.find(client);
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Slot::default);
            self.are_alike = rules.look_at_most(SeenClient::FRONT);
        }
        let agent = client.user_agent;
        let front = client.front().filter(|_| self.are_alike && agent.len() <= LONGEST);
        let Some((front, slot)) =
            front.and_then(|front| Some((front, self.slots.get_mut(slot_of(&front, agent))?)))
        else {
            return rules.find(client);
        };
        if let Some(rule) = slot.answer.filter(|_| slot.front == front && slot.agent == agent) {
            return rule;
        }
        let rule = rules.find(client);
        if client.is_named_by_front() {
            slot.front = front;
            slot.agent.clear();
            slot.agent.extend_from_slice(agent);
            slot.answer = Some(rule);
        }
        rule
    }
}

/// Where a client is remembered. Of a User-Agent the ends tell most: names and versions.
fn slot_of(front: &[u8; SeenClient::FRONT], agent: &[u8]) -> usize {
    let number = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let ends = number(agent.first_chunk()) ^ number(agent.last_chunk()).rotate_left(29);
    let hash = scramble(u64::from_le_bytes(*front) ^ ends.rotate_left(17) ^ agent.len() as u64);
    usize::try_from(hash % SLOTS as u64).unwrap_or_default()
}
