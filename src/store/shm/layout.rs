//! The file format: every offset, size and mark of it, and nothing else knows one.
//!
//! The file is a row of 64-bit words in the byte order of the machine, each read and written whole.
//! 512 words are a page.
//!
//! | pages | what |
//! |---|---|
//! | 0 | the header, below |
//! | 1 to S | one page a shard; S is the header's `SHARDS` |
//! | then | token buckets, a page for each 8 shards, at least one; any word may stand there |
//! | then | data pages, numbered from 0, as many as `FILE_PAGES` |
//!
//! **Header.** Words `MAGIC` to `MAX_PAGES` never change and `CHECKSUM` is theirs; the others do.
//!
//! **Shard.** A mutex, the undo log, where the shard's swarms begin, counts, and lists of the shard's
//! pages by the longest run of free granules that they have. Whoever holds the mutex may write the
//! page, and the data pages that belong to the shard. Nobody else may.
//!
//! **Data pages.** Of each 128, the first holds the descriptors of them all: four words each, of
//! which the first two say which of the page's 128 granules of 32 bytes are free, the third links
//! the page into its list, and the fourth says which shard owns the page. A block is some granules in
//! a row, all in one page, and named by its first: page number times 128 plus granule.
//!
//! **Tables** are what blocks are used for: a shard's swarms, and each swarm's peers (leechers, seeds
//! and hidden ones apart). A table hangs on a *link*: a word of which 28 bits name a block (0: the
//! table is empty), 4 bits say what it is, and the high half bounds what is below: no peer there was
//! seen before that second. Depth 0: the block is a leaf. Any other depth: it is a node, `2^depth`
//! links and nothing else, of which the next `depth` bits of a record's hash choose one; a leaf that
//! needs fewer bits than its node has stands at several of them. A leaf is a head (see `Head`), then
//! a *key* word for each slot, then a *row* of some words for each slot.
//!
//! Beside the tables of its peers a swarm that is not small has one of their endpoints, whose records
//! are no more than their keys; see `endpoints`.
//!
//! **Peer**: the key holds the IPv4 address and port as on the wire, the marks, and eight bits of the
//! hash; the row is described in `peer`. **Swarm**: the key holds the first eight bytes of the
//! info-hash; the row is described in `swarm`.

/// Words in a page.
pub(super) const PAGE: usize = 512;
/// Bytes in a word.
pub(super) const WORD_BYTES: usize = 8;
/// Bytes in a page.
pub(super) const PAGE_BYTES: usize = PAGE * WORD_BYTES;
/// Words in a granule, the unit of allocation.
pub(super) const GRANULE: u32 = 4;
/// Granules in a page.
pub(super) const GRANULES: u32 = 128;
/// Data pages whose descriptors share a page, which is the first of them.
pub(super) const REGION: u32 = 128;
/// Data pages that the file grows by.
pub(super) const GROWTH: u32 = 16;
/// More data pages than this cannot be named by a block.
pub(super) const MOST_PAGES: u64 = (1 << link::BLOCK_BITS) / GRANULES as u64;
/// Shards that a page of buckets serves.
pub(super) const SHARDS_A_BUCKET_PAGE: u32 = 8;
/// More shards than this are no use.
pub(super) const MOST_SHARDS: u64 = 1024;

/// Words of the header.
pub(super) mod header {
    /// The first words of every file of ours, in the manner of PNG: text, and what a transfer as
    /// text would damage.
    pub(in super::super) const MAGIC: usize = 0;
    /// The version of this format.
    pub(in super::super) const VERSION: usize = 1;
    /// What must be the same for all who use the file: see `file::fingerprint`.
    pub(in super::super) const FINGERPRINT: usize = 2;
    /// The boot of the machine that the file was made in: two words.
    pub(in super::super) const BOOT: usize = 3;
    /// A secret that hashes are keyed with: two words.
    pub(in super::super) const SECRET: usize = 5;
    /// How many shards there are, a power of two.
    pub(in super::super) const SHARDS: usize = 7;
    /// How many data pages there may ever be.
    pub(in super::super) const MAX_PAGES: usize = 8;
    /// A hash of all words before.
    pub(in super::super) const CHECKSUM: usize = 9;
    /// The generation of the store.
    pub(in super::super) const GENERATION: usize = 10;
    /// Not 0: another file has taken the place of this one.
    pub(in super::super) const RETIRED: usize = 11;
    /// Data pages that the file has.
    pub(in super::super) const FILE_PAGES: usize = 12;
    /// The first data page that was never used.
    pub(in super::super) const NEXT_PAGE: usize = 13;
    /// About how many pages before that have no owner: a killed process may leave it wrong.
    pub(in super::super) const FREE_PAGES: usize = 14;
    /// Where to look for one.
    pub(in super::super) const FREE_HINT: usize = 15;
    /// How often a killed process left something to undo.
    pub(in super::super) const REPAIRS: usize = 16;
    /// How many announces said more than can be.
    pub(in super::super) const ANOMALIES: usize = 17;

