//! The yardstick: the same announces on LMDB, as fast as LMDB can do them.
//!
//! All is in the unnamed database, since each named one would cost the copy of one more page in every
//! transaction. Three kinds of records:
//!
//! | key | value |
//! |---|---|
//! | `n` | the number of the next swarm |
//! | `s`, info-hash | the swarm: number, salt, leechers, seeders, completed |
//! | `p`, number of the swarm, class, tag | the peer |
//! | `t`, number of the swarm, last seen, class, tag | nothing: the peers in the order of their silence |
//!
//! The tag is a hash of the peer id, as in the SQLite store, so that neighbours are random peers.
//! Where there was a choice, it was made in LMDB's favour: one run for each class of a sample where the
//! other stores read several, no sums, no departures. The bare one even leaves the last kind of records
//! out, and could never tell who has fallen silent, and so not count the living.

use std::ops::Bound;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RwTxn, WithoutTls};
use tracker_cgi::protocol::{CompactV4, CompactV6, PeerId, Timestamp};
use tracker_cgi::store::{PeerAnnounce, PeerSample, Role, Want};

use crate::crowd::{EXPIRY, Random, scramble};
use crate::taker::Store;

/// Address space for the file; only what is written takes memory.
const MAP: usize = 16 << 30;

const LEECHER: u8 = 0;
const SEED: u8 = 1;

/// An open file.
pub type Environment = Env<WithoutTls>;

/// Opens a file.
pub fn environment(path: &Path) -> Environment {
    // NO_SYNC: peers are soft state, and tmpfs has no disk to wait for. WRITE_MAP: pages are changed
    // where they are instead of being written through the kernel; measured with 100 thousand peers, an
    // announce takes 7 us with it and 12 us without. A stray write could break the file, but so it
    // could with any store in shared memory. MAP_ASYNC and NO_META_SYNC change nothing once nothing
    // is synced (measured too), and NO_LOCK would leave out what many processes need.
    let flags = EnvFlags::NO_SUB_DIR | EnvFlags::NO_SYNC | EnvFlags::WRITE_MAP;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    // SAFETY: a file of this benchmark alone, in a folder of its own, which only LMDB touches.
    unsafe { options.map_size(MAP).flags(flags).open(path) }.expect("LMDB opens its file")
}

/// Peers in LMDB.
pub struct Lmdb<'a> {
    environment: &'a Environment,
    database: Database<'a, Bytes, Bytes>,
    random: Random,
    /// Whether it can find the silent peers.
    finds_silent: bool,
}

