//! How long a store waits for its holder.

use std::time::{Duration, Instant};

/// What a process waits for others at most before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The same on an event loop, where all other requests wait as well: what would wait for longer is for another
/// thread.
pub const LOOP_PATIENCE: Duration = Duration::from_millis(5);

/// For so long, who has waited in vain does not wait again: enough to answer all that came meanwhile.
const RELIEF: Duration = Duration::from_millis(100);

/// How long one store may wait now. After a wait in vain it tries for a while without waiting, so that those
/// who queued up meanwhile do not wait one after the other; on an event loop for as long as tries are in vain, so
/// that it waits once for one holder, however long that holds the store.
#[derive(Debug)]
pub struct Patience {
    most: Duration,
    /// Until when not to wait.
    spent_until: Option<Instant>,
}

impl Patience {
    /// Waits no longer than this.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self { most, spent_until: None }
    }

    /// Waits no longer than this from now on.
    pub fn set(&mut self, most: Duration) {
        if self.most != most {
            *self = Self::new(most);
        }
    }

    /// How long it waits at most.
    #[must_use]
    pub fn most(&self) -> Duration {
        self.most
    }

    /// How long to wait now.
    pub fn left(&mut self) -> Duration {
        match self.spent_until {
            Some(until) if Instant::now() < until => Duration::ZERO,
            _ => {
                self.spent_until = None;
                self.most
            }
        }
    }

    /// Somebody was waited for in vain.
    pub fn spend(&mut self) {
        if self.spent_until.is_none() || self.most <= LOOP_PATIENCE {
            self.spent_until = Some(Instant::now() + RELIEF);
        }
    }

    /// What was waited for was there.
    pub fn renew(&mut self) {
        self.spent_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_in_vain_does_not_wait_again_soon() {
        let mut patience = Patience::new(PATIENCE);
        assert_eq!(patience.left(), PATIENCE);
        patience.spend();
        assert_eq!(patience.left(), Duration::ZERO);
        let until = patience.spent_until;
        patience.spend();
        assert_eq!(
            patience.spent_until, until,
            "a try without waiting puts the end off no further"
        );
        patience.renew();
        assert_eq!(patience.left(), PATIENCE);
        patience.spend();
        patience.spent_until = Some(Instant::now());
        assert_eq!(patience.left(), PATIENCE, "it ends by itself");
    }

    #[test]
    fn an_event_loop_waits_once_for_one_holder() {
        let mut patience = Patience::new(LOOP_PATIENCE);
        for _ in 0..3 {
            patience.spend();
            // All but over.
            patience.spent_until = Some(Instant::now() + RELIEF / 2);
            let before = patience.spent_until;
            assert_eq!(patience.left(), Duration::ZERO);
            patience.spend();
            assert!(patience.spent_until > before, "it is held still");
        }
        patience.renew();
        assert_eq!(patience.left(), LOOP_PATIENCE);
    }

    #[test]
    fn another_patience_begins_whole() {
        let mut patience = Patience::new(LOOP_PATIENCE);
        patience.spend();
        patience.set(LOOP_PATIENCE);
        assert_eq!(patience.left(), Duration::ZERO);
        patience.set(PATIENCE);
        assert_eq!(patience.left(), PATIENCE);
    }
}
