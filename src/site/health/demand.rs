//! What the tracker takes of the machine, and whether a shared one would bear it.

use super::examination::Examination;
use super::outcome::Outcome;
use crate::site::{bytes, counted};
use crate::tracker::Demand;

/// Microseconds of a minute.
const MINUTE: u64 = 60_000_000;

/// From this part of a core on, in percents, hosts that are shared are known to suspend sites.
const MUCH: u64 = 10;

/// What announces take today, and would at ten times as many.
pub(super) fn estimate(examination: &Examination<'_>) -> Option<Outcome> {
    // What keeps the store from being read is said by its own check.
    let today = Demand::today(examination.loaded, examination.now).ok()??;
    Some(judge(today))
}

fn judge(today: Demand) -> Outcome {
    let tenfold = today.tenfold();
    let text = format!("about {}; ten times as many: {}", said(today), said(tenfold));
    let is_much = |demand: Demand| demand.cgi * 100 / MINUTE >= MUCH;
    match (is_much(today), is_much(tenfold)) {
        (false, false) => Outcome::fine(text),
        (true, _) => Outcome::told(format!(
            "{text}; as a CGI that is more than many shared hosts allow: use FastCGI, or a longer interval"
        )),
        (false, true) => Outcome::told(format!(
            "{text}; as a CGI that would be more than many shared hosts allow: use FastCGI then, or a longer interval"
        )),
    }
}

fn said(demand: Demand) -> String {
    format!(
        "{} a minute, {} of a core as a CGI and {} as FastCGI, {}/min of traffic, {} of peers",
        counted(demand.announces, "announce"),
        percents(demand.cgi),
        percents(demand.fastcgi),
        bytes(demand.traffic, 1),
        bytes(demand.store, 1)
    )
}

#[allow(clippy::cast_precision_loss)] // One digit is shown.
fn percents(microseconds: u64) -> String {
    format!("{:.1} %", microseconds as f64 * 100.0 / MINUTE as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(announces: u64) -> Demand {
        let [cgi, fastcgi] = [2_500, 300].map(|cost| announces * cost);
        Demand { announces, cgi, fastcgi, traffic: announces * 1_024, store: 4 << 20 }
    }

    #[test]
    fn an_owner_is_warned_before_a_shared_host_suspends_the_site() {
        let little = judge(demand(60));
        assert_eq!(little.state(), "fine", "{little:?}");
        let figures = "about 60 announces a minute, 0.2 % of a core as a CGI and 0.0 % as FastCGI, 60.0 KiB/min of traffic, \
                       4.0 MiB of peers; ten times as many: 600 announces a minute, 2.5 %";
        assert!(little.text().starts_with(figures), "{little:?}");
        let growing = judge(demand(600));
        assert!(growing.text().contains("would be more"), "{growing:?}");
        let much = judge(demand(2_400));
        assert!(much.text().contains("that is more"), "{much:?}");
        assert_eq!((growing.state(), much.state()), ("note", "note"));
    }
}
