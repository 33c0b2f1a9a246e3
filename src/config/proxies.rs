//! Proxies that are believed, and the header by which they name the client.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::network::IpRange;

/// How a configuration names those that come over a Unix socket.
const UNIX: &str = "unix:";

/// A proxy, or several, that may say who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum TrustedProxy {
    /// Those that come over a Unix socket.
    Unix,
    /// Those at an address or in a range.
    At(IpRange),
}

/// What is not a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address range; write 192.0.2.1, 10.0.0.0/8, 2001:db8::/32 or unix:")]
pub struct NotAProxy(String);

/// The name of an HTTP header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(String);

/// What is not the name of a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a header; write one such as x-real-ip")]
pub struct NotAHeaderName(String);

impl TryFrom<String> for TrustedProxy {
    type Error = NotAProxy;

    fn try_from(text: String) -> Result<Self, NotAProxy> {
        match text.trim() {
            UNIX => Ok(Self::Unix),
            range => range.parse().map(Self::At).map_err(|_| NotAProxy(text)),
        }
    }
}

impl From<TrustedProxy> for String {
    fn from(proxy: TrustedProxy) -> Self {
        match proxy {
            TrustedProxy::Unix => UNIX.into(),
            TrustedProxy::At(range) => range.into(),
        }
    }
}

impl HeaderName {
    /// `x-forwarded-for`, which most proxies send.
    #[must_use]
    pub fn usual() -> Self {
        Self("x-forwarded-for".into())
    }

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HeaderName {
    type Error = NotAHeaderName;

    fn try_from(text: String) -> Result<Self, NotAHeaderName> {
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !text.is_empty() && text.bytes().all(is_name_byte) {
            Ok(Self(text))
        } else {
            Err(NotAHeaderName(text))
        }
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
