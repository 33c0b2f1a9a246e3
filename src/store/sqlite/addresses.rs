//! The addresses of one peer and when it last vouched for each, packed as the samples want them.
//!
//! | bytes | what |
//! |---|---|
//! | 6 + 8 | IPv4 address and port as on the wire, seconds since 1970, big endian; absent when there is none |
//! | 18 + 8 | the same for IPv6 |
//!
//! The four lengths that can be - 0, 14, 26, 40 - tell what is there.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::schema::stored;
use crate::protocol::{CompactV4, CompactV6, Timestamp};
pub(super) use crate::store::addresses::{Addresses, Seen};

const V4: usize = 6 + 8;
const V6: usize = 18 + 8;

impl Addresses {
    /// Reads the packed form; nothing when it is not one.
    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut addresses = Self::default();
        match bytes.len() {
            0 => {}
            V4 => addresses.v4 = Some(Seen::unpack(bytes, CompactV4)?),
            V6 => addresses.v6 = Some(Seen::unpack(bytes, CompactV6)?),
            _ => {
                let (v4, v6) = bytes.split_at_checked(V4)?;
                addresses.v4 = Some(Seen::unpack(v4, CompactV4)?);
                addresses.v6 = Some(Seen::unpack(v6, CompactV6)?);
            }
        }
        Some(addresses)
    }

    fn pack(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(V4 + V6);
        if let Some(v4) = self.v4 {
            bytes.extend_from_slice(&v4.address.0);
            bytes.extend_from_slice(&stored(v4.at.0).to_be_bytes());
        }
        if let Some(v6) = self.v6 {
            bytes.extend_from_slice(&v6.address.0);
            bytes.extend_from_slice(&stored(v6.at.0).to_be_bytes());
        }
        bytes
    }
}

impl<A> Seen<A> {
    fn unpack<const N: usize>(bytes: &[u8], make: fn([u8; N]) -> A) -> Option<Self> {
        let (address, at) = bytes.split_first_chunk()?;
        let at = Timestamp(u64::from_be_bytes(at.try_into().ok()?));
        Some(Self { address: make(*address), at })
    }
}

impl FromSql for Addresses {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::unpack(value.as_blob()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Addresses {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.pack().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_were_packed() {
        let v4 = Seen { address: CompactV4([1, 2, 3, 4, 5, 6]), at: Timestamp(7) };
        let v6 = Seen { address: CompactV6([9; 18]), at: Timestamp(1 << 62) };
        for (v4, v6) in [(None, None), (Some(v4), None), (None, Some(v6)), (Some(v4), Some(v6))] {
            let addresses = Addresses { v4, v6 };
            assert_eq!(Addresses::unpack(&addresses.pack()), Some(addresses));
        }
    }

    #[test]
    fn no_other_length_is_taken_for_addresses() {
        let lengths = (0..100).filter(|&length| Addresses::unpack(&vec![1; length]).is_some());
        assert_eq!(lengths.collect::<Vec<_>>(), [0, V4, V6, V4 + V6]);
    }
}
