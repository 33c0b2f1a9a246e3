//! Whether an announce may happen. All that is looked up is in the policy snapshot.

use std::net::IpAddr;

use super::Refusal;
use crate::catalog::{PolicyClientRule, PolicySnapshot, Verdict};
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
pub fn admit(
    policy: &Policy<'_>,
    caller: &Caller<'_>,
    announce: &AnnounceRequest,
) -> Result<Admitted, Refusal> {
    // Who leaves is let go, banned or not.
    if announce.event != Event::Stopped {
        policy.allows(caller)?;
        policy.allows_client(caller, announce)?;
    }
    policy.torrent(announce.info_hash)?.ok_or_else(|| policy.why_not(announce.info_hash))
}

impl Policy<'_> {
    /// Whether a caller may ask for anything.
    ///
    /// # Errors
    /// When its address is banned.
    pub fn allows(&self, caller: &Caller<'_>) -> Result<(), Refusal> {
        let (Some(snapshot), Some(address)) = (self.snapshot, caller.address) else {
            return Ok(());
        };
        match snapshot.ban_of(address, self.now) {
            Some(ban) => Err(Refusal::banned(ban.reason, ban.until, self.now)),
            None => Ok(()),
        }
    }

    /// Whether a client may announce.
    ///
    /// # Errors
    /// When the owner does not want such clients.
    fn allows_client(
        &self,
        caller: &Caller<'_>,
        announce: &AnnounceRequest,
    ) -> Result<(), Refusal> {
        let ClientsConfig { require_compact, identify } = *self.clients;
        if require_compact && announce.compact == Some(false) {
            return Err(Refusal::CompactOnly);
        }
        let snapshot = self.snapshot.filter(|snapshot| snapshot.has_client_rules());
        if snapshot.is_none() && !identify {
            return Ok(());
        }
        let client = SeenClient::new(announce.peer_id, caller.user_agent);
        match snapshot.and_then(|snapshot| snapshot.client_rule(&client)) {
            Some(PolicyClientRule { verdict: Verdict::Allow, .. }) => Ok(()),
            Some(PolicyClientRule { reason, .. }) => Err(Refusal::Client { reason: reason.into() }),
            None if identify && !client.name().is_known() => Err(Refusal::UnknownClient),
            None => Ok(()),
        }
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
        let unnamed = Admitted { swarm: info_hash, size: None, completed: 0, carried };
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
        }))
    }
}
