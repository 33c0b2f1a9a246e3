//! Addresses that are banned for a time because clients there kept being refused for not saying which program they are.
//!
//! Refusals are counted in the peer store, where all processes of a host share them; what is not refused costs nothing.
//! The catalogue is written after the reply, so the ban is one like those of the owner. Strangers cause all this: what
//! waits to be written, how often it is published and how many such bans there are is limited. A responder keeps what
//! came too early; an address that is passed over goes on being refused, and is banned at one of its next tries.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Tracker;
use super::access::Caller;
use super::refresh::{RefreshError, lock_path};
use super::rescan::take_in_and_publish;
use crate::catalog::{AutomaticBan, Catalog, PolicySnapshot};
use crate::config::{Config, LoadedConfig};
use crate::platform::address_range::AddressRange;
use crate::platform::lock;
use crate::platform::special_addresses::special;
use crate::protocol::{ClientClass, PeerId, Seconds, SeenClient, Timestamp, names_client};
use crate::store::{Allowance, Purpose};

/// What clients at a banned address are told.
const REASON: &str = "clients there kept announcing without saying which program they are";

/// Between one such publication and the next. It costs a look at all torrents. That it is kept is seen in the catalogue:
/// what strangers can have forgotten would not do.
const PAUSE: Seconds = Seconds(10);

/// After this another process may have ended what it publishes.
const MOMENT: Seconds = Seconds(1);

/// Addresses of a process that wait to be banned, at most.
const MOST_WAITING: usize = 256;

/// The addresses that are to be banned.
#[derive(Debug, Default)]
struct Waiting {
    ranges: Vec<AddressRange>,
    /// Before then nothing can be done about it.
    not_before: Timestamp,
}

/// Those of this process, by catalogue. A CGI bans in a child of its own, which has them too.
static WAITING: Mutex<BTreeMap<PathBuf, Waiting>> = Mutex::new(BTreeMap::new());

impl Tracker {
    /// Counts that a client was refused because its peer id names no program; has its address banned after the
    /// reply, when there were too many.
    pub fn count_unidentified(&mut self, caller: &Caller<'_>, peer_id: PeerId, now: Timestamp) {
        let config = &self.loaded.config;
        let (Some(tries), Some(address)) = (config.clients.ban_after.get(), caller.address) else {
            return;
        };
        let Some(range) = self.range_counted(caller, peer_id) else { return };
        let allowance = Allowance::within(tries, config.clients.ban_within.seconds());
        let wait = self
            .store()
            .and_then(|store| store.take_token(Purpose::Unidentified, address, allowance, now));
        // Where the store has trouble, nobody is banned.
        if matches!(wait, Ok(Some(_))) {
            wait_for_ban(&self.loaded.config.paths.catalog, &[range]);
        }
    }

    /// What is banned when a client keeps being refused because its peer id names no program; `None` where that is not
    /// counted.
    pub(super) fn range_counted(
        &self,
        caller: &Caller<'_>,
        peer_id: PeerId,
    ) -> Option<AddressRange> {
        let config = &self.loaded.config;
        let client = SeenClient::new(peer_id, caller.user_agent);
        let is_counted = !config.is_replica() && !asks_for_others(&client);
        range_to_ban(config, caller.address?).filter(|_| is_counted)
    }

    /// Whether addresses wait to be banned that can be banned now.
    #[must_use]
    pub fn has_addresses_to_ban(&self, now: Timestamp) -> bool {
        let config = &self.loaded.config;
        config.clients.ban_after.get().is_some() && has_waiting(&config.paths.catalog, now)
    }
}

/// Whether it is a program that asks for what others have chosen: pages, web seeds and links could have its owner banned.
/// A BitTorrent client that gets a web seed says its name in the User-Agent, and has no peer id there.
fn asks_for_others(client: &SeenClient<'_>) -> bool {
    client.is_of(ClientClass::Browser)
        || client.is_of(ClientClass::Bot)
        || names_client(client.user_agent)
}

