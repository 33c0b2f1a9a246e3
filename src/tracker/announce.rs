//! What an announce does and gets back.

use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};

use super::access::{Admitted, Caller, admit};
use super::peer_rules::{Addresses, NotAPeer, PeerRules, more_than};
use super::witness::{Passed, Witness};
use super::{Load, Refusal, Tracker};
use crate::config::{Config, StatedAddressRule, TrackerConfig};
use crate::platform::reach::Reach;
use crate::protocol::{
    AnnounceReply, AnnounceRequest, CompactV4, CompactV6, Event, FamilyPeers, PeerList, Seconds,
    Timestamp, interval_for,
};
use crate::store::{
    Action, Announced, FamilySample, PeerAnnounce, PeerSample, Role, SwarmCounts, Under, Want,
};

/// What Bitstorm promises a client that announces with `short`.
const SHORT_INTERVAL: Seconds = Seconds(120);
const SHORT_MIN_INTERVAL: Seconds = Seconds(30);

impl Tracker {
    /// Takes an announce into the store and says what the client gets back.
    ///
    /// # Errors
    /// When the client gets no peers, with the reason for it.
    pub fn announce(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
    ) -> Result<AnnounceReply<'_>, Refusal> {
        let (admitted, addresses) = self.weigh(caller, request, now, &mut ())?;
        let config = &self.loaded.config;
        let rules = self.peer_rules();
        let announce =
            PeerAnnounce { seen: caller.address, ..describe(request, &admitted, addresses) };
        let is_busy = self.is_known_to_be_busy(now);
        let want = wanted(config, request, announce.role, is_busy);
        let mut asked = rules.map_or(want, |rules| rules.enough(want, caller.address));
        let withholds = self.withholds();
        if withholds {
            asked.peers = asked.peers.max(more_than(want).peers);
        }
        let warning = self.warning_for(&announce);
        let mut sample = std::mem::take(&mut self.sample);
        let outcome =
            self.store().and_then(|store| store.announce(&announce, now, asked, &mut sample));
        self.sample = sample;
        let announced = outcome.map_err(|problem| self.refusal(&problem))?;
        if withholds {
            self.withhold();
        }
        if self.has_peer_rules {
            PeerRules::of(&self.loaded.config.network).leave(
                &mut self.sample,
                want,
                caller.address,
            );
        } else if withholds {
            self.sample.choose(want.peers);
        }
        let load = self.heard_load(announced.announces_in_the_last_minute, now);
        if load.is_high && !is_busy {
            // It was asked for before that was known.
            let fewer = wanted(&self.loaded.config, request, announce.role, true).peers;
            self.sample.thin_out(fewer);
        }
        let Announced { counts, generation, .. } = announced;
        let completed = admitted.completed_before(generation);
        let reply = self.reply(request, caller, (with_completed(counts, completed), load));
        Ok(AnnounceReply { warning, ..reply })
    }

    /// What an announce would get back, without peers and without a trace in the store: the answer
    /// to a HEAD request.
    ///
    /// # Errors
    /// As for `announce`.
    pub fn preview(
        &mut self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
    ) -> Result<AnnounceReply<'_>, Refusal> {
        let (admitted, _) = self.weigh(caller, request, now, &mut ())?;
        let found = self.look_at(&admitted, now)?;
        self.sample.clear();
        Ok(self.reply(request, caller, found))
    }

    /// Asks all rules about an announce, in their order, up to the one that refuses it: what is left to do then is the
    /// store's.
    pub(super) fn weigh<W: Witness>(
        &self,
        caller: &Caller<'_>,
        request: &AnnounceRequest,
        now: Timestamp,
        witness: &mut W,
    ) -> Result<(Admitted, Addresses), Refusal> {
        let admitted = admit(&self.decided(now), caller, request, witness)?;
        let addresses = addresses(&self.loaded.config, request, caller.address)?;
        witness.passed("no_address", Passed::Fits);
        Ok((admitted, accepted(self.peer_rules(), request, addresses, witness)?))
    }

    /// The figures of a swarm and of the tracker, as they are.
    pub(super) fn look_at(
        &mut self,
        admitted: &Admitted,
        now: Timestamp,
    ) -> Result<(SwarmCounts, Load), Refusal> {
        let load = self.load(now)?;
        let counted = self.store().and_then(|store| {
            let counts = store.counts(&[admitted.swarm], now)?;
            Ok((counts, admitted.completed_before(store.generation()?)))
        });
        let (counts, completed) = counted.map_err(|problem| self.refusal(&problem))?;
        let counts = counts.first().copied().unwrap_or_default();
        Ok((with_completed(counts, completed), load))
    }

    /// What a client gets back; `counts.completed` is of all generations.
    pub(super) fn reply(
        &self,
        request: &AnnounceRequest,
        caller: &Caller<'_>,
        (counts, load): (SwarmCounts, Load),
    ) -> AnnounceReply<'_> {
        let config = &self.loaded.config.tracker;
        let (interval, min_interval) = if request.short && !load.is_high {
            (load.interval.min(SHORT_INTERVAL), load.min_interval.min(SHORT_MIN_INTERVAL))
        } else {
            (load.interval, load.min_interval)
        };
        AnnounceReply {
            complete: counts.seeders,
            downloaded: counts.completed,
            external_ip: caller.address,
            incomplete: counts.leechers.saturating_add(counts.partial_seeds),
            interval: interval_for(interval, request.peer_id),
            min_interval,
            peers: peer_list(&self.sample, in_dictionaries(request, config, load.is_high)),
            warning: None,
        }
    }
}