impl<'a> Lmdb<'a> {
    pub fn new(environment: &'a Environment, finds_silent: bool) -> Self {
        let transaction = environment.write_txn().expect("a transaction");
        let database = environment
            .create_databases_and_commit(transaction, |opener, transaction| {
                opener.create_database(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
            })
            .expect("the unnamed database")
            .unwrap_commit();
        Self { environment, database, random: Random(1), finds_silent }
    }

    fn attempt(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> heed::Result<()> {
        sample.clear();
        let mut transaction = self.environment.write_txn()?;
        let mut swarm = self.swarm(&mut transaction, announce)?;
        let before = swarm;
        let tag = swarm.tag(announce.peer_id);
        let class = class_of(announce.role);
        self.put(&mut transaction, &mut swarm, announce, (class, tag), now)?;
        if swarm != before {
            self.database.put(&mut transaction, &swarm_key(announce), &swarm.pack())?;
        }
        let asker = peer_key(swarm.number, class, tag);
        self.fill(&transaction, swarm, &asker, now, want, sample)?;
        transaction.commit()
    }

    /// The swarm; a new one is not written yet, but has its number.
    fn swarm(
        &mut self,
        transaction: &mut RwTxn<'_>,
        announce: &PeerAnnounce,
    ) -> heed::Result<Swarm> {
        if let Some(bytes) = self.database.get(transaction, &swarm_key(announce))? {
            return Ok(Swarm::unpack(bytes));
        }
        let next = self.database.get(transaction, b"n")?;
        let number = next.map_or(0, |bytes| u32::from_be_bytes(part(bytes, 0)));
        self.database.put(transaction, b"n", &(number + 1).to_be_bytes())?;
        Ok(Swarm { number, salt: self.random.next(), ..Swarm::default() })
    }

    /// Writes the peer and counts it.
    fn put(
        &self,
        transaction: &mut RwTxn<'_>,
        swarm: &mut Swarm,
        announce: &PeerAnnounce,
        (class, tag): (u8, u64),
        now: Timestamp,
    ) -> heed::Result<()> {
        let key = peer_key(swarm.number, class, tag);
        let mut first_seen = now;
        if let Some(known) = self.database.get(transaction, &key)? {
            first_seen = known_since(known, announce);
            let last_seen = part(known, LAST_SEEN_AT);
            self.forget_silence(transaction, &key, last_seen)?;
        } else {
            let other = peer_key(swarm.number, LEECHER + SEED - class, tag);
            if let Some(known) = self.database.get(transaction, &other)? {
                first_seen = known_since(known, announce);
                let last_seen = part(known, LAST_SEEN_AT);
                self.forget_silence(transaction, &other, last_seen)?;
                self.database.delete(transaction, &other)?;
                *swarm.count(LEECHER + SEED - class) -= 1;
                swarm.completed += u64::from(class == SEED);
            }
            *swarm.count(class) += 1;
        }
        let mut value = [0; LONGEST];
        let length = pack_peer(&mut value, announce, first_seen, now);
        if self.finds_silent {
            let silence = silence_key(&key, part(&value, LAST_SEEN_AT));
            self.database.put(transaction, &silence, &[])?;
        }
        self.database.put(transaction, &key, &value[..length])
    }

    fn forget_silence(
        &self,
        transaction: &mut RwTxn<'_>,
        peer: &PeerKey,
        last_seen: [u8; 4],
    ) -> heed::Result<()> {
        if self.finds_silent {
            self.database.delete(transaction, &silence_key(peer, last_seen))?;
        }
        Ok(())
    }

    /// Seeds and leechers by their part of the swarm, but at least a quarter of each.
    fn fill(
        &mut self,
        transaction: &RwTxn<'_>,
        swarm: Swarm,
        asker: &PeerKey,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) -> heed::Result<()> {
        let [leechers, seeds] = swarm.others(asker[CLASS_AT]);
        let want = want.peers.min(leechers + seeds);
        if want == 0 {
            return Ok(());
        }
        let fair = want * seeds / (leechers + seeds);
        let share = fair.clamp(want / 4, want - want / 4).min(seeds);
        let share = share.max(want.saturating_sub(leechers));
        let cutoff = Timestamp(now.0 - u64::from(EXPIRY.0));
        let wish = Wish { asker, cutoff };
        for (class, most) in [(SEED, share), (LEECHER, want - share)] {
            let start = self.random.next();
            let from = peer_key(swarm.number, class, start);
            let missing = self.run(transaction, &wish, &from, most, sample)?;
            if missing > 0 {
                let front = peer_key(swarm.number, class, 0);
                self.run(transaction, &wish, &front, missing, sample)?;
            }
        }
        Ok(())
    }

    /// Reads neighbours up to the end of the class, and says how many are missing. A second run from
    /// the front cannot meet the first again, since no more are asked for than there are.
    fn run(
        &self,
        transaction: &RwTxn<'_>,
        wish: &Wish<'_>,
        from: &PeerKey,
        most: u32,
        sample: &mut PeerSample,
    ) -> heed::Result<u32> {
        let range = (Bound::Included(from.as_slice()), Bound::Unbounded);
        let mut missing = most;
        let mut rows = self.database.range(transaction, &range)?;
        while missing > 0 {
            let Some(row) = rows.next() else { break };
            let (key, value) = row?;
            if !key.starts_with(&from[..TAG_AT]) {
                break;
            }
            missing -= u32::from(wish.hand_out(key, value, sample));
        }
        Ok(missing)
    }
}

impl Store for Lmdb<'_> {
    fn announce(
        &mut self,
        announce: &PeerAnnounce,
        now: Timestamp,
        want: Want,
        sample: &mut PeerSample,
    ) {
        self.attempt(announce, now, want, sample).expect("LMDB takes an announce");
    }
}

/// Who may not be handed out.
struct Wish<'a> {
    asker: &'a PeerKey,
    cutoff: Timestamp,
}

impl Wish<'_> {
    fn hand_out(&self, key: &[u8], value: &[u8], sample: &mut PeerSample) -> bool {
        let last_seen = u64::from(u32::from_be_bytes(part(value, LAST_SEEN_AT)));
        if key == self.asker || last_seen < self.cutoff.0 {
            return false;
        }
        let families = value[FLAGS_AT];
        let v6_at = V4_AT + if families & HAS_V4 == 0 { 0 } else { 6 };
        if families & HAS_V4 != 0 {
            sample.v4.addresses.push(CompactV4(part(value, V4_AT)));
        }
        if families & HAS_V6 != 0 {
            sample.v6.addresses.push(CompactV6(part(value, v6_at)));
        }
        true
    }
}

/// A swarm as its record holds it.
#[derive(Clone, Copy, Default, PartialEq)]
struct Swarm {
    number: u32,
    salt: u64,
    leechers: u32,
    seeders: u32,
    completed: u64,
}

impl Swarm {
    fn unpack(bytes: &[u8]) -> Self {
        Self {
            number: u32::from_be_bytes(part(bytes, 0)),
            salt: u64::from_be_bytes(part(bytes, 4)),
            leechers: u32::from_be_bytes(part(bytes, 12)),
            seeders: u32::from_be_bytes(part(bytes, 16)),
            completed: u64::from_be_bytes(part(bytes, 20)),
        }
    }