/// Bans the addresses that wait for it, and publishes that; where another process is at it, or it was done just now, they
/// go on waiting.
///
/// # Errors
/// When the catalogue cannot be written or the policy not be published.
pub fn ban_unidentified(loaded: &LoadedConfig, now: Timestamp) -> Result<(), RefreshError> {
    let paths = &loaded.config.paths;
    let mut ranges = take_waiting(&paths.catalog);
    if ranges.is_empty() {
        return Ok(());
    }
    let wait_until = |then, ranges: &[AddressRange]| {
        wait_for_ban(&paths.catalog, ranges);
        waiting().entry(paths.catalog.clone()).or_default().not_before = then;
        Ok(())
    };
    let Some(_lock) = lock::within(&lock_path(&loaded.config), Duration::ZERO)? else {
        return wait_until(now + MOMENT, &ranges);
    };
    let Ok(current) = PolicySnapshot::open(&paths.policy) else { return Ok(()) };
    // Another process may have banned them meanwhile.
    let is_banned = |address| current.ban_of(address, now).is_some();
    ranges.retain(|range| !<[_; 2]>::from(range.ends()).into_iter().all(is_banned));
    if ranges.is_empty() {
        return Ok(());
    }
    let until = now + loaded.config.clients.ban_for.seconds();
    let ban = AutomaticBan { reason: REASON, since: now, until };
    let mut catalog = Catalog::open(&paths.catalog)?;
    if let Some(last) = catalog.last_automatic_ban(now)?
        && now < last + PAUSE
    {
        return wait_until(last + PAUSE, &ranges);
    }
    let banned = catalog.ban_automatically(&ranges, ban)?.len();
    if banned < ranges.len() {
        crate::warning!("no more addresses are banned automatically: there are too many such bans");
    }
    if banned == 0 {
        return Ok(());
    }
    // Without the addresses: this log is none of announces.
    crate::info!(
        "addresses banned because of `ban_after`: {banned}; `tracker ban list` shows them, `tracker ban remove` ends bans"
    );
    take_in_and_publish(loaded, &current, now)
}

/// What is banned because of somebody at an address: of IPv6 its /64. Nothing where others are there whom the owner knows
/// of, or where it is no address in the Internet: that may be a proxy's or a translator's, behind which all clients are.
fn range_to_ban(config: &Config, address: IpAddr) -> Option<AddressRange> {
    let first = Purpose::Unidentified.network(address);
    let last = match address.to_canonical() {
        IpAddr::V4(_) => first,
        IpAddr::V6(_) => first | u128::from(u64::MAX),
    };
    let range = AddressRange::of_keys(first.into(), last.into())?;
    let is_known = config.limits.exempt.has_some_of(range)
        || config.network.trusted_network().has_some_of(range);
    (special(address).is_none() && !is_known).then_some(range)
}

/// What a panic leaves behind this lock is whole.
fn waiting() -> MutexGuard<'static, BTreeMap<PathBuf, Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn has_waiting(catalog: &Path, now: Timestamp) -> bool {
    let can_be_banned = |it: &Waiting| {
        // A clock that was ahead must not keep them for good.
        let is_time = it.not_before <= now || now + PAUSE < it.not_before;
        !it.ranges.is_empty() && is_time
    };
    waiting().get(catalog).is_some_and(can_be_banned)
}

fn wait_for_ban(catalog: &Path, ranges: &[AddressRange]) {
    let mut waiting = waiting();
    let own = &mut waiting.entry(catalog.to_owned()).or_default().ranges;
    for range in ranges {
        if own.len() < MOST_WAITING && !own.contains(range) {
            own.push(*range);
        }
    }
}

