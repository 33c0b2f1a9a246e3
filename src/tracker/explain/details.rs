//! Which of the owner's rules it was, as the catalogue and the lists tell it.

use std::path::Path;

use super::heard::{AskedRule, RuleVerdict};
use crate::catalog::{Ban, Catalog, HashList, Torrent};
use crate::config::Torrents;
use crate::platform::date::rfc_3339;
use crate::protocol::{
    AnnounceRequest, ClientClass, ClientPattern, InfoHash, SeenClient, Timestamp,
};
use crate::tracker::Tracker;
use crate::tracker::access::Caller;

/// Says of each rule what the owner has said.
pub(super) fn add(
    tracker: &Tracker,
    catalog: &Path,
    (caller, request, now): (&Caller<'_>, &AnnounceRequest, Timestamp),
    rules: &mut [AskedRule],
) {
    // A replica has no catalogue.
    let is_owner = !tracker.config().config.is_replica();
    let catalog = Catalog::read(catalog).ok().filter(|_| is_owner);
    let details = Details { tracker, catalog, caller, request, now };
    for asked in rules.iter_mut().filter(|asked| asked.about.is_empty()) {
        asked.about = details.of(asked);
    }
}

struct Details<'a> {
    tracker: &'a Tracker,
    catalog: Option<Catalog>,
    caller: &'a Caller<'a>,
    request: &'a AnnounceRequest,
    now: Timestamp,
}

impl Details<'_> {
    fn of(&self, asked: &AskedRule) -> String {
        let refuses = asked.verdict == RuleVerdict::Refuses;
        match asked.rule {
            "ban" if refuses => self.ban(),
            "ban" => self.caller.address.map(|address| address.to_string()),
            "client" if refuses => self.client_rule(self.refusing_place()),
            "client" => self.client_rule(asked.place),
            "identify" if refuses => Some(self.unidentified()),
            "identify" => Some(self.client().name().to_string()),
            "torrents" if refuses => {
                Some("neither in the torrents folder, nor on a list, nor added".into())
            }
            "torrents" => self.source(),
            "deny_list" => self.denial(),
            "retired" => self.torrent().map(|torrent| torrent.title().into_owned()),
            "require_compact" if refuses => Some("compact=0".into()),
            _ => None,
        }
        .filter(|_| asked.verdict != RuleVerdict::Off)
        .unwrap_or_default()
    }

    /// Of several that hold the address, the one that lasts longest counts, and then the newest.
    fn ban(&self) -> Option<String> {
        let address = self.caller.address?;
        let bans = self.catalog.as_ref()?.bans().ok()?;
        let holds = |ban: &&Ban| ban.range.contains(address) && ban.is_in_force(self.now);
        let lasts = |ban: &&Ban| (ban.until.map_or(u64::MAX, |until| until.0), ban.since);
        let ban = bans.iter().filter(holds).max_by_key(lasts)?;
        let list = match ban.list.as_str() {
            "" => String::new(),
            Ban::AUTOMATIC => ", by the tracker itself".into(),
            list => format!(", of the list {list}"),
        };
        let until = match ban.until {
            Some(until) => format!(", until {}", rfc_3339(until.0)),
            None => ", for good".into(),
        };
        Some(format!("{}{list}{until}", ban.range))
    }

    fn client(&self) -> SeenClient<'_> {
        SeenClient::new(self.request.peer_id, self.caller.user_agent)
    }

    /// A client that names no program, and whether its address is banned when it goes on.
    fn unidentified(&self) -> String {
        let client = self.client();
        let name = client.name();
        let has_bans = self.tracker.config().config.clients.ban_after.get().is_some();
        match self.tracker.range_counted(self.caller, self.request.peer_id) {
            _ if !has_bans => name.to_string(),
            Some(range) => {
                format!("{name}; a real one counts towards a ban of {range} (ban_after)")
            }
            None => format!(
                "{name}; it does not count towards a ban (ban_after): a browser, a bot, a web seed's User-Agent, a proxy, an \
                 exempt address or one that is not of the Internet, or this is a replica"
            ),
        }
    }

    fn refusing_place(&self) -> Option<u32> {
        let policy = self.tracker.policy.as_ref()?;
        policy.client_rule(&self.client()).map(|rule| rule.place)
    }

    fn client_rule(&self, place: Option<u32>) -> Option<String> {
        let place = place?;
        let number = usize::try_from(place).ok()?;
        let rules = self.catalog.as_ref().and_then(|catalog| catalog.client_rules().ok());
        let of_catalog = rules.as_ref().and_then(|rules| rules.get(number));
        let told = of_catalog.map(|rule| format!(" ({} {})", rule.verdict.name(), rule.pattern));
        let is_on_spoofs =
            of_catalog.is_some_and(|rule| rule.pattern == ClientPattern::Class(ClientClass::Spoof));
        let why = self.client().why_spoof().filter(|_| is_on_spoofs);
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        Some(format!("rule {}{}{why}", number + 1, told.unwrap_or_default()))
    }

    fn torrent(&self) -> Option<Torrent> {
        self.catalog.as_ref()?.torrent(self.request.info_hash).ok()?
    }

    /// Where the torrent comes from.
    fn source(&self) -> Option<String> {
        let config = &self.tracker.config().config;
        let in_policy =
            self.tracker.policy.as_ref().and_then(|policy| policy.find(self.request.info_hash));
        let Some(known) = in_policy else {
            let is_open = config.tracker.torrents == Torrents::Open;
            return is_open.then(|| "any torrent: `torrents` in [tracker] is \"open\"".into());
        };
        let torrent = self.torrent().filter(Torrent::is_tracked);
        let from = match &torrent {
            Some(torrent) if torrent.has_file() => format!("file {}", torrent.file.display()),
            Some(torrent) if torrent.stored_size.is_some() => "its file is in the database".into(),
            Some(torrent) if torrent.added => "added by command".into(),
            _ if is_on(config.access.allow_list.as_deref(), self.request.info_hash) => {
                "on the allow_list".into()
            }
            _ => "listed".into(),
        };
        let hidden = if known.hidden { ", hidden" } else { "" };
        Some(match known.name() {
            "" => format!("{from}{hidden}"),
            name => format!("{name}: {from}{hidden}"),
        })
    }

    fn denial(&self) -> Option<String> {
        let list = self.tracker.config().config.access.deny_list.as_deref()?;
        Some(match is_on(Some(list), self.request.info_hash) {
            true => format!("it is on {}", list.display()),
            false => format!("another info-hash of its torrent is on {}", list.display()),
        })
    }
}

/// Whether a list names an info-hash.
fn is_on(list: Option<&Path>, info_hash: InfoHash) -> bool {
    let list = list.and_then(|list| HashList::read(list).ok());
    list.is_some_and(|list| list.hashes.contains(&info_hash))
}
