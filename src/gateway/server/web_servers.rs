//! Which addresses may connect: `FCGI_WEB_SERVER_ADDRS` (FastCGI 1.0, 3.2).

use std::net::IpAddr;

use crate::platform::log::{self, Level};

/// The variable's name.
const VARIABLE: &str = "FCGI_WEB_SERVER_ADDRS";

/// The web servers that may connect over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebServers {
    /// The variable is not set.
    Any,
    /// The addresses it names.
    Only(Vec<IpAddr>),
}

impl WebServers {
    /// Those that this process's environment names.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::parse(std::env::var(VARIABLE).ok().as_deref())
    }

    /// Understands the variable: addresses with commas between. What is no address lets nobody in.
    fn parse(variable: Option<&str>) -> Self {
        let Some(list) = variable else { return Self::Any };
        let mut addresses = Vec::new();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match entry.parse::<IpAddr>() {
                Ok(address) => addresses.push(address.to_canonical()),
                Err(_) => log::line(
                    Level::Warning,
                    format_args!("{VARIABLE}: \"{entry}\" is not an address; it is ignored"),
                ),
            }
        }
        if addresses.is_empty() {
            crate::warning!("{VARIABLE} names no address: no web server can connect over TCP");
        }
        Self::Only(addresses)
    }

    /// Whether a peer may connect. One without an address comes through a path, where the file
    /// system decides.
    #[must_use]
    pub fn allow(&self, peer: Option<IpAddr>) -> bool {
        match (self, peer) {
            (Self::Any, _) | (Self::Only(_), None) => true,
            (Self::Only(addresses), Some(peer)) => addresses.contains(&peer.to_canonical()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn unset_lets_anybody_in() {
        assert!(WebServers::parse(None).allow(peer("203.0.113.9")));
    }

    #[test]
    fn set_lets_in_whom_it_names() {
        let servers = WebServers::parse(Some("199.170.183.28, 2001:db8::1,nonsense"));
        assert!(servers.allow(peer("199.170.183.28")));
        assert!(servers.allow(peer("::ffff:199.170.183.28")));
        assert!(servers.allow(peer("2001:db8::1")));
        assert!(!servers.allow(peer("199.170.183.71")));
        assert!(servers.allow(None));
    }

    #[test]
    fn nonsense_alone_lets_nobody_in() {
        let servers = WebServers::parse(Some("web.example"));
        assert!(!servers.allow(peer("127.0.0.1")));
        assert!(!WebServers::parse(Some("")).allow(peer("127.0.0.1")));
    }
}
