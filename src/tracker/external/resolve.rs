//! From the name of a host to the addresses that are asked: looked up once, checked, and kept for the connection. So
//! no later answer of a name server leads elsewhere.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::bounds::{Deadline, Targets};
use super::failed::Failed;
use crate::platform::special_addresses::special;

/// Addresses of a host that are tried at most.
const MOST_TRIED: usize = 4;

/// The addresses of a host that may be asked, at least one.
pub(super) fn resolve(
    host: &str,
    port: u16,
    targets: Targets,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Failed> {
    let unresolved = |reason: &dyn ToString| Failed::Unresolved {
        host: host.into(),
        reason: reason.to_string(),
    };
    let found = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => look_up(host, port, deadline).map_err(|problem| unresolved(&problem))?,
    };
    let mut failed = unresolved(&"none is known");
    let mut addresses = Vec::new();
    for address in found {
        match special(address.ip()).filter(|_| targets == Targets::Public) {
            None => addresses.push(address),
            Some(what) => {
                failed = Failed::Forbidden { host: host.into(), address: address.ip(), what };
            }
        }
    }
    addresses.truncate(MOST_TRIED);
    if addresses.is_empty() { Err(failed) } else { Ok(addresses) }
}

/// Asks the system, by a thread of its own: it takes as long as it takes, whatever time is left here.
fn look_up(host: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    let name = (host.to_owned(), port);
    thread::Builder::new().spawn(move || {
        let found = (name.0.as_str(), name.1).to_socket_addrs().map(Iterator::collect);
        // Nobody listens when the time was over.
        let _ = sender.send(found);
    })?;
    receiver.recv_timeout(deadline.left()?).unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

/// Asks one address after the other until one takes the connection. None may take all of the time that is left.
pub(super) fn in_turn<T>(
    addresses: &[SocketAddr],
    deadline: Deadline,
    mut ask: impl FnMut(SocketAddr, Duration) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut outcome = None;
    for (index, address) in addresses.iter().enumerate() {
        let rest = u32::try_from(addresses.len() - index).unwrap_or(1);
        let Ok(left) = deadline.left() else { break };
        match ask(*address, left / rest) {
            Err(failed @ (Failed::Unreachable { .. } | Failed::NoPacket { .. })) => {
                outcome = Some(failed);
            }
            other => return other,
        }
    }
    Err(outcome.unwrap_or_else(|| Failed::Unreachable {
        to: addresses.first().map(ToString::to_string).unwrap_or_default(),
        reason: "no time is left".into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(host: &str, targets: Targets) -> Result<Vec<SocketAddr>, Failed> {
        resolve(host, 80, targets, Deadline::after(Duration::from_secs(10)))
    }

    #[test]
    fn what_leads_into_a_private_network_is_not_asked_for_strangers() {
        for host in
            ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "localhost"]
                .into_iter()
                // As the system's resolver understands them.
                .chain(["127.1", "2130706433", "0x7f.1", "0"])
        {
            let found = resolved(host, Targets::Public);
            assert!(matches!(found, Err(Failed::Forbidden { .. })), "{host}: {found:?}");
            assert!(resolved(host, Targets::Any).is_ok(), "{host}");
        }
        let public = resolved("1.1.1.1", Targets::Public).unwrap();
        assert_eq!(public, ["1.1.1.1:80".parse().unwrap()]);
    }

    #[test]
    fn one_address_after_the_other_is_asked_until_one_answers() {
        let addresses: Vec<SocketAddr> =
            ["1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"].map(|it| it.parse().unwrap()).into();
        let unreachable = |address: SocketAddr| Failed::Unreachable {
            to: address.to_string(),
            reason: String::new(),
        };
        let deadline = Deadline::after(Duration::from_secs(11));
        let mut tried = Vec::new();
        let found = in_turn(&addresses, deadline, |address, within| {
            tried.push((address.port(), within.as_secs()));
            if address.port() == 2 { Ok(address) } else { Err(unreachable(address)) }
        });
        assert_eq!((found.unwrap().port(), tried), (2, vec![(1, 3), (2, 5)]));
        let none = in_turn(&addresses, deadline, |it, _| Err::<(), _>(unreachable(it)));
        assert!(none.unwrap_err().to_string().contains("1.1.1.1:3"));
        let over = in_turn(&addresses, Deadline::after(Duration::ZERO), |_, _| Ok(()));
        assert!(over.unwrap_err().to_string().contains("no time"));
    }
}
