//! Lists of addresses as others publish them: one address, network or range a line, in the forms of firewalls,
//! Spamhaus, DShield, eMule (`ipfilter.dat`) and PeerGuardian (`.p2p`, `.p2b`), and any of these packed by gzip.

mod binary;
mod line;

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use self::line::Line;
use crate::platform::address_range::AddressRange;

/// Bytes of a list at most, also once it is unpacked.
pub const MOST_BYTES: u64 = 64 << 20;

/// Lines that cannot be understood of which the text is kept.
const SHOWN: usize = 10;

/// Bytes of such a line that are kept.
const SHOWN_BYTES: usize = 60;

/// A list that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressList {
    /// The ranges, sorted; what overlapped or touched is one.
    pub ranges: Vec<AddressRange>,
    /// How many entries they were.
    pub entries: usize,
    /// Lines that cannot be understood, or that take in all addresses there are.
    pub bad: usize,
    /// The first of these, with their numbers.
    pub shown: Vec<(usize, String)>,
}

/// Why a list is not taken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressListError {
    /// The gzip data is damaged or cut off.
    #[error("it is packed by gzip, and damaged; fetch it once more")]
    Packed,
    /// More than [`MOST_BYTES`].
    #[error("it has more than {} MiB; divide it", MOST_BYTES >> 20)]
    TooLarge,
    /// A zip archive.
    #[error("it is a zip archive; unpack it first (`unzip -p FILE`)")]
    Zip,
    /// A `.p2b` file that is damaged: what is read behind the damage would look like addresses.
    #[error("it is a damaged .p2b file; fetch it once more")]
    Binary,
    /// A `.p2b` file of a version that nobody has described.
    #[error("it is a .p2b file of version {0}, which is not known; use the list as .p2p or .dat")]
    BinaryVersion(u8),
    /// Its entries together are all addresses of a family.
    #[error("together it would ban everybody")]
    Everybody,
    /// There is not one entry.
    #[error("there is no address in it")]
    Empty,
    /// Less than half of it can be understood.
    #[error(
        "most of it cannot be understood; a list has an address, a network or a range on each line"
    )]
    NoList,
}

impl AddressList {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is none, or is damaged. What is wrong in single lines is counted.
    pub fn read(bytes: &[u8]) -> Result<Self, AddressListError> {
        let unpacked;
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            unpacked = unpack(bytes)?;
            &unpacked
        } else {
            bytes
        };
        if u64::try_from(bytes.len()).map_or(true, |length| length > MOST_BYTES) {
            return Err(AddressListError::TooLarge);
        }
        let list = match bytes {
            [b'P', b'K', 3, 4, ..] => return Err(AddressListError::Zip),
            [0xff, 0xff, 0xff, 0xff, b'P', b'2', b'B', version, content @ ..] => {
                let ranges = binary::ranges(*version, content)?;
                Self { entries: ranges.len(), ranges, ..Self::default() }
            }
            text => Self::of_lines(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)),
        };
        if list.entries == 0 && list.bad == 0 {
            return Err(AddressListError::Empty);
        }
        if list.entries <= list.bad {
            return Err(AddressListError::NoList);
        }
        let ranges = AddressRange::merged(list.ranges);
        if ranges.iter().any(|range| range.is_everything()) {
            return Err(AddressListError::Everybody);
        }
        Ok(Self { ranges, ..list })
    }

    fn of_lines(text: &[u8]) -> Self {
        let mut list = Self::default();
        for (number, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            match line::read(text) {
                Line::Range(range) => list.ranges.push(range),
                Line::Nothing => {}
                Line::Bad => {
                    list.bad += 1;
                    if list.shown.len() < SHOWN {
                        let text = text.get(..text.len().min(SHOWN_BYTES)).unwrap_or_default();
                        let text = String::from_utf8_lossy(text.trim_ascii()).into_owned();
                        list.shown.push((number, text));
                    }
                }
            }
        }
        list.entries = list.ranges.len();
        list
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, AddressListError> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(packed).take(MOST_BYTES + 1);
    reader.read_to_end(&mut unpacked).map_err(|_| AddressListError::Packed)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests;
