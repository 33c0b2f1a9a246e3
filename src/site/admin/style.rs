//! The stylesheet of the administration.

use super::exchange::{Exchange, SignedIn};
use super::reply::{Failed, Reply};

/// Its path behind `/admin`.
pub(super) const PATH: &str = "/admin.css";

const STYLE: &str = include_str!("../templates/admin/admin.css");

/// Answers with it: also for who has not signed in.
pub(super) fn show(_: &mut Exchange<'_>, _: Option<&SignedIn>) -> Result<Reply, Failed> {
    Ok(reply())
}

/// The answer.
pub(super) fn reply() -> Reply {
    Reply::Style(STYLE)
}
