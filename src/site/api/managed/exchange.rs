//! A request of a program while it is answered, and how what it asks for is done once.

use percent_encoding::{percent_decode, percent_encode};
use sha2::{Digest as _, Sha256};

use super::body::Fields;
use super::{Caller, Done, Failed, Place, Problem};
use crate::accounts::Permission;
use crate::catalog::{Author, Catalog, Digest, Torrent};
use crate::config::LoadedConfig;
use crate::gateway::Request;
use crate::protocol::InfoHash;
use crate::site::api::given::Given;
use crate::site::change::{change, would_wait};
use crate::site::links::PATH;
use crate::site::{Call, PublishError, Ready};
use crate::tracker::Turn;

/// Characters of a key at most.
const LONGEST_KEY: usize = 255;

const API: &[u8] = b"/api/v1/";

/// A request while it is answered.
pub(super) struct Exchange<'a> {
    pub(super) ready: &'a mut Ready,
    pub(super) call: &'a Call<'a>,
    pub(super) caller: Caller,
    place: Place,
    /// A key by which a request that comes twice is known, and the digest of the request.
    key: Option<(String, Digest)>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        ready: &'a mut Ready,
        call: &'a Call<'a>,
        place: Place,
        caller: Caller,
    ) -> Result<Self, Problem> {
        let key = key(call.request)?.map(|key| (key, digest(call.request)));
        Ok(Self { ready, call, caller, place, key })
    }

    /// The configuration.
    pub(super) fn loaded(&self) -> &LoadedConfig {
        self.ready.tracker.config()
    }

    /// The catalogue, to be read.
    pub(super) fn catalog(&self) -> Result<Catalog, Failed> {
        Ok(Catalog::migrate_and_read(&self.loaded().config.paths.catalog)?)
    }

    /// The fields that were sent.
    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        Fields::read(self.call.request)
    }

    /// What stands behind the question mark, if it is among these.
    pub(super) fn given(&self, names: &'static [&'static str]) -> Result<Given, Problem> {
        Given::of(self.call.request.query, names)
    }

    /// The name of what is meant: the rest of the path behind the kind of things.
    pub(super) fn name(&self) -> String {
        let path = raw_path(self.call.request);
        let rest = path.strip_prefix(API).unwrap_or_default();
        let name = rest.split(|&byte| byte == b'/').skip(1).collect::<Vec<_>>().join(&b'/');
        String::from_utf8_lossy(name.strip_suffix(b"/").unwrap_or(&name)).into_owned()
    }

    /// The torrent that is meant. Of others' torrents an editor sees nothing.
    pub(super) fn torrent(&self, catalog: &Catalog) -> Result<Torrent, Failed> {
        let found = self.hash().map(|hash| catalog.torrent(hash)).transpose()?.flatten();
        let is_theirs = |it: &Torrent| self.caller.looks_after(it.details().group.as_deref());
        found.filter(is_theirs).ok_or_else(|| Problem::NoSuch("torrent").into())
    }

    fn hash(&self) -> Option<InfoHash> {
        match self.place {
            Place::Torrent(hash) | Place::Decision(hash) | Place::Peers(hash) => Some(hash),
            _ => None,
        }
    }

    /// Whether user and token may do something else than what the operation needs anyway.
    pub(super) fn check(&self, permission: Permission) -> Result<(), Problem> {
        self.caller.check(permission)
    }

    /// Whether a version is the one that the request is for, where it says for which.
    pub(super) fn check_version(&self, version: &str) -> Result<(), Problem> {
        let wanted = self.call.request.variables.get("HTTP_IF_MATCH");
        let is_it = wanted.is_none_or(|wanted| crate::site::entity_tag::names(wanted, version));
        if is_it { Ok(()) } else { Err(Problem::ChangedMeanwhile) }
    }

    /// Changes the catalogue in the name of the token's user, once for a key, and has policy and pages show it.
    pub(super) fn change(
        &self,
        work: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<Done, Failed>,
    ) -> Result<Done, Failed> {
        let loaded = self.loaded();
        if would_wait(loaded, self.call.pace) {
            return Err(Failed::WouldWait);
        }
        change(loaded, self.caller.user.name.as_str(), |catalog, author| {
            self.once(catalog, author, work)
        })
    }

    /// The same with what nothing that is published tells of, such as users.
    pub(super) fn change_unpublished(
        &self,
        work: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<Done, Failed>,
    ) -> Result<Done, Failed> {
        let loaded = self.loaded();
        if would_wait(loaded, self.call.pace) {
            return Err(Failed::WouldWait);
        }
        let _turn = Turn::wait_for(loaded).map_err(PublishError::from)?;
        let mut catalog = Catalog::open(&loaded.config.paths.catalog)?;
        let author = Author { name: self.caller.user.name.as_str(), at: self.call.now };
        self.once(&mut catalog, &author, work)
    }

    /// Does something, unless the same request was answered already: then that answer is given. Whoever calls has the
    /// turn, so that of two at once the second one finds the answer of the first. An error has changed nothing and is
    /// not kept.
    fn once(
        &self,
        catalog: &mut Catalog,
        author: &Author<'_>,
        work: impl FnOnce(&mut Catalog, &Author<'_>) -> Result<Done, Failed>,
    ) -> Result<Done, Failed> {
        let Some((key, asked)) = &self.key else { return work(catalog, author) };
        match catalog.answered(&self.caller.token, key, author.at)? {
            Some(answered) if answered.asked == *asked => return Ok(Done::again(answered)),
            Some(_) => return Err(Problem::KeyOfAnother.into()),
            None => {}
        }
        let done = work(catalog, author)?;
        catalog.keep_answer(&self.caller.token, key, &done.answered(*asked), author.at)?;
        Ok(done)
    }
}

fn key(request: &Request<'_>) -> Result<Option<String>, Problem> {
    let Some(sent) = request.variables.get("HTTP_IDEMPOTENCY_KEY") else { return Ok(None) };
    let is_key = (1..=LONGEST_KEY).contains(&sent.len()) && sent.iter().all(u8::is_ascii_graphic);
    let key = str::from_utf8(sent).ok().filter(|_| is_key).ok_or(Problem::BadKey)?;
    Ok(Some(key.to_owned()))
}

/// What tells one request from another.
fn digest(request: &Request<'_>) -> Digest {
    let of = |name| request.variables.get(name).unwrap_or_default();
    let method = [request.method as u8];
    let path = raw_path(request);
    let mut digest = Sha256::new();
    for part in
        [&method[..], &path, request.query, of("CONTENT_TYPE"), of("HTTP_IF_MATCH"), request.body]
    {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The path from `/api/v1/` on, decoded, however the web server says it.
fn raw_path(request: &Request<'_>) -> Vec<u8> {
    let address = request.variables.get("REQUEST_URI").unwrap_or_default();
    let address = address.split(|&byte| byte == b'?').next().unwrap_or_default();
    let decoded: Vec<u8> = percent_decode(address).collect();
    let paths = [request.path_info, request.script_name, &decoded];
    let found = paths.into_iter().find_map(|path| {
        let at = path.windows(API.len()).position(|part| part == API)?;
        path.get(at..)
    });
    found.unwrap_or_default().to_vec()
}

/// The whole path as it stands in an address, that of the script included.
pub(super) fn path(request: &Request<'_>) -> String {
    let below = raw_path(request);
    // Some servers give all of the path as the program's.
    let script = request.script_name;
    let script = script.strip_suffix(&*below).unwrap_or(script);
    let script = script.strip_suffix(b"/").unwrap_or(script);
    format!("{}{}", percent_encode(script, PATH), percent_encode(&below, PATH))
}