    /// How many announces come: an `AnnounceRate`. On a line of its own, as many write it.
    pub(in super::super) const ANNOUNCE_RATE: usize = 24;

    /// Words that say what the file is and how it is laid out; the rest of the page only counts.
    pub(in super::super) const WORDS: usize = REPAIRS + 1;
    /// Bytes of these words.
    pub(in super::super) const BYTES: usize = WORDS * super::WORD_BYTES;

    /// Of the format that this module describes.
    pub(in super::super) const THIS_VERSION: u64 = 3;
}

/// Words of a shard's page.
pub(super) mod shard {
    /// The mutex.
    pub(in super::super) const MUTEX: usize = 0;
    /// Words that a mutex may take.
    pub(in super::super) const MUTEX_WORDS: usize = 8;
    /// Entries in the undo log; 0: nothing is half done.
    pub(in super::super) const LOG_LENGTH: usize = 8;
    /// A page that is on its way back to nobody, plus 1; 0: none is.
    pub(in super::super) const RELEASE: usize = 9;
    /// The link that the table of swarms hangs on.
    pub(in super::super) const SWARMS: usize = 10;
    /// How many swarms there are.
    pub(in super::super) const SWARM_COUNT: usize = 11;
    /// How many peers there are in them.
    pub(in super::super) const PEER_COUNT: usize = 12;
    /// Which of the lists have a page: two words, bit `r - 1` for runs of `r`.
    pub(in super::super) const LISTS: usize = 14;
    /// The first page of each list plus 1, two in a word; the first half of the first word is that
    /// of pages whose longest run is 1.
    pub(in super::super) const HEADS: usize = 16;
    /// Undo entries of two words: what was changed, and what it was.
    pub(in super::super) const LOG: usize = 96;
    /// How many of them there are.
    pub(in super::super) const LOG_ENTRIES: usize = (super::PAGE - LOG) / 2;
}

/// Words of a page's descriptor.
pub(super) mod descriptor {
    /// Free granules, a bit each: two words.
    pub(in super::super) const FREE: usize = 0;
    /// The page before (low half) and after it in its list, plus 1.
    pub(in super::super) const NEIGHBOURS: usize = 2;
    /// The shard that owns the page, plus 1; 0: nobody does.
    pub(in super::super) const OWNER: usize = 3;
    /// Words of a descriptor.
    pub(in super::super) const WORDS: usize = 4;
}

/// Bits of a link, from the lowest on: the block, the depth, and in the high half the bound.
pub(super) mod link {
    /// Bits that name a block.
    pub(in super::super) const BLOCK_BITS: u32 = 28;
    /// Bits that say how deep the node is.
    pub(in super::super) const DEPTH_BITS: u32 = 4;
}

/// Marks an undo entry that says which page was claimed, not which word was changed.
pub(super) const CLAIM: u64 = 1 << 63;

/// The deepest node: 256 links.
pub(super) const DEEPEST: u32 = 8;
/// Granules of the largest leaf, less than half a page so that pages fill well.
pub(super) const LARGEST_LEAF: u32 = 57;
/// Slots that a leaf may have at most, whatever its rows.
const MOST_SLOTS: u32 = u128::BITS;