fn take_waiting(catalog: &Path) -> Vec<AddressRange> {
    waiting().get_mut(catalog).map(|it| std::mem::take(&mut it.ranges)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{StoreKind, lay_out_missing};
    use crate::protocol::Seconds;
    use crate::tracker::{Next, Quiet, Refresh, Turn, Urgency};

    const NOON: Timestamp = Timestamp(1_700_000_000);
    const UNKNOWN: PeerId = PeerId(*b"-ZZ0001-000000000001");

    /// A tracker that has published a policy at noon.
    fn tracker(kind: StoreKind, settings: &str) -> (tempfile::TempDir, Tracker) {
        let home = tempfile::tempdir().unwrap();
        let (kind, settings) = (kind.name(), format!("clients.identify = true\n{settings}"));
        let text = format!("{settings}\n[store]\nkind = '{kind}'\npath = 'memory/peers'");
        let loaded = LoadedConfig::parse(&text, &home.path().join("conf/tracker.toml")).unwrap();
        lay_out_missing(&loaded).unwrap();
        let turn = Turn::take(&loaded, Urgency::Now).unwrap().unwrap();
        let refresh = Refresh::begin(&loaded, turn, NOON, true, &mut Quiet).unwrap().ok().unwrap();
        refresh.commit(Next::InTime).unwrap();
        (home, Tracker::new(Arc::new(loaded)))
    }

    /// Has an address be refused so often; whether it waits to be banned then.
    fn is_to_be_banned(tracker: &mut Tracker, address: &str, tries: u32, now: Timestamp) -> bool {
        is_to_be_banned_as(tracker, (address, ""), tries, now)
    }

    fn is_to_be_banned_as(
        tracker: &mut Tracker,
        (address, user_agent): (&str, &str),
        tries: u32,
        now: Timestamp,
    ) -> bool {
        let address = Some(address.parse().unwrap());
        let user_agent = user_agent.as_bytes();
        let caller = Caller { address, user_agent, ..Caller::default() };
        (0..tries).for_each(|_| tracker.count_unidentified(&caller, UNKNOWN, now));
        tracker.has_addresses_to_ban(now)
    }

    #[test]
    fn one_try_too_many_has_an_address_banned_for_a_time() {
        for kind in StoreKind::ALL {
            let settings = "clients.ban_after = 3\nclients.ban_for = '2h'";
            let (_home, mut tracker) = tracker(kind, settings);
            assert!(!is_to_be_banned(&mut tracker, "8.8.8.8", 3, NOON));
            assert!(!is_to_be_banned(&mut tracker, "8.8.8.9", 3, NOON), "each has its own");
            assert!(!is_to_be_banned(&mut tracker, "8.8.8.8", 1, NOON + Seconds(1200)));
            assert!(is_to_be_banned(&mut tracker, "8.8.8.8", 1, NOON + Seconds(1200)));
            assert!(is_to_be_banned(&mut tracker, "2a00::1", 5, NOON + Seconds(1200)));
            let banned_at = NOON + Seconds(1201);
            ban_unidentified(&tracker.loaded, banned_at).unwrap();
            assert!(!tracker.has_addresses_to_ban(banned_at));
            assert!(tracker.notice_new_policy());
            let until = |address: &str, now| {
                let ban = tracker.policy.as_ref().unwrap().ban_of(address.parse().unwrap(), now)?;
                assert_eq!(ban.reason, REASON);
                ban.until
            };
            let end = banned_at + Seconds(7200);
            for banned in ["8.8.8.8", "2a00::1", "2a00::ffff:1"] {
                assert_eq!(until(banned, banned_at), Some(end), "{banned}");
                assert_eq!(until(banned, end), None, "{banned}");
            }
            for other in ["8.8.8.9", "2a00:0:0:1::1"] {
                assert_eq!(until(other, banned_at), None, "{other}");
            }
        }
    }

    #[test]
    fn who_may_stand_for_others_and_what_a_page_can_cause_is_not_counted() {
        let settings = "clients.ban_after = 1\nlimits.exempt = ['9.9.9.0/24', '2a00::7']\n\
                        network.trusted_proxies = ['1.1.1.1', 'unix:']";
        let (_home, mut tracker) = tracker(StoreKind::Sqlite, settings);
        for address in ["127.0.0.1", "::1", "10.0.0.1", "172.17.0.1", "fd00::1", "100.64.0.1"]
            .into_iter()
            .chain([
                "2001::1",
                "2002:808:808::1",
                "64:ff9b::808:808",
                "9.9.9.9",
                "1.1.1.1",
                "2a00::1",
            ])
        {
            assert!(!is_to_be_banned(&mut tracker, address, 9, NOON), "{address}");
        }
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert!(!is_to_be_banned_as(&mut tracker, ("8.8.8.8", firefox), 9, NOON));
        assert!(!is_to_be_banned_as(&mut tracker, ("8.8.8.8", "curl/8.5.0"), 1, NOON));
        assert!(is_to_be_banned_as(&mut tracker, ("8.8.8.8", "curl/8.5.0"), 1, NOON));
    }

    #[test]
    fn nothing_is_counted_unless_the_owner_wants_that() {
        let (_home, mut tracker) = tracker(StoreKind::Sqlite, "");
        assert!(!is_to_be_banned(&mut tracker, "8.8.8.8", 2000, NOON));
    }

    #[test]
    fn strangers_have_bans_published_no_more_than_so_often() {
        let (_home, mut tracker) = tracker(StoreKind::Sqlite, "clients.ban_after = 1");
        let mut published = |numbers: std::ops::Range<u8>, now| {
            let is_published = |number: &u8| {
                let is_to_be = is_to_be_banned(&mut tracker, &format!("8.8.8.{number}"), 2, now);
                ban_unidentified(&tracker.loaded, now).unwrap();
                is_to_be
            };
            numbers.filter(is_published).count()
        };
        assert_eq!(published(0..50, NOON), 2, "the second looked, and waits");
        assert_eq!(published(50..51, NOON + Seconds(9)), 0);
        assert_eq!(published(51..52, NOON + Seconds(10)), 1);
        let policy = PolicySnapshot::open(&tracker.loaded.config.paths.policy).unwrap();
        let is_banned = |number: &u8| {
            let address = format!("8.8.8.{number}").parse().unwrap();
            policy.ban_of(address, NOON + Seconds(10)).is_some()
        };
        assert_eq!((0..52).filter(is_banned).count(), 52, "those that waited too");
    }

    #[test]
    fn what_waits_is_limited() {
        let (_home, mut tracker) = tracker(StoreKind::Sqlite, "clients.ban_after = 1");
        for number in 0..2 * MOST_WAITING {
            let [.., high, low] = number.to_be_bytes();
            assert!(is_to_be_banned(&mut tracker, &format!("8.8.{high}.{low}"), 3, NOON));
        }
        let catalog = &tracker.loaded.config.paths.catalog;
        let waiting = take_waiting(catalog).len();
        assert!((1..=MOST_WAITING).contains(&waiting), "{waiting}");
        assert!(!has_waiting(catalog, NOON));
    }
}
