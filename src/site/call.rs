//! One request on its way through the site, and how long its thread may be kept.

use crate::gateway::{Method, Request};
use crate::protocol::{Passkey, Timestamp};
use crate::tracker::tally::{Counted, Tally};

/// One request on its way through the site.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request<'a>,
    /// The secret in the path.
    pub(super) passkey: Option<Passkey>,
    pub(super) now: Timestamp,
    pub(super) pace: Pace,
    pub(super) tally: &'a Tally,
}

impl Call<'_> {
    /// Counts what became of it. A HEAD leaves no trace.
    pub(super) fn count(&self, counted: Counted) {
        if self.request.method != Method::Head {
            self.tally.count(counted);
        }
    }
}

/// How long the thread of a call may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Not at all: it answers announces.
    Quick,
    /// As long as there is work to do.
    Slow,
    /// Also while others hold what is needed.
    Patient,
}

impl Pace {
    pub(super) fn may_take_long(self) -> bool {
        self != Self::Quick
    }

    pub(super) fn may_wait(self) -> bool {
        self == Self::Patient
    }
}
