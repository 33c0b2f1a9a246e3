//! The parameters of a scrape, explained: the same reading as that of `ScrapeRequest::parse`, in words.

use super::{ScrapeRequest, info_hash};
use crate::protocol::parameter::{Standing, UnderstoodParameter};
use crate::protocol::query::{Parameters, percent_decoded};

impl ScrapeRequest {
    /// What each parameter of a query means to the tracker, in their order.
    #[must_use]
    pub fn parameters(query: &[u8]) -> Vec<UnderstoodParameter> {
        let mut known = Vec::new();
        let mut understood = Vec::new();
        for (name, value) in Parameters::of(query) {
            let is_hash = percent_decoded(name, &mut [0; 16]) == b"info_hash";
            let (standing, meaning) = if known.len() == Self::MOST_INFO_HASHES {
                (Standing::Unknown, "comes after a hundred info-hashes: passed over".into())
            } else if !is_hash {
                (Standing::Unknown, "means nothing to a scrape".into())
            } else {
                match info_hash(value) {
                    Err(problem) => (Standing::Refused, problem.to_string()),
                    Ok(hash) if known.contains(&hash) => (Standing::Repeated, hash.to_string()),
                    Ok(hash) => {
                        known.push(hash);
                        (Standing::Used, hash.to_string())
                    }
                }
            };
            understood.push(match standing {
                Standing::Unknown => UnderstoodParameter::unknown(name, value, &meaning),
                _ => UnderstoodParameter::sent(name, value, standing, meaning),
            });
        }
        if known.is_empty() && !understood.iter().any(|it| it.standing == Standing::Refused) {
            let all = "none: all torrents are asked for";
            understood.push(UnderstoodParameter::missing("info_hash", Standing::Defaulted, all));
        }
        understood
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_info_hash_counts_once() {
        let hash = "ab".repeat(20);
        let query = format!("info_hash={hash}&info_hash={}&x=1", "%ab".repeat(20));
        let told = ScrapeRequest::parameters(query.as_bytes());
        let told: Vec<_> =
            told.iter().map(|it| (it.standing.name(), it.meaning.as_str())).collect();
        let unknown = ("unknown", "means nothing to a scrape");
        assert_eq!(told, [("used", hash.as_str()), ("repeated", &hash), unknown]);
        let [all] = ScrapeRequest::parameters(b"").try_into().unwrap();
        assert_eq!((all.standing, all.sent), (Standing::Defaulted, None));
    }

    proptest! {
        #[test]
        fn a_scrape_is_understood_as_it_is_explained(
            parameters in prop::collection::vec(
                ("(info_hash|info%5Fhash|port)", "([a-c]{20}|[0-9a-b]{40}|%a[a-h]b{19}|[a-z]{0,9})"), 0..8),
        ) {
            let query: String = parameters.iter().map(|(name, value)| format!("&{name}={value}")).collect();
            let told = ScrapeRequest::parameters(query.as_bytes());
            let of = |standing| told.iter().filter(|it| it.standing == standing).collect::<Vec<_>>();
            match ScrapeRequest::parse(query.as_bytes()) {
                Err(problem) => prop_assert_eq!(&of(Standing::Refused)[0].meaning, &problem.to_string()),
                Ok(scrape) => {
                    let named: Vec<_> = scrape.info_hashes.iter().map(ToString::to_string).collect();
                    let used: Vec<_> = of(Standing::Used).iter().map(|it| it.meaning.clone()).collect();
                    prop_assert_eq!(named, used);
                }
            }
        }
    }
}
