//! Files that began as stores of ours: made by others, cut, with holes, wrong in any bits.

use super::*;

#[test]
fn that_others_made_are_recreated() {
    let (_home, options, bytes) = filled();
    for (index, reason) in [
        (header::VERSION, "of another version"),
        (header::FINGERPRINT, "another build"),
        (header::BOOT, "before this machine was started"),
        (header::BOOT + 1, "before this machine was started"),
    ] {
        let mut bytes = bytes.clone();
        let other = word(&bytes, index) + 1;
        set_word(&mut bytes, index, other);
        mend(&mut bytes);
        put(&options, &bytes);
        assert!(unusable(&options).contains(reason), "{}", unusable(&options));
        is_recreated(reason, &options);
        assert!(moved_aside(&options).is_empty());
    }
}

#[test]
fn that_are_cut_anywhere_are_recreated() {
    let (_home, options, bytes) = filled();
    let boundaries = (0..bytes.len()).step_by(PAGE_BYTES);
    let between = boundaries.clone().flat_map(|at| [at + 1, at + 8, at + 2000, at + 4095]);
    for length in boundaries.chain(between).chain([7, 9, 80, 136]) {
        put(&options, &bytes[..length]);
        let reason = unusable(&options);
        assert!(reason.contains("short") || reason.contains("missing"), "{length}: {reason}");
        is_recreated(&format!("{length} bytes"), &options);
    }
    assert!(moved_aside(&options).is_empty());
}

