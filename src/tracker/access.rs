//! Whether an announce may happen. All that is looked up is in the policy snapshot.

use std::cell::RefCell;
use std::net::IpAddr;

use super::Refusal;
use super::witness::{Passed, Witness};
use crate::catalog::{PolicyClientRule, PolicySnapshot, SeenClients, Verdict};
use crate::config::{ClientsConfig, Torrents};
use crate::protocol::{AnnounceRequest, Event, InfoHash, Passkey, SeenClient, Timestamp};
use crate::store::Generation;

/// Who sent a request, as far as the web server and the request tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// The address that the client was seen with.
    pub address: Option<IpAddr>,
    /// The secret in the URL, in its path or its query.
    pub passkey: Option<Passkey>,
    /// What the client calls itself in the HTTP header; empty when it does not.
    pub user_agent: &'a [u8],
}

/// What the owner has decided, as it is in force now.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Which torrents are tracked.
    pub torrents: Torrents,
    /// The snapshot; `None` when nothing was published yet.
    pub snapshot: Option<&'a PolicySnapshot>,
    /// Which clients are answered, beside those that rules are about.
    pub clients: &'a ClientsConfig,
    /// What the snapshot said of clients that came before.
    pub seen_clients: &'a RefCell<SeenClients>,
    /// The time.
    pub now: Timestamp,
}

/// The torrent of an announce that may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The info-hash of its swarm; a hybrid's two share one.
    pub swarm: InfoHash,
    /// Bytes of its content; `None` for a torrent that no catalogue names.
    pub size: Option<u64>,
    /// Completed downloads over all generations of the peer store, as of the last refresh.
    pub completed: u64,
    /// How many of these the peer store of this generation has counted, too.
    pub carried: (u64, Generation),
    /// Whether the client is not to be handed out to others.
    pub is_hidden: bool,
}

impl Admitted {
    /// Completed downloads to add to what a store of this generation has counted.
    #[must_use]
    pub fn completed_before(&self, generation: Generation) -> u64 {
        match self.carried {
            (carried, of) if of == generation => self.completed.saturating_sub(carried),
            _ => self.completed,
        }
    }
}

/// Decides whether an announce may happen.
///
/// # Errors
/// When it may not, with the reason that the client is shown.
pub(super) fn admit<W: Witness>(
    policy: &Policy<'_>,
    caller: &Caller<'_>,
    announce: &AnnounceRequest,
    witness: &mut W,
) -> Result<Admitted, Refusal> {
    // Who leaves is let go, banned or not.
    let is_hidden = if announce.event == Event::Stopped {
        for rule in ["ban", "require_compact", "client", "identify"] {
            witness.passed(rule, Passed::Leaves);
        }
        false
    } else {
        policy.allows(caller, witness)?;
        policy.allows_client(caller, announce, witness)? == Allowed::Hidden
    };
    let torrent = policy.torrent(announce.info_hash)?;
    let torrent = torrent.ok_or_else(|| policy.why_not(announce.info_hash))?;
    witness.passed("torrents", Passed::Fits);
    Ok(Admitted { is_hidden, ..torrent })
}

/// How a client may announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// As any other.
    Openly,
    /// Others are not told of it.
    Hidden,
}

/// How a rule is passed that there is, or is not.
fn if_any(there_is_one: bool) -> Passed {
    if there_is_one { Passed::Fits } else { Passed::NoSuchRule }
}

impl Policy<'_> {
    /// Whether a caller may ask for anything.
    ///
    /// # Errors
    /// When its address is banned.
    fn allows<W: Witness>(&self, caller: &Caller<'_>, witness: &mut W) -> Result<(), Refusal> {
        let (Some(snapshot), Some(address)) = (self.snapshot, caller.address) else {
            let why = if self.snapshot.is_none() { Passed::NoSuchRule } else { Passed::NoAddress };
            witness.passed("ban", why);
            return Ok(());
        };
        if let Some(ban) = snapshot.ban_of(address, self.now) {
            return Err(Refusal::banned(ban.reason, ban.until, self.now));
        }
        witness.passed("ban", Passed::Fits);
        Ok(())
    }

    /// How a client may announce.
    ///
    /// # Errors
    /// When the owner does not want such clients.
    fn allows_client<W: Witness>(
        &self,
        caller: &Caller<'_>,
        announce: &AnnounceRequest,
        witness: &mut W,
    ) -> Result<Allowed, Refusal> {
        let ClientsConfig { require_compact, identify, .. } = *self.clients;
        if require_compact && announce.compact == Some(false) {
            return Err(Refusal::CompactOnly);
        }
        witness.passed("require_compact", if_any(require_compact));
        let snapshot = self.snapshot.filter(|snapshot| snapshot.has_client_rules());
        if snapshot.is_none() && !identify {
            witness.passed("client", Passed::NoSuchRule);
            witness.passed("identify", Passed::NoSuchRule);
            return Ok(Allowed::Openly);
        }
        let client = SeenClient::new(announce.peer_id, caller.user_agent);
        let seen = &mut self.seen_clients.borrow_mut();
        let rule = snapshot.and_then(|snapshot| snapshot.client_rule_by(&client, seen));
        match rule {
            Some(PolicyClientRule { verdict: Verdict::Deny, reason, .. }) => {
                return Err(Refusal::Client { reason: reason.into() });
            }
            Some(PolicyClientRule { verdict, place, .. }) => {
                witness.passed("client", Passed::Allowed(place));
                witness.passed("identify", Passed::Decided);
                let is_hidden = verdict == Verdict::Hide;
                return Ok(if is_hidden { Allowed::Hidden } else { Allowed::Openly });
            }
            None => witness.passed("client", if_any(snapshot.is_some())),
        }
        if identify && !client.name().is_known() {
            return Err(Refusal::UnknownClient);
        }
        witness.passed("identify", if_any(identify));
        Ok(Allowed::Openly)
    }

    /// Why an info-hash is not tracked.
    pub(super) fn why_not(&self, info_hash: InfoHash) -> Refusal {
        match self.snapshot.and_then(|snapshot| snapshot.refusal_of(info_hash)) {
            Some("") => Refusal::Denied,
            Some(reason) => Refusal::Retired(reason.into()),
            None => Refusal::Unlisted,
        }
    }

    /// What is known of an info-hash; `None` when it is not tracked.
    ///
    /// # Errors
    /// When there is no snapshot although only listed torrents are tracked: nobody knows which these are.
    pub fn torrent(&self, info_hash: InfoHash) -> Result<Option<Admitted>, Refusal> {
        let is_open = self.torrents == Torrents::Open;
        let carried = (0, Generation::default());
        let unnamed =
            Admitted { swarm: info_hash, size: None, completed: 0, carried, is_hidden: false };
        let Some(snapshot) = self.snapshot else {
            return if is_open { Ok(Some(unnamed)) } else { Err(Refusal::Trouble) };
        };
        let Some(torrent) = snapshot.find(info_hash) else {
            let is_refused = || snapshot.refusal_of(info_hash).is_some();
            return Ok((is_open && !is_refused()).then_some(unnamed));
        };
        Ok(Some(Admitted {
            swarm: torrent.canonical,
            size: torrent.size,
            completed: torrent.completed,
            carried: (torrent.carried_completed, snapshot.generation()),
            is_hidden: false,
        }))
    }
}
