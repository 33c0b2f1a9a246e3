//! Figures at one moment, summaries of a while, and their bytes: numbers of seven bits a byte, and differences.

/// The figures of a torrent, or of all together, as a refresh found them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Peers that have everything.
    pub seeders: u64,
    /// Peers that want data.
    pub leechers: u64,
    /// Completed downloads ever.
    pub completed: u64,
    /// Bytes received by all peers ever: each byte once.
    pub downloaded: u64,
}

/// The figures of a while: the last ones, and between what they moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub last: Sample,
    pub least_seeders: u64,
    pub most_seeders: u64,
    pub most_leechers: u64,
}

impl From<Sample> for Summary {
    fn from(last: Sample) -> Self {
        let (seeders, most_leechers) = (last.seeders, last.leechers);
        Self { last, least_seeders: seeders, most_seeders: seeders, most_leechers }
    }
}

impl Summary {
    /// This while and a later one together.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            last: later.last,
            least_seeders: self.least_seeders.min(later.least_seeders),
            most_seeders: self.most_seeders.max(later.most_seeders),
            most_leechers: self.most_leechers.max(later.most_leechers),
        }
    }
}

/// A summary and the number of its hour or day.
pub(super) type Slot = (u64, Summary);

/// Adds a summary to those that are there, or to the one of the same hour or day. They come in order.
pub(super) fn fold(slots: &mut Vec<Slot>, (number, later): Slot) {
    match slots.last_mut() {
        Some((last, summary)) if *last == number => *summary = summary.then(later),
        _ => slots.push((number, later)),
    }
}

/// What is said of a summary beside its place: which of its numbers are not the usual ones.
mod says {
    /// It does not follow the one before without a gap.
    pub(super) const GAP: u8 = 1;
    /// The four figures, in their order.
    pub(super) const FIGURES: [u8; 4] = [2, 4, 8, 16];
    pub(super) const LEAST_SEEDERS: u8 = 32;
    pub(super) const MOST_SEEDERS: u8 = 64;
    pub(super) const MOST_LEECHERS: u8 = 128;
}

/// The bytes of summaries in order, none of which lies before the number `first`.
pub(super) fn encode_slots(first: u64, slots: &[Slot]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(slots.len() * 8);
    let (mut next, mut before) = (first, Sample::default());
    for &(number, summary) in slots {
        let at = bytes.len();
        let mut flags = 0;
        bytes.push(flags);
        let mut put = |flag: u8, usual: u64, value: u64| {
            if value != usual {
                flags |= flag;
                put_number(&mut bytes, zigzag(value.wrapping_sub(usual)));
            }
        };
        put(says::GAP, next, number);
        let last = summary.last;
        for ((flag, usual), value) in says::FIGURES.iter().zip(figures(before)).zip(figures(last)) {
            put(*flag, usual, value);
        }
        put(says::LEAST_SEEDERS, last.seeders, summary.least_seeders);
        put(says::MOST_SEEDERS, last.seeders, summary.most_seeders);
        put(says::MOST_LEECHERS, last.leechers, summary.most_leechers);
        bytes[at] = flags;
        (next, before) = (number.wrapping_add(1), last);
    }
    bytes
}

/// The summaries that such bytes hold; `None` where they are damaged.
pub(super) fn decode_slots(first: u64, mut bytes: &[u8]) -> Option<Vec<Slot>> {
    let mut slots = Vec::new();
    let (mut next, mut before) = (first, Sample::default());
    while let Some((&flags, rest)) = bytes.split_first() {
        bytes = rest;
        let mut take = |flag: u8, usual: u64| match flags & flag {
            0 => Some(usual),
            _ => take_number(&mut bytes).map(|it| usual.wrapping_add(unzigzag(it))),
        };
        let number = take(says::GAP, next)?;
        let mut figures = figures(before);
        for (flag, figure) in says::FIGURES.iter().zip(&mut figures) {
            *figure = take(*flag, *figure)?;
        }
        let [seeders, leechers, completed, downloaded] = figures;
        let last = Sample { seeders, leechers, completed, downloaded };
        let summary = Summary {
            last,
            least_seeders: take(says::LEAST_SEEDERS, seeders)?,
            most_seeders: take(says::MOST_SEEDERS, seeders)?,
            most_leechers: take(says::MOST_LEECHERS, leechers)?,
        };
        if slots.last().is_some_and(|&(before, _)| before >= number) || number < first {
            return None;
        }
        slots.push((number, summary));
        (next, before) = (number.wrapping_add(1), last);
    }
    Some(slots)
}