fn punch(file: &File, from: usize, bytes: usize) {
    let how = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
    let place = |bytes: usize| libc::off_t::try_from(bytes).unwrap();
    // SAFETY: fallocate touches no memory.
    let done = unsafe { libc::fallocate(file.as_raw_fd(), how, place(from), place(bytes)) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn that_have_holes_are_recreated() {
    let (_home, options, bytes) = filled();
    for page in 1..bytes.len() / PAGE_BYTES {
        put(&options, &bytes);
        let file = OpenOptions::new().write(true).open(&options.file.path).unwrap();
        punch(&file, page * PAGE_BYTES, PAGE_BYTES);
        assert_eq!(unusable(&options), "it has holes");
        is_recreated("a hole", &options);
    }
}

/// What is behind the end of the store makes up for the hole only in sum.
#[test]
fn that_have_a_hole_and_as_much_behind_their_end_are_recreated() {
    let (_home, options, mut bytes) = filled();
    let end = bytes.len();
    bytes.resize(end + PAGE_BYTES, 1);
    put(&options, &bytes);
    let file = OpenOptions::new().write(true).open(&options.file.path).unwrap();
    punch(&file, end - PAGE_BYTES, PAGE_BYTES);
    assert_eq!(unusable(&options), "it has holes");
}

#[test]
fn whose_header_is_wrong_in_any_byte_work_or_are_recreated() {
    let (_home, options, bytes) = filled();
    for place in 0..(header::REPAIRS + 1) * WORD_BYTES {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[place] ^= flip;
            put(&options, &bytes);
            let what = format!("byte {place} flipped by {flip:x}");
            use_it(&what, &options);
            works_again(&what, &options);
        }
    }
    // Moved aside are those that do not begin as ours do.
    assert!(!moved_aside(&options).is_empty());
}

#[test]
fn that_are_said_to_be_retired_but_stand_at_the_path_are_recreated() {
    let (_home, options, mut bytes) = filled();
    set_word(&mut bytes, header::RETIRED, 1);
    put(&options, &bytes);
    works_again("retired", &options);
}

#[test]
fn that_are_wrong_in_any_bits_work_or_are_recreated() {
    let (_home, options, bytes) = filled();
    let mutex = PAGE_BYTES..PAGE_BYTES + shard::MUTEX_WORDS * WORD_BYTES;
    let first = header::GENERATION * WORD_BYTES;
    for seed in 0..400 {
        let mut random = Random::seeded(seed);
        let mut bytes = bytes.clone();
        let most = [1, 3, 30, 300, 5000][usize::try_from(seed).unwrap() % 5];
        for _ in 0..=random.below(most) {
            let span = u64::try_from(bytes.len() - first).unwrap();
            let place = first + usize::try_from(random.below(span)).unwrap();
            // A lock that seems to be held has each call wait: tried below.
            if !mutex.contains(&place) {
                bytes[place] ^= 1 << random.below(8);
            }
        }
        put(&options, &bytes);
        let what = format!("seed {seed}");
        use_it(&what, &options);
        works_again(&what, &options);
    }
}

#[test]
fn whose_pages_hold_what_another_holds_work_or_are_recreated() {
    let (_home, options, bytes) = filled();
    let pages = u64::try_from(bytes.len() / PAGE_BYTES).unwrap() - 1;
    for seed in 0..100 {
        let mut random = Random::seeded(seed);
        let mut page = || 1 + usize::try_from(random.below(pages)).unwrap();
        let (from, to) = (page(), page());
        let mut bytes = bytes.clone();
        let start = if to == 1 { shard::MUTEX_WORDS * WORD_BYTES } else { 0 };
        let copied = from * PAGE_BYTES + start..(from + 1) * PAGE_BYTES;
        bytes.copy_within(copied, to * PAGE_BYTES + start);
        put(&options, &bytes);
        let what = format!("page {from} over page {to}");
        use_it(&what, &options);
        works_again(&what, &options);
    }
}

#[test]
fn whose_mutex_is_wrong_have_nobody_wait_for_ever() {
    let (_home, options, bytes) = filled();
    for bit in (0..shard::MUTEX_WORDS * 64).filter(|&bit| !names_a_holder(bit)) {
        let mut bytes = bytes.clone();
        bytes[PAGE_BYTES + bit / 8] ^= 1 << (bit % 8);
        put(&options, &bytes);
        works_again(&format!("bit {bit} of the mutex"), &options);
    }
    // A holder that is not there, and one that is there but is none: for as long as it lives, the
    // shard is busy.
    for (holder, is_busy) in [(0x3fff_fff0, false), (std::process::id(), true)] {
        let mut bytes = bytes.clone();
        bytes[PAGE_BYTES..][HOLDER].copy_from_slice(&u32::to_ne_bytes(holder));
        put(&options, &bytes);
        let options = options.clone();
        let announced =
            ends("a holder", move || try_announce(&mut ShmStore::open(&options).unwrap(), 1, NOON));
        assert_eq!(announced.is_err(), is_busy, "{announced:?}");
        assert!(!is_busy || matches!(announced, Err(StoreError::WouldWait { .. })));
    }
}

#[test]
fn whose_counts_are_huge_are_measured() {
    let (_home, options) = fresh_file(2);
    assert!(try_announce(&mut ShmStore::open(&options).unwrap(), 1, NOON).is_ok());
    let mut bytes = fs::read(&options.file.path).unwrap();
    for page in [1, 2] {
        set_word(&mut bytes, page * PAGE + shard::SWARM_COUNT, u64::MAX);
        set_word(&mut bytes, page * PAGE + shard::PEER_COUNT, u64::MAX);
    }
    put(&options, &bytes);
    ends("huge counts", move || {
        let caps = Caps { peers: Some(100), swarms: Some(50), ..Caps::default() };
        let rules = PeerRules { caps, ..options.rules };
        let mut store = ShmStore::open(&ShmOptions { rules, ..options }).unwrap();
        let _ = store.info();
        (0..20).for_each(|number| drop(try_announce(&mut store, number, NOON)));
    });
}

#[test]
fn whose_lists_of_pages_lead_in_a_circle_are_checked() {
    let (_home, options, mut bytes) = filled();
    for page in 1..bytes.len() / PAGE_BYTES - 3 {
        let neighbours = 3 * PAGE + page * descriptor::WORDS + descriptor::NEIGHBOURS;
        let before = word(&bytes, neighbours) & u64::from(u32::MAX);
        set_word(&mut bytes, neighbours, before | (page as u64 + 1) << 32);
    }
    put(&options, &bytes);
    let problems = ends("a circle", move || ShmStore::open(&options).unwrap().check().unwrap());
    assert_eq!(problems, ["shard 0: something leads in a circle"]);
}

/// Seven nodes, all links of each to the next: more ways down than a life is long.
#[test]
fn whose_tables_have_no_end_are_not_walked_for_ever() {
    for depth in [8_u32, 1] {
        let (_home, options, mut bytes) = filled();
        let link = |block: u32, depth: u32| u64::from(block | depth << 28) | (u64::MAX << 32);
        let levels = if depth == 8 { 7 } else { 11 };
        let block = |level: u32| GRANULES + level / 2 * GRANULES + level % 2 * 64;
        let index = |level: u32| {
            let block = usize::try_from(block(level)).unwrap();
            3 * PAGE + block * 4
        };
        set_word(&mut bytes, PAGE + shard::SWARMS, link(block(0), depth));
        for level in 0..levels {
            let below = if level + 1 == levels { 0 } else { depth };
            for place in 0..1 << depth {
                set_word(&mut bytes, index(level) + place, link(block(level + 1), below));
            }
        }
        set_word(&mut bytes, index(levels), Head::new(0, SWARM_ROW, 32).pack());
        put(&options, &bytes);
        use_it(&format!("nodes of depth {depth}"), &options);
        works_again("a table without end", &options);
    }
}
