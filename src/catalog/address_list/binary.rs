//! PeerGuardian's binary lists (`.p2b`), versions 1 to 3. They have addresses of IPv4 only.

use std::net::Ipv4Addr;

use super::AddressListError;
use crate::platform::address_range::AddressRange;

/// The ranges of a list of this version. A list that is not right up to its end is not taken at all: behind the
/// damage, parts of names would be read as addresses.
pub(super) fn ranges(version: u8, content: &[u8]) -> Result<Vec<AddressRange>, AddressListError> {
    let ranges = match version {
        1 | 2 => with_names(content),
        3 => with_a_table(content),
        other => return Err(AddressListError::BinaryVersion(other)),
    };
    ranges.ok_or(AddressListError::Binary)
}

/// Each range stands behind its name.
fn with_names(mut rest: &[u8]) -> Option<Vec<AddressRange>> {
    let mut ranges = Vec::new();
    while !rest.is_empty() {
        skip_name(&mut rest)?;
        ranges.push(range(&mut rest)?);
    }
    Some(ranges)
}

/// Names stand in a table, and each range behind the number of its name.
fn with_a_table(mut rest: &[u8]) -> Option<Vec<AddressRange>> {
    let names = number(&mut rest)?;
    for _ in 0..names {
        skip_name(&mut rest)?;
    }
    let count = number(&mut rest)?;
    let mut ranges = Vec::new();
    for _ in 0..count {
        if number(&mut rest)? >= names {
            return None;
        }
        ranges.push(range(&mut rest)?);
    }
    rest.is_empty().then_some(ranges)
}

fn skip_name(rest: &mut &[u8]) -> Option<()> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    *rest = rest.get(end + 1..)?;
    Some(())
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

fn range(rest: &mut &[u8]) -> Option<AddressRange> {
    let (one, other) = (number(rest)?, number(rest)?);
    let address = |number: u32| Ipv4Addr::from(number).into();
    AddressRange::new(address(one.min(other)), address(one.max(other))).ok()
}
