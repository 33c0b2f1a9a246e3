//! Whether the peers in the store were seen at their own addresses, or behind a proxy that is not trusted.

use super::examination::Examination;
use super::outcome::Outcome;
use crate::tracker::PeerAddresses;

/// From so many peers on their addresses say something.
const ENOUGH: u64 = 10;

/// Whether peers have addresses of their own.
pub(super) fn are_their_own(examination: &Examination<'_>) -> Option<Outcome> {
    // What keeps the store from being read is said by its own check.
    let found = PeerAddresses::of(examination.loaded, examination.now).ok()??;
    (found.peers >= ENOUGH).then(|| judge(&found))
}

fn judge(found: &PeerAddresses) -> Outcome {
    let all = found.peers;
    let is_most = |count: u64| count > all / 4 * 3;
    if let Some((whose, count)) = found.proxies.filter(|(_, count)| is_most(*count)) {
        let header = if whose == "Cloudflare" { "cf-connecting-ip" } else { "x-forwarded-for" };
        return Outcome::wrong(
            format!(
                "{count} of {all} peers are at addresses of {whose}, whose proxies nobody can download from"
            ),
            format!(
                "name the ranges of {whose} in trusted_proxies of [network], and set client_address_header = \"{header}\""
            ),
        );
    }
    match found.most.filter(|(_, count)| is_most(*count)) {
        Some((address, count)) => Outcome::told(format!(
            "{count} of {all} peers are at {address}; if that is a proxy before the web server, add it to \
             trusted_proxies in [network]"
        )),
        None => Outcome::fine(format!("{all} peers looked at")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_from_clients() {
        let address = "192.0.2.1".parse().unwrap();
        let found = |most, proxies| PeerAddresses { peers: 40, most, proxies };
        let cloudflare = judge(&found(Some((address, 2)), Some(("Cloudflare", 31))));
        assert!(cloudflare.is_wrong() && cloudflare.text().contains("cf-connecting-ip"));
        // Some people do come by a proxy of their own.
        let few = judge(&found(Some((address, 30)), Some(("Cloudflare", 30))));
        assert_eq!(few, Outcome::fine("40 peers looked at"));
        let shared = judge(&found(Some((address, 31)), None));
        assert!(shared.text().contains("31 of 40 peers are at 192.0.2.1"), "{shared:?}");
        assert_eq!(shared.state(), "note");
    }
}
