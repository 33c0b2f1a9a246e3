//! Addresses of peers in columns: how they are read, and how peers are found by them.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::schema::instant_in;
use crate::protocol::{CompactV4, CompactV6};
use crate::store::network::Network;
pub(super) use crate::store::{Addresses, Seen};

/// An address and a port as on the wire.
pub(super) struct Endpoint<A>(pub(super) A);

macro_rules! in_a_column {
    ($($address:ident),*) => {$(
        impl FromSql for Endpoint<$address> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let bytes = value.as_blob()?.try_into().map_err(|_| FromSqlError::InvalidType)?;
                Ok(Self($address(bytes)))
            }
        }

        impl ToSql for Endpoint<$address> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0.0)))
            }
        }
    )*};
}

in_a_column!(CompactV4, CompactV6);

/// The addresses in the columns `v4`, `v6`, `v4_at` and `v6_at`, of which the first one is `column`.
pub(super) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Addresses> {
    let v4 = row.get::<_, Option<Endpoint<CompactV4>>>(column)?;
    let v6 = row.get::<_, Option<Endpoint<CompactV6>>>(column + 1)?;
    let at = |column| instant_in(row, column);
    Ok(Addresses {
        v4: v4
            .map(|v4| Ok::<_, rusqlite::Error>(Seen { address: v4.0, at: at(column + 2)? }))
            .transpose()?,
        v6: v6
            .map(|v6| Ok::<_, rusqlite::Error>(Seen { address: v6.0, at: at(column + 3)? }))
            .transpose()?,
    })
}

/// A range of endpoints in one of the two indexes, both ends included.
pub(super) enum Range {
    V4(CompactV4, CompactV4),
    V6(CompactV6, CompactV6),
}

impl Range {
    /// All endpoints in a network.
    pub(super) fn of(network: Network) -> Self {
        match network {
            Network::V4(ip) => {
                let at = |port| CompactV4::from(std::net::SocketAddrV4::new(ip, port));
                Self::V4(at(0), at(u16::MAX))
            }
            Network::V6(prefix, bits) => {
                let (first, last) = Network::ends(prefix, bits);
                let at = |ip, port| CompactV6::from(std::net::SocketAddrV6::new(ip, port, 0, 0));
                Self::V6(at(first, 0), at(last, u16::MAX))
            }
        }
    }
}
