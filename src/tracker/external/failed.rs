//! Why nothing came from somebody else's server.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::platform::special_addresses::Special;

/// Why there is no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// Nobody knows the host.
    #[error("{host} has no address ({reason})")]
    Unresolved {
        /// Its name.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// All addresses of the host are such as are not asked.
    #[error("{host} is not asked: {address} is {what}, and not that of a host in the Internet")]
    Forbidden {
        /// Its name.
        host: String,
        /// The last of its addresses.
        address: IpAddr,
        /// What it is for.
        what: Special,
    },
    /// Nobody listens there, or nothing leads there.
    #[error("no connection to {to} ({reason})")]
    Unreachable {
        /// Host and port.
        to: String,
        /// What the system says.
        reason: String,
    },
    /// A connection, and no whole answer in time.
    #[error("{to} takes the request, and does not answer within {:.0} seconds", within.as_secs_f64())]
    Silent {
        /// Host and port.
        to: String,
        /// The time that it had.
        within: Duration,
    },
    /// No answer to a packet; nobody knows whether it arrived.
    #[error("{to} does not answer over UDP within {:.0} seconds", within.as_secs_f64())]
    NoPacket {
        /// The address.
        to: SocketAddr,
        /// The time that it had.
        within: Duration,
    },
    /// A connection, and something else than HTTP.
    #[error("no HTTP comes from {to} ({reason})")]
    NotHttp {
        /// Host and port.
        to: String,
        /// What came instead.
        reason: String,
    },
    /// No TLS, or a certificate that no client accepts.
    #[error("{0}")]
    Tls(String),
    /// HTTPS, and no program that speaks it.
    #[error("the address is HTTPS, which is asked through curl: install curl")]
    NoCurl,
}

/// Whether it is only that the time is over.
pub(super) fn is_timeout(problem: &io::Error) -> bool {
    matches!(problem.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