/// The bytes of one sample.
pub(super) fn encode_sample(sample: Sample) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16);
    figures(sample).into_iter().for_each(|figure| put_number(&mut bytes, figure));
    bytes
}

/// The sample that such bytes hold; `None` where they are damaged.
pub(super) fn decode_sample(mut bytes: &[u8]) -> Option<Sample> {
    let mut take = || take_number(&mut bytes);
    let (seeders, leechers, completed, downloaded) = (take()?, take()?, take()?, take()?);
    bytes.is_empty().then_some(Sample { seeders, leechers, completed, downloaded })
}

/// The bytes of what a refresh found, in the order of the numbers of the torrents.
pub(super) fn encode_changes(changes: &[(u64, Sample)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(changes.len() * 12);
    let mut before = 0;
    for &(series, sample) in changes {
        put_number(&mut bytes, series.wrapping_sub(before));
        let sample = encode_sample(sample);
        put_number(&mut bytes, sample.len() as u64);
        bytes.extend(sample);
        before = series;
    }
    bytes
}

/// What a refresh found, one after the other: the number of each torrent, and the bytes of its sample.
pub(super) struct Changes<'a> {
    bytes: &'a [u8],
    series: u64,
}

impl<'a> Changes<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, series: 0 }
    }

    fn take(&mut self) -> Option<(u64, &'a [u8])> {
        self.series = self.series.wrapping_add(take_number(&mut self.bytes)?);
        let length = usize::try_from(take_number(&mut self.bytes)?).ok()?;
        let (sample, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some((self.series, sample))
    }
}

impl<'a> Iterator for Changes<'a> {
    /// `None` inside where the bytes are damaged; nothing comes after that.
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_none() {
            self.bytes = &[];
        }
        Some(taken)
    }
}

fn figures(sample: Sample) -> [u64; 4] {
    [sample.seeders, sample.leechers, sample.completed, sample.downloaded]
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Differences near zero, of either sign, as small numbers.
fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    ((signed << 1) ^ (signed >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Small ones, which are usual, and any.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..20_u64, any::<u64>()]
    }

    fn sample() -> impl Strategy<Value = Sample> {
        (number(), number(), number(), number()).prop_map(
            |(seeders, leechers, completed, downloaded)| Sample {
                seeders,
                leechers,
                completed,
                downloaded,
            },
        )
    }

    proptest! {
        #[test]
        fn summaries_are_read_as_they_were_written(
            first in 0..1_000_000_u64,
            numbers in proptest::collection::btree_set(0..40_u64, 0..20),
            samples in proptest::collection::vec((sample(), sample()), 20),
        ) {
            let slots: Vec<Slot> = numbers
                .into_iter()
                .zip(samples)
                .map(|(number, (a, b))| (first + number, Summary::from(a).then(b.into())))
                .collect();
            prop_assert_eq!(decode_slots(first, &encode_slots(first, &slots)), Some(slots));
        }

        #[test]
        fn changes_are_read_as_they_were_written(
            samples in proptest::collection::btree_map(number(), sample(), 0..20),
        ) {
            let changes: Vec<_> = samples.into_iter().collect();
            let bytes = encode_changes(&changes);
            let read: Option<Vec<_>> = Changes::of(&bytes)
                .map(|change| change.and_then(|(id, bytes)| Some((id, decode_sample(bytes)?))))
                .collect();
            prop_assert_eq!(read, Some(changes));
        }

        #[test]
        fn no_bytes_are_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode_slots(5, &bytes);
            let _ = decode_sample(&bytes);
            for (_, sample) in Changes::of(&bytes).flatten() {
                let _ = decode_sample(sample);
            }
        }
    }

    #[test]
    fn a_quiet_hour_after_another_takes_one_byte_and_a_usual_one_few() {
        let sample = Sample { seeders: 900, leechers: 9, completed: 4_000, downloaded: 1 << 45 };
        let one = encode_slots(7, &[(7, sample.into())]).len();
        let two = encode_slots(7, &[(7, sample.into()), (8, sample.into())]).len();
        assert_eq!(two - one, 1);
        let later = Sample { seeders: 903, downloaded: (1 << 45) + (300 << 20), ..sample };
        let usual = encode_slots(7, &[(7, sample.into()), (8, later.into())]).len();
        assert_eq!(usual - one, 7);
    }
}