/// The address that the client was seen with, and what it states itself where the owner believes it.
fn addresses(
    config: &Config,
    request: &AnnounceRequest,
    from: Option<IpAddr>,
) -> Result<Addresses, Refusal> {
    let seen_v4 = match from {
        Some(IpAddr::V4(ip)) => Some(SocketAddrV4::new(ip, request.port)),
        _ => None,
    };
    let seen_v6 = match from {
        Some(IpAddr::V6(ip)) => Some(SocketAddrV6::new(ip, request.port, 0, 0)),
        _ => None,
    };
    let stated = if believes_stated(config, from) { request.stated } else { Default::default() };
    let port = |stated: Option<u16>| stated.unwrap_or(request.port);
    let stated_v4 = stated.v4.map(|(ip, own)| SocketAddrV4::new(ip, port(own)));
    let stated_v6 = stated.v6.map(|(ip, own)| SocketAddrV6::new(ip, port(own), 0, 0));
    let v4 = stated_v4.or(seen_v4).map(CompactV4::from);
    let v6 = stated_v6.or(seen_v6).map(CompactV6::from);
    if v4.is_none() && v6.is_none() {
        crate::error!(
            "an announce came without an address; let the web server pass REMOTE_ADDR on, or the proxy \
             before it the header that client_address_header in [network] names"
        );
        return Err(Refusal::NoAddress);
    }
    Ok((v4, v6))
}

/// Whether the owner believes what addresses a client states who is seen at an address.
pub(super) fn believes_stated(config: &Config, from: Option<IpAddr>) -> bool {
    match config.network.stated_addresses {
        StatedAddressRule::Never => false,
        StatedAddressRule::Private => from.is_some_and(is_private),
        StatedAddressRule::Always => true,
    }
}

/// Those that a peer may have. Who leaves is let go, wherever it is.
fn accepted<W: Witness>(
    rules: Option<PeerRules<'_>>,
    request: &AnnounceRequest,
    addresses: Addresses,
    witness: &mut W,
) -> Result<Addresses, NotAPeer> {
    match rules {
        Some(rules) if request.event != Event::Stopped => rules.accepted(addresses, witness),
        _ => {
            let leaves = request.event == Event::Stopped;
            let why = if leaves { Passed::Leaves } else { Passed::NoSuchRule };
            NotAPeer::RULES.iter().for_each(|rule| witness.passed(rule, why));
            Ok(addresses)
        }
    }
}

/// Whether an address is of a private network or of this host.
fn is_private(ip: IpAddr) -> bool {
    matches!(Reach::of(ip), Some(Reach::Host | Reach::Private))
}

/// The counts with the downloads that other generations of the store have counted.
fn with_completed(counts: SwarmCounts, elsewhere: u64) -> SwarmCounts {
    SwarmCounts { completed: counts.completed.saturating_add(elsewhere), ..counts }
}

/// What a client is to its swarm.
pub(super) fn role(request: &AnnounceRequest) -> Role {
    match (request.event, request.left) {
        (Event::Paused, _) => Role::PartialSeed,
        (_, Some(0)) => Role::Seeder,
        _ => Role::Leecher,
    }
}

pub(super) fn describe(
    request: &AnnounceRequest,
    admitted: &Admitted,
    (v4, v6): Addresses,
) -> PeerAnnounce {
    let role = role(request);
    // A magnet's client that does not know the size yet claims to lack more than there is.
    let left = match (request.left, admitted.size) {
        (Some(left), Some(size)) if left > size => None,
        (left, _) => left,
    };
    let action = match request.event {
        Event::Stopped => Action::Leave,
        Event::Completed => Action::Complete,
        Event::None | Event::Started | Event::Paused => Action::Stay,
    };
    // The store hands nobody out without a port.
    let (v4, v6) = if admitted.is_hidden { without_ports((v4, v6)) } else { (v4, v6) };
    PeerAnnounce {
        under: if admitted.swarm == request.info_hash { Under::First } else { Under::Second },
        v4,
        v6,
        key: request.key,
        size: admitted.size,
        left,
        uploaded: request.uploaded,
        downloaded: request.downloaded,
        role,
        action,
        ..PeerAnnounce::new(admitted.swarm, request.peer_id)
    }
}

