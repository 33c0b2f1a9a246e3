//! Who hears of each rule that is asked about a request, in the order in which they are asked: nobody as a rule, and
//! whoever explains.

use std::net::IpAddr;

/// A rule that a request has passed, by the name that `Refusal::rule` gives it.
pub(super) type RuleName = &'static str;

/// Hears what lets a request go on. What refuses one is the error that it ends with.
pub(super) trait Witness {
    /// A rule lets it go on.
    fn passed(&mut self, rule: RuleName, how: Passed);

    /// The rules on addresses and ports were asked about one of the two that a peer may have, up to one that refuses it.
    fn address(&mut self, at: (IpAddr, u16), refusing: Option<RuleName>);
}

/// How a request passes a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The owner has made no such rule.
    NoSuchRule,
    /// It is nothing that the rule refuses.
    Fits,
    /// A rule of the owner's says that it may, at this place among them.
    Allowed(u32),
    /// An earlier rule has decided.
    Decided,
    /// Who leaves is let go.
    Leaves,
    /// No address is known.
    NoAddress,
}

/// Nobody hears, and it costs nothing.
impl Witness for () {
    #[inline(always)]
    fn passed(&mut self, _: RuleName, _: Passed) {}

    #[inline(always)]
    fn address(&mut self, _: (IpAddr, u16), _: Option<RuleName>) {}
}