    fn pack(self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.number.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.salt.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.leechers.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.seeders.to_be_bytes());
        bytes[20..].copy_from_slice(&self.completed.to_be_bytes());
        bytes
    }

    fn count(&mut self, class: u8) -> &mut u32 {
        if class == SEED { &mut self.seeders } else { &mut self.leechers }
    }

    /// Leechers and seeders without one of the class.
    fn others(mut self, class: u8) -> [u32; 2] {
        *self.count(class) -= 1;
        [self.leechers, self.seeders]
    }

    fn tag(self, peer_id: PeerId) -> u64 {
        let head = u64::from_be_bytes(part(&peer_id.0, 0));
        let middle = u64::from_be_bytes(part(&peer_id.0, 8));
        let tail = u32::from_be_bytes(part(&peer_id.0, 16));
        scramble(scramble(scramble(self.salt ^ head) ^ middle) ^ u64::from(tail))
    }
}

fn class_of(role: Role) -> u8 {
    if role == Role::Leecher { LEECHER } else { SEED }
}

fn swarm_key(announce: &PeerAnnounce) -> [u8; 21] {
    let mut key = [b's'; 21];
    key[1..].copy_from_slice(&announce.info_hash.0);
    key
}

type PeerKey = [u8; 14];

const CLASS_AT: usize = 5;
const TAG_AT: usize = 6;

fn peer_key(swarm: u32, class: u8, tag: u64) -> PeerKey {
    let mut key = [b'p'; 14];
    key[1..CLASS_AT].copy_from_slice(&swarm.to_be_bytes());
    key[CLASS_AT] = class;
    key[TAG_AT..].copy_from_slice(&tag.to_be_bytes());
    key
}

/// A peer in the order of silence.
fn silence_key(peer: &PeerKey, last_seen: [u8; 4]) -> [u8; 18] {
    let mut key = [b't'; 18];
    key[1..CLASS_AT].copy_from_slice(&peer[1..CLASS_AT]);
    key[CLASS_AT..CLASS_AT + 4].copy_from_slice(&last_seen);
    key[CLASS_AT + 4..].copy_from_slice(&peer[CLASS_AT..]);
    key
}

// A peer's value: peer id, key, left, uploaded, downloaded, first and last seen, flags, addresses.
const KEY_AT: usize = 20;
const LEFT_AT: usize = 24;
const UPLOADED_AT: usize = 32;
const DOWNLOADED_AT: usize = 40;
const FIRST_SEEN_AT: usize = 48;
const LAST_SEEN_AT: usize = 52;
const FLAGS_AT: usize = 56;
const V4_AT: usize = 57;
const LONGEST: usize = V4_AT + 6 + 18;

const HAS_V4: u8 = 1;
const HAS_V6: u8 = 2;
const PARTIAL: u8 = 4;

/// Packs a peer and says how long it is.
fn pack_peer(
    value: &mut [u8; LONGEST],
    announce: &PeerAnnounce,
    first_seen: Timestamp,
    now: Timestamp,
) -> usize {
    let key = announce.key.map_or(0, |key| key.to_bits());
    let seconds = |at: Timestamp| u32::try_from(at.0).expect("before 2106").to_be_bytes();
    let left = announce.left.unwrap_or(u64::MAX);
    value[..KEY_AT].copy_from_slice(&announce.peer_id.0);
    value[KEY_AT..LEFT_AT].copy_from_slice(&key.to_be_bytes());
    value[LEFT_AT..UPLOADED_AT].copy_from_slice(&left.to_be_bytes());
    value[UPLOADED_AT..DOWNLOADED_AT].copy_from_slice(&announce.uploaded.to_be_bytes());
    value[DOWNLOADED_AT..FIRST_SEEN_AT].copy_from_slice(&announce.downloaded.to_be_bytes());
    value[FIRST_SEEN_AT..LAST_SEEN_AT].copy_from_slice(&seconds(first_seen));
    value[LAST_SEEN_AT..FLAGS_AT].copy_from_slice(&seconds(now));
    let mut length = V4_AT;
    if announce.role == Role::PartialSeed {
        value[FLAGS_AT] |= PARTIAL;
    }
    if let Some(v4) = announce.v4 {
        value[FLAGS_AT] |= HAS_V4;
        value[length..length + 6].copy_from_slice(&v4.0);
        length += 6;
    }
    if let Some(v6) = announce.v6 {
        value[FLAGS_AT] |= HAS_V6;
        value[length..length + 18].copy_from_slice(&v6.0);
        length += 18;
    }
    length
}

/// When the peer of a record came, if it is the one that announces.
fn known_since(known: &[u8], announce: &PeerAnnounce) -> Timestamp {
    let key = announce.key.map_or(0, |key| key.to_bits());
    let is_sender = part(known, KEY_AT) == key.to_be_bytes()
        || announce.v4.is_some_and(|v4| part::<4>(known, V4_AT) == v4.0[..4]);
    assert!(is_sender && part(known, 0) == announce.peer_id.0, "a peer id was taken");
    Timestamp(u64::from(u32::from_be_bytes(part(known, FIRST_SEEN_AT))))
}

/// So many bytes from a place on.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a record is as long as it was written")
}