#[cold]
fn without_ports((v4, v6): Addresses) -> Addresses {
    let v4 = v4.map(|v4| SocketAddrV4::new(v4.ip(), 0).into());
    let v6 = v6.map(|v6| SocketAddrV6::new(v6.ip(), 0, 0, 0).into());
    (v4, v6)
}

pub(super) fn wanted(
    config: &Config,
    request: &AnnounceRequest,
    role: Role,
    is_busy: bool,
) -> Want {
    let config = &config.tracker;
    let most = if is_busy { config.numwant } else { config.max_numwant };
    let peers = match request.event {
        Event::Stopped => 0,
        _ => request.numwant.unwrap_or(config.numwant).min(most),
    };
    Want {
        peers,
        seeders: role == Role::Leecher || config.seeds_see_seeds,
        peer_ids: in_dictionaries(request, config, is_busy) && !request.no_peer_id,
    }
}

fn in_dictionaries(request: &AnnounceRequest, config: &TrackerConfig, is_busy: bool) -> bool {
    request.compact == Some(false) && !config.compact_only && !is_busy
}

fn peer_list(sample: &PeerSample, in_dictionaries: bool) -> PeerList<'_> {
    if in_dictionaries {
        PeerList::Dictionaries { v4: with_ids(&sample.v4), v6: with_ids(&sample.v6) }
    } else {
        PeerList::Compact { v4: &sample.v4.addresses, v6: &sample.v6.addresses }
    }
}

fn with_ids<A>(family: &FamilySample<A>) -> FamilyPeers<'_, A> {
    FamilyPeers { addresses: &family.addresses, peer_ids: &family.peer_ids }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::LoadedConfig;
    use crate::protocol::RetryIn;
    use crate::store::Generation;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    /// An open tracker with as little shared memory as is allowed.
    fn small(home: &Path) -> Tracker {
        let text = "tracker.torrents = 'open'\n[store]\nkind = 'shm'\npath = 'memory/peers'\n\
                    max_size = 4194304";
        let loaded = LoadedConfig::parse(text, &home.join("conf/tracker.toml")).unwrap();
        Tracker::new(Arc::new(loaded))
    }

    /// A peer that is alone in its swarm announces; how many leechers it is told of.
    fn come(tracker: &mut Tracker, number: u32, now: Timestamp) -> Result<u32, Refusal> {
        let mut bytes = [7; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let query = format!("info_hash={encoded}&peer_id={encoded}&port=6881&left=1");
        let request = AnnounceRequest::parse(query.as_bytes()).unwrap();
        let caller = Caller { address: Some(Ipv4Addr::LOCALHOST.into()), ..Caller::default() };
        tracker.announce(&caller, &request, now).map(|reply| reply.incomplete)
    }

    #[test]
    fn without_room_only_new_peers_are_refused_until_others_have_gone() {
        let home = tempfile::tempdir().unwrap();
        let mut tracker = small(home.path());
        let refused = (0..1_000_000).find(|&number| come(&mut tracker, number, NOW).is_err());
        let refused = refused.expect("4 MiB hold less than a million swarms");
        assert!(refused > 1000, "{refused}");
        assert_eq!(come(&mut tracker, refused, NOW), Err(Refusal::Full));
        assert_eq!(Refusal::Full.retry_in(Seconds(1800)), Some(RetryIn::Minutes(15)));
        for known in 0..refused {
            assert_eq!(come(&mut tracker, known, NOW), Ok(1));
        }
        let later = NOW + Seconds(10_000);
        while tracker.store().unwrap().expire(later, 500).unwrap() == 500 {}
        for number in 0..refused {
            assert_eq!(come(&mut tracker, number, later), Ok(1));
        }
    }

    #[test]
    fn who_lacks_more_than_there_is_does_not_know_how_much() {
        let left = |text: &str, size| {
            let query = format!(
                "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left={text}"
            );
            let request = AnnounceRequest::parse(query.as_bytes()).unwrap();
            let carried = (0, Generation::default());
            let (swarm, is_hidden) = (request.info_hash, false);
            let admitted = Admitted { swarm, size, completed: 0, carried, is_hidden };
            let announce = describe(&request, &admitted, (None, None));
            assert_eq!((announce.size, announce.role), (size, Role::Leecher));
            announce.left
        };
        assert_eq!(left("1000", Some(1000)), Some(1000));
        assert_eq!(left("1001", Some(1000)), None);
        assert_eq!(left("9223372036854775807", Some(1000)), None, "a magnet without metadata");
        assert_eq!(left("1001", None), Some(1001), "a torrent that no catalogue names");
        assert_eq!(left("", Some(1000)), None);
    }
}
