//! The administration, through the real gateway.

mod add;
mod bans;
mod client_rules;
mod in_a_browser;
mod peers;
mod setup;
mod sign_in;
mod strangers;

use tracker_cgi::catalog::Role;

use crate::harness::admin::Admin;
use crate::harness::installation::Installation;

/// An installation that has refreshed, and its first administrator.
fn site() -> Installation {
    let tracker = Installation::new(&["paths.pages = '../www'"]);
    tracker.refresh();
    tracker
}

/// An administrator who has signed in.
fn administrator(tracker: &Installation) -> Admin<'_> {
    Admin::signed_in(tracker, "ingrid", Role::Administrator)
}