const _: () = {
    assert!(PAGE == (GRANULE * GRANULES) as usize);
    assert!(REGION as usize * descriptor::WORDS == PAGE);
    assert!(header::ANNOUNCE_RATE < PAGE);
    assert!(shard::MUTEX + shard::MUTEX_WORDS <= shard::LOG_LENGTH);
    assert!(shard::HEADS + GRANULES as usize / 2 <= shard::LOG);
    assert!(shard::LOG + 2 * shard::LOG_ENTRIES <= PAGE);
    assert!(size_of::<libc::pthread_mutex_t>() <= shard::MUTEX_WORDS * WORD_BYTES);
    assert!(1 << DEEPEST <= PAGE && DEEPEST < 1 << link::DEPTH_BITS);
    assert!(link::BLOCK_BITS + link::DEPTH_BITS == u32::BITS);
    assert!(MOST_SLOTS <= u128::BITS && MOST_SLOTS < 256);
};

/// The first word of a leaf. From the lowest byte on: a mark, depth, slots in use, slots, words of a
/// row, granules of the block, and twice 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How many bits of the hash all records share beyond those that lead to the node above.
    pub(super) depth: u32,
    /// Slots that are in use, the first ones.
    pub(super) count: u32,
    /// Slots.
    pub(super) capacity: u32,
    /// Words of the rows.
    pub(super) row: u32,
    /// Granules of the block.
    pub(super) size: u32,
}

const LEAF_MARK: u8 = 0x4c;

impl Head {
    /// The head of a leaf; as many slots as fit into `size` granules, up to the most that there
    /// may be.
    pub(super) fn new(depth: u32, row: u32, size: u32) -> Self {
        let capacity = slots_in(row, size).min(most_slots(row));
        Self { depth, count: 0, capacity, row, size }
    }

    /// As a word.
    pub(super) fn pack(self) -> u64 {
        let numbers = [self.depth, self.count, self.capacity, self.row, self.size];
        let mut bytes = [LEAF_MARK, 0, 0, 0, 0, 0, 0, 0];
        for (to, from) in bytes[1..].iter_mut().zip(numbers) {
            // All of them are below 256: sizes end at 128 granules, counts at 128 slots.
            *to = u8::try_from(from).unwrap_or(u8::MAX);
        }
        u64::from_le_bytes(bytes)
    }

    /// Reads a word; nothing when it cannot be a head.
    pub(super) fn unpack(word: u64) -> Option<Self> {
        let [LEAF_MARK, depth, count, capacity, row, size, 0, 0] = word.to_le_bytes() else {
            return None;
        };
        let [depth, count, capacity, row, size] =
            [depth, count, capacity, row, size].map(u32::from);
        let words = 1 + capacity * (1 + row);
        let fits = count <= capacity
            && capacity <= MOST_SLOTS
            && size <= GRANULES
            && words <= size * GRANULE;
        fits.then_some(Self { depth, count, capacity, row, size })
    }
}

/// Words of a swarm's row.
pub(super) const SWARM_ROW: u32 = 15;
/// Words of a peer's row without an IPv6 address.
pub(super) const NARROW: u32 = 7;
/// Words of a peer's row with one.
pub(super) const WIDE: u32 = 10;

/// Granules that so many words take.
pub(super) const fn granules_for(words: u32) -> u32 {
    words.div_ceil(GRANULE)
}

/// Granules of a leaf with so many slots.
pub(super) const fn leaf_size(row: u32, slots: u32) -> u32 {
    granules_for(1 + slots * (1 + row))
}

const fn slots_in(row: u32, size: u32) -> u32 {
    (size * GRANULE).saturating_sub(1) / (1 + row)
}

/// The most slots that a leaf may have.
pub(super) const fn most_slots(row: u32) -> u32 {
    let slots = slots_in(row, LARGEST_LEAF);
    if slots < MOST_SLOTS { slots } else { MOST_SLOTS }
}

/// A block's name: never 0, as the first page holds descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block(pub(super) u32);

impl Block {
    /// Whether so many granules from here on are of one page.
    pub(super) fn fits(self, size: u32) -> bool {
        self.0 % GRANULES + size <= GRANULES
    }

    /// The page that it is in.
    pub(super) fn page(self) -> u32 {
        self.0 / GRANULES
    }
}

/// The page that half a word names.
pub(super) fn page_in(name: u64) -> Option<u32> {
    low_half(name).checked_sub(1)
}

/// The low half of a word.
#[allow(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(super) fn low_half(word: u64) -> u32 {
    word as u32
}
